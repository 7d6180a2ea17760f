"""Replies that came before their parent: kept sealed, decided again when their thread is logged, erased in time."""

from __future__ import annotations

from collections.abc import Sequence

from gateway.core.decision import Decision
from storage.plan import Plan, ask, insert

MOST_CALLED = 1000
"""Replies that one logged message makes to be decided again."""
_HOUR = 3_600_000


def keep(decision: Decision, decision_id: str, thread_id: str, sealed: bytes) -> Plan[None]:
    """A skipped reply begins to wait in its thread."""
    yield from insert(
        "waiting",
        decision_id=decision_id,
        account_id=decision.account_id,
        thread_id=thread_id,
        sealed=sealed,
        expires_at=decision.waits_until,
    )


def replies(thread_ids: Sequence[str], now: int, most: int) -> Plan[list[str]]:
    """Decision ids of those that wait in these threads, as far as these are logged, oldest first."""
    rows = yield from ask(
        "SELECT w.decision_id FROM waiting w JOIN thread t ON t.id = w.thread_id"
        " WHERE w.thread_id = ANY($1) AND t.logged = 1 AND w.expires_at > $2 ORDER BY w.decision_id LIMIT $3",
        thread_ids,
        now,
        most,
    )
    return [decision_id for (decision_id,) in rows]


def sealed(decision_id: str) -> Plan[bytes]:
    """The case of one that waits; b"" where it waits no more."""
    rows = yield from ask("SELECT sealed FROM waiting WHERE decision_id = $1", decision_id)
    return bytes(rows[0][0]) if rows else b""


def release(decision_id: str) -> Plan[None]:
    """It waits no more: it was decided again."""
    yield from ask("DELETE FROM waiting WHERE decision_id = $1", decision_id)


def expire(now: int) -> Plan[None]:
    """Erases those whose time is over."""
    yield from ask("DELETE FROM waiting WHERE expires_at <= $1", now)


def shorten(account_id: str, hours: int, now: int) -> Plan[None]:
    """Nothing of an account waits longer than this; what should have ended by now is erased."""
    yield from ask(
        "UPDATE waiting SET expires_at = d.at + $2 FROM decision d"
        " WHERE d.id = waiting.decision_id AND waiting.account_id = $1 AND waiting.expires_at > d.at + $2",
        account_id,
        hours * _HOUR,
    )
    yield from ask("DELETE FROM waiting WHERE account_id = $1 AND expires_at <= $2", account_id, now)
