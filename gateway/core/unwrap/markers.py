"""The lines that mail programs put above a message they forward or quote."""

from __future__ import annotations

import re
from typing import NamedTuple

from gateway.core.unwrap.header_blocks import split_glued
from gateway.core.unwrap.labels import ENDS, FORWARDED_BY, MARKERS, fold

_DASHES = "-=_–—"
_FEWEST, _MOST = 3, 30
_LONGEST = 300
_LONGEST_GLUED = 16 * 1024
_RULE = re.compile(r"_{20,}|-{20,}")
_BEFORE_HEADER = re.compile(rf"[{_DASHES}]{{3,30}}+\s*([^{_DASHES}]{{2,80}}?)\s*[{_DASHES}]{{3,30}}+\s*(\S)")

HTML_RULE = "\ue0f1"
"""What stands in rendered HTML for a line that is drawn."""


class Marker(NamedTuple):
    """A line above a message: `kind` is forwarded, original or rule."""

    kind: str
    header: tuple[str, ...] = ()
    """The header lines that stand in the same line."""


def read(line: str) -> Marker | None:
    """The marker that this line is, or None."""
    text = line.strip("* \t\xa0")
    if not text:
        return None
    if text == HTML_RULE:
        return Marker("rule")
    if text[0] not in _DASHES:
        colon = text[-1] in ":：" and len(text) <= _LONGEST
        kind = MARKERS.get(fold(text).replace(" :", ":")) if colon else None
        return Marker(kind) if kind else None
    words = _between_dashes(text)
    if words:
        kind = "forwarded" if words.startswith(FORWARDED_BY) else MARKERS.get(words)
        return Marker(kind) if kind else None
    if _RULE.fullmatch(text):
        return Marker("rule")
    return _glued(text)


def is_end(line: str) -> bool:
    """Whether this line stands below a forwarded message."""
    text = line.strip("* \t\xa0")
    return text[:1] in tuple(_DASHES) and _between_dashes(text) in ENDS


def _between_dashes(text: str) -> str:
    """The folded words between dashes that fill the line, or ""."""
    if len(text) > _LONGEST:
        return ""
    head = text.lstrip(_DASHES)
    words = head.rstrip(_DASHES)
    dashes = len(text) - len(head), len(head) - len(words)
    return fold(words).rstrip(": ") if all(_FEWEST <= n <= _MOST for n in dashes) else ""


def _glued(text: str) -> Marker | None:
    before = _BEFORE_HEADER.match(text)
    kind = MARKERS.get(fold(before[1])) if before else None
    if before is None or kind is None:
        return None
    header = split_glued(text[before.start(2) : _LONGEST_GLUED])
    return Marker(kind, tuple(header)) if header else None
