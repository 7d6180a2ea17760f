"""Whole messages inside a message: where they stand, and each of them as an original."""

from __future__ import annotations

from collections.abc import Iterator

from gateway.core.limits import ReadingLimits
from gateway.core.message import Reading, read_parts
from gateway.core.mime import MESSAGE_TYPES
from gateway.core.model import Mailbox, Message
from gateway.core.unwrap.original import EXACT, HIGH, LOW, MEDIUM, Original

REPORTS = frozenset({"dsn", "bounce", "mdn", "feedback_report"})
"""Classes of mail that carry the message they are about: it is no forward."""


def attached(reading: Reading, limits: ReadingLimits) -> Iterator[Reading]:
    """The messages that are attached to this one, in order of appearance; those inside them belong to them.

    Also a file named *.eml whose type hides it, if it reads as mail with From and Date.
    """
    for part, _ in reading.choice.attached:
        if part.content_type in MESSAGE_TYPES:
            yield read_parts(part.content(reading.raw), limits)
        elif part.name.lower().endswith(".eml"):
            inner = read_parts(part.content(reading.raw), limits)
            if author(inner.message) and inner.message.date:
                yield inner


def author(message: Message) -> Mailbox | None:
    """The first mailbox of From that has an address."""
    return next((mailbox for mailbox in message.from_ if mailbox.address), None)


def original(message: Message, raw: bytes, confidence: float) -> Original:
    """An original that came as a whole message, with its bytes."""
    return Original(
        from_=author(message),
        to=message.to,
        cc=message.cc,
        bcc=message.bcc,
        reply_to=message.reply_to,
        subject=message.subject,
        date=message.date,
        date_text=message.first("date"),
        date_assumed=False,
        message_id=message.message_id,
        text=message.text,
        confidence=confidence,
        message=message,
        raw=raw,
    )


def confidence(message: Message) -> float:
    """How far its own header tells who wrote it: two authors are as good as none (RFC 5322 §3.6.2)."""
    if author(message) is None:
        return LOW
    if len(message.from_) > 1 or "header.from_duplicate" in message.breaches:
        return MEDIUM
    if message.message_id:
        return EXACT
    return HIGH if message.date else MEDIUM
