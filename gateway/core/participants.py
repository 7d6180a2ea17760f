"""Stage 3, participants: who wrote to whom, with the gateway's own addresses taken out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from gateway.core import addresses, delivery, exposure
from gateway.core.facts import Contact, Entry, Facts, StoredParticipant, User
from gateway.core.model import Mailbox, Message, Outcome, Role
from gateway.core.questions import Case
from gateway.core.reasons import finding
from gateway.core.results import RECIPIENT_ROLES, Kind, People, Person, Stop
from gateway.core.unwrap.original import JournalReport

_TOO_DEEP = "unwrap.too_deep"
_BORNE = ("header.received", "header.from_duplicate")
"""Breaches that keep out no server's copy: a loop's rounds are duplicates, and of two authors none is proven."""
_UNSEARCHED = frozenset({"body.unparsed", "body.unsearched"})


def identify(case: Case, facts: Facts) -> People:
    """The people of the original. Stops for a message whose address fields can't be relied on."""
    message = case.message
    persons = [p for role, mailbox in message.mailboxes() for p in _persons(role, mailbox, case, facts)]
    if _wrapped(case):
        persons = [p for p in persons if p.kind is Kind.EXTERNAL]
    persons = _reported(persons, case, facts)
    persons, told = _delivered(persons, case, facts)
    persons += _elsewhere(case, facts, {t for p in persons for t in p.tokens})
    authors = [p for p in persons if p.role is Role.FROM and p.canonical]
    author = next((p for p in authors if p.user), authors[0] if authors else None)
    if author and author.kind is Kind.EXTERNAL:  # anybody can write a Bcc field into what he sends us
        persons = [replace(p, role=Role.VIA) if p.role is Role.BCC and not p.proven else p for p in persons]
    shown = ", ".join(f"{p.role.value} {p.address}" for p in persons if p.canonical and not p.entries)
    seen = finding("participants", f"participants.{'delivered' if told else 'read'}", shown + told)
    return People(
        persons=tuple(persons),
        author=author,
        sender=next((p for p in persons if p.role is Role.SENDER and p.canonical), None),
        exposed=not _wrapped(case) and exposure.exposed(case, facts),
        finding=seen,
        stop=_objection(case, facts, author),
        beside=tuple(_beside(case, facts, {t for p in persons for t in p.tokens})),
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
        yield Person(role, "" if entries else mailbox.name, mailbox.address, mailbox.canonical, kind, user)
        if entries:
            yield Person(role, "", "", "", Kind.EXTERNAL, entries=entries, tokens=tokens)
    elif mailbox.canonical or entries:
        contact = None if kind is Kind.SHARED or kind is Kind.INTERNAL else facts.contacts.get(mailbox.canonical)
        yield Person(role, mailbox.name, mailbox.address, mailbox.canonical, kind, None, contact, entries, tokens)


def _elsewhere(case: Case, facts: Facts, seen: set[str]) -> Iterator[Person]:
    """Listed addresses in other fields and in the envelope: never targets, but they count for the list."""
    if not facts.listed:
        return
    roles = {"from": Role.FROM, "sender": Role.SENDER, "reply-to": Role.REPLY_TO}
    places = [(roles.get(name, Role.VIA), token) for name, token in case.message.nets.tokens]
    places += _of_the_copy(case)
    places += [(Role.ENVELOPE, address) for address in delivery.senders(case.envelope.mail_from)]
    places += [(Role.VIA, address) for address in delivery.named(case.envelope, case.recipient)]
    for role, token in places:
        if entries := _mentioned(token, case, facts) if token and token not in seen else ():
            seen.add(token)
            yield Person(role, "", "", "", Kind.EXTERNAL, entries=entries, tokens=(token,))


def _of_the_copy(case: Case) -> Iterator[tuple[Role, str]]:
    """What the copy around an original names; of a journal report its lines, as its header is the mail server's own."""
    if report := _report(case):
        for token in report.tokens:
            yield Role.SENDER if token in report.authors else Role.VIA, token
    elif case.outer is not case.message:
        for _, mailbox in case.outer.mailboxes():
            for token in (*mailbox.tokens, mailbox.canonical):
                yield Role.VIA, token
        for name, token in case.outer.nets.tokens:
            if not name.startswith("inner:") or case.raw is case.copy:
                yield Role.VIA, token
    for token in case.unwrapped.deeper() if case.unwrapped else ():
        yield Role.VIA, token


def _beside(case: Case, facts: Facts, seen: set[str]) -> Iterator[Entry]:
    """The entries that are hit by nobody of this original, but by what else stands in the copy."""
    if not facts.listed:
        return
    inside = [token for name, token in case.outer.nets.tokens if name.startswith("inner:")]
    for token in (*inside, *(case.unwrapped.unread if case.unwrapped else ())):
        if token not in seen:
            yield from _mentioned(token, case, facts)


def _mentioned(token: str, case: Case, facts: Facts) -> tuple[Entry, ...]:
    """What a token hits that stands in no address field; the mail servers' own are among those of a journal report."""
    entries = _entries(token, case, facts)
    if _wrapped(case) and _kind(addresses.canonical(token), None, facts) is not Kind.EXTERNAL:
        return tuple(e for e in entries if e.effect == "message")
    return entries


def _report(case: Case) -> JournalReport | None:
    return case.unwrapped.journal if case.unwrapped else None


def _wrapped(case: Case) -> bool:
    """The message is still a journal report, whose header is the mail server's own."""
    found = case.unwrapped
    return found is not None and found.journal is not None and (case.original is None or _TOO_DEEP in found.findings)


def _reported(persons: list[Person], case: Case, facts: Facts) -> list[Person]:
    """The people with the recipients and roles that a journal report tells.

    A list gives way to its members: it stays as the way by which they got it. A mailbox whose mail is sent on stays a
    recipient.
    """
    report = _report(case)
    if report is None:
        return persons
    lists = {addresses.canonical(r.via) for r in report.recipients if r.via and not r.forwarded}
    persons = [
        replace(p, role=Role.VIA) if p.canonical in lists and p.role in RECIPIENT_ROLES else p for p in persons
    ]
    told = [(None if r.role == "unknown" else Role(r.role), _mailbox(r.address)) for r in report.recipients]
    persons = _with_recipients(persons, told, case, facts)
    writers = (Role.FROM, Role.SENDER)
    for text in filter(None, (report.on_behalf_of, report.sender)):
        if addresses.canonical(text) not in {p.canonical for p in persons if p.role in writers}:
            persons += _persons(Role.SENDER, _mailbox(text), case, facts)
    return persons


def _delivered(persons: list[Person], case: Case, facts: Facts) -> tuple[list[Person], str]:
    """The people with those to whom a trusted mail server delivered it, and what told so; "" where nothing did.

    Whoever wrote it got no copy: some servers name in the same way whose mail they copy.
    """
    if case.unwrapped:
        return persons, ""
    trusted = delivery.sources(case.envelope, case.recipient)
    found = delivery.delivery(case.recipient, case.message, trusted, facts.account.domains, case.gateway_hosts)
    if found is None:
        return persons, ""
    writers = {_identity(p) for p in persons if p.role in (Role.FROM, Role.SENDER)}
    to = [m for m in found.to if _identity_of(m, facts) not in writers]
    named = [m.address for m in to if not any(_entries(t, case, facts) for t in (*m.tokens, m.canonical))]
    told = f"; {found.told_by}: {', '.join(named)}" if named else f"; {found.told_by}"
    return _with_recipients(persons, [(None, m) for m in to], case, facts), told if to else ""


def _with_recipients(
    persons: list[Person], told: Iterable[tuple[Role | None, Mailbox]], case: Case, facts: Facts
) -> list[Person]:
    """The people with recipients that are proven, each in the best of his roles.

    None stands for a role that isn't told: that of the header, and who isn't in To or Cc got it as Bcc.
    """
    persons = list(persons)
    there: dict[str, int] = {}
    for position, person in enumerate(persons):
        if person.role in RECIPIENT_ROLES and person.canonical:
            there.setdefault(_identity(person), position)
    for role, mailbox in told:
        known = there.get(_identity_of(mailbox, facts), -1) if mailbox.canonical else -1
        if known < 0:
            found = [replace(p, proven=True) for p in _persons(role or Role.BCC, mailbox, case, facts)]
            if mailbox.canonical and found:
                there[_identity(found[0])] = len(persons)
            persons += found
        else:
            best = min(persons[known].role, role or Role.BCC, key=RECIPIENT_ROLES.index)
            persons[known] = replace(persons[known], role=best, proven=True)
    return persons


def _identity(person: Person) -> str:
    """One person with two addresses counts once."""
    return person.user.id if person.user else person.canonical


def _identity_of(mailbox: Mailbox, facts: Facts) -> str:
    user = facts.users.get(mailbox.canonical)
    return user.id if user else mailbox.canonical


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
    report = _report(case)
    unreadable = message.unreadable or (explicit and outer.unreadable) or (report is not None and report.unreadable)
    if facts.account.has_entries and (breaches or unreadable or _unsearched(message) or _unsearched(outer)):
        return Stop(Outcome.SKIPPED, "participants.unparsable")
    if breaches or unreadable or author is None:
        return Stop(Outcome.HELD, "participants.unparsable")
    return None


def _unsearched(message: Message) -> bool:
    """A message inside it may name somebody whom the never-log list never met."""
    return not _UNSEARCHED.isdisjoint(message.findings)
