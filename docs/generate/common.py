"""Where things are, and how they get into a table."""

from __future__ import annotations

from pathlib import Path

DOCS = Path(__file__).parents[1]
ROOT = DOCS.parent


def cell(text: str) -> str:
    """A text on one line, without what would end its cell."""
    return " ".join(text.split()).replace("|", "\\|")
