"""`read`: the bytes of one message → what is in it. Never raises; what is broken becomes a finding."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from gateway.core import (
    addresses,
    automated,
    body,
    dates,
    encoded_words,
    failures,
    headers,
    message_ids,
    mime,
    nets,
    reports,
    subjects,
    wire,
)
from gateway.core.limits import ReadingLimits
from gateway.core.model import HeaderField, Mailbox, Message, Nets

_ADDRESS_FIELDS = ("from", "sender", "reply-to", "to", "cc", "bcc")
_STATUS_TYPES = ("message/delivery-status", "message/global-delivery-status")
_MISTAKEN_TYPES = ("text/plain", "application/octet-stream")
_ORIGINAL_HEADER_TYPES = ("text/rfc822-headers", "text/rfc822-header", "message/global-headers")
_RECEIPT_TYPES = ("message/disposition-notification", "message/global-disposition-notification")
_DEFAULT = ReadingLimits()
_MOST_REPLIED, _MOST_REFERENCES = 4, 32
_MOST_OF_REPORT = 64 * 1024
_MOST_STATUSES = 10

Values = Mapping[str, Sequence[str]]
"""Lower-case field name → the values of its fields, in order."""


@dataclass(frozen=True, slots=True)
class Reading:
    """A message with what it was read from, for those that look into its parts."""

    message: Message
    raw: bytes
    """The canonical bytes, to which all offsets belong."""
    tree: mime.Tree
    choice: body.Choice


def read(raw: bytes, limits: ReadingLimits = _DEFAULT) -> Message:
    """What is in these bytes, whatever they are."""
    return read_parts(raw, limits).message


def read_parts(raw: bytes, limits: ReadingLimits = _DEFAULT) -> Reading:
    """The same, with the message's parts."""
    return _reading(raw, limits, whole=True)


def read_header(raw: bytes, limits: ReadingLimits = _DEFAULT) -> Reading:
    """The same of a message whose body nobody looks into: what can be read of it quickly, whatever it is."""
    return _reading(raw, limits, whole=False)


def author(raw: bytes) -> str:
    """The first address in From, "" where there is none, by the header alone."""
    return next((mailbox.address for mailbox in read_header(raw).message.from_), "")


def _reading(raw: bytes, limits: ReadingLimits, *, whole: bool) -> Reading:
    repaired = wire.irregular(raw)
    if repaired:
        raw = wire.repair(raw)
    block = headers.split(raw, limits)
    tree = mime.walk(raw if whole else raw[: block.body], block.fields, block.body, limits)
    if not whole:
        tree = mime.Tree(replace(tree.root, children=()), broken=True)
    choice = body.choose(tree)
    message = _message(block, raw, tree, choice, limits, repaired=repaired)
    return Reading(_classified(message, raw, tree, limits), raw, tree, choice)


def _message(
    block: headers.HeaderBlock,
    raw: bytes,
    tree: mime.Tree,
    choice: body.Choice,
    limits: ReadingLimits,
    *,
    repaired: bool,
) -> Message:
    """All but what its header tells about automation."""
    values: dict[str, list[str]] = {}
    for field in block.fields:
        values.setdefault(field.name.lower(), []).append(field.value)
    people = {name: addresses.read(_joined(values, name)) for name in _ADDRESS_FIELDS if name in values}
    subject, date = _first(values, "subject"), _first(values, "date")
    decoded = None if subject is None else encoded_words.decode(subject)
    inside, complete = nets.of_messages(raw, tree, limits)
    ids = (message_ids.first(value) for value in values.get("message-id", ()))
    return Message(
        size=len(raw),
        fields=block.fields,
        values=values,
        message_id=next((found for found in ids if found), None),
        in_reply_to=message_ids.all(_first(values, "in-reply-to") or "", _MOST_REPLIED),
        references=message_ids.all(_first(values, "references") or "", _MOST_REFERENCES),
        subject=decoded,
        base_subject=subjects.base(decoded or ""),
        date=dates.parse(date) if date else None,
        from_=_mailboxes(people, "from"),
        sender=_mailboxes(people, "sender"),
        reply_to=_mailboxes(people, "reply-to"),
        to=_mailboxes(people, "to"),
        cc=_mailboxes(people, "cc"),
        bcc=_mailboxes(people, "bcc"),
        nets=Nets(tuple(dict.fromkeys((*nets.of_header(block.fields), *inside)))),
        unreadable=tuple(name for name, listed in people.items() if listed.unreadable),
        breaches=block.breaches,
        automated=None,
        failed_recipients=(),
        reported_ids=(),
        content_types=tuple(_typed(part) for part in tree.parts()),
        text=body.text(choice.plain, raw, limits) or body.text(choice.html, raw, limits),
        attachments=body.attachments(choice, raw),
        findings=(
            *block.findings,
            *["author.ambiguous"] * ("from" in people and people["from"].ambiguous),
            *["body.unparsed"] * tree.broken,
            *["body.unsearched"] * (not complete and not tree.broken),
            *["bytes.repaired"] * repaired,
        ),
    )


def _first(values: Values, name: str) -> str | None:
    return values[name][0] if name in values else None


def _joined(values: Values, name: str) -> str:
    """Several To fields are one list; of several Sender or Reply-To fields the first counts."""
    return ", ".join(values[name]) if name in nets.JOINED_FIELDS else values[name][0]


def _mailboxes(people: Mapping[str, addresses.AddressList], name: str) -> tuple[Mailbox, ...]:
    return tuple(people[name].mailboxes) if name in people else ()


def _typed(part: mime.Part) -> str:
    report = part.parameters.get("report-type", "").strip().lower()
    return f"{part.content_type};{report}" if report and part.multipart else part.content_type


def _classified(message: Message, raw: bytes, tree: mime.Tree, limits: ReadingLimits) -> Message:
    """The message with what its own words tell about automation."""
    null_path = _null_path(message)
    text = tree.root.text(raw, _MOST_OF_REPORT) if tree.broken else message.text
    report = reports.classify(message.values, message.content_types, null_path=null_path, our_host="", text=text)
    if report is None:
        by_header = automated.classify(
            message, null_path=null_path, own_list=False, author_is_user=False, answers_ours=False
        )
        return replace(message, automated=by_header) if by_header else message
    originals = list(_originals(raw, tree, limits))
    failed: tuple[str, ...] = ()
    if report in ("dsn", "bounce"):
        if not originals:
            text, copy = failures.copied(text)
            originals = [headers.split(copy.encode("utf-8", "replace"), limits).fields]
        statuses = _statuses(raw, tree, text)
        recipients = [mailbox.address for fields in originals[:1] for mailbox in _recipients(fields)]
        failed = failures.failed_recipients(message.fields, statuses, text, recipients)
    return replace(message, automated=report, failed_recipients=failed, reported_ids=failures.reported_ids(originals))


def _statuses(raw: bytes, tree: mime.Tree, text: str) -> list[str]:
    """The parts that hold a delivery status; where none has the type, whatever could hold one."""
    parts = [part for part in tree.parts() if part.content_type in _STATUS_TYPES]
    if not parts and tree.broken:
        return [text]
    parts = parts or [part for part in tree.parts() if part.content_type in _MISTAKEN_TYPES]
    return [part.text(raw, _MOST_OF_REPORT) for part in parts[:_MOST_STATUSES]]


def _null_path(message: Message) -> bool:
    """Whether the header shows a null reverse-path; where no Return-Path tells, a sender that only programs have."""
    path = message.first("return-path")
    if path is not None:
        address = path.strip().strip("<> ").lower()
        return not address or address.partition("@")[0] == "mailer-daemon"
    return any("mailer-daemon" in (m.canonical.partition("@")[0], m.name.lower()) for m in message.from_)


def _originals(raw: bytes, tree: mime.Tree, limits: ReadingLimits) -> Iterator[Sequence[HeaderField]]:
    """The header blocks of the message that a report is about, and the fields of a receipt that name it."""
    for part in tree.parts():
        if part.message and part.children[0].fields:
            yield part.children[0].fields
        elif part.message:  # a blank line too many before its header
            start = part.children[0].start
            block = raw[start : start + limits.header_block].lstrip(b"\r\n")
            yield headers.split(block, limits).fields
        elif part.content_type in _ORIGINAL_HEADER_TYPES + _RECEIPT_TYPES or part.encoded_message:
            block = part.content(raw, 4 * limits.header_block)[: limits.header_block]
            yield headers.split(wire.repair(block), limits).fields


def _recipients(fields: Sequence[HeaderField]) -> Iterator[Mailbox]:
    for field in fields:
        if field.name.lower() in ("to", "cc"):
            yield from (mailbox for mailbox in addresses.read(field.value).mailboxes if mailbox.address)
