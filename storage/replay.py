"""What a replay of old mail asks of the store."""

from __future__ import annotations

from collections.abc import Sequence

from gateway.core.questions import Questions
from storage.plan import Plan, ask


def recorded_before(asked: Sequence[Questions]) -> Plan[list[tuple[str, str] | None]]:
    """Of each message the outcome and reason of its newest decision: that of the same bytes and envelope, else one of
    the same Message-ID; None where there is none.
    """
    found: list[tuple[str, str] | None] = []
    for one in asked:
        found += [(yield from _recorded(one))]
    return found


def _recorded(asked: Questions) -> Plan[tuple[str, str] | None]:
    rows = yield from ask(
        "SELECT outcome, reason FROM decision WHERE (retry_hash = $2 AND original = $3)"
        " OR (account_id = $1 AND message_id_hash = $4) ORDER BY retry_hash = $2 DESC, id DESC LIMIT 1",
        asked.account_id,
        asked.retry,
        asked.number,
        asked.message_id,
    )
    return next(((outcome, reason) for outcome, reason in rows), None)


def threads_of(account_id: str, id_hashes: Sequence[str]) -> Plan[dict[tuple[str, str], list[tuple[str, str]]]]:
    """Where the messages with these ids stand: by hash of the id and anchor (conflict, thread id)."""
    rows = yield from ask(
        "SELECT id_hash, anchor_hash, conflict, thread_id FROM message"
        " WHERE account_id = $1 AND thread_id IS NOT NULL AND id_hash = ANY($2)",
        account_id,
        id_hashes,
    )
    found: dict[tuple[str, str], list[tuple[str, str]]] = {}
    for id_hash, anchor, conflict, thread_id in rows:
        found.setdefault((id_hash, anchor), []).append((conflict, thread_id))
    return found


def threads_by_name(account_id: str, names: Sequence[str]) -> Plan[dict[str, str]]:
    """Thread ids by the hashed names that lead to them."""
    rows = yield from ask(
        "SELECT message_id_hash, thread_id FROM thread_ref WHERE account_id = $1 AND message_id_hash = ANY($2)",
        account_id,
        names,
    )
    return dict(rows)
