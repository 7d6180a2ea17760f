"""How much was logged and decided in the last weeks, for plots and tables."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from gateway.core.ids import lowest
from storage.plan import Plan, ask

DAY = 24 * 60 * 60 * 1000
WEEK = 7 * DAY
"""Milliseconds. Weeks are counted backwards from the end of the present day, by UTC."""
MOST_CONTACTS = 100


@dataclass(frozen=True, slots=True)
class OfUser:
    """What is in the name of a user."""

    user_id: str | None
    name: str
    counts: tuple[int, ...]
    """Activities of each week, the present one last."""
    incoming: int
    outgoing: int


@dataclass(frozen=True, slots=True)
class OfContact:
    """What is on the record of a contact."""

    contact_id: str
    name: str
    address: str
    counts: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class OfReason:
    """How often it was decided so."""

    outcome: str
    reason: str
    counts: tuple[int, ...]
    """Of each day, the present one last."""


@dataclass(frozen=True, slots=True)
class Exposed:
    """A capture address that stood where everybody can read it."""

    id: str
    channel: str
    user: str | None
    exposed_at: int


@dataclass(frozen=True, slots=True)
class SourceSeen:
    """When a mail server last sent a copy; None: never."""

    id: str
    name: str
    seen_at: int | None
    silent_at: int | None
    """Since when it has been told of as silent; None where it isn't."""


@dataclass(frozen=True, slots=True)
class Overview:
    """What happened in an account."""

    until: int
    """The end of the present day."""
    weeks: int
    users: Sequence[OfUser]
    contacts: Sequence[OfContact]
    """Those with most activities."""
    decisions: Sequence[OfReason]
    sources: Sequence[SourceSeen]
    exposed: Sequence[Exposed]
    held: int
    """Messages that wait for a person."""


def show(account_id: str, now: int, weeks: int) -> Plan[Overview]:
    """The last weeks of an account."""
    until = (now // DAY + 1) * DAY
    since = until - weeks * WEEK
    held = yield from ask("SELECT count(*) FROM held WHERE account_id = $1", account_id)
    return Overview(
        until,
        weeks,
        (yield from _of_users(account_id, since, until, weeks)),
        (yield from _of_contacts(account_id, since, until, weeks)),
        (yield from _of_reasons(account_id, max(since, until - 4 * WEEK), until)),
        (yield from _sources(account_id)),
        (yield from _exposed(account_id)),
        held[0][0],
    )


def _of_users(account_id: str, since: int, until: int, weeks: int) -> Plan[list[OfUser]]:
    rows = yield from ask(
        "SELECT a.user_id, a.direction, (a.sent_at - $2) / $4 AS week, count(*) FROM activity a"
        " WHERE a.account_id = $1 AND a.sent_at >= $2 AND a.sent_at < $3 AND a.withdrawn_at IS NULL"
        " GROUP BY a.user_id, a.direction, week",
        account_id,
        since,
        until,
        WEEK,
    )
    named = yield from ask("SELECT id, name FROM account_user WHERE account_id = $1", account_id)
    names: dict[str, str] = dict(named)
    counts: dict[str | None, list[int]] = {}
    ways: dict[tuple[str | None, str], int] = {}
    for user_id, direction, week, count in rows:
        counts.setdefault(user_id, [0] * weeks)[int(week)] += count
        ways[user_id, direction] = ways.get((user_id, direction), 0) + count
    found = [
        OfUser(
            user_id,
            names.get(user_id or "", ""),
            tuple(numbers),
            ways.get((user_id, "incoming"), 0),
            ways.get((user_id, "outgoing"), 0),
        )
        for user_id, numbers in counts.items()
    ]
    return sorted(found, key=lambda one: (-sum(one.counts), one.name))


def _of_contacts(account_id: str, since: int, until: int, weeks: int) -> Plan[list[OfContact]]:
    rows = yield from ask(
        "SELECT t.contact_id, count(*) AS logged FROM activity a JOIN activity_contact t ON t.activity_id = a.id"
        " WHERE a.account_id = $1 AND a.sent_at >= $2 AND a.sent_at < $3 AND a.withdrawn_at IS NULL"
        " GROUP BY t.contact_id ORDER BY logged DESC, t.contact_id LIMIT $4",
        account_id,
        since,
        until,
        MOST_CONTACTS,
    )
    ids = [contact_id for contact_id, _ in rows]
    named = yield from ask(
        "SELECT c.id, c.name, coalesce((SELECT d.address FROM contact_address d WHERE d.contact_id = c.id"
        " ORDER BY d.position LIMIT 1), '') FROM contact c WHERE c.id = ANY($1)",
        ids,
    )
    by_week = yield from ask(
        "SELECT t.contact_id, (t.at - $2) / $4 AS week, count(*) FROM activity_contact t"
        " JOIN activity a ON a.id = t.activity_id WHERE t.contact_id = ANY($1) AND t.at >= $2 AND t.at < $3"
        " AND a.withdrawn_at IS NULL GROUP BY t.contact_id, week",
        ids,
        since,
        until,
        WEEK,
    )
    names = {contact_id: (name, address) for contact_id, name, address in named}
    counts = {contact_id: [0] * weeks for contact_id in ids}
    for contact_id, week, count in by_week:
        counts[contact_id][int(week)] += count
    return [OfContact(one, *names.get(one, ("", "")), tuple(counts[one])) for one in ids]


def _of_reasons(account_id: str, since: int, until: int) -> Plan[list[OfReason]]:
    """By the ids, which are in order of time."""
    rows = yield from ask(
        "SELECT d.outcome, d.reason, (d.at - $3) / $4 AS day, count(*) FROM decision d"
        " WHERE d.id >= $2 AND d.account_id = $1 AND d.at >= $3 GROUP BY d.outcome, d.reason, day",
        account_id,
        lowest(since),
        since,
        DAY,
    )
    days = (until - since) // DAY
    counts: dict[tuple[str, str], list[int]] = {}
    for outcome, reason, day, count in rows:
        counts.setdefault((outcome, reason), [0] * days)[min(int(day), days - 1)] += count
    found = [OfReason(*name, tuple(numbers)) for name, numbers in counts.items()]
    return sorted(found, key=lambda one: (-sum(one.counts), one.reason))


def _sources(account_id: str) -> Plan[list[SourceSeen]]:
    rows = yield from ask(
        "SELECT id, name, seen_at, silent_at FROM source WHERE account_id = $1 ORDER BY name", account_id
    )
    return [SourceSeen(*row) for row in rows]


def _exposed(account_id: str) -> Plan[list[Exposed]]:
    rows = yield from ask(
        "SELECT c.id, c.channel, u.address, c.exposed_at FROM capture_address c"
        " LEFT JOIN account_user u ON u.id = c.user_id"
        " WHERE c.account_id = $1 AND c.exposed_at IS NOT NULL AND c.retires_at IS NULL ORDER BY c.exposed_at",
        account_id,
    )
    return [Exposed(*row) for row in rows]
