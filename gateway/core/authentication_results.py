"""What a mail server says it has checked: the value of an Authentication-Results field (RFC 8601 §2.2).

Who wrote the field, and whether that server is believed, is the caller's business.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from .headers import without_comments

# Everything is possessive: a character is looked at once, whatever stands there.
_QUOTED = r'"(?:[^"\\]++|\\.)*+"'
_WORD = rf'(?:{_QUOTED}|[^ \t\r\n;"()])++'
_CLAUSE = re.compile(rf'(?:{_QUOTED}|[^;"()])*+', re.DOTALL)
_SERVER = re.compile(rf'[ \t\r\n]*+({_QUOTED}|[^ \t\r\n;="()]++)(?:[ \t\r\n]++1)?+[ \t\r\n]*+', re.DOTALL)
_RESULT = re.compile(
    r"[ \t\r\n]*+([\w-]++)[ \t\r\n]*+(?:/[ \t\r\n]*+1[ \t\r\n]*+)?+=[ \t\r\n]*+([\w-]++)(?=[ \t\r\n]|\Z)", re.ASCII
)
_PROPERTY = re.compile(
    r"[ \t\r\n]++([\w-]++)(?:[ \t\r\n]*+\.[ \t\r\n]*+([\w-]++))?+[ \t\r\n]*+=[ \t\r\n]*+" rf"({_WORD})",
    re.ASCII | re.DOTALL,
)
_QUOTES = re.compile(r'\\(.)|"', re.DOTALL)


@dataclass(frozen=True, slots=True)
class MethodResult:
    """One check and how it ended."""

    method: str
    """Lower-case: dkim, spf, dmarc …"""
    result: str
    """Lower-case: pass, fail, none …"""
    properties: Mapping[str, str] = field(default_factory=dict)
    """By lower-case name (header.d, smtp.mailfrom, reason), the value as written, unquoted."""

    def told(self, kind: str, name: str) -> str:
        """A property's value, or ""."""
        return self.properties.get(f"{kind}.{name}", "")


@dataclass(frozen=True, slots=True)
class Results:
    """What one server checked."""

    authserv_id: str
    """Lower-case."""
    methods: tuple[MethodResult, ...]


def read(value: str) -> Results | None:
    """The results that a field tells, in order; None if no server is named or its text can't be read.

    Comments don't count. A check that isn't written by the grammar, or gives one property twice, is left out; a
    parenthesis or quote that stands alone spoils the whole field. Linear, never raises.
    """
    first, *rest = _clauses(without_comments(value)) or [""]
    server = _SERVER.fullmatch(first)
    if server is None:
        return None
    methods = (_method(clause) for clause in rest)
    return Results(_unquoted(server[1]).lower(), tuple(m for m in methods if m))


def _clauses(text: str) -> list[str]:
    """The parts between semicolons; none if a quote is never closed or a parenthesis is left."""
    clauses: list[str] = []
    position = -1
    while position < len(text):
        found = _CLAUSE.match(text, position + 1)
        assert found is not None  # noqa: S101 - the pattern matches the empty text
        position = found.end()
        if position < len(text) and text[position] != ";":
            return []
        clauses.append(found[0])
    return clauses


def _method(clause: str) -> MethodResult | None:
    head = _RESULT.match(clause)
    if head is None:
        return None
    properties: dict[str, str] = {}
    position = head.end()
    while found := _PROPERTY.match(clause, position):
        name = ".".join(part.lower() for part in found.group(1, 2) if part)
        if name in properties:
            return None
        properties[name] = _unquoted(found[3])
        position = found.end()
    if clause[position:].strip(" \t\r\n"):
        return None
    return MethodResult(head[1].lower(), head[2].lower(), properties)


def _unquoted(word: str) -> str:
    return _QUOTES.sub(r"\1", word) if '"' in word else word
