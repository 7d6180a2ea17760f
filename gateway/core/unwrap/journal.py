"""Journal reports: what a mail server writes about a message that it copies, with the message attached.

[MS-XJRNL] §2.1 and TechNet bb738122 (Exchange 2007 and later), Amazon WorkMail's same form, and the older form with a
list of recipients. Who may send such reports is for the caller to know: nothing here is believed.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import replace

from gateway.core import addresses, body, message_ids
from gateway.core.limits import KIB, ReadingLimits
from gateway.core.message import Reading
from gateway.core.model import Message
from gateway.core.unwrap import journal_lines, whole
from gateway.core.unwrap.journal_lines import MOST_RECIPIENTS, Lines
from gateway.core.unwrap.original import EXACT, MEDIUM, JournalReport, Original, Unwrapped

_MOST_OF_REPORT = 1024 * KIB
_PROTECTED = "application/x-microsoft-rpmsg-message"
_SIGNS_OF_MAIL = ("from", "date", "message-id", "received")
_STATUS_TYPES = ("message/delivery-status", "message/global-delivery-status")
_MIXED = "multipart/mixed"
_RETURNS = ("dsn", "bounce")
_DEEPEST = 4
"""Bounces or reports around a report that are looked into."""
_ACTION = re.compile(r"^action[ \t]*:[ \t]*(?:failed|delayed)", re.IGNORECASE | re.MULTILINE)
_ORIGINAL_RECIPIENT = re.compile(r"^original-recipient[ \t]*:(?:[ \t]*[\w-]+[ \t]*;)?([^\n]*)", re.I | re.M)


def find(
    reading: Reading,
    limits: ReadingLimits,
    *,
    captures: bool = False,
    alternate: bool = True,
    labels: Collection[str] = (),
) -> Unwrapped | None:
    """The report and its message, or None for what bears no mark of a report.

    `captures`: also copies shaped like a delivery status, which nothing parts from a report of success but the channel
    they come by. `alternate`: also a report that was returned undelivered is believed. `labels`: lower-case names of
    lines besides those of the grammar. Finding journal.malformed: something outside the grammar, or not exactly one
    message, in which case there may be no original; unwrap.too_deep: it wraps another report, which stays as it is;
    sender.unverified: the message's author isn't whom the report names; journal.id_differs: nor is its id.
    """
    if is_report(reading.message):
        return _unwrapped(reading, _lines(reading, limits, labels), limits)
    if reading.message.automated not in _RETURNS:
        return None
    returned = _returned(reading, limits)
    if returned is not None:
        found = _unwrapped(returned, _lines(returned, limits, labels), limits)
        return found if alternate else untrusted(found)
    captured = _captured(reading) if captures else None
    return _unwrapped(reading, captured, limits) if captured else None


def _returned(reading: Reading, limits: ReadingLimits) -> Reading | None:
    """The report inside a bounce, or inside a bounce of that."""
    waiting: Reading | None = reading
    for _ in range(_DEEPEST):
        inside = list(whole.attached(waiting, limits)) if waiting else []
        report = next((inner for inner in inside if is_report(inner.message)), None)
        if report:
            return report
        waiting = next((inner for inner in inside if inner.message.automated in _RETURNS), None)
    return None


def untrusted(found: Unwrapped | None) -> Unwrapped:
    """A report that isn't believed. Whom it names is held against the never-log list all the same."""
    return Unwrapped("none", (), (), journal=found.journal if found else None, findings=("journal.untrusted_peer",))


def is_report(message: Message) -> bool:
    """Whether the header bears a mark of a journal report; the value of Exchange's own mark may be empty."""
    if message.first("x-ms-journal-report") is not None:
        return True
    if (message.first("x-wm-journal-report") or "").strip().lower() == "journal":
        return True
    identifiers = (message.first("content-identifier"), message.first("content-identifer"))  # sic
    return any((value or "").strip().lower() == "exjournalreport" for value in identifiers)


def _lines(reading: Reading, limits: ReadingLimits, labels: Collection[str]) -> Lines:
    """Those of the report part, and whether it stands where and as it should."""
    parts = reading.choice.plain
    limits = replace(limits, text=_MOST_OF_REPORT, html=_MOST_OF_REPORT)
    lines = journal_lines.read(body.text(parts, reading.raw, limits).lstrip("\ufeff"), labels)
    lines.unreadable = lines.unreadable or sum(part.end - part.start for part in parts) > _MOST_OF_REPORT
    lines.sound = lines.sound and not lines.unreadable and _in_shape(reading, older=lines.older)
    return lines


def _in_shape(reading: Reading, *, older: bool) -> bool:
    """Whether the report is the first of the parts, as plain text; the older form may be HTML."""
    root, parts = reading.tree.root, reading.choice.plain
    first = next(iter(root.children), None)
    types = ("text/plain", "text/html") if older else ("text/plain",)
    alternatives = older and first is not None and first.content_type == "multipart/alternative"
    return (
        root.content_type == _MIXED
        and len(parts) == 1
        and (alternatives or (first is parts[0] and first.content_type in types))
    )


def _captured(reading: Reading) -> Lines | None:
    """The recipients that a capture copy tells in its delivery status."""
    if reading.message.first("return-path") not in (None, "", "<>"):
        return None
    parts = [part for part in reading.tree.parts() if part.content_type in _STATUS_TYPES]
    status = "\n".join(part.text(reading.raw, _MOST_OF_REPORT) for part in parts[:1])
    named = _ORIGINAL_RECIPIENT.findall(status)
    if _ACTION.search(status) or not named:
        return None
    lines = Lines()
    for value in named[: MOST_RECIPIENTS + 1]:
        lines.recipient(value.strip(), "recipient")
        lines.tokens |= dict.fromkeys(addresses.tokens(value))
    cut = any(part.end - part.start > _MOST_OF_REPORT for part in parts)
    lines.unreadable = lines.unreadable or cut or len(named) > MOST_RECIPIENTS
    lines.sound = lines.sound and len(parts) == 1 and not lines.unreadable
    return lines


def _unwrapped(reading: Reading, lines: Lines, limits: ReadingLimits, level: int = 1) -> Unwrapped:
    report = _report(lines)
    readings = [inner for inner in whole.attached(reading, limits) if _is_mail(inner.message)]
    messages = [inner.message for inner in readings]
    others = [part for part, _ in reading.choice.attached if part.content_type not in _STATUS_TYPES]
    message, alone = _only(messages, others=len(others) - len(messages))
    sound = lines.sound and alone
    nested = [inner for inner in readings if is_report(inner.message)]
    for inner in nested:
        report = _with_names(report, inner, limits, level + 1)
    raw = next((inner.raw for inner in readings if inner.message is message), b"")
    originals = (_original(message, raw, report, sound=sound and not nested),) if message else ()
    findings = (
        *["journal.malformed"] * (not sound),
        *["unwrap.too_deep"] * bool(nested),
        *["sender.unverified"] * (message is not None and not _agrees(message, report)),
        *["journal.id_differs"] * (sound and not nested and message is not None and not _same_id(message, report)),
    )
    return Unwrapped("journal", originals, originals, journal=report, findings=findings)


def _with_names(report: JournalReport, inner: Reading, limits: ReadingLimits, level: int) -> JournalReport:
    """The report, and whom the one inside it names: it is held with all that is in it."""
    found = _unwrapped(inner, _lines(inner, limits, ()), limits, level).journal if level <= _DEEPEST else None
    tokens = found.tokens if found else ()
    unreadable = report.unreadable or found is None or found.unreadable
    return replace(report, tokens=(*report.tokens, *tokens), unreadable=unreadable)


def _report(lines: Lines) -> JournalReport:
    sender, behalf = lines.values.get("sender", "<>"), lines.values.get("on-behalf-of")
    return JournalReport(
        sender="" if sender == "<>" else lines.address(sender),
        on_behalf_of=None if behalf is None else lines.address(behalf),
        message_id=message_ids.first(lines.values.get("message-id", "")),
        subject=lines.values.get("subject"),
        recipients=tuple(lines.recipients),
        tokens=tuple(lines.tokens),
        authors=tuple(lines.authors),
        unreadable=lines.unreadable,
    )


def _is_mail(message: Message) -> bool:
    return any(field.name.lower() in _SIGNS_OF_MAIL for field in message.fields)


def _only(messages: list[Message], *, others: int) -> tuple[Message | None, bool]:
    """The message that the report is about, and whether there is no doubt about it.

    A protected message may come with a clear copy under the same id: the clear one counts.
    """
    clear = [message for message in messages if _PROTECTED not in message.content_types]
    ids = {message.message_id for message in messages}
    twins = len(messages) == 2 and len(clear) == 1 and len(ids) == 1 and None not in ids
    alone = not others and (len(messages) == 1 or twins)
    return next(iter(clear or messages), None), alone


def _original(message: Message, raw: bytes, report: JournalReport, *, sound: bool) -> Original:
    """The message as it came; without a Message-ID it gets the one that the report tells."""
    if message.message_id is None and report.message_id:
        message = replace(message, message_id=report.message_id)
    if _PROTECTED in message.content_types:
        message = replace(message, findings=(*message.findings, "body.protected"))
    return whole.original(message, raw, EXACT if sound else MEDIUM)


def _same_id(message: Message, report: JournalReport) -> bool:
    told, own = report.message_id, message.message_id
    return not told or not own or message_ids.key(told) == message_ids.key(own)


def _agrees(message: Message, report: JournalReport) -> bool:
    """Whether the author is the sender, or in whose name it sent. A report that names no mailbox says nothing."""
    named = [address for address in (report.sender, report.on_behalf_of or "") if addresses.canonical(address)]
    author = whole.author(message)
    return not named or (author is not None and author.canonical in {addresses.canonical(one) for one in named})
