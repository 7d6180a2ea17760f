"""What was logged before an entry of the never-log list stood: found by its participants, and taken back."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from gateway.core import addresses
from gateway.core.facts import StoredParticipant
from gateway.core.model import Role
from gateway.core.redact import WITHHELD
from storage import erasing, outbox
from storage.administration.act import Act
from storage.content import Content
from storage.outbox import Change, Happened, Type
from storage.plan import Plan, ask, insert_all


@dataclass(frozen=True, slots=True)
class Logged:
    """An activity, as far as the never-log list asks about it."""

    id: str
    sent_at: int
    subject: str | None
    direction: str
    explicit: bool
    user_id: str | None
    attribution: str
    richness: str
    participants: Sequence[tuple[int, StoredParticipant]]
    """With their positions."""
    contacts: frozenset[str]
    """Ids of those on whose record it is."""


def logged(ids: Sequence[str]) -> Plan[Sequence[Logged]]:
    """Those of these activities that are there still."""
    rows = yield from ask(
        "SELECT id, sent_at, subject, direction, explicit, user_id, attribution, richness FROM activity"
        " WHERE id = ANY($1) AND withdrawn_at IS NULL ORDER BY sent_at, id",
        ids,
    )
    people: Mapping[str, list[tuple[int, StoredParticipant]]] = defaultdict(list)
    told = yield from ask(
        "SELECT activity_id, position, role, name, address, canonical, user_id, contact_id, entry_id, hidden"
        " FROM participant WHERE activity_id = ANY($1) ORDER BY activity_id, position",
        ids,
    )
    for activity_id, position, role, name, address, canonical, user, contact, entry, hidden in told:
        known = StoredParticipant(Role(role), name, address, canonical, user, contact, entry, hidden=bool(hidden))
        people[activity_id].append((position, known))
    contacts: Mapping[str, set[str]] = defaultdict(set)
    for activity_id, contact_id in (
        yield from ask("SELECT activity_id, contact_id FROM activity_contact WHERE activity_id = ANY($1)", ids)
    ):
        contacts[activity_id].add(contact_id)
    return [
        Logged(i, at, subject, way, bool(explicit), user, attribution, richness, people[i], frozenset(contacts[i]))
        for i, at, subject, way, explicit, user, attribution, richness in rows
    ]


def take_back(act: Act, account_id: str, activity_id: str, keeps_out: Collection[str]) -> Plan[None]:
    """The whole activity goes. `keeps_out`: entries that keep every other copy of the message out, too."""
    decisions = yield from ask("SELECT id FROM decision WHERE activity_id = $1", activity_id)
    rows = [{"decision_id": decision_id, "entry_id": entry} for (decision_id,) in decisions for entry in keeps_out]
    yield from insert_all("keeps_out", rows, "DO NOTHING")
    yield from erasing.withdraw(activity_id, act.at)
    yield from outbox.write(
        act.new_id, account_id, act.at, [Happened(Type.UPDATED, activity_id, Change.WITHDRAWN)]
    )


def pass_over(
    act: Act,
    account_id: str,
    one: Logged,
    positions: Collection[int],
    entry_id: str,
    contacts: Sequence[str],
    tokens: Collection[str],
    left: Content | None,
) -> Plan[None]:
    """Of these participants placeholders stay; the records of these contacts have the activity no more.

    `tokens`: their addresses; a subject that has one is withheld. `left`: the message without them; None: its bytes go.
    """
    yield from erasing.forget_evidence(one.id)
    if one.subject is not None and not set(tokens).isdisjoint(addresses.tokens(one.subject)):
        yield from ask("UPDATE activity SET subject = $2 WHERE id = $1", one.id, WITHHELD)
    for position in positions:
        yield from ask(
            "UPDATE participant SET name = '', address = '', canonical = '', contact_id = NULL, hidden = 0,"
            " entry_id = $3 WHERE activity_id = $1 AND position = $2",
            one.id,
            position,
            entry_id,
        )
    yield from erasing.take_from_records(one.id, contacts, act.at)
    if left is None:
        yield from erasing.drop_bytes(one.id, act.at)
    else:
        yield from erasing.replace_bytes(one.id, left)
    yield from outbox.write(act.new_id, account_id, act.at, [Happened(Type.UPDATED, one.id, Change.PERSON)])
