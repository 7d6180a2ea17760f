"""To whom a mail server delivered what it copies: what the capture address and trusted header fields tell.

A copy shows nobody who was in Bcc. Some servers write the recipient into a field (Delivered-To is RFC 9228's), some can
be told to write it into the address that the copy goes to. Anybody else could write the same, so each of these counts
from a source only, and a field only where the source's settings name it.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from gateway.core import addresses
from gateway.core.model import Envelope, Mailbox, Message, Recipient, Source

FIELDS = (
    "x-gm-original-to",
    "envelope-to",
    "x-original-to",
    "delivered-to",
    "x-forwarded-for",
    "x-ms-exchange-inbox-rules-loop",
)
"""The fields that a source may be trusted for, best first."""

_DOT = re.compile("[.。．｡]")
_FIRST_WORD = re.compile(r"[^\s,;]+")
_SRS = re.compile(r"(?:.*\+)?srs0?[=+-](?:[^=@]+=){2}([^=@]+)=([^@]+)@[^@]+", re.IGNORECASE)
_SRS_AGAIN = re.compile(r"srs1[=+-][^=@]+=[^=@]+==(?:[^=@]+=){2}([^=@]+)=([^@]+)@[^@]+", re.IGNORECASE)
_TAGGED = re.compile(r"prvs=[^=@]+=([^@]+@[^@]+)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Delivery:
    """To whom, and what tells it: a field's lower-case name, or "address" for the capture address."""

    told_by: str
    to: tuple[Mailbox, ...]


def sources(envelope: Envelope, recipient: Recipient) -> tuple[Source, ...]:
    """The peer as the recipient's account knows it on this channel; () for a client that is no source there."""
    channel, account_id = recipient.channel, recipient.account_id
    return tuple(s for s in envelope.peer.sources if s.account_id == account_id and channel in s.channels)


def delivery(
    recipient: Recipient,
    message: Message,
    trusted: Collection[Source],
    domains: Collection[str],
    gateway_hosts: Collection[str],
) -> Delivery | None:
    """The best evidence that names somebody in one of the account's own `domains`."""
    if not trusted:
        return None
    for told_by, mailboxes in _evidence(recipient, message, trusted, gateway_hosts):
        own = tuple(m for m in mailboxes if _domain(m.canonical) in domains)
        if own:
            return Delivery(told_by, own)
    return None


def reference(recipient: Recipient) -> str:
    """The tag behind the key, unless it encodes an address."""
    return "" if _encodes_an_address(recipient) else recipient.tag


def encoded(recipient: Recipient) -> str:
    """The address that the tag of a passive channel may encode, as in key+ana=us.example@relay.log.example, or ""."""
    return addresses.canonical("@".join(recipient.tag.rsplit("=", 1))) if _encodes_an_address(recipient) else ""


def named(envelope: Envelope, recipient: Recipient) -> list[str]:
    """What the capture addresses of one account may encode, this recipient's and those that came with it."""
    others = (r for r in envelope.recipients if r.account_id == recipient.account_id)
    told = [r for r in (recipient, *others) if _encodes_an_address(r)]
    return list(filter(None, dict.fromkeys(t for r in told for t in (encoded(r), *addresses.tokens(_behind_key(r))))))


def senders(mail_from: str) -> tuple[str, ...]:
    """A reverse-path, and the one before it that a forwarder (SRS) or the sender (BATV) wrote into it."""
    rewritten = _SRS.fullmatch(mail_from) or _SRS_AGAIN.fullmatch(mail_from)
    tagged = _TAGGED.fullmatch(mail_from)
    earlier = f"{rewritten[2]}@{rewritten[1]}" if rewritten else tagged[1] if tagged else ""
    return tuple(filter(None, (mail_from, earlier)))


def _behind_key(recipient: Recipient) -> str:
    """The capture address without its key, which is no part of what its tag encodes."""
    return f"{recipient.tag}@{recipient.address.rpartition('@')[2]}"


def _encodes_an_address(recipient: Recipient) -> bool:
    local, _, domain = recipient.tag.rpartition("=")
    return not recipient.channel.explicit and local != "" and _DOT.search(domain) is not None


def _evidence(
    recipient: Recipient, message: Message, trusted: Collection[Source], gateway_hosts: Collection[str]
) -> Iterator[tuple[str, tuple[Mailbox, ...]]]:
    yield "address", addresses.read(encoded(recipient)).mailboxes
    for name in FIELDS:
        if not any(name in source.trusts for source in trusted):
            continue
        # An out-of-office reply bears the name of the mailbox that wrote it.
        if name != "x-ms-exchange-inbox-rules-loop" or message.automated is None:
            yield name, _newest(name, message, gateway_hosts)


def _newest(name: str, message: Message, gateway_hosts: Collection[str]) -> tuple[Mailbox, ...]:
    """Whom the topmost of these fields names that isn't about the way of the copy itself."""
    for value in message.all(name):
        # X-Forwarded-For names the mailbox, then where it forwards to.
        first = _FIRST_WORD.search(value) if name == "x-forwarded-for" else None
        listed = addresses.read(first[0] if first else value)
        named = tuple(m for m in listed.mailboxes if m.canonical and _domain(m.canonical) not in gateway_hosts)
        if named:
            return () if listed.unreadable or listed.ambiguous else named
    return ()


def _domain(canonical: str) -> str:
    return canonical.rpartition("@")[2]
