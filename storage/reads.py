"""What operators ask of recorded decisions."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from gateway.core import addresses, message_ids
from gateway.core.ids import lowest
from gateway.core.keyed_hash import KeyedHash
from gateway.core.model import Finding
from storage.plan import Plan, Row, Value, ask


@dataclass(frozen=True, slots=True)
class RecordedDecision:
    """A decision as it stands in the store. A skipped one has its stages, but no evidence."""

    id: str
    trace_id: str
    account: str
    channel: str
    at: int
    outcome: str
    reason: str
    flags: tuple[str, ...]
    stages: tuple[tuple[str, str], ...]
    """(stage, slug)"""
    size_class: int
    deliveries: int
    entry_id: str | None
    activity_id: str | None
    user: str | None
    superseded_by: str | None = None
    """Id of the decision that took its place."""
    waits: int = 0
    """1: its message is kept, sealed, until its parent comes."""


@dataclass(frozen=True, slots=True)
class Filter:
    """Which decisions to show; "" for any. `user` is one of the user's addresses."""

    outcome: str = ""
    reason: str = ""
    user: str = ""
    account: str = ""
    """Name or id."""


def schema_version() -> Plan[int]:
    """The newest migration that was applied."""
    [(version,)] = yield from ask("SELECT max(version) FROM schema_migration")
    return int(version)


_DECISION = (
    "SELECT d.id, d.trace_id, a.name, d.channel, d.at, d.outcome, d.reason, d.flags, d.stages, d.size_class,"
    " d.deliveries, d.entry_id, d.activity_id, u.address,"
    " d.superseded_by, EXISTS (SELECT 1 FROM waiting w WHERE w.decision_id = d.id)"
    " FROM decision d JOIN account a ON a.id = d.account_id LEFT JOIN account_user u ON u.id = d.user_id"
)
_RECORDED = f"{_DECISION} JOIN recorded r ON r.id = d.id"

Position: TypeAlias = tuple[int, str]
"""Up to where decisions were read, in the order of the view `recorded`."""


def recorded(since: int, until: int) -> Plan[bool]:
    """Whether anything was recorded between these moments, in epoch milliseconds. Ids are made in order of time."""
    rows = yield from ask(
        "SELECT 1 FROM decision WHERE id >= $1 AND id < $2"
        " UNION ALL SELECT 1 FROM operator_mail WHERE id >= $1 AND id < $2 LIMIT 1",
        lowest(since),
        lowest(until),
    )
    return bool(rows)


def latest(count: int, wanted: Filter) -> Plan[list[RecordedDecision]]:
    """The newest decisions, oldest of them first."""
    rows = yield from ask(f"{_DECISION} WHERE {_WANTED} ORDER BY d.id DESC LIMIT $5", *_values(wanted), count)
    return [_decision(row) for row in reversed(rows)]


def page(account_id: str, wanted: Filter, before: str = "", limit: int = 200) -> Plan[list[RecordedDecision]]:
    """An account's decisions in the order of their ids, the newest first, from behind the id `before` on."""
    rows = yield from ask(
        f"{_DECISION} WHERE {_WANTED} AND d.account_id = $5 AND d.id < $6 ORDER BY d.id DESC LIMIT $7",
        *_values(wanted),
        account_id,
        before or _LAST,
        limit,
    )
    return [_decision(row) for row in rows]


def by_id(account_id: str, decision_id: str) -> Plan[RecordedDecision | None]:
    """One decision of the account."""
    rows = yield from ask(f"{_DECISION} WHERE d.account_id = $1 AND d.id = $2", account_id, decision_id)
    return next((_decision(row) for row in rows), None)


def newest(count: int, wanted: Filter) -> Plan[tuple[list[RecordedDecision], Position]]:
    """The decisions recorded last, oldest of them first, and where those begin that are recorded from now on."""
    rows = yield from ask(
        f"{_RECORDED} WHERE {_WANTED} ORDER BY r.position DESC, r.id DESC LIMIT $5", *_values(wanted), count
    )
    return [_decision(row) for row in reversed(rows)], (yield from end())


def end() -> Plan[Position]:
    """Where those decisions begin that are recorded from now on."""
    rows = yield from ask("SELECT position, id FROM recorded ORDER BY position DESC, id DESC LIMIT 1")
    return (rows[0][0], rows[0][1]) if rows else (0, "")


def position(account_id: str, decision_id: str) -> Plan[Position | None]:
    """Where a decision of the account stands; None where there is no such decision."""
    rows = yield from ask(
        "SELECT r.position, r.id FROM recorded r JOIN decision d ON d.id = r.id WHERE d.account_id = $1 AND d.id = $2",
        account_id,
        decision_id,
    )
    return next(((place, found) for place, found in rows), None)


def since(after: Position, wanted: Filter, limit: int = 500) -> Plan[tuple[list[RecordedDecision], Position]]:
    """Decisions recorded behind this place, and up to where they were read; none is ever missed."""
    position, last = after
    ids = yield from ask(
        "SELECT position, id FROM recorded WHERE position >= $1 AND (position, id) > ($1, $2)"
        " ORDER BY position, id LIMIT $3",
        position,
        last,
        limit,
    )
    rows = yield from ask(
        f"{_RECORDED} WHERE {_WANTED} AND r.id = ANY($5) ORDER BY r.position, r.id",
        *_values(wanted),
        [decision_id for _, decision_id in ids],
    )
    return [_decision(row) for row in rows], (ids[-1] if ids else after)


def about(keyed: KeyedHash, what: str, account: str = "") -> Plan[list[RecordedDecision]]:
    """By trace id, else by Message-ID, else by address: whichever finds something.

    `account`, here and below: name or id of whose decisions; "" for every account's.
    """
    wanted = what.strip().strip("<>")
    canonical = addresses.canonical(wanted)
    return (
        (yield from by_trace(wanted, account))
        or (yield from by_message_id(keyed("message-id", message_ids.key(wanted)), account))
        or ((yield from by_address(canonical, account)) if canonical else [])
    )


def by_trace(trace_id: str, account: str = "") -> Plan[list[RecordedDecision]]:
    """The decisions of one SMTP transaction; a repeat's trace id leads to those of the first delivery."""
    rows = yield from ask(
        f"{_DECISION} WHERE (d.trace_id = $1 OR d.id IN (SELECT r.decision_id FROM repeat r WHERE r.trace_id = $1))"
        f" AND {_OF_ACCOUNT} ORDER BY d.id",
        trace_id,
        account,
    )
    return [_decision(row) for row in rows]


def by_message_id(id_hash: str, account: str = "", limit: int = 200) -> Plan[list[RecordedDecision]]:
    """The decisions about messages with this Message-ID, by its keyed hash."""
    rows = yield from ask(
        f"{_DECISION} WHERE d.message_id_hash = $1 AND {_OF_ACCOUNT} ORDER BY d.id DESC LIMIT $3",
        id_hash,
        account,
        limit,
    )
    return [_decision(row) for row in reversed(rows)]


def by_address(canonical: str, account: str = "", limit: int = 200) -> Plan[list[RecordedDecision]]:
    """The decisions about logged messages in which this address takes part."""
    rows = yield from ask(
        f"{_DECISION} WHERE d.activity_id IN (SELECT p.activity_id FROM participant p WHERE p.canonical = $1)"
        f" AND {_OF_ACCOUNT} ORDER BY d.id DESC LIMIT $3",
        canonical,
        account,
        limit,
    )
    return [_decision(row) for row in reversed(rows)]


def of_activities(ids: Sequence[str]) -> Plan[list[RecordedDecision]]:
    """The decisions about the copies by which these activities came."""
    rows = yield from ask(f"{_DECISION} WHERE d.activity_id = ANY($1) ORDER BY d.id", ids)
    return [_decision(row) for row in rows]


def findings(decision: RecordedDecision) -> Plan[list[Finding]]:
    """What the stages said, with the evidence where it was kept."""
    rows = yield from ask(
        "SELECT stage, slug, sentence, evidence FROM finding WHERE decision_id = $1 ORDER BY position", decision.id
    )
    return [Finding(*row) for row in rows]


def repeats(decision: RecordedDecision) -> Plan[list[tuple[str, int]]]:
    """Later deliveries of the same bytes and envelope: (trace id, epoch ms)."""
    rows = yield from ask("SELECT trace_id, at FROM repeat WHERE decision_id = $1 ORDER BY at", decision.id)
    return [(trace_id, at) for trace_id, at in rows]


_LAST = "~"
"""Behind every id."""
_OF_ACCOUNT = "($2 = '' OR $2 IN (a.name, a.id))"
_WANTED = (
    "($1 = '' OR d.outcome = $1) AND ($2 = '' OR d.reason = $2)"
    " AND ($3 = '' OR d.user_id IN (SELECT x.user_id FROM user_address x WHERE x.address = $3))"
    " AND ($4 = '' OR $4 IN (a.name, a.id))"
)


def _values(wanted: Filter) -> Sequence[Value]:
    return wanted.outcome, wanted.reason, wanted.user, wanted.account


def _decision(row: Row) -> RecordedDecision:
    decision_id, trace_id, account, channel, at, outcome, reason, flags, stages, *rest = row
    return RecordedDecision(
        decision_id,
        trace_id,
        account,
        channel,
        at,
        outcome,
        reason,
        tuple(json.loads(flags)),
        tuple((stage, slug) for stage, slug in json.loads(stages)),
        *rest,
    )
