"""What happened, for programs to hear of: written in the transaction in which it happens, as ids only."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import cast

from gateway.core.ids import lowest
from storage.plan import Plan, Statement, ask, insert_all

KEPT = 30 * 24 * 60 * 60 * 1000
"""Milliseconds that events are kept for."""


class Type(StrEnum):
    """Of an event."""

    LOGGED = "activity.logged"
    UPDATED = "activity.updated"
    CONTACT = "contact.created"
    HELD = "decision.held"


class Change(StrEnum):
    """What happened to an activity."""

    NONE = ""
    MERGED = "merged"
    """Another copy came: it may show more people, bring a longer text, or be the one that a person asked for."""
    THREAD = "thread"
    """Its thread turned out to be part of another one."""
    USER = "user"
    """An admin put it in another user's name."""
    UNDELIVERED = "undelivered"
    """A bounce says whom it hasn't reached."""
    PERSON = "person"
    """Somebody was taken out of it who is to be forgotten."""
    WITHDRAWN = "withdrawn"
    """The never-log list took it back, or it was erased: nothing of it is left here."""


@dataclass(frozen=True, slots=True)
class Happened:
    """One thing. `about`: id of the activity, the contact or the decision."""

    type: Type
    about: str
    change: Change = Change.NONE


@dataclass(frozen=True, slots=True)
class OutboxRow:
    """An event as it is kept."""

    id: str
    account_id: str
    at: int
    type: str
    about: str
    change: str
    decision_id: str | None
    """Of the decision that made it happen; None where an admin did."""


def write(
    new_id: Callable[[], str], account_id: str, at: int, happened: Collection[Happened], decision_id: str | None = None
) -> Plan[None]:
    """All events of one transaction, in this order; each once."""
    rows = [
        {
            "id": new_id(),
            "account_id": account_id,
            "at": at,
            "type": one.type.value,
            "about": one.about,
            "change": one.change.value,
            "decision_id": decision_id,
        }
        for one in dict.fromkeys(happened)
    ]
    yield from insert_all("outbox", rows)


def end(account_id: str) -> Plan[str]:
    """Id of the account's last event; "" where there is none."""
    rows = yield from ask(
        "SELECT id FROM announced WHERE account_id = $1 ORDER BY position DESC, id DESC LIMIT 1", account_id
    )
    return rows[0][0] if rows else ""


def last() -> Plan[str]:
    """The same of all accounts."""
    rows = yield from ask("SELECT id FROM announced ORDER BY position DESC, id DESC LIMIT 1")
    return rows[0][0] if rows else ""


def held_back() -> Plan[int | None]:
    """When the oldest event happened that isn't announced yet: a transaction that began before is still open. SQLite's
    are announced as they are written.
    """
    rows = yield Statement(_HELD_BACK, (), on_sqlite=Statement("SELECT NULL", ()))
    return cast("int | None", rows[0][0])


def kept(account_id: str, event_id: str) -> Plan[bool]:
    """Whether all that came after this event is still kept."""
    return bool((yield from ask("SELECT 1 FROM outbox WHERE account_id = $1 AND id = $2", account_id, event_id)))


def since(account_id: str, after: str, limit: int) -> Plan[Sequence[OutboxRow]]:
    """The next events behind the one with the id `after`, in their order; from the first that is kept, where it is
    not. What is announced later stands behind them.
    """
    place = yield from ask("SELECT position, id FROM announced WHERE id = $1", after)
    position, behind = place[0] if place else (FIRST, "")
    rows = yield from ask(
        "SELECT o.id, o.account_id, o.at, o.type, o.about, o.change, o.decision_id FROM announced n"
        " JOIN outbox o ON o.id = n.id WHERE n.account_id = $1 AND n.position >= $2 AND (n.position, n.id) > ($2, $3)"
        " ORDER BY n.position, n.id LIMIT $4",
        account_id,
        position,
        behind,
        limit,
    )
    return [OutboxRow(*row) for row in rows]


def these(ids: Sequence[str]) -> Plan[Sequence[OutboxRow]]:
    """Events by their ids."""
    rows = yield from ask(
        "SELECT id, account_id, at, type, about, change, decision_id FROM outbox WHERE id = ANY($1) ORDER BY id", ids
    )
    return [OutboxRow(*row) for row in rows]


def forget(before: int) -> Plan[None]:
    """What is older than this moment goes, but for the last of it in each account: whoever has read that far goes on
    there. Dead letters go with it.
    """
    yield from ask(
        "DELETE FROM outbox WHERE id < $1 AND id NOT IN"
        " (SELECT max(id) FROM outbox WHERE id < $1 GROUP BY account_id)",
        lowest(before),
    )
    yield from ask("DELETE FROM delivery WHERE given_up_at IS NOT NULL AND event_id < $1", lowest(before))


_HELD_BACK = "SELECT min(at) FROM outbox WHERE recorded_in >= pg_snapshot_xmin(pg_current_snapshot())::text::bigint"
FIRST = -(2**62) - 1
"""Before every position."""
