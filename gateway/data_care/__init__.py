"""Keeping, handing out and erasing what accounts have: retention, exports, erasures, entries that reach back."""
