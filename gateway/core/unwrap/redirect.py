"""A message that somebody sent on unchanged: Resent fields before its own header (RFC 5322 §3.6.6)."""

from __future__ import annotations

from dataclasses import dataclass

from gateway.core import addresses
from gateway.core.message import Reading
from gateway.core.model import Mailbox, Message
from gateway.core.unwrap import whole
from gateway.core.unwrap.original import EXACT, Unwrapped

_PREFIX = "resent-"
_AUTOMATIC = ("x-forwarded-for", "x-forwarded-to", "x-ms-exchange-inbox-rules-loop", "x-sieve-redirected-from")
"""Fields that a mailbox writes when it forwards by itself."""
_TRACE = frozenset({"received", "return-path", "delivered-to"})


@dataclass(frozen=True, slots=True)
class Resending:
    """Who sent the message on, and to whom."""

    by: Mailbox
    to: tuple[Mailbox, ...]
    """Of Resent-To, Resent-Cc and Resent-Bcc."""


def find(reading: Reading) -> Unwrapped | None:
    """The message itself as its own original, where a readable Resent block shows that it was sent on."""
    message = reading.message
    found = resending(message)
    if found is None or message.automated in whole.REPORTS or whole.author(message) is None:
        return None
    itself = whole.original(message, reading.raw, EXACT)
    return Unwrapped("redirect", (itself,), (itself,), sent_on_by=found.by, sent_on_to=found.to)


def resending(message: Message) -> Resending | None:
    """The newest resending; None without Resent fields and where they don't name exactly one person."""
    block = _newest(message)
    authors = addresses.read(block.get("resent-from", "") or block.get("resent-sender", ""))
    if len(authors.mailboxes) != 1 or not authors.mailboxes[0].address or authors.ambiguous:
        return None
    named = (addresses.read(block.get(name, "")) for name in ("resent-to", "resent-cc", "resent-bcc"))
    return Resending(authors.mailboxes[0], tuple(m for listed in named for m in listed.mailboxes))


def automatic(message: Message) -> bool:
    """A mailbox forwarded it by itself: it is no forward that anybody asked for."""
    return any(field.name.lower() in _AUTOMATIC for field in message.fields)


def _newest(message: Message) -> dict[str, str]:
    """The topmost block of Resent fields, by lower-case name.

    A new block goes before all that is there, so it ends where a trace field of an earlier hop stands or a name
    occurs again.
    """
    block: dict[str, str] = {}
    for field in message.fields:
        name = field.name.lower()
        if block and (name in _TRACE or name in block):
            break
        if name.startswith(_PREFIX):
            block[name] = field.value
    return block
