"""What a message is: the values that reading makes and every stage uses.

Words are those of the RFCs (5321 envelope, 5322 header fields) and of the product's own vocabulary.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class Channel(StrEnum):
    """The way a copy came in, given by the envelope recipient alone."""

    BCC = "bcc"
    FORWARD = "forward"
    RELAY = "relay"
    JOURNAL = "journal"

    @property
    def explicit(self) -> bool:
        """A person asked for this copy; the passive channels carry whatever a mail server copies."""
        return self in (Channel.BCC, Channel.FORWARD)


class Role(StrEnum):
    """The part an address plays in the original."""

    FROM = "from"
    SENDER = "sender"
    REPLY_TO = "reply_to"
    TO = "to"
    CC = "cc"
    BCC = "bcc"
    ENVELOPE = "envelope"  # MAIL FROM: tested against never-log, never a target
    VIA = "via"  # a list, a mailbox passed through, or any other header field that names an address


class Outcome(StrEnum):
    """How a message ended for one recipient; the first four are durable, refused is the dialogue's alone."""

    LOGGED = "logged"
    MERGED = "merged"
    SKIPPED = "skipped"
    HELD = "held"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Mailbox:
    """One mailbox of an address field (RFC 5322 §3.4, RFC 6532)."""

    name: str
    """Display name, decoded; "" where there is none."""
    address: str
    """The addr-spec as written, without comments, folding and needless quotes; "" for a piece without an address."""
    canonical: str
    """For exact comparison: local part NFC and case-folded, domain as lower-case A-label; "" if not readable."""
    tokens: tuple[str, ...] = ()
    """Every address-like token of this piece, decoded and raw: what the never-log list is held against."""


@dataclass(frozen=True, slots=True)
class HeaderField:
    """One header field: name as written, value unfolded but undecoded, and its span in the message's bytes."""

    name: str
    value: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Attachment:
    """A part that is not the message's text. `size` and `sha256` are those of the decoded content."""

    name: str
    content_type: str
    size: int
    sha256: str
    inline: bool


@dataclass(frozen=True, slots=True)
class Nets:
    """Address-like tokens that no mailbox above holds, by the header field they stand in.

    The second net of the never-log list: trace and resent fields, display names, undecodable pieces, and the
    header blocks of attached messages (those under the field name with "inner:" before it).
    """

    tokens: tuple[tuple[str, str], ...] = ()
    """(lower-case field name, token)"""


@dataclass(frozen=True, slots=True)
class Message:
    """What `read` saw in the bytes of one message. Nothing in it is believed yet."""

    size: int
    fields: tuple[HeaderField, ...]
    message_id: str | None
    """As written between the angle brackets, folding removed."""
    in_reply_to: tuple[str, ...]
    references: tuple[str, ...]
    subject: str | None
    base_subject: str
    """For comparison: prefixes, tags and case removed; "" equals nothing."""
    date: datetime | None
    """Aware, or None where the field is missing or impossible."""
    from_: tuple[Mailbox, ...]
    sender: tuple[Mailbox, ...]
    reply_to: tuple[Mailbox, ...]
    to: tuple[Mailbox, ...]
    cc: tuple[Mailbox, ...]
    bcc: tuple[Mailbox, ...]
    nets: Nets
    unreadable: tuple[str, ...]
    """Lower-case names of address fields with a piece that holds an @ and can't be read."""
    breaches: tuple[str, ...]
    """Header limits that the message broke, as slugs; () in any decent mail."""
    automated: str | None
    """Class of automated mail as far as its headers tell, or None."""
    failed_recipients: tuple[str, ...]
    reported_ids: tuple[str, ...]
    """Message-IDs of the original that a bounce or receipt names."""
    content_types: tuple[str, ...]
    """Of every part outside attached messages, lower-case; of a report "multipart/report;delivery-status"."""
    text: str
    attachments: tuple[Attachment, ...]
    findings: tuple[str, ...]
    """Slugs such as duplicate_header.subject, body.unparsed, bytes.repaired."""

    def mailboxes(self) -> Iterator[tuple[Role, Mailbox]]:
        """Every mailbox of the address fields with its role, in the order of the roles."""
        fields = {
            Role.FROM: self.from_,
            Role.SENDER: self.sender,
            Role.REPLY_TO: self.reply_to,
            Role.TO: self.to,
            Role.CC: self.cc,
            Role.BCC: self.bcc,
        }
        for role, found in fields.items():
            for mailbox in found:
                yield role, mailbox

    def all(self, name: str) -> list[str]:
        """The values of every header field of this name, in order."""
        lower = name.lower()
        return [f.value for f in self.fields if f.name.lower() == lower]

    def first(self, name: str) -> str | None:
        """The first value of a header field, or None."""
        return next(iter(self.all(name)), None)


@dataclass(frozen=True, slots=True)
class Source:
    """A mail server allowed to use the passive channels of one account."""

    id: str
    account_id: str
    name: str
    network: str
    """CIDR notation."""
    channels: frozenset[Channel]
    vouches: bool
    """Copies authenticated submissions only, so that its senders count as proven."""
    trusts: frozenset[str] = frozenset()
    """Lower-case names of the header fields that are believed about who got the original."""
    alternate: bool = False
    """The alternate journal mailbox: from it alone a report is believed that was returned undelivered."""
    hosts: frozenset[str] = frozenset()
    """Its own hosts besides those of the account's domains: suffixes of names, and networks in CIDR notation."""
    labels: frozenset[str] = frozenset()
    """Lower-case names of the lines that its journal reports have besides those of the grammar."""


@dataclass(frozen=True, slots=True)
class Peer:
    """The client of an SMTP session."""

    ip: str
    sources: tuple[Source, ...] = ()
    """Of every account, those whose network holds the address."""
    tls: bool = False
    login: str = ""
    """The address proven by SMTP AUTH, or ""."""


@dataclass(frozen=True, slots=True)
class Recipient:
    """An accepted envelope recipient: a capture address, taken apart."""

    address: str
    """As given in RCPT TO."""
    key_hash: str
    tag: str
    channel: Channel
    account_id: str


@dataclass(frozen=True, slots=True)
class Envelope:
    """One SMTP transaction (RFC 5321 §2.3.1)."""

    trace_id: str
    peer: Peer
    mail_from: str
    """Reverse-path without brackets; "" for the null path."""
    recipients: tuple[Recipient, ...]
    received_at: int
    """Epoch milliseconds, UTC."""


@dataclass(frozen=True, slots=True)
class Proof:
    """Something that speaks for the sender: a method and whom it names.

    `method` is smtp_auth, dkim, arc, source or spf; `name` is a domain, or an address for smtp_auth; "*" for a source
    that vouches for all it copies.
    """

    method: str
    name: str


@dataclass(frozen=True, slots=True)
class Evidence:
    """What authentication found out about one message."""

    proofs: tuple[Proof, ...] = ()


@dataclass(frozen=True, slots=True)
class Finding:
    """What one stage saw, passed or not."""

    stage: str
    slug: str
    sentence: str
    evidence: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the journey tells the SMTP side: accepted, or the slug of a refusal or deferral (`smtp.…`, `sender.…`)."""

    trace_id: str
    reason: str = ""
    """"" for accepted."""
    outcomes: tuple[Outcome, ...] = field(default=())
