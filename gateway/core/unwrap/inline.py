"""A forward whose original stands in the text: below a marker, a rule or the forwarder's note, a header and the body.

The outermost block is the original, and what stands above it is the forwarder's note. Nothing is guessed: the clearer
the block, the higher the confidence, and what is a reply's quotation is none.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from gateway.core import body, html_text, message_ids, subjects
from gateway.core.limits import ReadingLimits
from gateway.core.message import Reading
from gateway.core.unwrap import author_lines, header_blocks, locale_dates, markers, pages, quoted_mailboxes, whole
from gateway.core.unwrap.header_blocks import Block, Lines
from gateway.core.unwrap.labels import DIRECTIONS, fold
from gateway.core.unwrap.original import HIGH, LOW, MEDIUM, Original, Unwrapped
from gateway.core.unwrap.pages import Page

_DEFAULT = ReadingLimits()
_MOST_LINES = 4000
"""Among how many lines a quoted message is looked for."""
_DEEPEST = 4
_MOST_QUOTES = 3
_BELOW_MARKER, _BELOW_RULE = 3, 1
"""In which written line below a marker or a rule its header may begin."""
_PREFIX = re.compile(r"(?:\[[^\]]{0,60}\]\s*)*+([^\W\d_]{1,2})\s*[:：]")
_RECIPIENTS = ("to", "cc", "bcc", "reply_to")
_COMPLETE = frozenset({"from", "date", "subject", "to"})

_DRAWN = re.compile(
    r"<hr(?=[\s/>])|<div(?=\s[^<>]{0,800}?(?:\bid=[\"']?(?:[a-z_]{0,20}_)?divRplyFwdMsg|border-top:\s?(?:solid|1)))",
    re.IGNORECASE,
)
"""Where HTML draws the line above a quoted message."""


@dataclass(frozen=True, slots=True)
class _Found:
    """A quoted message: where it begins, its header, and how sure that is."""

    kind: str
    """forwarded, original, rule, bare or author_line."""
    start: int
    level: int
    block: Block
    confidence: float


class _ReplyError(Exception):
    """What was found first is a reply's quotation."""


def find(
    reading: Reading, subject: str | None, date: datetime | None, limits: ReadingLimits = _DEFAULT
) -> Unwrapped | None:
    """What a message with this subject and date forwards within its text; None where nothing looks like that.

    Kind inline_forward: the one in `originals` has the whole text below its header; `chain` has it again, each message
    with its own text, so that a further forward stands apart. Confidence MEDIUM comes with forward.ambiguous.
    Kind none: nothing to unwrap, for the reason that the finding names, forward.is_reply or forward.not_found.
    """
    if reading.message.automated in whole.REPORTS:
        return None
    best: Unwrapped | None = None
    for text in _texts(reading, limits):
        found = _unwrap(text, subject or "", date)
        if found and (best is None or _confidence(found) > _confidence(best)):
            best = found
        if best and _confidence(best) >= HIGH:
            break
    return best


def _confidence(found: Unwrapped) -> float:
    return found.chain[0].confidence if found.chain else 0.0


def _texts(reading: Reading, limits: ReadingLimits) -> Iterator[str]:
    """The text as written, then as rendered from HTML with the lines that the HTML draws."""
    choice, raw = reading.choice, reading.raw
    if any(part.content_type != "text/html" for part in choice.plain):
        yield body.text(choice.plain, raw, limits)
    pages = (part.text(raw, limits.html) for part in choice.html if part.content_type == "text/html")
    for html in pages:
        drawn = _DRAWN.sub(rf"<div>{markers.HTML_RULE}</div>\g<0>", html.replace(markers.HTML_RULE, ""))
        yield html_text.render(drawn, limits)


def _unwrap(text: str, subject: str, date: datetime | None) -> Unwrapped | None:
    lines = text.replace("\ufeff", "").split("\n")
    try:
        found = _search(pages.read(lines[:_MOST_LINES]), subject)
    except _ReplyError:
        return Unwrapped("none", (), (), findings=("forward.is_reply",))
    if found is None:
        reply = subjects.has_reply_prefix(subject)
        return Unwrapped("none", (), (), findings=("forward.is_reply",)) if reply else None
    cut = found.block.end >= _MOST_LINES < len(lines)  # who else it went to stands where nobody looks
    if found.confidence <= LOW or cut:
        return Unwrapped("none", (), (), findings=("forward.not_found",))
    page = pages.read(lines)
    marker, outside = page.contents[found.start], page.levels[found.start]
    content, behind = pages.body(page, found.level, found.block.end, marker)
    confidence = found.confidence
    if outside < found.level and not any(content):  # only the header was quoted
        content, _ = pages.body(page, outside, behind, marker)
    elif found.level and _is_another(pages.read(lines[behind : behind + _MOST_LINES]), found):
        confidence = MEDIUM
    return Unwrapped(
        "inline_forward",
        originals=(_original(found, pages.text(content), confidence, date),),
        chain=_chain(found, content, confidence, date),
        note=pages.note(lines[: found.start]),
        findings=("forward.ambiguous",) * (confidence < HIGH),
    )


class _Views:
    """A page as it is for who reads at each quote level."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self._of: dict[int, Lines] = {}

    def __getitem__(self, level: int) -> Lines:
        if level not in self._of:
            self._of[level] = Lines(self.page.seen_from(level))
        return self._of[level]


def _search(page: Page, subject: str) -> _Found | None:
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


def _at(views: _Views, i: int, subject: str) -> _Found | None:
    """The quoted message that begins in this line."""
    page = views.page
    level = page.levels[i]
    marker, end = _marker(page, i)
    if marker:
        found = _below(views, level, end, marker)
        return _judged(marker.kind, i, found[0], _whole(found[1], views[found[0]], subject), subject) if found else None
    line = author_lines.read(views[level].text, i)
    if line and (line.certain or subjects.has_reply_prefix(subject)):
        if not line.values or _direction(subject, line.locales) != "forward":
            raise _ReplyError
        values = line.values | {"subject": _without_prefix(subject)}
        return _Found("author_line", i, level, Block(values, line.locales, line.end), MEDIUM)
    block = header_blocks.read(views[level], i)
    return _judged("bare", i, level, _whole(block, views[level], subject), subject) if block else None


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
    return DIRECTIONS.get(fold(prefix[1]), {}).get(locales[0], "") if prefix and locales else ""


def _whole(block: Block, lines: Lines, subject: str) -> Block:
    """The header with all of its subject, where that ends it and the forward's own subject shows that it is wrapped."""
    last = next(reversed(block.values))
    if last == "subject" and block.end < len(lines) and lines.text[block.end].strip():
        whole = f"{block.values[last]} {lines.text[block.end].strip()}"
        if subjects.base(whole) == subjects.base(subject):
            block.values[last] = whole
            block.end += 1
    return block


def _without_prefix(subject: str) -> str:
    """The subject of what is forwarded under this one."""
    return subject.replace("：", ":").partition(":")[2].strip()


def _below(views: _Views, level: int, start: int, marker: markers.Marker) -> tuple[int, Block] | None:
    """The header below a marker, and its quote level: the marker's, or one more."""
    if marker.header:
        block = header_blocks.read(Lines(marker.header), 0)
        if block:
            block.end = start
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
        block.values["from"] = author.string[: author.end()]
        block.values.setdefault("date", author.string[author.end() :].strip().removeprefix("on "))
    return block


def _judged(kind: str, start: int, level: int, block: Block, subject: str) -> _Found | None:
    """The quoted message with its confidence; None for what is none, LOW for one whose author can't be read."""
    if kind != "forwarded" and ("from" not in block.values or block.labels < 3):
        return None
    direction = _direction(subject, block.locales)
    if direction == "reply" and (kind != "forwarded" or level):
        raise _ReplyError
    forward = direction == "forward"
    authors, doubtful = quoted_mailboxes.author(block.values.get("from", ""))
    if block.mixed or len(authors) != 1:
        return _Found(kind, start, level, block, LOW) if kind != "bare" or forward else None
    confidence = _level(kind, block, subject, forward=forward)
    if forward and level == 0:
        block.values.setdefault("subject", _without_prefix(subject))
    if confidence > MEDIUM and (doubtful or block.authors > 1):
        confidence = MEDIUM
    return _Found(kind, start, level, block, confidence) if confidence > LOW else None


def _level(kind: str, block: Block, subject: str, *, forward: bool) -> float:
    if kind == "forwarded":
        return HIGH if block.labels >= 3 else MEDIUM
    complete = block.values.keys() >= _COMPLETE
    base = subjects.base(subject)
    if forward and complete and base and base == subjects.base(block.values["subject"]):
        return HIGH
    return MEDIUM if forward or complete or kind != "bare" else LOW


def _is_another(page: Page, found: _Found) -> bool:
    """Whether a second message by somebody else stands behind the first one's quotation."""
    try:
        other = _search(page, "")
    except _ReplyError:
        return False
    return bool(other and other.level and other.block.values.get("from") != found.block.values.get("from"))


def _chain(found: _Found, content: list[str], confidence: float, date: datetime | None) -> tuple[Original, ...]:
    """This message and the forwards within it, each with its own text; a quoted one stays in the text around it."""
    chain: list[Original] = []
    while True:
        page = pages.read(content)
        inner = _inner(pages.read(content[:_MOST_LINES]), found) if len(chain) + 1 < _DEEPEST else None
        own = content[: inner.start] if inner and not inner.level else content
        chain.append(_original(found, pages.text(own), confidence, date))
        if inner is None:
            return tuple(chain)
        found, confidence = inner, inner.confidence
        content, _ = pages.body(page, inner.level, inner.block.end, page.contents[inner.start])


def _inner(page: Page, outer: _Found) -> _Found | None:
    try:
        found = _search(page, outer.block.values.get("subject", ""))
    except _ReplyError:
        return None
    sure = found and (found.confidence >= HIGH or (found.kind == "forwarded" and found.confidence >= MEDIUM))
    return found if sure else None


def _original(found: _Found, text: str, confidence: float, date: datetime | None) -> Original:
    values = found.block.values
    authors, _ = quoted_mailboxes.author(values.get("from", ""))
    semicolons = any(";" in values.get(role, "") for role in _RECIPIENTS)
    recipients = {role: quoted_mailboxes.read(values.get(role, ""), semicolons=semicolons) for role in _RECIPIENTS}
    moment = locale_dates.read(values.get("date", ""), found.block.locales, date)
    return Original(
        from_=authors[0],
        to=recipients["to"],
        cc=recipients["cc"],
        bcc=recipients["bcc"],
        reply_to=recipients["reply_to"],
        subject=values.get("subject"),
        date=moment.date,
        date_text=values.get("date") or None,
        date_assumed=moment.assumed,
        message_id=message_ids.first(values.get("message_id", "")),
        text=text,
        confidence=confidence,
    )
