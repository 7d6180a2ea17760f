"""What was unwrapped from a copy: the words that every way of unwrapping uses."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from gateway.core.model import Mailbox, Message

EXACT, HIGH, MEDIUM, LOW = 1.0, 0.8, 0.5, 0.2
"""Levels of confidence; below HIGH a forward is held for a person."""


@dataclass(frozen=True, slots=True)
class Original:
    """A message inside a copy, as far as what wraps it tells."""

    from_: Mailbox | None
    to: tuple[Mailbox, ...]
    cc: tuple[Mailbox, ...]
    bcc: tuple[Mailbox, ...]
    reply_to: tuple[Mailbox, ...]
    """To whom answers are asked for."""
    subject: str | None
    date: datetime | None
    """Aware; None where none could be read."""
    date_text: str | None
    """As written."""
    date_assumed: bool
    """The zone or the whole moment was taken from the outer message."""
    message_id: str | None
    text: str
    """The original's text, further forwards inside it included."""
    confidence: float
    message: Message | None = None
    """The whole message, where it came as one."""
    raw: bytes = b""
    """Its bytes, to which the message's offsets belong."""


@dataclass(frozen=True, slots=True)
class JournalRecipient:
    """One recipient line of a journal report. `role` is to, cc, bcc or unknown."""

    address: str
    role: str
    via: str | None = None
    """The list or mailbox by which the recipient got it."""
    forwarded: bool = False
    """`via` is a mailbox whose mail is sent on."""


@dataclass(frozen=True, slots=True)
class JournalReport:
    """The report part of a journal message."""

    sender: str
    on_behalf_of: str | None
    message_id: str | None
    subject: str | None
    recipients: tuple[JournalRecipient, ...]
    tokens: tuple[str, ...] = ()
    """Every address-like token of its lines but those of subject and id, understood or not."""
    authors: tuple[str, ...] = ()
    """Those of them that stand where it names who wrote the message."""
    unreadable: bool = False
    """Something with an @ stands where an address should and can't be read, or there is more than was read."""

    def addresses(self) -> list[str]:
        """Everybody whom the report names, as written."""
        named = [a for one in self.recipients for a in (one.address, one.via)]
        return [a for a in (self.sender, self.on_behalf_of, *named) if a]


@dataclass(frozen=True, slots=True)
class Unwrapped:
    """What one way of unwrapping found in a message."""

    kind: str
    """inline_forward, attached_forward, journal or redirect."""
    originals: tuple[Original, ...]
    """In order of appearance; several only for several attached messages."""
    chain: tuple[Original, ...]
    """Outermost forward first, deepest original last."""
    note: str | None = None
    """What the forwarder wrote above."""
    journal: JournalReport | None = None
    sent_on_by: Mailbox | None = None
    """Who redirected it."""
    sent_on_to: tuple[Mailbox, ...] = ()
    """To whom he did."""
    findings: tuple[str, ...] = ()
    """Slugs such as journal.malformed, forward.ambiguous."""
    unread: tuple[str, ...] = ()
    """Every address-like token of a text in which a forward stands, perhaps, that can't be read for sure."""

    def deeper(self) -> list[str]:
        """Every address-like token in the headers of messages told of within the text of the first original."""
        told = [original for original in self.chain[1:] if original.message is None]
        named = [(*filter(None, (o.from_,)), *o.to, *o.cc, *o.bcc, *o.reply_to) for o in told]
        return [token for mailboxes in named for mailbox in mailboxes for token in mailbox.tokens]
