"""What accounts keep for a time only: counted, and erased page by page, so that mail never waits for long."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from gateway.core.ids import lowest
from storage import erasing
from storage.administration.act import Act, record
from storage.facts import read_settings
from storage.plan import Plan, ask

DAY = 24 * 60 * 60 * 1000
"""Milliseconds."""
KINDS = ("activities", "messages", "skipped", "audit")
"""Activities; the bytes of their messages alone; decisions about skipped mail; recorded changes."""
SCANNED = 1000
"""Rows that are looked at in one step."""
PAGE = 100
"""Of them, erased in one transaction."""


@dataclass(frozen=True, slots=True)
class Overdue:
    """A row whose time is over."""

    id: str
    account_id: str
    at: int
    """Epoch milliseconds."""


@dataclass(frozen=True, slots=True)
class Step:
    """What was found among some rows of a table, and behind which id the next ones begin; None at the end."""

    overdue: Sequence[Overdue]
    behind: str | None


def limits(kind: str, now: int, account_id: str = "") -> Plan[dict[str, int]]:
    """By account that has a limit for this kind: what was there before that moment goes. "": of all accounts."""
    rows = yield from ask("SELECT id, settings FROM account WHERE $1 = '' OR id = $1", account_id)
    days = {account: getattr(read_settings(settings), _SETTING[kind]) for account, settings in rows}
    return {account: now - kept * DAY for account, kept in days.items() if kept}


def step(kind: str, before: Mapping[str, int], behind: str = "") -> Plan[Step]:
    """The overdue ones among the next rows, in the order of their ids."""
    rows = yield from ask(_SCAN[kind], behind, lowest(max(before.values()) + DAY), SCANNED)
    overdue = [Overdue(i, a, at) for i, a, at, due in rows if due and at < before.get(a, 0)]
    return Step(overdue, rows[-1][0] if len(rows) == SCANNED else None)


def purge(kind: str, act: Act, account_id: str, overdue: Sequence[Overdue]) -> Plan[int]:
    """Erases those of an account that are still there, and overdue by the limit that it has by now. How many."""
    before = (yield from limits(kind, act.at, account_id)).get(account_id, 0)
    return (yield from _PURGE[kind]([one.id for one in overdue if one.at < before], act.at))


def tell(act: Act, account_id: str, run: str, counts: Mapping[str, int]) -> Plan[None]:
    """On record stays that it was done, and to how many; one entry for a run, however many pages it has."""
    yield from record(act, account_id, run, "account.purge", dict(counts))


def _activities(ids: Sequence[str], at: int) -> Plan[int]:
    rows = yield from ask("SELECT id FROM activity WHERE id = ANY($1) AND withdrawn_at IS NULL ORDER BY id", ids)
    for (activity_id,) in rows:
        yield from erasing.expire(activity_id, at)
    return len(rows)


def _messages(ids: Sequence[str], at: int) -> Plan[int]:
    rows = yield from ask("SELECT activity_id FROM raw_message WHERE activity_id = ANY($1) ORDER BY activity_id", ids)
    for (activity_id,) in rows:
        yield from erasing.drop_bytes(activity_id, at)
    return len(rows)


def _skipped(ids: Sequence[str], at: int) -> Plan[int]:
    """Those that still keep something out or wait for their thread stay."""
    rows = yield from ask(
        "SELECT d.id, d.trace_id FROM decision d WHERE d.id = ANY($1)"
        " AND NOT EXISTS (SELECT 1 FROM keeps_out k WHERE k.decision_id = d.id)"
        " AND NOT EXISTS (SELECT 1 FROM waiting w WHERE w.decision_id = d.id)",
        ids,
    )
    gone = [decision_id for decision_id, _ in rows]
    before = yield from ask(
        "SELECT id, superseded_by FROM decision WHERE trace_id = ANY($1) AND superseded_by IS NOT NULL"
        " ORDER BY id DESC",
        [trace_id for _, trace_id in rows],
    )
    for decision_id, later in before:  # those in whose place they came; the latest of them first
        if later in gone:
            gone.append(decision_id)
    for table in ("repeat", "finding"):
        yield from ask(f"DELETE FROM {table} WHERE decision_id = ANY($1)", gone)
    yield from ask("UPDATE decision SET superseded_by = NULL WHERE id = ANY($1)", gone)
    yield from ask("DELETE FROM decision WHERE id = ANY($1)", gone)
    return len(rows)


def _audit(ids: Sequence[str], at: int) -> Plan[int]:
    return len((yield from ask("DELETE FROM audit WHERE id = ANY($1) RETURNING 1", ids)))


_SETTING = {
    "activities": "activity_days",
    "messages": "message_days",
    "skipped": "skipped_days",
    "audit": "audit_days",
}
_SOME = "{id} > $1 AND {id} < $2 ORDER BY {id} LIMIT $3"
_SCAN = {
    "activities": "SELECT id, account_id, arrived_at, withdrawn_at IS NULL FROM activity WHERE "
    + _SOME.format(id="id"),
    "messages": "SELECT r.activity_id, a.account_id, a.arrived_at, 1 FROM raw_message r"
    " JOIN activity a ON a.id = r.activity_id WHERE " + _SOME.format(id="r.activity_id"),
    "skipped": "SELECT id, account_id, at, outcome = 'skipped' AND superseded_by IS NULL FROM decision WHERE "
    + _SOME.format(id="id"),
    "audit": "SELECT id, account_id, at, account_id IS NOT NULL FROM audit WHERE " + _SOME.format(id="id"),
}
"""Id, account, moment, and whether it is of the kind at all. Ids are made in the order of time."""
_PURGE = {"activities": _activities, "messages": _messages, "skipped": _skipped, "audit": _audit}
