"""The bytes of a message as they are stored."""

from __future__ import annotations

import zlib
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Content:
    """Stored bytes, and how they were encoded."""

    encoding: str
    data: bytes


def compressed(raw: bytes) -> Content:
    """As stored: at the fastest level, since most of a large message is compressed already."""
    return Content("zlib", zlib.compress(raw, level=1))
