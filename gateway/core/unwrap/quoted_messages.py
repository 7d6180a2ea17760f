"""Where in a text a quoted message begins, and how sure that is."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from gateway.core import subjects
from gateway.core.unwrap import author_lines, header_blocks, markers, quoted_mailboxes
from gateway.core.unwrap.header_blocks import Block, Lines
from gateway.core.unwrap.labels import DIRECTIONS, fold
from gateway.core.unwrap.original import HIGH, LOW, MEDIUM
from gateway.core.unwrap.pages import Page

MOST_LINES = 4000
"""Among how many lines a quoted message is looked for."""
_MOST_QUOTES = 3
_BELOW_MARKER, _BELOW_RULE = 3, 1
"""In which written line below a marker or a rule its header may begin."""
_PREFIX = re.compile(r"(?:\[[^\]]{0,60}\]\s*)*+([^\W\d_]{1,2})\s*[:：]")
_UNKNOWN_LABEL = re.compile(r"^[^<>@\":：]{1,40}[:：]\s")
_COMPLETE = frozenset({"from", "date", "subject", "to"})


@dataclass(frozen=True, slots=True)
class Found:
    """A quoted message: where it begins, its header, and how sure that is."""

    kind: str
    """forwarded, original, rule, bare or author_line."""
    start: int
    level: int
    block: Block
    confidence: float


class ReplyError(Exception):
    """What was found first is a reply's quotation."""


class _Views:
    """A page as it is for who reads at each quote level."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self._of: dict[int, Lines] = {}

    def __getitem__(self, level: int) -> Lines:
        if level not in self._of:
            self._of[level] = Lines(self.page.seen_from(level))
        return self._of[level]


def search(page: Page, subject: str) -> Found | None:
    """The first quoted message of a page. What stands within a quotation is part of it."""
    views = _Views(page)
    above = 0
    for i, (level, content) in enumerate(zip(page.levels, page.contents, strict=True)):
        if not content.strip():
            continue
        if level <= _MOST_QUOTES and (level == 0 or above < level):
            found = _at(views, i, subject)
            if found:
                return found
        above = level
    return None


def _at(views: _Views, i: int, subject: str) -> Found | None:
    """The quoted message that begins in this line."""
    page = views.page
    level = page.levels[i]
    marker, end = _marker(page, i)
    if marker:
        found = _below(views, level, end, marker, subject)
        return _judged(marker.kind, i, found[0], _whole(found[1], views[found[0]], subject), subject) if found else None
    line = author_lines.read(views[level].text, i)
    if line and (line.certain or subjects.has_reply_prefix(subject)):
        if not line.values or _direction(subject, line.locales) != "forward":
            raise ReplyError
        values = line.values | {"subject": _without_prefix(subject)}
        sure = len(quoted_mailboxes.author(values["from"])[0]) == 1
        return Found("author_line", i, level, Block(values, line.locales, line.end), MEDIUM if sure else LOW)
    block = header_blocks.read(views[level], i)
    if block is None:
        return None
    return _judged("bare", i, level, _signed(_whole(block, views[level], subject), views[level]), subject)


def _marker(page: Page, i: int) -> tuple[markers.Marker | None, int]:
    """The marker that is this line, perhaps with the next one, and the line behind it."""
    content = page.contents[i]
    if markers.goes_on(content) and i + 1 < len(page.contents):
        marker = markers.read(f"{content.strip()} {page.contents[i + 1].strip()}")
        if marker and marker.kind == "forwarded":
            return marker, i + 2
    return markers.read(content), i + 1


def _direction(subject: str, locales: Sequence[str]) -> str:
    """Whether the subject's prefix says reply or forward; some say either, as the language of the block decides."""
    if subjects.has_reply_prefix(subject):
        return "reply"
    if subjects.has_forward_prefix(subject):
        return "forward"
    prefix = _PREFIX.match(subject)
    meanings = DIRECTIONS.get(fold(prefix[1]), {}) if prefix and locales else {}
    if locales[:1] == ("en",) and set(meanings.values()) == {"reply"}:
        return "reply"  # programs put their own prefix before English labels; a forward must be proven better
    return meanings.get(locales[0], "") if locales else ""


def _whole(block: Block, lines: Lines, subject: str) -> Block:
    """The header with all of its subject, where that ends it and the forward's own subject shows that it is wrapped."""
    last = next(reversed(block.values))
    if last == "subject" and block.end < len(lines) and lines.text[block.end].strip():
        whole = f"{block.values[last]} {lines.text[block.end].strip()}"
        if subjects.base(whole) == subjects.base(subject):
            block.values[last] = whole
            block.end += 1
    return block


def _signed(block: Block, lines: Lines) -> Block:
    """The header with its author, where he is named below it in a line with the date."""
    if "from" in block.values or block.labels < 2 or block.end >= len(lines):
        return block
    line = author_lines.read(lines.text, block.end)
    if line and line.values:
        block.values = {role: value.rstrip(" ;") for role, value in block.values.items()} | line.values
        block.end = line.end
    return block


def _without_prefix(subject: str) -> str:
    """The subject of what is forwarded under this one."""
    return subject.replace("：", ":").partition(":")[2].strip()


def _part(block: Block, subject: str) -> None:
    """Part the subject, if it is the forward's own, from the text that stands behind it in the same line."""
    written = block.values.get("subject", "")
    if subject and written.startswith(f"{subject} "):
        block.values["subject"], block.rest = subject, written.removeprefix(subject).strip()


def _below(views: _Views, level: int, start: int, marker: markers.Marker, subject: str) -> tuple[int, Block] | None:
    """The header below a marker, and its quote level: the marker's, or one more."""
    if marker.header:
        block = header_blocks.read(Lines(marker.header), 0)
        if block:
            block.end = start
            _part(block, _without_prefix(subject))
        return (level, block) if block else None
    page = views.page
    most = _BELOW_RULE if marker.kind == "rule" else _BELOW_MARKER
    above: list[str] = []
    for j in range(start, min(start + 1 + 3 * most, len(page.levels))):
        own, content = page.levels[j], page.contents[j].strip()
        if not content or content == markers.HTML_RULE:
            continue
        block = None
        if own in (level, level + 1):
            at = header_blocks.first_label(views[own], j) if marker.kind == "forwarded" and not above else j
            block = _header(views[own], at, above)
        if block and marker.date:
            block.values.setdefault("date", marker.date)
        above.append(content)
        if block or len(above) == most:
            return (own, block) if block else None
    return None


def _header(lines: Lines, start: int, above: list[str]) -> Block | None:
    """The header that begins in this line; its author may stand in a line of his own, there or above it."""
    block = header_blocks.read(lines, start)
    if block is None:
        line = author_lines.read(lines.text, start)
        return Block(line.values, line.locales, line.end) if line and line.values else None
    author = author_lines.MAILBOX.search(" ".join(above))
    if author and "from" not in block.values:
        block.values["from"] = _UNKNOWN_LABEL.sub("", author.string[: author.end()])
        block.values.setdefault("date", author.string[author.end() :].strip().removeprefix("on "))
    return block


def _judged(kind: str, start: int, level: int, block: Block, subject: str) -> Found | None:
    """The quoted message with its confidence; None for what is none, LOW for one whose author can't be read."""
    if kind != "forwarded" and ("from" not in block.values or block.labels < 3):
        return None
    direction = _direction(subject, block.locales)
    if direction == "reply" and (kind != "forwarded" or level):
        raise ReplyError
    forward = direction == "forward"
    authors, doubtful = quoted_mailboxes.author(block.values.get("from", ""))
    if block.mixed or len(authors) != 1:
        return Found(kind, start, level, block, LOW) if kind != "bare" or forward else None
    confidence = _level(kind, block, subject, forward=forward)
    if forward and level == 0:
        block.values.setdefault("subject", _without_prefix(subject))
    if confidence > MEDIUM and (doubtful or block.authors > 1):
        confidence = MEDIUM
    return Found(kind, start, level, block, confidence) if confidence > LOW else None


def _level(kind: str, block: Block, subject: str, *, forward: bool) -> float:
    if kind == "forwarded":
        return HIGH if block.labels >= 3 else MEDIUM
    complete = block.values.keys() >= _COMPLETE
    base = subjects.base(subject)
    if forward and complete and base and base == subjects.base(block.values["subject"]):
        return HIGH
    return MEDIUM if forward or complete or kind != "bare" else LOW
