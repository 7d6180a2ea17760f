"""The lines that mail programs put above a message they forward or quote."""

from __future__ import annotations

import re
from typing import NamedTuple

from gateway.core.unwrap.header_blocks import split_glued
from gateway.core.unwrap.labels import ALONE, BEGINS, ENDS, FORWARDED_BY, MARKERS, fold

DASHES = "-=_–—"
_ANY_DASH = tuple(DASHES)
_FEWEST, _MOST = 3, 30
_LONGEST = 300
_LONGEST_GLUED = 16 * 1024
_AROUND = "* \t\xa0\u200b\u200e\u200f\u202a\u202b\u202c\u2066\u2067\u2068\u2069\ufeff"
_RULE = re.compile(r"_{20,}|-{20,}")
_DASHED = re.compile(r"-{4,}")
_BEFORE_HEADER = re.compile(
    rf"[{DASHES}]{{3,30}}+\s*+([^{DASHES}\s][^{DASHES}]{{1,79}}?)\s*+[{DASHES}]{{3,30}}+\s*(\S)"
)

_ORANGE = re.compile(r"message du (\d\d/\d\d/\d\d(?:\d\d)?(?: à)? \d\d:\d\d)", re.IGNORECASE)
"""Of a French provider, whose header has no date."""

HTML_RULE = "\ue0f1"
"""What stands in rendered HTML for a line that is drawn."""


class Marker(NamedTuple):
    """A line above a message: `kind` is forwarded, original or rule."""

    kind: str
    header: tuple[str, ...] = ()
    """The header lines that stand in the same line."""
    date: str = ""
    """The date that stands in the same line."""


def read(line: str) -> Marker | None:
    """The marker that this line is, or None. Words between dashes that no table knows count as a rule."""
    text = line.strip(_AROUND)
    if not text:
        return None
    text = text[2:] if text.startswith("- -") else text  # as signed text has it (RFC 4880 §7.1)
    if text[0] not in DASHES:
        return Marker("rule") if text == HTML_RULE else _spoken(text)
    words = _between_dashes(text)
    if words:
        kind = "forwarded" if words.startswith(FORWARDED_BY) else MARKERS.get(words)
        return Marker(kind or "rule")
    return Marker("rule") if _RULE.fullmatch(text) else _glued(text)


def _spoken(text: str) -> Marker | None:
    """A line of words alone, most of them with a colon at the end."""
    if len(text) > _LONGEST:
        return None
    if text[-1] in ":：":
        kind = MARKERS.get(fold(text).replace(" :", ":"))
        return Marker(kind) if kind else None
    if text[0] in "TtЭэMm":
        dated = _ORANGE.fullmatch(text)
        if dated or fold(text) in ALONE:
            return Marker("original", date=dated[1]) if dated else Marker("forwarded")
    return None


def goes_on(line: str) -> bool:
    """Whether this line may be a marker of which a part stands in the next one."""
    text = line.strip(_AROUND)
    return text[:1] in _ANY_DASH and text[-1] not in DASHES and fold(text.lstrip(DASHES)).startswith(FORWARDED_BY)


def is_begin(line: str) -> bool:
    """Whether this line parts a forwarded message's header from its text."""
    text = line.strip(_AROUND)
    return text[:1] in _ANY_DASH and _between_dashes(text) in BEGINS


def is_end(line: str) -> bool:
    """Whether this line stands below a forwarded message."""
    text = line.strip(_AROUND)
    return text[:1] in _ANY_DASH and _between_dashes(text) in ENDS


def is_dashes(line: str) -> bool:
    """Whether this line is dashes alone, as some programs draw below a header or a message."""
    return _DASHED.fullmatch(line) is not None


def _between_dashes(text: str) -> str:
    """The folded words between dashes that fill the line, or ""."""
    if len(text) > _LONGEST:
        return ""
    text = text.replace("8<", "==")  # scissors
    head = text.lstrip(DASHES)
    words = head.rstrip(DASHES)
    dashes = len(text) - len(head), len(head) - len(words)
    return fold(words).strip(":[] ") if all(_FEWEST <= n <= _MOST for n in dashes) else ""


def _glued(text: str) -> Marker | None:
    before = _BEFORE_HEADER.match(text)
    kind = MARKERS.get(fold(before[1])) if before else None
    if before is None or kind is None:
        return None
    header = split_glued(text[before.start(2) : _LONGEST_GLUED])
    return Marker(kind, tuple(header)) if header else None
