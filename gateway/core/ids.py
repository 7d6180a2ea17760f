"""Time-ordered identifiers: 48 bits of milliseconds, 80 bits of chance, 26 letters of base32."""

from __future__ import annotations

ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"  # Crockford's: no i, l, o, u


def make_id(now: int, chance: int) -> str:
    """An id for the moment `now` (epoch ms); `chance` supplies 80 random bits. Sorting ids sorts by time."""
    number = ((now & (1 << 48) - 1) << 80) | (chance & (1 << 80) - 1)
    return "".join(ALPHABET[number >> shift & 31] for shift in range(125, -1, -5))
