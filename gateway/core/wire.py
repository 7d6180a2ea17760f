"""The bytes of a message as they came over the wire: one canonical form that every parser sees."""

from __future__ import annotations

from io import IncrementalNewlineDecoder

_STRETCH = 1024 * 1024
"""Bytes looked at in one go: between two, other threads have their turn."""


def irregular(raw: bytes) -> bool:
    """Whether a CR or LF stands alone or a NUL occurs (RFC 5321 §2.3.8): parsers would disagree about such bytes."""
    if b"\0" in raw:
        return True
    line_ends = IncrementalNewlineDecoder(None, translate=False)  # many times as quick as counting them
    for start in range(0, len(raw), _STRETCH):
        line_ends.decode(raw[start : start + _STRETCH].decode("latin-1"), final=start + _STRETCH >= len(raw))
    return line_ends.newlines not in (None, "\r\n")


def repair(raw: bytes) -> bytes:
    """The same message with CRLF for every line end and a blank for every NUL; regular bytes stay as they are."""
    lines = raw.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    return lines.replace(b"\n", b"\r\n").replace(b"\0", b" ")
