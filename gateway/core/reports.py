"""Is it a report by a machine about another message, or a loop? And whom does it concern?"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from gateway.core import addresses, message_ids
from gateway.core.model import HeaderField

_MOST_OWN_HOPS = 4
_DAEMON, _POSTMASTER = "mailer-daemon", "postmaster"
_NOTICES = (
    "undeliver", "non-delivery", "nondeliver", "failure notice", "returned mail", "mail returned", "returning mail",
    "delivery status notification", "delivery failure", "delivery notification", "delivery report", "failed delivery",
    "mail delivery failed", "mail delivery failure", "mail could not be delivered", "message could not be delivered",
    "mail system error", "could not send message", "failure delivery", "warning: could not send",
)  # fmt: skip
"""How the subject of a bounce begins. People quote it behind a prefix, so only the beginning counts."""
_COMPLAINT = re.compile(r"\s*complaint about message from \d", re.IGNORECASE)
_RECEIPT_TYPES = {
    "multipart/report;disposition-notification", "message/disposition-notification",
    "message/global-disposition-notification",
}  # fmt: skip
_ARCHIVES = frozenset({"application/gzip", "application/x-gzip", "application/zip", "application/x-zip-compressed"})
_AGGREGATE = re.compile(r"\s*Report Domain:\s*\S+\s+Submitter:", re.IGNORECASE)  # RFC 7489 §7.2.1.1
_XTEXT = re.compile(r"\+(2B|3D)")
"""The two printable characters that xtext encodes; a tag such as +AB stays."""
_FOLD = re.compile(r"\n[ \t]+(?=\S)")
_EMPTY_LINES = re.compile(r"\n[ \t]*\n")
_BY = re.compile(r"\bby\s+([^\s;()]+)", re.IGNORECASE)
_ADDRESS = re.compile(r"[^\s<>\"'(),:;\[\]]{1,128}@[\w.-]{1,255}\w")
_ID_FIELDS = ("message-id", "x-microsoft-original-message-id", "original-message-id")


def classify(
    fields: Sequence[HeaderField], content_types: Sequence[str], *, null_path: bool, our_host: str
) -> str | None:
    """loop, dsn, mdn, feedback_report, bounce, or None for what is no report.

    `content_types` are those of `Message.content_types`; `null_path`: the message's own reverse-path is null;
    `our_host`: the name that our Received fields give, "" if there is none to look for.
    """
    if our_host and _own_hops(fields, our_host) > _MOST_OWN_HOPS:
        return "loop"
    types = frozenset(content_types)
    if types & {"multipart/report;delivery-status", "message/delivery-status", "message/global-delivery-status"}:
        return "dsn"
    if types & _RECEIPT_TYPES:
        return "mdn"
    first = {field.name.lower(): field.value for field in reversed(fields)}
    if _is_feedback(first, types):
        return "feedback_report"
    return "bounce" if _is_bounce(first, types, null_path=null_path) else None


def _own_hops(fields: Sequence[HeaderField], our_host: str) -> int:
    hops = (_BY.search(field.value) for field in fields if field.name.lower() == "received")
    return sum(1 for hop in hops if hop and hop[1].lower() == our_host.lower())


def _is_feedback(first: Mapping[str, str], types: frozenset[str]) -> bool:
    if types & {"multipart/report;feedback-report", "message/feedback-report", "multipart/report;tlsrpt"}:
        return True
    if types & {"application/tlsrpt+gzip", "application/tlsrpt+json"}:  # RFC 8460 §5.3
        return True
    subject = first.get("subject", "")
    if "message/rfc822" in types and _COMPLAINT.match(subject):
        return True
    return bool(types & _ARCHIVES) and bool(_AGGREGATE.match(subject))


def _is_bounce(first: Mapping[str, str], types: frozenset[str], *, null_path: bool) -> bool:
    if "x-failed-recipients" in first:
        return True
    noticed = first.get("subject", "").lower().startswith(_NOTICES)
    if not (null_path or noticed or "text/rfc822-headers" in types):
        return False
    sender = _sender(first.get("from", ""))
    by_mailer = sender in (_DAEMON, _POSTMASTER)
    return by_mailer or (null_path and (noticed or not sender))


def _sender(value: str) -> str:
    """The local part of From, or its name where it has no address; "" if it names nobody."""
    mailboxes = addresses.read(value).mailboxes
    return mailboxes[0].canonical.partition("@")[0] or mailboxes[0].name.lower() if mailboxes else ""


def failed_recipients(
    fields: Sequence[HeaderField], statuses: Iterable[str], text: str, recipients: Sequence[str]
) -> tuple[str, ...]:
    """Whom a bounce says it could not reach, in order, each once.

    `statuses`: the delivery-status parts as text; `text`: the human part; `recipients`: those of the original.
    The strongest evidence that names anybody counts: status blocks (RFC 3464 §2.3), X-Failed-Recipients, the
    original's recipients that the text names, the original's only recipient.
    """
    blocks = [block for status in statuses for block in _blocks(status) if "action" in block]
    if blocks:  # also where it only says that mail is delayed, or was delivered
        found = [_recipient(block) for block in blocks if _first_word(block["action"]) == "failed"]
        return tuple(dict.fromkeys(address for address in found if address))
    found = [a for f in fields if f.name.lower() == "x-failed-recipients" for a in _addresses(f.value)]
    if not found:
        named = {address.lower() for address in _ADDRESS.findall(text)}
        found = [address for address in recipients if address.lower() in named]
    if not found and len(recipients) == 1:
        found = list(recipients)
    return tuple(dict.fromkeys(found))


def _recipient(block: Mapping[str, str]) -> str:
    return _typed(block.get("original-recipient", "")) or _typed(block.get("final-recipient", ""))


def _first_word(value: str) -> str:
    return value.partition("(")[0].strip().lower()


def _blocks(status: str) -> Iterator[dict[str, str]]:
    """The groups of fields of a delivery-status part, by lower-case name."""
    for group in _EMPTY_LINES.split(_FOLD.sub(" ", status)):
        fields = (line.partition(":") for line in group.split("\n"))
        yield {name.strip().lower(): value.strip() for name, _, value in fields}


def _typed(value: str) -> str:
    """The address of a recipient field whose type may be missing (RFC 3464 §2.3.1), xtext undone (RFC 3461 §4)."""
    plain = _XTEXT.sub(lambda match: chr(int(match[1], 16)), value.rpartition(";")[2])
    return next(iter(_addresses(plain)), "")


def _addresses(value: str) -> list[str]:
    return [mailbox.address for mailbox in addresses.read(value).mailboxes if mailbox.address]


def reported_ids(header_blocks: Iterable[Sequence[HeaderField]]) -> tuple[str, ...]:
    """The Message-IDs by which these header blocks (of the original, or of the report about it) name the original."""
    found = (
        message_ids.first(field.value) for block in header_blocks for field in block if field.name.lower() in _ID_FIELDS
    )
    return tuple(dict.fromkeys(i for i in found if i))
