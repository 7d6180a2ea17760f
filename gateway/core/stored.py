"""An activity as it is stored: its people, its text, and which copy supplies it."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from gateway.core import addresses, delivery
from gateway.core.decision import Activity, Attribution, Target
from gateway.core.facts import Entry, StoredParticipant
from gateway.core.model import Role
from gateway.core.questions import Case
from gateway.core.redact import WITHHELD, leaves_out_body
from gateway.core.results import Judgement, People, Person, Standing

MAX_PARTICIPANTS = 500
_LONGEST_SUBJECT = 99_999


def activity(
    case: Case,
    standing: Standing,
    participants: tuple[StoredParticipant, ...],
    targets: tuple[Target, ...],
    attribution: Attribution,
    withheld: Collection[str],
) -> Activity:
    """A new one. `withheld` are tokens of people of whom nothing is stored."""
    message = case.message
    shown = message.subject is None or set(withheld).isdisjoint(addresses.tokens(message.subject))
    return Activity(
        direction=standing.direction,
        explicit=standing.explicit,
        message_id=message.message_id,
        subject=message.subject if shown else WITHHELD,
        sent_at=int(message.date.timestamp() * 1000) if message.date else case.envelope.received_at,
        text=WITHHELD if case.unwrapped and not set(withheld).isdisjoint(case.unwrapped.deeper()) else message.text,
        reference=delivery.reference(case.recipient),
        participants=participants,
        targets=targets,
        attribution=attribution,
        attachments=() if leaves_out_body(case, withheld) else message.attachments,  # they are cut from the body
        richness=_richness(case, standing),
    )


def participants(
    people: People, listed: Judgement | None, before: Iterable[StoredParticipant]
) -> tuple[StoredParticipant, ...]:
    """Those of all copies; of one who is passed over nothing but the entry that names him. `before`: placeholders of
    those whom this copy doesn't show.
    """
    passed_over = listed.passed_over if listed else {}
    stored = [_stored(person, passed_over.get(i)) for i, person in enumerate(people.persons)]
    stored += before
    shown = {p.canonical for p in stored if p.role in (Role.TO, Role.CC)}  # one copy may show whom another hides
    kept = (p for p in stored if not (p.hidden and p.canonical and p.canonical in shown))
    return tuple(dict.fromkeys(kept))[:MAX_PARTICIPANTS]


def placeholder(person: Person, entry: Entry) -> StoredParticipant:
    """What is stored of one who is passed over."""
    return StoredParticipant(person.role, "", "", "", entry_id=entry.id)


def _stored(person: Person, entry: Entry | None) -> StoredParticipant:
    if entry:
        return placeholder(person, entry)
    return StoredParticipant(
        person.role,
        person.name,
        person.address,
        person.canonical,
        person.user.id if person.user else None,
        person.contact.id if person.contact else None,
        hidden=person.role is Role.BCC,
    )


def _richness(case: Case, standing: Standing) -> str:
    """Which copy's text and raw message are kept, whatever the order in which the copies come.

    A proven one before what a proven user tells of it, and that before one that nothing proves; then the one that a
    user asked for (a passive one may have been skipped, if it came first), then the richer one, then the one without a
    tag in its subject.
    """
    message = case.message
    told = case.original is not None and case.original.message is None
    believed = f"{standing.proven * (1 if told else 2)}{standing.explicit:d}"
    untagged = max(0, _LONGEST_SUBJECT - len(message.subject or ""))
    return f"{believed} {len(message.attachments):05} {len(message.text):09} {untagged:05} {case.asked.text}"
