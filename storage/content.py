"""The bytes of a message as they are stored."""

from __future__ import annotations

import zlib
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Content:
    """Stored bytes, and how they were encoded."""

    encoding: str
    data: bytes


@dataclass(frozen=True, slots=True)
class HeldCopy:
    """What is stored of a held message."""

    content: Content
    """The whole copy."""
    about: bytes
    """What else it is decided by, sealed; b"" for one that an older version held."""
    sender: str
    """Canonical address of the author or forwarder; "" where From names nobody for certain."""
    subject: str | None


def compressed(raw: bytes) -> Content:
    """As stored: at the fastest level, since most of a large message is compressed already."""
    return Content("zlib", zlib.compress(raw, level=1))
