"""The bytes of a message as they are stored."""

from __future__ import annotations

import zlib
from dataclasses import dataclass

_SMALL = 8 * 1024
"""Bytes up to which the time goes into clearing the packer's memory."""
_SAMPLE, _SAMPLED_FROM = 16 * 1024, 64 * 1024
"""Bytes of each of three samples, and the size of a message from which they are taken."""


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
    """As stored: at the fastest level, and where nothing repeats without looking for it.

    Attachments are mostly compressed already and written as base64: of 8 bits 6 tell something. Leaving out the search
    makes them as small in a quarter of the time.
    """
    strategy = zlib.Z_DEFAULT_STRATEGY if _repeats(raw) else zlib.Z_HUFFMAN_ONLY
    window, memory = (13, 6) if len(raw) <= _SMALL else (zlib.MAX_WBITS, zlib.DEF_MEM_LEVEL)
    packer = zlib.compressobj(1, zlib.DEFLATED, window, memory, strategy)
    return Content("zlib", packer.compress(raw) + packer.flush())


def _repeats(raw: bytes) -> bool:
    """Whether samples of a large message show repetitions; a small one isn't worth the question."""
    if len(raw) < _SAMPLED_FROM:
        return True
    starts = (len(raw) * quarter // 4 for quarter in (1, 2, 3))
    sample = b"".join(raw[start : start + _SAMPLE] for start in starts)
    return len(zlib.compress(sample, level=1)) < 0.7 * len(sample)
