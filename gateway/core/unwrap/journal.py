"""Journal reports: what a mail server writes about a message that it copies, with the message attached.

[MS-XJRNL] §2.1 and TechNet bb738122 (Exchange 2007 and later), Amazon WorkMail's same form, and the older form with a
list of recipients. Who may send such reports is for the caller to know: nothing here is believed.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field, replace
from itertools import islice

from gateway.core import addresses, body, message_ids
from gateway.core.limits import KIB, ReadingLimits
from gateway.core.message import Reading
from gateway.core.model import Message
from gateway.core.unwrap import whole
from gateway.core.unwrap.original import EXACT, MEDIUM, JournalRecipient, JournalReport, Original, Unwrapped

_MOST_OF_REPORT = 1024 * KIB
_MOST_RECIPIENTS = 10_000
_LONGEST_LABEL = 255
_LONGEST_ADDRESS = 998
_PROTECTED = "application/x-microsoft-rpmsg-message"
_SIGNS_OF_MAIL = ("from", "date", "message-id", "received")
_STATUS_TYPES = ("message/delivery-status", "message/global-delivery-status")

_MIXED = "multipart/mixed"

_ORDER = {
    "sender": 0, "on-behalf-of": 1, "subject": 2, "message-id": 2, "label": 3, "mailbox": 4, "sentutc": 5,
    "receivedutc": 6, "to": 7, "cc": 7, "bcc": 7, "recipient": 7,
}  # fmt: skip
"""The lines of a report. The order is part of the grammar: a subject that smuggles lines in breaks it."""
_RECIPIENT = 7
_NO_PEOPLE = ("subject", "message-id", "label")
"""Lines in which what looks like an address isn't one of a person that takes part."""
_VIA = re.compile(r",[ \t]*(expanded|forwarded)[ \t]*:", re.IGNORECASE)
_LIST = re.compile(r"^[ \t]*+recipients[ \t]*+:", re.IGNORECASE | re.MULTILINE)
_WRAP = re.compile(r"\n(?=[ \t]*+<)|\n[ \t]++(?![\w-]+:)")
_LIST_TOKEN = re.compile(r'"[^"\n]*+"?|<[^<>\n]*+>?|[,;\n]|[^",;<>\n]++')
_ANGLE = re.compile(r"<([^<>]*+)>\s*\Z")
_SMTP = re.compile(r"(?:smtp|mailto):", re.IGNORECASE)
_OTHER_TYPE = re.compile(r"/|[A-Za-z][A-Za-z0-9]{0,15}:\S")
"""How an address begins that isn't one of SMTP: /o=… or EX:/o=…"""
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
    sender.unverified: the message's author isn't whom the report names.
    """
    if is_report(reading.message):
        return _unwrapped(reading, _parsed(reading, limits, labels), limits)
    if reading.message.automated not in ("dsn", "bounce"):
        return None
    returned = next((inner for inner in whole.attached(reading, limits) if is_report(inner.message)), None)
    if returned is not None:
        found = _unwrapped(returned, _parsed(returned, limits, labels), limits)
        return found if alternate else untrusted(found)
    captured = _captured(reading) if captures else None
    return _unwrapped(reading, captured, limits) if captured else None


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


@dataclass(slots=True)
class _Parsed:
    """A report while it is read."""

    values: dict[str, str] = field(default_factory=dict)
    """Its single lines, by lower-case name."""
    recipients: list[JournalRecipient] = field(default_factory=list)
    tokens: dict[str, None] = field(default_factory=dict)
    """Everything address-like in lines that may name people."""
    sound: bool = True
    """Nothing outside the grammar was met."""
    unreadable: bool = False

    def line(self, line: str, reached: int, labels: Collection[str]) -> int:
        """Take one line in; returns how far the order of lines is reached."""
        name, _, value = line.partition(":")
        name, value = name.strip().lower(), value.strip()
        if name not in _NO_PEOPLE:
            self.tokens |= dict.fromkeys(addresses.tokens(line))
        if name in labels and name not in _ORDER:
            return reached
        place = _ORDER.get(name, -1)
        self.sound = self.sound and place >= reached and name not in self.values
        if place == _RECIPIENT:
            self.recipient(value, name)
        elif place >= 0:
            self.values.setdefault(name, value)
        return max(reached, place)

    def recipient(self, value: str, role: str) -> None:
        """Take in a recipient, perhaps with the list or mailbox by which it got the message."""
        address, *via = _VIA.split(value)
        self.sound = self.sound and len(via) <= 2
        reached_by = self.address(via[1]) if via else None
        forwarded = bool(via) and via[0].lower() == "forwarded"
        role = "unknown" if role == "recipient" else role
        self.recipients.append(JournalRecipient(self.address(address), role, reached_by, forwarded))

    def address(self, value: str) -> str:
        """One address; what isn't of SMTP, and what can't be read, stays text."""
        angle = _ANGLE.search(value)
        text = (angle[1] if angle else value).strip()
        smtp = _SMTP.match(text)
        text = text[smtp.end() :] if smtp else text
        if _OTHER_TYPE.match(text):
            return text
        found = addresses.read(text).mailboxes if len(text) <= _LONGEST_ADDRESS else ()
        if len(found) == 1 and found[0].address:
            return found[0].address
        self.sound = False
        self.unreadable = self.unreadable or "@" in text
        return text


def _parsed(reading: Reading, limits: ReadingLimits, labels: Collection[str]) -> _Parsed:
    """The report part, in the newer or the older form."""
    parts = reading.choice.plain
    limits = replace(limits, text=_MOST_OF_REPORT, html=_MOST_OF_REPORT)
    text = body.text(parts, reading.raw, limits).lstrip("\ufeff")
    older = _LIST.search(text)
    parsed = _Parsed()
    _take_lines(parsed, _WRAP.sub(" ", text[: older.start()]) if older else text, labels)
    mixed = older is not None and bool(parsed.recipients)
    if older:
        for entry in islice(_entries(text[older.end() :]), _MOST_RECIPIENTS + 1):
            parsed.recipient(entry, "recipient")
            parsed.tokens |= dict.fromkeys(addresses.tokens(entry))
    whole_text = sum(part.end - part.start for part in parts) <= _MOST_OF_REPORT
    needed = {"sender"} if older else {"sender", "subject", "message-id"}
    parsed.unreadable = parsed.unreadable or not whole_text or len(parsed.recipients) > _MOST_RECIPIENTS
    parsed.sound = (
        parsed.sound
        and not mixed
        and not parsed.unreadable
        and _in_shape(reading, older=older is not None)
        and needed <= parsed.values.keys()
        and len(parsed.recipients) > 0
        and 0 < len(parsed.values.get("label", "-")) <= _LONGEST_LABEL
    )
    return parsed


def _take_lines(parsed: _Parsed, text: str, labels: Collection[str]) -> None:
    reached = 0
    for line in text.split("\n"):
        if line.strip():
            reached = parsed.line(line, reached, labels)
        if len(parsed.recipients) > _MOST_RECIPIENTS:
            break


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


def _entries(text: str) -> Iterator[str]:
    """The addresses of an older report's list: display names dropped, wrapped lines joined."""
    lines = (line.strip() for line in text.split("\n"))
    joined = "".join(line + ("\n" if _ends_entry(line) else " ") for line in lines if line)
    words = ""
    for token in _LIST_TOKEN.findall(joined + "\n"):
        if token.startswith("<") or token in (",", ";", "\n"):
            entry = token if token.startswith("<") else words.strip()
            words = ""
            if entry:
                yield entry
        else:
            words += token


def _ends_entry(line: str) -> bool:
    return line.endswith((">", ",")) or ("@" in line and "<" not in line)


def _captured(reading: Reading) -> _Parsed | None:
    """The recipients that a capture copy tells in its delivery status."""
    if reading.message.first("return-path") not in (None, "", "<>"):
        return None
    parts = [part for part in reading.tree.parts() if part.content_type in _STATUS_TYPES]
    status = "\n".join(part.text(reading.raw, _MOST_OF_REPORT) for part in parts[:1])
    named = _ORIGINAL_RECIPIENT.findall(status)
    if _ACTION.search(status) or not named:
        return None
    parsed = _Parsed()
    for value in named[: _MOST_RECIPIENTS + 1]:
        parsed.recipient(value.strip(), "recipient")
        parsed.tokens |= dict.fromkeys(addresses.tokens(value))
    cut = any(part.end - part.start > _MOST_OF_REPORT for part in parts)
    parsed.unreadable = parsed.unreadable or cut or len(named) > _MOST_RECIPIENTS
    parsed.sound = parsed.sound and len(parts) == 1 and not parsed.unreadable
    return parsed


def _unwrapped(reading: Reading, parsed: _Parsed, limits: ReadingLimits) -> Unwrapped:
    report = _report(parsed)
    readings = [inner for inner in whole.attached(reading, limits) if _is_mail(inner.message)]
    messages = [inner.message for inner in readings]
    others = [part for part, _ in reading.choice.attached if part.content_type not in _STATUS_TYPES]
    message, alone = _only(messages, others=len(others) - len(messages))
    sound = parsed.sound and alone
    nested = any(is_report(inner) for inner in messages)
    raw = next((inner.raw for inner in readings if inner.message is message), b"")
    originals = (_original(message, raw, report, sound=sound and not nested),) if message else ()
    findings = (
        *["journal.malformed"] * (not sound),
        *["unwrap.too_deep"] * nested,
        *["sender.unverified"] * (message is not None and not _agrees(message, report)),
    )
    return Unwrapped("journal", originals, originals, journal=report, findings=findings)


def _report(parsed: _Parsed) -> JournalReport:
    sender, behalf = parsed.values.get("sender", "<>"), parsed.values.get("on-behalf-of")
    return JournalReport(
        sender="" if sender == "<>" else parsed.address(sender),
        on_behalf_of=None if behalf is None else parsed.address(behalf),
        message_id=message_ids.first(parsed.values.get("message-id", "")),
        subject=parsed.values.get("subject"),
        recipients=tuple(parsed.recipients),
        tokens=tuple(parsed.tokens),
        unreadable=parsed.unreadable,
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


def _agrees(message: Message, report: JournalReport) -> bool:
    """Whether the author is the sender, or in whose name it sent. A report that names no mailbox says nothing."""
    named = [address for address in (report.sender, report.on_behalf_of or "") if addresses.canonical(address)]
    author = whole.author(message)
    return not named or (author is not None and author.canonical in {addresses.canonical(one) for one in named})
