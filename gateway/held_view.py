"""A held message as a person is shown it: escaped where it is printed, and without the keys of capture addresses."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from gateway.core.approval import WHAT_TO_DO, candidate
from gateway.core.message import read
from gateway.core.model import Channel, Mailbox, Message
from gateway.core.questions import Case
from gateway.core.reasons import sentence
from storage import operator_mail
from storage.held import HeldMail
from storage.operator_mail import OperatorMailRecord

MOST_TEXT = 2000
"""Characters of a text that are shown."""


@dataclass(frozen=True, slots=True)
class Head:
    """What stands above the text."""

    id: str
    trace_id: str
    account: str
    channel: str
    came_at: int | None
    expires_at: int | None
    reason: str
    means: str
    sender: str
    from_: str
    to: tuple[str, ...]
    cc: tuple[str, ...]
    subject: str | None
    date: str | None
    attachments: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Found:
    """The message inside that an approval takes for the right one."""

    from_: str
    to: tuple[str, ...]
    cc: tuple[str, ...]
    subject: str | None
    date: str | None
    confidence: float
    text: str


@dataclass(frozen=True, slots=True)
class HeldView:
    """All of it."""

    head: Head
    text: str
    found: Found | None
    what_to_do: str


def view(mail: HeldMail, raw: bytes, case: Case | None, domain: str) -> HeldView:
    """`case`: the message as it can be decided again; None where too little of it was kept. `domain`: the gateway's."""
    head = (
        *(mail.id, mail.trace_id, mail.account, mail.channel, mail.at, mail.expires_at),
        *(mail.reason, sentence(mail.reason), mail.sender),
    )
    found = _found(case, domain) if case and mail.reason == "forward.ambiguous" else None
    return _view(read(raw), head, found, WHAT_TO_DO.get(mail.reason, ""), domain)


def operator_view(mail: OperatorMailRecord, raw: bytes, domain: str) -> HeldView:
    """A message to the operator."""
    reason = "operator.mail"
    expires_at = mail.at + operator_mail.KEPT
    head = (mail.id, mail.trace_id, "", "", mail.at, expires_at, reason, sentence(reason), mail.mail_from)
    return _view(read(raw), head, None, "Answer it from your own mailbox, and discard it with --operator.", domain)


def message_lines(shown: HeldView) -> str:
    """The text, what was found inside, and what can be done."""
    lines = [shown.text.strip() or "(no text)"]
    if shown.found:
        found = shown.found
        lines += ["", f"Found inside, with confidence {found.confidence}:", f"  From: {found.from_}"]
        lines += [f"  To: {', '.join(found.to)}"] if found.to else []
        lines += [f"  Cc: {', '.join(found.cc)}"] if found.cc else []
        lines += [f"  Subject: {found.subject or '-'}", f"  Date: {found.date or '-'}", ""]
        lines += [f"  {line}" for line in found.text.strip().split("\n")]
    return "\n".join([*lines, "", shown.what_to_do])


_Facts = tuple[str, str, str, str, int | None, int | None, str, str, str]


def _view(message: Message, head: _Facts, found: Found | None, what_to_do: str, domain: str) -> HeldView:
    def masked(text: str) -> str:
        return _masked(text, domain)

    said = Head(
        *head,
        from_=masked(", ".join(_written(message.from_))),
        to=tuple(map(masked, _written(message.to))),
        cc=tuple(map(masked, _written(message.cc))),
        subject=None if message.subject is None else masked(message.subject),
        date=_moment(message.date),
        attachments=tuple(a.name or a.content_type for a in message.attachments),
    )
    return HeldView(said, masked(_cut(message.text)), found, what_to_do)


def _found(case: Case, domain: str) -> Found | None:
    original = candidate(case)
    if original is None or original.from_ is None:
        return None
    return Found(
        _masked(_written([original.from_])[0], domain),
        tuple(_masked(to, domain) for to in _written(original.to)),
        tuple(_masked(cc, domain) for cc in _written(original.cc)),
        None if original.subject is None else _masked(original.subject, domain),
        _moment(original.date) or original.date_text,
        original.confidence,
        _masked(_cut(original.text), domain),
    )


def _written(mailboxes: Iterable[Mailbox]) -> list[str]:
    return [f"{m.name} <{m.address}>" if m.name and m.address else m.address or m.name for m in mailboxes]


def _moment(date: datetime | None) -> str | None:
    return date.isoformat() if date else None


def _cut(text: str) -> str:
    if len(text) <= MOST_TEXT:
        return text
    return f"{text[:MOST_TEXT]} …"


def _masked(text: str, domain: str) -> str:
    """Whoever knows a capture address can send copies to it."""
    channels = "|".join(channel.value for channel in Channel)
    return re.sub(rf"[^\s<>()\[\]:;,\"@]+(@(?:{channels})\.{re.escape(domain)})\b", r"***\1", text, flags=re.IGNORECASE)
