"""The bytes of a message as they came over the wire: one canonical form that every parser sees."""

from __future__ import annotations

_STRETCH = 1024 * 1024
"""Bytes looked at in one go: between two, other threads have their turn."""


def irregular(raw: bytes) -> bool:
    """Whether a CR or LF stands alone or a NUL occurs (RFC 5321 §2.3.8): parsers would disagree about such bytes."""
    start = 0
    while start < len(raw):
        end = start + _STRETCH
        end += raw[end - 1 : end] == b"\r"  # with its LF
        feeds = raw.count(b"\n", start, end)
        if raw.count(b"\r", start, end) != feeds or raw.count(b"\r\n", start, end) != feeds:
            return True
        if raw.find(b"\0", start, end) >= 0:
            return True
        start = end
    return False


def repair(raw: bytes) -> bytes:
    """The same message with CRLF for every line end and a blank for every NUL; regular bytes stay as they are."""
    lines = raw.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    return lines.replace(b"\n", b"\r\n").replace(b"\0", b" ")
