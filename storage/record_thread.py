"""The rows by which a message is found again: its thread, its ids, and who takes part. Keyed hashes only."""

from __future__ import annotations

from collections.abc import Sequence

from gateway.core.decision import Decision, Remembered
from gateway.core.model import Outcome
from storage.interface import Recorder
from storage.plan import Plan, Value, ask, insert, insert_all


def record_thread(decision: Decision, seen: Remembered, recorder: Recorder) -> Plan[str]:
    """The message counts in its thread: a new one, or those joined that turned out to be the same. The thread's id."""
    counted, logged = int(seen.first), int(decision.activity is not None and seen.thread.counts)
    if seen.thread.join is None:
        thread_id = recorder.new_id()
        yield from insert(
            "thread",
            id=thread_id,
            account_id=decision.account_id,
            subject_hash=seen.subject_hash,
            started_at=decision.at,
            messages=counted,
            logged=logged,
        )
        return thread_id
    for other in seen.thread.merge:
        yield from _merge(seen.thread.join, other)
    yield from ask(
        "UPDATE thread SET messages = messages + $2, logged = CASE WHEN $3 = 1 THEN 1 ELSE logged END WHERE id = $1",
        seen.thread.join,
        counted,
        logged,
    )
    return seen.thread.join


def _merge(into: str, other: str) -> Plan[None]:
    yield from ask(
        "UPDATE thread SET messages = messages + (SELECT o.messages FROM thread o WHERE o.id = $2),"
        " logged = CASE WHEN (SELECT o.logged FROM thread o WHERE o.id = $2) = 1 THEN 1 ELSE logged END WHERE id = $1",
        into,
        other,
    )
    yield from ask("UPDATE thread_ref SET thread_id = $1 WHERE thread_id = $2", into, other)
    yield from ask("UPDATE activity SET thread_id = $1 WHERE thread_id = $2", into, other)
    yield from ask("UPDATE message SET thread_id = $1 WHERE thread_id = $2", into, other)
    yield from ask("UPDATE waiting SET thread_id = $1 WHERE thread_id = $2", into, other)
    yield from ask(
        "INSERT INTO thread_member (thread_id, member) SELECT $1, member FROM thread_member WHERE thread_id = $2"
        " ON CONFLICT DO NOTHING",
        into,
        other,
    )
    yield from ask("DELETE FROM thread_member WHERE thread_id = $1", other)
    yield from ask("DELETE FROM thread WHERE id = $1", other)


def remember(decision: Decision, seen: Remembered, thread_id: str, activity_id: str | None) -> Plan[None]:
    """The message by its hashes, the ids it names, and who takes part in the thread."""
    for way, id_hash in seen.ids:
        yield from insert(
            "message",
            "(account_id, id_hash, anchor_hash, conflict) DO UPDATE SET outcome = excluded.outcome,"
            " activity_id = coalesce(excluded.activity_id, message.activity_id), thread_id = excluded.thread_id",
            account_id=decision.account_id,
            id_hash=id_hash,
            way=way,
            anchor_hash=seen.anchor_hash,
            conflict=seen.conflict(way),
            author_hash=seen.author_hash,
            text_hash=seen.text_hash,
            subject_hash=seen.subject_hash,
            outcome=(Outcome.LOGGED if activity_id else decision.outcome).value,
            activity_id=activity_id,
            thread_id=thread_id,
            at=decision.at,
        )
    yield from _names(decision, seen.thread.names, thread_id, activity_id)
    named: dict[str, Value] = {"account_id": decision.account_id, "thread_id": thread_id, "at": decision.at}
    parents = filter(None, (*seen.thread.parents, seen.thread.hint))
    yield from insert_all("thread_ref", [{"message_id_hash": name, **named} for name in parents], "DO NOTHING")
    members = [{"thread_id": thread_id, "member": member} for member in seen.thread.members]
    yield from insert_all("thread_member", members, "DO NOTHING")


def _names(decision: Decision, names: Sequence[str], thread_id: str, activity_id: str | None) -> Plan[None]:
    known: dict[str, Value] = {
        "account_id": decision.account_id,
        "thread_id": thread_id,
        "seen": 1,
        "activity_id": activity_id,
        "at": decision.at,
    }
    yield from insert_all(
        "thread_ref",
        [{"message_id_hash": name, **known} for name in dict.fromkeys(names)],
        "(account_id, message_id_hash) DO UPDATE SET seen = 1, thread_id = excluded.thread_id,"
        " activity_id = coalesce(excluded.activity_id, thread_ref.activity_id),"
        " at = CASE WHEN thread_ref.seen = 1 THEN thread_ref.at ELSE excluded.at END",
    )
