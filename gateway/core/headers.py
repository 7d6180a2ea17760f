"""The header block: fields with their spans, and what is odd about them (RFC 5322 §2.2, §4.5)."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass

from .limits import ReadingLimits
from .model import HeaderField

# Everything is possessive: a line is read once, whatever stands in it.
_LINE = re.compile(rb"(?:([!-9;-~]++)([ \t]*+):)?+([^\n]*+(?:\n[ \t][^\n]*+)*+)\n?")
_FOLD = re.compile(rb"[\r\n]+")
_LEXICAL = re.compile(r'\\.|["()]', re.DOTALL)

_SINGLETONS = {
    name: "duplicate_header." + name.replace("-", "_")
    for name in (
        "sender",
        "reply-to",
        "to",
        "cc",
        "subject",
        "date",
        "message-id",
        "in-reply-to",
        "references",
        "content-type",
    )
}
_AUTHORS = frozenset({"from", "sender", "reply-to"})
_RECIPIENTS = frozenset({"to", "cc", "bcc"})
CUT = frozenset({"header.block", "header.fields"})
"""Breaches for which a part of the header isn't read."""
_MIME = frozenset({"content-type", "content-disposition", "content-transfer-encoding", "content-id", "mime-version"})


@dataclass(frozen=True, slots=True)
class HeaderBlock:
    """The fields of one message or part, in order.

    The fields' spans cover the whole block as far as it was read. A line that is no field is kept as one with the name
    "", so that what stands in it is seen and can be redacted.
    """

    fields: tuple[HeaderField, ...]
    body: int
    """Offset of the body; the length of the bytes where there is none."""
    findings: tuple[str, ...]
    breaches: tuple[str, ...]
    """Limits that were broken; no more is read than they allow."""


def split(raw: bytes, limits: ReadingLimits) -> HeaderBlock:
    """Read the header block of a message with CRLF or bare LF line ends. Linear, never raises.

    Values are unfolded, strict UTF-8 or else latin-1, and not decoded otherwise; NUL is dropped. A line that is no
    field is a finding, and reading goes on behind it, as mail programs do; but if only such lines follow, or a
    boundary, then the blank line is missing and the body begins there.
    """
    end, body = _block_end(raw)
    breaches: list[str] = []
    if end > limits.header_block:
        breaches.append("header.block")
        end = raw.rfind(b"\n", 0, limits.header_block) + 1
    fields, findings = _fields(raw, end, limits.header_fields + 1)
    if len(fields) > limits.header_fields:
        breaches.append("header.fields")
        fields.pop()
    names = [f.name.lower() for f in fields]
    if "" in names and not breaches:
        begins = _body_without_blank_line(raw, fields)
        if begins is not None:
            findings.append("header.no_blank_line")
            body = fields[begins].start
            del fields[begins:], names[begins:]
    _check(fields, names, limits, findings, breaches)
    if "" in names[1:] or (names[:1] == [""] and not raw.startswith((b"From ", b">From "))):
        findings.append("header.stray_line")  # the separator of a mailbox file, on top, is none
    return HeaderBlock(tuple(fields), body, tuple(findings), tuple(breaches))


def _block_end(raw: bytes) -> tuple[int, int]:
    """Where the fields end and where the body begins."""
    if raw.startswith((b"\r\n", b"\n")):
        return 0, raw.index(b"\n") + 1
    crlf = raw.find(b"\n\r\n")
    bare = raw.find(b"\n\n", 0, crlf + 2 if crlf >= 0 else len(raw))
    if bare >= 0 and (crlf < 0 or bare < crlf):
        return bare + 1, bare + 2
    if crlf >= 0:
        return crlf + 1, crlf + 3
    return len(raw), len(raw)


def _fields(raw: bytes, end: int, most: int) -> tuple[list[HeaderField], list[str]]:
    """The first fields, at most so many, and what their spelling shows."""
    fields: list[HeaderField] = []
    blanks = False
    for line in _LINE.finditer(raw, 0, end):
        start, stop = line.span()
        if start == stop or len(fields) == most:
            break
        name, blank, value = line.groups(b"")
        blanks = blanks or blank != b""
        fields.append(HeaderField(name.decode("ascii"), _text(value), start, stop))
    findings = ["header.blank_before_colon"] if blanks else []
    if raw.find(b"\0", 0, end) >= 0:
        findings.append("header.nul")
    return fields, findings


def _text(value: bytes) -> str:
    value = value.strip(b" \t\r\n")
    if b"\n" in value or b"\r" in value:
        value = _FOLD.sub(b"", value)
    if b"\0" in value:
        value = value.replace(b"\0", b"")
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError:
        return value.decode("latin-1")


def _body_without_blank_line(raw: bytes, fields: list[HeaderField]) -> int | None:
    """The index of the line with which the body begins if no blank line parts it from the fields."""
    mailbox_file = raw.startswith(b"From ")
    last_field = max((i for i, f in enumerate(fields) if f.name), default=0 if mailbox_file else -1)
    for i, f in enumerate(fields):
        if not f.name and raw.startswith(b"--", f.start):
            return i
    return last_field + 1 if last_field + 1 < len(fields) else None


def _check(
    fields: list[HeaderField], names: list[str], limits: ReadingLimits, findings: list[str], breaches: list[str]
) -> None:
    if len(set(names)) < len(names):
        seen = Counter(names)
        findings.extend(slug for name, slug in _SINGLETONS.items() if seen[name] > 1)
        if seen["from"] > 1:
            breaches.append("header.from_duplicate")
    if names.count("received") > limits.received_fields:
        breaches.append("header.received")
    smallest = min(limits.author_field, limits.mime_field, limits.recipient_field, limits.header_field)
    big = [f for f in fields if f.end - f.start > smallest]
    if any(len(f.value.encode()) > _most(f.name.lower(), limits) for f in big):
        breaches.append("header.field")


def _most(name: str, limits: ReadingLimits) -> int:
    """The greatest length of a field's value, in bytes."""
    if name in _AUTHORS:
        return limits.author_field
    if name in _RECIPIENTS:
        return limits.recipient_field
    return limits.mime_field if name in _MIME else limits.header_field


def without_comments(value: str) -> str:
    """A structured value with each comment turned into a blank (RFC 5322 §3.2.2); one never closed stays."""
    if "(" not in value:
        return value
    kept: list[str] = []
    depth = done = opened = 0
    quoted = False
    for match in _LEXICAL.finditer(value):
        mark = match[0]
        if mark == '"' and not depth:
            quoted = not quoted
        elif quoted:
            continue
        elif mark == "(":
            opened = opened if depth else match.start()
            depth += 1
        elif mark == ")" and depth:
            depth -= 1
            if not depth:
                kept += value[done:opened], " "
                done = match.end()
    return "".join((*kept, value[done:]))
