"""A forward whose original stands in the text: below a marker, a rule or the forwarder's note, a header and the body.

The outermost block is the original, and what stands above it is the forwarder's note. Nothing is guessed: the clearer
the block, the higher the confidence, and what is a reply's quotation is none.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from gateway.core import addresses, body, html_text, message_ids, subjects
from gateway.core.limits import ReadingLimits
from gateway.core.message import Reading
from gateway.core.unwrap import html_marks, locale_dates, pages, quoted_mailboxes, whole
from gateway.core.unwrap.original import HIGH, LOW, MEDIUM, Original, Unwrapped
from gateway.core.unwrap.pages import Page
from gateway.core.unwrap.quoted_messages import MOST_LINES, Found, ReplyError, search

_DEFAULT = ReadingLimits()
_DEEPEST = 4
_RECIPIENTS = ("to", "cc", "bcc", "reply_to")


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


def tokens(reading: Reading, limits: ReadingLimits) -> tuple[str, ...]:
    """Every address-like token of the text: anybody in it may be one of a forwarded message's people."""
    found = (addresses.tokens(html_marks.with_addresses(text)) for text in _texts(reading, limits))
    return tuple(dict.fromkeys(token for tokens in found for token in tokens))


def _confidence(found: Unwrapped) -> float:
    return found.chain[0].confidence if found.chain else 0.0


def _texts(reading: Reading, limits: ReadingLimits) -> Iterator[str]:
    """The text as written, then as rendered from HTML with the lines that the HTML draws."""
    choice, raw = reading.choice, reading.raw
    if any(part.content_type != "text/html" for part in choice.plain):
        yield html_marks.unmarked(body.text(choice.plain, raw, limits))
    left = limits.html
    for part in choice.html:
        html = part.text(raw, left) if part.content_type == "text/html" else ""
        left = max(0, left - len(html))
        if not html:
            continue
        yield html_text.render(html_marks.add(html), limits)


def _unwrap(text: str, subject: str, date: datetime | None) -> Unwrapped | None:
    lines = text.replace("\ufeff", "").split("\n")
    try:
        found = search(pages.read(lines[:MOST_LINES]), subject)
    except ReplyError:
        return Unwrapped("none", (), (), findings=("forward.is_reply",))
    if found is None:
        reply = subjects.has_reply_prefix(subject)
        return Unwrapped("none", (), (), findings=("forward.is_reply",)) if reply else None
    cut = found.block.end >= MOST_LINES < len(lines)  # who else it went to stands where nobody looks
    if found.confidence <= LOW or cut:
        return Unwrapped("none", (), (), findings=("forward.not_found",))
    page = pages.read(lines)
    marker, outside = page.contents[found.start], page.levels[found.start]
    content, behind = pages.body(page, found.level, found.block.end, marker)
    confidence = found.confidence
    if outside < found.level and not any(content):  # only the header was quoted
        content, behind = pages.body(page, outside, behind, marker)
    elif found.level and _is_another(pages.read(lines[behind : behind + MOST_LINES]), found):
        confidence, behind = MEDIUM, len(lines)
    content = _with_rest(found, content)
    return Unwrapped(
        "inline_forward",
        originals=(_original(found, pages.text(content), confidence, date),),
        chain=_chain(found, content, confidence, date),
        note=pages.note(lines[: found.start], lines[behind:]),
        findings=("forward.ambiguous",) * (confidence < HIGH),
    )


def _with_rest(found: Found, content: list[str]) -> list[str]:
    return [found.block.rest, *content] if found.block.rest else content


def _is_another(page: Page, found: Found) -> bool:
    """Whether a second message by somebody else stands behind the first one's quotation."""
    try:
        other = search(page, "")
    except ReplyError:
        return False
    return bool(other and other.level and other.block.values.get("from") != found.block.values.get("from"))


def _chain(found: Found, content: list[str], confidence: float, date: datetime | None) -> tuple[Original, ...]:
    """This message and the forwards within it, each with its own text; a quoted one stays in the text around it."""
    chain: list[Original] = []
    while True:
        page = pages.read(content)
        inner = _inner(pages.read(content[:MOST_LINES]), found) if len(chain) + 1 < _DEEPEST else None
        own = content[: inner.start] if inner and not inner.level else content
        chain.append(_original(found, pages.text(own), confidence, date))
        if inner is None:
            return tuple(chain)
        found, confidence = inner, inner.confidence
        content, _ = pages.body(page, inner.level, inner.block.end, page.contents[inner.start])
        content = _with_rest(found, content)


def _inner(page: Page, outer: Found) -> Found | None:
    try:
        found = search(page, outer.block.values.get("subject", ""))
    except ReplyError:
        return None
    sure = found and (found.confidence >= HIGH or (found.kind == "forwarded" and found.confidence >= MEDIUM))
    return found if sure else None


def _original(found: Found, text: str, confidence: float, date: datetime | None) -> Original:
    values = found.block.values
    subject = values.get("subject")
    date_text = html_marks.without(values.get("date", ""))
    authors, _ = quoted_mailboxes.author(values.get("from", ""))
    semicolons = any(";" in values.get(role, "") for role in _RECIPIENTS)
    recipients = {role: quoted_mailboxes.read(values.get(role, ""), semicolons=semicolons) for role in _RECIPIENTS}
    moment = locale_dates.read(date_text, found.block.locales, date)
    return Original(
        from_=authors[0],
        to=recipients["to"],
        cc=recipients["cc"],
        bcc=recipients["bcc"],
        reply_to=recipients["reply_to"],
        subject=html_marks.without(subject) if subject else subject,
        date=moment.date,
        date_text=date_text or None,
        date_assumed=moment.assumed,
        message_id=message_ids.first(values.get("message_id", "")),
        text=text,
        confidence=confidence,
    )
