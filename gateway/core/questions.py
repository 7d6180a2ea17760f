"""What must be asked of the store about one message for one recipient.

Everything is asked by keyed hash: a database server may log the parameters of its queries.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from gateway.core import addresses, delivery, message_ids, thread_names
from gateway.core.address_keys import token_keys
from gateway.core.facts import StoredParticipant
from gateway.core.keyed_hash import KeyedHash
from gateway.core.model import Envelope, Evidence, Message, Recipient
from gateway.core.thread_names import Parents
from gateway.core.unwrap.original import Original, Unwrapped

_URL = re.compile(r"\w+://\S+")
_NO_LETTERS = re.compile(r"[\W_]+")
_ASCII = bytes(range(128))
_ASCII_NO_LETTERS = bytes(c for c in _ASCII if not chr(c).isalnum())
_LOWER = bytes(range(256)).lower()
_PRINT_LETTERS = 2000


@dataclass(frozen=True, slots=True)
class Questions:
    """The hashes under which the store is asked."""

    account_id: str
    capture: str
    retry: str
    number: int
    """Which of the copy's originals; 0 for the first or only one."""
    people: Mapping[str, tuple[str, ...]]
    """Canonical address → its hash, then that of the address without subaddress."""
    tokens: Mapping[str, tuple[str, ...]]
    """Address-like token → hashes of its never-log keys."""
    message_id: str
    """Of the Message-ID, or of one derived from the content."""
    anchor: str
    """Of author and date: tells the same mail from reuse of its id."""
    author: str
    text: str
    subject: str
    """Of the base subject; "" for an empty one, which equals nothing."""
    names: tuple[str, ...]
    """By which others find its thread: hashes of its id, and of its id with its base subject."""
    other_names: tuple[str, ...]
    """The same of its aliases. Anybody can claim one, so they take nothing from others."""
    parents: Parents
    conversation: str
    """Of the conversation that Thread-Index names, a hint only; "" for none."""
    reported: tuple[str, ...]
    aliases: tuple[str, ...] = ()
    """Ids that it had before a server gave it another one."""
    links: tuple[str, ...] = ()
    """The id that a forward answers: perhaps that of the original, whose own id its text doesn't tell.

    Not the ids before it: earlier mail of the same author in the same thread would pass for the original.
    """


@dataclass(frozen=True, slots=True)
class Case:
    """One recipient of one message: all that `decide` looks at, but for the facts."""

    envelope: Envelope
    recipient: Recipient
    outer: Message
    """The copy."""
    message: Message
    """The original that is decided: the copy itself, or what was unwrapped from it."""
    unwrapped: Unwrapped | None
    original: Original | None
    """Of `unwrapped`, the one that is decided; None where the copy is its own original."""
    raw: bytes
    """Its bytes."""
    copy: bytes
    """The bytes of the copy around it, or the same."""
    evidence: Evidence
    asked: Questions
    gateway_hosts: frozenset[str]
    """Domains of the capture addresses."""
    host: str
    """The gateway's own name, as it writes it into Received."""
    may_refuse: bool = True
    """False where another recipient of the transaction was taken: then what would be refused is held."""
    passed_over: tuple[StoredParticipant, ...] = ()
    """Placeholders of those whom a held copy no longer names, since the never-log list passed them over."""

    @property
    def null_path(self) -> bool:
        """The original's own reverse-path is null: of a journal report, what it tells of the sender."""
        if self.unwrapped and self.unwrapped.journal:
            return self.unwrapped.journal.sender == ""
        return self.envelope.mail_from == ""


def ask(
    envelope: Envelope,
    recipient: Recipient,
    message: Message,
    outer: Message,
    unwrapped: Unwrapped | None,
    digest: str,
    number: int,
    keyed: KeyedHash,
) -> Questions:
    """The questions of one case. `digest` is the hash of the copy's canonical bytes, as hex."""
    subject = keyed("subject", message.base_subject) if message.base_subject else ""
    author = message.from_[0].canonical if message.from_ else ""
    moment = str(int(message.date.timestamp())) if message.date else ""
    text = keyed("text", text_print(message.text))
    derived = f"derived:{author}:{moment}:{subject}:{text}"
    own_id = message_ids.key(message.message_id) if message.message_id else derived
    own = keyed("message-id", own_id)
    aliases = thread_names.aliases(message)
    named = _named(envelope, recipient, message, outer, unwrapped)
    forwarded = outer.in_reply_to[:1] or outer.references[-1:]
    return Questions(
        account_id=recipient.account_id,
        capture=recipient.key_hash,
        retry=keyed("retry", recipient.address.casefold(), envelope.mail_from, digest),
        number=number,
        people={a: address_hashes(a, keyed) for a in _addresses(named)},
        tokens={t: tuple(keyed("never-log", k) for k in sorted(token_keys(t))) for t in named},
        message_id=own,
        anchor=keyed("anchor", author, moment),
        author=keyed("author", author),
        text=text,
        subject=subject,
        names=thread_names.own((own_id,), message, keyed),
        other_names=thread_names.own(aliases, message, keyed),
        parents=thread_names.parents(own_id, message, keyed),
        conversation=thread_names.conversation(message, keyed),
        reported=thread_names.ids(message.reported_ids, keyed),
        aliases=tuple(h for h in thread_names.ids(aliases, keyed) if h != own),
        links=() if message.message_id or message.fields else thread_names.ids(forwarded, keyed),
    )


def address_hashes(canonical: str, keyed: KeyedHash) -> tuple[str, ...]:
    """The hash of an address, and behind it that of the address without its subaddress (RFC 5233) if it has one."""
    local, _, domain = canonical.rpartition("@")
    plain = local.partition("+")[0]
    exact = keyed("address", canonical)
    return (exact,) if plain in ("", local) else (exact, keyed("address", f"{plain}@{domain}"))


def text_print(text: str) -> str:
    """What is compared of a body: its first 2,000 letters and digits, without URLs, width and case."""
    head = text[: 4 * _PRINT_LETTERS]
    plain = _URL.sub("", head) if "://" in head else head
    data = unicodedata.normalize("NFKC", plain).encode("utf-8", "surrogatepass")
    # ASCII is folded many times as quickly as bytes than as text, and where most of it is, the rest is few characters.
    letters = data.translate(_LOWER, _ASCII_NO_LETTERS).decode("utf-8", "surrogatepass")
    others = data.translate(None, _ASCII).decode("utf-8", "surrogatepass")
    if 8 * len(others) > len(letters):
        return _NO_LETTERS.sub("", letters.casefold())[:_PRINT_LETTERS]
    for mark in set(others):
        letters = letters.replace(mark, _NO_LETTERS.sub("", mark.casefold()))
    return letters[:_PRINT_LETTERS]


def _named(
    envelope: Envelope, recipient: Recipient, message: Message, outer: Message, unwrapped: Unwrapped | None
) -> Mapping[str, None]:
    """Everything address-like in envelope, copy, original and report, in this order of first mention."""
    found = [t for _, m in message.mailboxes() for t in (*m.tokens, m.canonical)]
    found += [t for _, t in message.nets.tokens]
    if outer is not message:
        found += [t for _, m in outer.mailboxes() for t in (*m.tokens, m.canonical)]
        found += [t for _, t in outer.nets.tokens]
    if unwrapped:
        found += [*unwrapped.deeper(), *unwrapped.unread]
    if unwrapped and unwrapped.journal:
        found += [*unwrapped.journal.tokens, *map(addresses.canonical, unwrapped.journal.addresses())]
    found += [*delivery.senders(envelope.mail_from), *delivery.named(envelope, recipient), envelope.peer.login]
    found += message.failed_recipients
    return dict.fromkeys(filter(None, found))


def _addresses(named: Iterable[str]) -> Iterable[str]:
    return [address for address in dict.fromkeys(map(addresses.canonical, named)) if address]
