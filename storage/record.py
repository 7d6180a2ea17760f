"""Writing a decision: the rows that one decision makes, in the order that its references need."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from gateway.core.decision import Decision
from gateway.core.model import Outcome
from gateway.core.questions import Case
from storage import erasing, outbox, waiting
from storage.interface import Recorder
from storage.outbox import Change, Happened, Type
from storage.plan import Plan, Value, ask, insert, insert_all
from storage.record_activity import Recorded, record_activity
from storage.record_thread import record_thread, remember


def record(case: Case, decision: Decision, recorder: Recorder, before: str | None = None) -> Plan[str | None]:
    """Everything that follows from one decision. Refused ones leave nothing.

    `before`: the earlier decision that this one takes the place of. Gives the thread that the message stands in.
    """
    if decision.outcome is Outcome.REFUSED:
        return None
    if decision.first:
        yield from _repeat(decision)
        return None
    seen = decision.remembered
    moved = yield from _stand_in(seen.thread.merge if seen else ())
    thread_id = (yield from record_thread(decision, seen, recorder)) if seen else None
    activity = None
    if decision.activity:
        stands_in = thread_id if seen and seen.thread.counts else None
        activity = yield from record_activity(case, decision, decision.activity, stands_in, recorder)
    activity_id = activity.id if activity else None
    decision_id = yield from _decision(decision, activity_id, recorder, before)
    if activity_id:
        yield from _came_by(decision, activity_id, decision_id)
    if seen and thread_id:
        yield from remember(decision, seen, thread_id, activity_id)
    yield from _kept(case, decision, decision_id, thread_id, recorder)
    yield from _marks(case, decision, decision_id)
    happened = _happened(decision, decision_id, activity, moved)
    yield from outbox.write(recorder.new_id, decision.account_id, decision.at, happened, decision_id)
    return thread_id


def _stand_in(threads: Sequence[str]) -> Plan[Sequence[str]]:
    """Ids of the activities in these threads."""
    if not threads:
        return ()
    rows = yield from ask("SELECT id FROM activity WHERE thread_id = ANY($1) ORDER BY id", threads)
    return [activity_id for (activity_id,) in rows]


def _happened(
    decision: Decision, decision_id: str, activity: Recorded | None, moved: Sequence[str]
) -> Sequence[Happened]:
    """What programs are to hear of. `moved`: activities whose thread has become part of another."""
    found: list[Happened] = []
    if activity and decision.activity:
        found += [Happened(Type.CONTACT, contact_id) for contact_id in activity.created]
        merged = decision.activity.into is not None
        found.append(
            Happened(Type.UPDATED, activity.id, Change.MERGED) if merged else Happened(Type.LOGGED, activity.id)
        )
    told = activity.id if activity else decision.withdraws
    found += [Happened(Type.UPDATED, one, Change.THREAD) for one in moved if one != told]
    found += [Happened(Type.UPDATED, one, Change.UNDELIVERED) for one, _ in decision.failed]
    if decision.withdraws:
        found.append(Happened(Type.UPDATED, decision.withdraws, Change.WITHDRAWN))
    if decision.outcome is Outcome.HELD:
        found.append(Happened(Type.HELD, decision_id))
    return found


def _kept(case: Case, decision: Decision, decision_id: str, thread_id: str | None, recorder: Recorder) -> Plan[None]:
    """The message itself, where it waits for a person or for its parent."""
    if decision.outcome is Outcome.HELD:
        yield from _held(case, decision, decision_id, recorder)
    if decision.waits_until and thread_id:
        yield from waiting.keep(decision, decision_id, thread_id, recorder.keeper.seal(case))


def _marks(case: Case, decision: Decision, decision_id: str) -> Plan[None]:
    """What the message says about other rows."""
    if "gateway.exposed" in decision.flags:
        yield from _exposed(case.recipient.key_hash, decision.at)
    if decision.keeps_out:
        rows = [{"decision_id": decision_id, "entry_id": entry_id} for entry_id in decision.keeps_out]
        yield from insert_all("keeps_out", rows)
        yield from erasing.keep_out(decision, [case.asked.message_id, *case.asked.aliases])
    for failed_id, canonical in decision.failed:
        yield from ask(
            "UPDATE participant SET delivery_failed = 1 WHERE activity_id = $1 AND canonical = $2", failed_id, canonical
        )


def _step_aside(before: str) -> Plan[None]:
    """The earlier decision stays on record, but a repeat of the message no longer leads to it."""
    yield from ask("UPDATE decision SET retry_hash = retry_hash || '/' || id WHERE id = $1", before)


def _take_over(before: str, decision_id: str) -> Plan[None]:
    """The later decision answers for the deliveries so far."""
    yield from ask(
        "UPDATE decision SET deliveries = (SELECT b.deliveries FROM decision b WHERE b.id = $1) WHERE id = $2",
        before,
        decision_id,
    )
    yield from ask("UPDATE decision SET deliveries = 1, superseded_by = $2 WHERE id = $1", before, decision_id)
    yield from ask("UPDATE repeat SET decision_id = $2 WHERE decision_id = $1", before, decision_id)


def _repeat(decision: Decision) -> Plan[None]:
    yield from ask("UPDATE decision SET deliveries = deliveries + 1 WHERE id = $1", decision.first)
    yield from insert("repeat", "DO NOTHING", trace_id=decision.trace_id, decision_id=decision.first, at=decision.at)


def _decision(decision: Decision, activity_id: str | None, recorder: Recorder, before: str | None) -> Plan[str]:
    """The decision's own row, and what the stages said. Of a tombstone the stages are not kept either."""
    decision_id = recorder.new_id()
    if before:
        yield from _step_aside(before)
    tombstone = decision.tombstone
    keeps_id = not tombstone or decision.reason.startswith("never_log.")
    yield from insert(
        "decision",
        id=decision_id,
        trace_id=decision.trace_id,
        account_id=decision.account_id,
        channel=decision.channel.value,
        at=decision.at,
        outcome=decision.outcome.value,
        reason=decision.reason,
        size_class=len(str(decision.size)) - 1,
        retry_hash=decision.retry_hash,
        original=decision.number,
        message_id_hash=decision.id_hash if keeps_id else None,
        entry_id=decision.entry_id,
        flags=json.dumps([] if tombstone else decision.flags),
        stages=json.dumps([] if tombstone else [[f.stage, f.slug] for f in decision.findings]),
        user_id=decision.activity.attribution.user_id if decision.activity else None,
        activity_id=activity_id,
    )
    if before:
        yield from _take_over(before, decision_id)
    if decision.outcome is not Outcome.SKIPPED:
        yield from insert_all("finding", _findings(decision, decision_id))
    return decision_id


def _findings(decision: Decision, decision_id: str) -> Sequence[Mapping[str, Value]]:
    return [
        {
            "decision_id": decision_id,
            "position": position,
            "stage": said.stage,
            "slug": said.slug,
            "sentence": said.sentence,
            "evidence": said.evidence,
        }
        for position, said in enumerate(decision.findings)
    ]


def _came_by(decision: Decision, activity_id: str, decision_id: str) -> Plan[None]:
    yield from insert(
        "provenance",
        activity_id=activity_id,
        decision_id=decision_id,
        channel=decision.channel.value,
        at=decision.at,
    )


def _exposed(key_hash: str, at: int) -> Plan[None]:
    """Its admin should rotate it."""
    yield from ask(
        "UPDATE capture_address SET exposed_at = $2 WHERE key_hash = $1 AND exposed_at IS NULL", key_hash, at
    )


def _held(case: Case, decision: Decision, decision_id: str, recorder: Recorder) -> Plan[None]:
    kept = recorder.keeper.held(case, decision, decision_id)
    yield from insert(
        "held",
        decision_id=decision_id,
        account_id=decision.account_id,
        encoding=kept.content.encoding,
        content=kept.content.data,
        about=kept.about,
        sender=kept.sender,
        subject=kept.subject,
        size=decision.size,
        at=case.envelope.received_at,
    )
