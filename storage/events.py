"""Events as programs are told of them: by what is there now, so that what was erased or taken back doesn't come out."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from storage import activities, held
from storage.activities import Listed
from storage.administration import contacts
from storage.administration.contacts import ContactRecord
from storage.held import HeldMail
from storage.outbox import Change, OutboxRow, Type
from storage.plan import Plan, ask


@dataclass(frozen=True, slots=True)
class By:
    """The decision that made something happen."""

    id: str
    trace_id: str
    channel: str
    reason: str


@dataclass(frozen=True, slots=True)
class ActivityNow:
    """An activity without its text."""

    listed: Listed
    arrived_at: int
    attribution: str
    """By which rule it is in its user's name."""
    reference: str
    undelivered: Sequence[str]
    """Addresses that it didn't reach, as a bounce said."""


Subject: TypeAlias = ActivityNow | ContactRecord | HeldMail


@dataclass(frozen=True, slots=True)
class Event:
    """One event. `now`: what it is about; None where an activity was withdrawn."""

    row: OutboxRow
    account: str
    """Name."""
    now: Subject | None
    by: By | None


def render(rows: Sequence[OutboxRow]) -> Plan[list[Event]]:
    """The events that can still be told: not those about what isn't there any more, or isn't held any more."""
    now: dict[str, Subject] = {}
    now |= yield from _activities(_about(rows, Type.LOGGED, Type.UPDATED))
    now |= yield from contacts.these(_about(rows, Type.CONTACT))
    now |= yield from held.these(_about(rows, Type.HELD))
    names = yield from _accounts({row.account_id for row in rows})
    decisions = yield from _decisions({row.decision_id for row in rows if row.decision_id})
    return [
        Event(row, names[row.account_id], now.get(row.about), decisions.get(row.decision_id or ""))
        for row in rows
        if row.about in now or row.change == Change.WITHDRAWN
    ]


def _about(rows: Sequence[OutboxRow], *types: Type) -> Sequence[str]:
    return list(dict.fromkeys(row.about for row in rows if row.type in types))


def _activities(ids: Sequence[str]) -> Plan[dict[str, ActivityNow]]:
    if not ids:
        return {}
    listed = yield from activities.these(ids)
    rows = yield from ask("SELECT id, arrived_at, attribution, reference FROM activity WHERE id = ANY($1)", ids)
    more = {row[0]: row[1:] for row in rows}
    failed = yield from ask(
        "SELECT activity_id, address FROM participant WHERE activity_id = ANY($1) AND delivery_failed = 1"
        " AND entry_id IS NULL ORDER BY activity_id, position",
        ids,
    )
    return {
        one.id: ActivityNow(one, at, rule, reference, [address for told, address in failed if told == one.id])
        for one in listed
        for at, rule, reference in [more[one.id]]
    }


def _accounts(ids: Collection[str]) -> Plan[Mapping[str, str]]:
    return dict((yield from ask("SELECT id, name FROM account WHERE id = ANY($1)", sorted(ids))))


def _decisions(ids: Collection[str]) -> Plan[Mapping[str, By]]:
    if not ids:
        return {}
    rows = yield from ask("SELECT id, trace_id, channel, reason FROM decision WHERE id = ANY($1)", sorted(ids))
    return {row[0]: By(*row) for row in rows}
