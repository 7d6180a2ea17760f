"""From a message that was read to the cases that are decided: one for each recipient and each original in it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace

from gateway.core import addressing, delivery, subjects
from gateway.core.keyed_hash import KeyedHash
from gateway.core.limits import ReadingLimits
from gateway.core.message import Reading, read_header, read_parts
from gateway.core.model import Channel, Envelope, Evidence, Mailbox, Message, Nets, Source
from gateway.core.questions import Case, ask
from gateway.core.unwrap.find import find
from gateway.core.unwrap.original import Original, Unwrapped


@dataclass(frozen=True, slots=True)
class Setting:
    """What is the same for all cases of an installation."""

    domain: str
    """Capture addresses live at bcc., forward., relay. and journal. below it."""
    host: str
    """The gateway's own name, as it writes it into Received."""
    keyed: KeyedHash
    limits: ReadingLimits


def opened(raw: bytes, envelope: Envelope, setting: Setting) -> list[Case]:
    """The cases of a message, from its bytes on."""
    return cases(envelope, read_parts(raw, setting.limits), setting)


def header_opened(raw: bytes, envelope: Envelope, setting: Setting) -> list[Case]:
    """The same by its header alone, where the whole can't be read within limits."""
    return cases(envelope, read_header(raw, setting.limits), setting)


def cases(envelope: Envelope, reading: Reading, setting: Setting) -> list[Case]:
    """All cases of one transaction, still without evidence. What a passive copy would be refused for is held."""
    digest = hashlib.sha256(reading.raw).hexdigest()
    passive = any(not r.channel.explicit for r in envelope.recipients)
    hosts = addressing.hosts(setting.domain)
    found: dict[tuple[Channel, tuple[Source, ...]], Unwrapped | None] = {}
    made: list[Case] = []
    for recipient in envelope.recipients:
        way = (recipient.channel, delivery.sources(envelope, recipient))
        if way not in found:
            found[way] = find(reading, recipient.channel, setting.limits, hosts, way[1])
        unwrapped = found[way]
        made += [
            Case(
                envelope=envelope,
                recipient=recipient,
                outer=reading.message,
                message=message,
                unwrapped=unwrapped,
                original=original,
                raw=raw,
                copy=reading.raw,
                evidence=Evidence(),
                asked=ask(
                    envelope, recipient, message, reading.message, unwrapped, digest, number, setting.keyed
                ),
                gateway_hosts=hosts,
                host=setting.host,
                may_refuse=not passive,
            )
            for number, (message, original, raw) in enumerate(_originals(unwrapped, reading))
        ]
    return made


def taking(case: Case, original: Original, setting: Setting) -> Case:
    """The case with another original of the same copy."""
    message, raw = (original.message, original.raw) if original.message else (_told(original, case.outer), case.raw)
    asked = ask(case.envelope, case.recipient, message, case.outer, case.unwrapped, "", 0, setting.keyed)
    asked = replace(asked, retry=case.asked.retry, number=case.asked.number)
    return replace(case, message=message, original=original, raw=raw, asked=asked)


def _originals(found: Unwrapped | None, reading: Reading) -> list[tuple[Message, Original | None, bytes]]:
    """Each original as a message, with the bytes that are stored of it; the copy itself where nothing is inside."""
    if found is None or not found.originals:
        return [(reading.message, None, reading.raw)]
    return [
        (o.message, o, o.raw) if o.message else (_told(o, reading.message), o, reading.raw) for o in found.originals
    ]


def _told(original: Original, outer: Message) -> Message:
    """An original that is only told of in the text of the copy, as a message of its own.

    It has no header and no id; who it was for, if that isn't told, was the one who forwards it.
    """
    subject = original.subject
    return replace(
        outer,
        fields=(),
        values={},
        message_id=original.message_id,
        in_reply_to=(),
        references=(),
        subject=subject,
        base_subject=subjects.base(subject or ""),
        date=original.date,
        from_=(original.from_,) if original.from_ else (),
        sender=(),
        reply_to=original.reply_to,
        to=original.to or (() if original.cc else _first(outer.from_)),
        cc=original.cc,
        bcc=original.bcc,
        nets=Nets(),
        unreadable=(),
        breaches=(),
        automated=None,
        failed_recipients=(),
        reported_ids=(),
        content_types=(),
        text=original.text,
        findings=(),
    )


def _first(mailboxes: tuple[Mailbox, ...]) -> tuple[Mailbox, ...]:
    return mailboxes[:1]
