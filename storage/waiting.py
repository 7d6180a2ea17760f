"""Replies that came before their parent: kept sealed, decided again when their thread is logged, erased in time."""

from __future__ import annotations

from gateway.core.decision import Decision
from storage.plan import Plan, Rows, ask, insert

MOST_AT_ONCE = 200
"""Replies that one logged message makes to be decided again."""


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


def replies(thread_id: str, now: int) -> Plan[Rows]:
    """(decision id, sealed case) of those that wait in a logged thread, oldest first."""
    return (
        yield from ask(
            "SELECT w.decision_id, w.sealed FROM waiting w JOIN thread t ON t.id = w.thread_id"
            " WHERE w.thread_id = $1 AND t.logged = 1 AND w.expires_at > $2 ORDER BY w.decision_id LIMIT $3",
            thread_id,
            now,
            MOST_AT_ONCE,
        )
    )


def release(decision_id: str) -> Plan[None]:
    """It waits no more: it was decided again."""
    yield from ask("DELETE FROM waiting WHERE decision_id = $1", decision_id)


def expire(now: int) -> Plan[None]:
    """Erases those whose time is over."""
    yield from ask("DELETE FROM waiting WHERE expires_at <= $1", now)


def give_up(account_id: str) -> Plan[None]:
    """Erases all of an account that waits no longer."""
    yield from ask("DELETE FROM waiting WHERE account_id = $1", account_id)
