"""Stage 3, participants: who wrote to whom, with the gateway's own addresses taken out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from gateway.core import addresses
from gateway.core.facts import Contact, Entry, Facts, StoredParticipant, User
from gateway.core.model import Channel, Mailbox, Outcome, Role
from gateway.core.questions import Case
from gateway.core.reasons import finding
from gateway.core.results import RECIPIENT_ROLES, Kind, People, Person, Stop

_TOO_DEEP = "unwrap.too_deep"
_BORNE = ("header.received", "header.from_duplicate")
"""Breaches that keep out no server's copy: a loop's rounds are duplicates, and of two authors none is proven."""


def identify(case: Case, facts: Facts) -> People:
    """The people of the original. Stops for a message whose address fields can't be relied on."""
    message = case.message
    persons = [p for role, mailbox in message.mailboxes() for p in _persons(role, mailbox, case, facts)]
    if _wrapped(case):
        persons = [p for p in persons if p.kind is Kind.EXTERNAL]
    persons = _reported(persons, case, facts)
    persons += _elsewhere(case, facts, {t for p in persons for t in p.tokens})
    authors = [p for p in persons if p.role is Role.FROM and p.canonical]
    author = next((p for p in authors if p.user), authors[0] if authors else None)
    if author and author.kind is Kind.EXTERNAL:  # anybody can write a Bcc field into what he sends us
        persons = [replace(p, role=Role.VIA) if p.role is Role.BCC and not p.proven else p for p in persons]
    shown = ", ".join(f"{p.role.value} {p.address}" for p in persons if p.canonical and not p.entries)
    return People(
        persons=tuple(persons),
        author=author,
        sender=next((p for p in persons if p.role is Role.SENDER and p.canonical), None),
        exposed=_exposed(case, facts),
        finding=finding("participants", "participants.read", shown),
        stop=_objection(case, facts, author),
    )


def person_of(stored: StoredParticipant, facts: Facts) -> Person:
    """A participant that an earlier copy brought, as a person again."""
    user = facts.owners.get(stored.user_id or "")
    contact = Contact(stored.contact_id, stored.address) if stored.contact_id else facts.contacts.get(stored.canonical)
    kind = Kind.USER if stored.user_id else _kind(stored.canonical, None, facts)
    proven = stored.role is Role.BCC  # or it would have been kept as a way only
    return Person(stored.role, stored.name, stored.address, stored.canonical, kind, user, contact, proven=proven)


def _persons(role: Role, mailbox: Mailbox, case: Case, facts: Facts) -> Iterator[Person]:
    """The person of a mailbox; a second one where its text names a listed address that isn't the user's own."""
    if _is_gateway(mailbox.canonical, case):
        return
    user = facts.users.get(mailbox.canonical)
    kind = _kind(mailbox.canonical, user, facts)
    hits = {t: e for t in (*mailbox.tokens, mailbox.canonical) if t and (e := _entries(t, case, facts))}
    entries, tokens = tuple(dict.fromkeys(e for found in hits.values() for e in found)), tuple(hits)
    if user:
        yield Person(role, mailbox.name, mailbox.address, mailbox.canonical, kind, user)
        if entries:
            yield Person(role, "", "", "", Kind.EXTERNAL, entries=entries, tokens=tokens)
    elif mailbox.canonical or entries:
        contact = None if kind is Kind.SHARED or kind is Kind.INTERNAL else facts.contacts.get(mailbox.canonical)
        yield Person(role, mailbox.name, mailbox.address, mailbox.canonical, kind, None, contact, entries, tokens)


def _elsewhere(case: Case, facts: Facts, seen: set[str]) -> Iterator[Person]:
    """Listed addresses in other fields and in the envelope: never targets, but they count for the list."""
    roles = {"from": Role.FROM, "sender": Role.SENDER, "reply-to": Role.REPLY_TO}
    places = [(roles.get(name, Role.VIA), token) for name, token in case.message.nets.tokens]
    for role, token in [*places, *_of_the_copy(case), (Role.ENVELOPE, case.envelope.mail_from)]:
        if token and token not in seen and (entries := _entries(token, case, facts)):
            seen.add(token)
            yield Person(role, "", "", "", Kind.EXTERNAL, entries=entries, tokens=(token,))


def _of_the_copy(case: Case) -> Iterator[tuple[Role, str]]:
    """What the copy around an original names. The header of a journal report is the mail server's own."""
    if case.outer is case.message or (case.unwrapped and case.unwrapped.journal):
        return
    for _, mailbox in case.outer.mailboxes():
        for token in (*mailbox.tokens, mailbox.canonical):
            yield Role.VIA, token
    for name, token in case.outer.nets.tokens:
        if not name.startswith("inner:"):
            yield Role.VIA, token


def _exposed(case: Case, facts: Facts) -> bool:
    """Whether a capture address stands where others see it: not in the header that a mail server writes for its report,
    nor in a user's mail to his forward address alone.
    """
    message = case.message
    visible = {m.canonical for field in (message.to, message.cc, message.reply_to) for m in field}
    everybody = {m.canonical for _, m in message.mailboxes()}
    to_us = all(a in facts.users or _is_gateway(a, case) for a in everybody)
    unseen = _wrapped(case) or (case.recipient.channel is Channel.FORWARD and to_us)
    return any(_is_gateway(a, case) for a in visible) and not unseen


def _wrapped(case: Case) -> bool:
    """The message is still a journal report, whose header is the mail server's own."""
    found = case.unwrapped
    return found is not None and found.journal is not None and (case.original is None or _TOO_DEEP in found.findings)


def _reported(persons: list[Person], case: Case, facts: Facts) -> list[Person]:
    """The people with the recipients and roles that a journal report tells.

    Who isn't in To or Cc got it as Bcc. A list gives way to its members: it stays as the way by which they got it. A
    mailbox whose mail is sent on stays a recipient.
    """
    report = case.unwrapped.journal if case.unwrapped else None
    if report is None:
        return persons
    lists = {addresses.canonical(r.via) for r in report.recipients if r.via and not r.forwarded}
    persons = [
        replace(p, role=Role.VIA) if p.canonical in lists and p.role in RECIPIENT_ROLES else p for p in persons
    ]
    shown = {p.canonical: p.role for p in persons if p.role in RECIPIENT_ROLES}
    for told in report.recipients:
        mailbox = _mailbox(told.address)
        role = Role.BCC if told.role == "unknown" else Role(told.role)
        if mailbox.canonical not in shown or not mailbox.canonical:
            persons += [replace(p, proven=True) for p in _persons(role, mailbox, case, facts)]
    there = {t for p in persons for t in p.tokens}
    for text in dict.fromkeys(r.via for r in report.recipients if r.via):
        ways = _persons(Role.VIA, _mailbox(text), case, facts)
        persons += [p for p in ways if p.entries and there.isdisjoint(p.tokens)]
    writers = (Role.FROM, Role.SENDER)
    for text in filter(None, (report.on_behalf_of, report.sender)):
        if addresses.canonical(text) not in {p.canonical for p in persons if p.role in writers}:
            persons += _persons(Role.SENDER, _mailbox(text), case, facts)
    return persons


def _mailbox(text: str) -> Mailbox:
    return Mailbox("", text, addresses.canonical(text), addresses.tokens(text))


def _entries(token: str, case: Case, facts: Facts) -> tuple[Entry, ...]:
    entries = facts.listed.get(token, ())
    if not entries:
        return ()
    canonical = addresses.canonical(token)
    return () if canonical in facts.users or _is_gateway(canonical, case) else entries


def _kind(canonical: str, user: User | None, facts: Facts) -> Kind:
    if user:
        return Kind.USER
    if canonical in facts.shared:
        return Kind.SHARED
    return Kind.INTERNAL if canonical.rpartition("@")[2] in facts.account.domains else Kind.EXTERNAL


def _is_gateway(canonical: str, case: Case) -> bool:
    return canonical.rpartition("@")[2] in case.gateway_hosts


def _objection(case: Case, facts: Facts, author: Person | None) -> Stop | None:
    """Why the message can't be judged by its address fields; only an explicit copy is refused for it."""
    message, outer, explicit = case.message, case.outer, case.recipient.channel.explicit
    breaches = [b for b in outer.breaches if explicit or b not in _BORNE]
    refuses = explicit and case.may_refuse
    if breaches and refuses:
        return Stop(Outcome.REFUSED, "smtp.routing_loop" if breaches == ["header.received"] else "smtp.malformed")
    unsigned = not any(m.canonical for m in outer.from_)
    if unsigned and not outer.unreadable and refuses and facts.account.settings.unproven_user == "refuse":
        return Stop(Outcome.REFUSED, "smtp.malformed")
    if outer is not message:
        breaches += [b for b in message.breaches if b not in _BORNE]
    unreadable = message.unreadable or (explicit and outer.unreadable)
    if breaches or unreadable or author is None:
        entries = facts.account.has_entries and (breaches or unreadable)
        return Stop(Outcome.SKIPPED if entries else Outcome.HELD, "participants.unparsable")
    return None
