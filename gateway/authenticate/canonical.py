"""Header fields and bodies in the form that is hashed (RFC 6376 §3.4), in time linear in their length."""

from __future__ import annotations

from collections.abc import Iterable


def relaxed_fields(fields: Iterable[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """Names lower-case, values on one line with each run of blanks one blank and none at the ends (§3.4.2)."""
    return [(name.lower(), _one_blank(value.replace(b"\r\n", b"")).strip(b" ") + b"\r\n") for name, value in fields]


def simple(body: bytes) -> bytes:
    """Without the empty lines at the end, and never without a CRLF (§3.4.3)."""
    line_ends = body[len(body.rstrip(b"\r\n")) :].replace(b"\r\n", b" ")
    empty = len(line_ends) - len(line_ends.rstrip(b" "))
    return body[: len(body) - 2 * (empty - 1)] if empty else body + b"\r\n"


def relaxed(body: bytes) -> bytes:
    """Each run of blanks one blank, none before a CRLF, no empty lines at the end; b"" for an empty body (§3.4.4)."""
    body = simple(_one_blank(body).replace(b" \r\n", b"\r\n"))
    return b"" if body == b"\r\n" else body


def _one_blank(text: bytes) -> bytes:
    if b"\t" in text:
        text = text.replace(b"\t", b" ")
    while b"  " in text:  # halves every run, so at most 25 times for 25 MB; a search for a pattern takes longer
        text = text.replace(b"  ", b" ")
    return text
