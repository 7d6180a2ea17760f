"""The bytes of a message as they came over the wire: one canonical form that every parser sees."""

from __future__ import annotations


def irregular(raw: bytes) -> bool:
    """Whether a CR or LF stands alone or a NUL occurs (RFC 5321 §2.3.8): parsers would disagree about such bytes."""
    feeds = raw.count(b"\n")
    return raw.count(b"\r") != feeds or raw.count(b"\r\n") != feeds or b"\0" in raw


def repair(raw: bytes) -> bytes:
    """The same message with CRLF for every line end and a blank for every NUL; regular bytes stay as they are."""
    lines = raw.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    return lines.replace(b"\n", b"\r\n").replace(b"\0", b" ")
