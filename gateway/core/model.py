"""What a message is: the values that reading makes and every stage uses.

Words are those of the RFCs (5321 envelope, 5322 header fields) and of the product's own vocabulary.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
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


_IN_FIELDS = (Role.FROM, Role.SENDER, Role.REPLY_TO, Role.TO, Role.CC, Role.BCC)


class Outcome(StrEnum):
    """How a message ended for one recipient; the first four are durable, the others are the dialogue's alone."""

    LOGGED = "logged"
    MERGED = "merged"
    SKIPPED = "skipped"
    HELD = "held"
    REFUSED = "refused"
    DEFERRED = "deferred"

    @property
    def durable(self) -> bool:
        """It is on record; the others are said in the dialogue alone."""
        return self not in (Outcome.REFUSED, Outcome.DEFERRED)


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
    values: Mapping[str, Sequence[str]]
    """The same by lower-case name: the values of a field, in order."""
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
        fields = (self.from_, self.sender, self.reply_to, self.to, self.cc, self.bcc)
        for role, found in zip(_IN_FIELDS, fields, strict=True):
            for mailbox in found:
                yield role, mailbox

    def all(self, name: str) -> Sequence[str]:
        """The values of every header field of this lower-case name, in order."""
        return self.values.get(name, ())

    def first(self, name: str) -> str | None:
        """The first value of a header field, or None."""
        return next(iter(self.values.get(name, ())), None)


@dataclass(frozen=True, slots=True)
class Source:
    """A mail server allowed to use the passive channels of one account."""

    id: str
    account_id: str
    name: str
    network: str
    """CIDR notation; "" for one that is known by its login or certificate alone."""
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
    authserv_id: str = ""
    """Lower-case name under which it writes Authentication-Results that are believed (RFC 8601 §2.5); "" for none."""
    login: str = ""
    """Canonical SMTP AUTH name that shows it, or ""."""
    certificate: str = ""
    """SHA-256 of the TLS client certificate that shows it, lower-case hex, or ""."""


@dataclass(frozen=True, slots=True)
class Login:
    """What SMTP AUTH has proven: a name, in the one account whose password was given."""

    name: str
    """A user's address in canonical form, or the login of a source."""
    account_id: str


@dataclass(frozen=True, slots=True)
class Peer:
    """The client of an SMTP session."""

    ip: str
    sources: tuple[Source, ...] = ()
    """Of every account, those that its address, login or certificate shows it to be."""
    tls: bool = False
    login: str = ""
    """The canonical name proven by SMTP AUTH, a user's address or a source's name, or ""."""
    account_id: str = ""
    """The account in which the login holds."""
    certificate: str = ""
    """SHA-256 of its TLS client certificate, lower-case hex, or ""."""


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
class OperatorMailbox:
    """An accepted envelope recipient who is the operator: postmaster (RFC 5321 §4.5.1) or abuse (RFC 2142)."""

    address: str
    """As given in RCPT TO; postmaster may stand without a domain."""


@dataclass(frozen=True, slots=True)
class OperatorMail:
    """A message to the operator's own mailboxes. It belongs to no account, and nothing in it is read."""

    trace_id: str
    peer_ip: str
    mail_from: str
    recipients: tuple[OperatorMailbox, ...]
    received_at: int
    """Epoch milliseconds, UTC."""
    raw: bytes


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

    `method` is smtp_auth, dkim, arc, results (Authentication-Results of a trusted source), source, spf, or person (who
    approved held mail). `name` is the domain of the claimed address, with which the method's own identifier is aligned;
    an address for smtp_auth and person; "*" for a source that vouches for all it copies.
    """

    method: str
    name: str


@dataclass(frozen=True, slots=True)
class Evidence:
    """What authentication found out about one claim: that the named person wrote a message, or sent it on."""

    proofs: tuple[Proof, ...] = ()
    pending: tuple[Proof, ...] = ()
    """What might have spoken for the sender too, had DNS answered."""
    contradicted: bool = False
    """The domain's own policy says that mail without aligned proof isn't its (RFC 9989 §5.3)."""
    seen: tuple[tuple[str, str], ...] = ()
    """Each check: slug of a finding, and the domain that it is about."""
    unsigned: frozenset[str] = frozenset()
    """Lower-case names of fields of the message that no DKIM signature among the proofs covers."""

    def __add__(self, other: Evidence) -> Evidence:
        """Of two methods about the same claim."""
        return Evidence(
            (*self.proofs, *other.proofs),
            (*self.pending, *other.pending),
            self.contradicted or other.contradicted,
            (*self.seen, *other.seen),
            self.unsigned | other.unsigned,
        )


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
    full: bool = False
    """It is deferred because there is no room on the disk (RFC 5321 §4.2.3, 452)."""
