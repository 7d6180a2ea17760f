"""Stage 10, contacts: the records that the activity is written on, and those that are created for it."""

from __future__ import annotations

from collections.abc import Collection

from gateway.core.decision import Target
from gateway.core.facts import Contact
from gateway.core.model import Finding, Role
from gateway.core.reasons import finding
from gateway.core.results import Direction, Kind, People, Person, Place

MAX_CREATED = 100


def choose(people: People, direction: Direction, place: Place, creates: Collection[str]) -> tuple[Target, ...]:
    """Targets among the people that the never-log list left; `creates` are those who may become contacts.

    Outgoing: everybody outside in To and Cc. Incoming: the author, and contacts in To and Cc. Nobody is created from
    Bcc, nor for the author of a reply in a logged thread: that one goes on the records of the thread's contacts.
    """
    incoming = direction is Direction.IN
    targets = _authors(people.author, place, creates) if incoming else []
    for person in people.addressed() if incoming else people.recipients():
        if person.kind is not Kind.EXTERNAL:
            continue
        if person.contact or (person.canonical in creates and person.role in (Role.TO, Role.CC)):
            targets.append(_target(person))
    unique: dict[str, Target] = {}
    for target in targets:
        unique.setdefault(target.contact_id or target.canonical, target)
    surplus = [t for t in unique.values() if t.contact_id is None][MAX_CREATED:]
    return tuple(t for t in unique.values() if t not in surplus)


def seen(targets: tuple[Target, ...]) -> Finding:
    """The stage's finding: on whose record, and who is new."""
    words = [t.address if t.contact_id else f"{t.address} (created)" for t in targets]
    return finding("contacts", "contacts.chosen", ", ".join(words))


def _authors(author: Person | None, place: Place, creates: Collection[str]) -> list[Target]:
    if author and author.contact:
        return [_target(author)]
    if place.logged and place.contacts:
        return [_on(contact) for contact in place.contacts]
    if author and author.canonical in creates and author.kind is Kind.EXTERNAL:
        return [_target(author)]
    return []


def _target(person: Person) -> Target:
    return Target(person.canonical, person.address, person.name, person.contact.id if person.contact else None)


def _on(contact: Contact) -> Target:
    return Target(contact.address, contact.address, "", contact.id)
