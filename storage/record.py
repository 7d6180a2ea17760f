"""Writing a decision: the rows that one decision makes, in the order that its references need."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from gateway.core.decision import Activity, Decision, Remembered, Target
from gateway.core.keyed_hash import KeyedHash
from gateway.core.model import Outcome
from gateway.core.questions import Case
from storage import erasing, waiting
from storage.administration import typed
from storage.content import Content
from storage.interface import Keeper
from storage.plan import Plan, ask, insert


@dataclass(frozen=True, slots=True)
class Recorder:
    """What recording needs besides the decision: new ids, the key, and what is stored of a case."""

    new_id: Callable[[], str]
    keyed: KeyedHash
    keeper: Keeper


def record(case: Case, decision: Decision, recorder: Recorder, before: str | None = None) -> Plan[str | None]:
    """Everything that follows from one decision. Refused ones leave nothing.

    `before`: the earlier decision that this one takes the place of. Gives the thread that the message stands in.
    """
    if decision.outcome is Outcome.REFUSED:
        return None
    if decision.first:
        yield from _repeat(decision)
        return None
    thread_id = yield from _thread(decision, recorder)
    activity_id = None
    if decision.activity:
        stands_in = thread_id if decision.remembered and decision.remembered.thread.counts else None
        activity_id = yield from _activity(case, decision, decision.activity, stands_in, recorder)
    decision_id = yield from _decision(decision, activity_id, recorder, before)
    if activity_id:
        yield from _came_by(decision, activity_id, decision_id)
    if decision.remembered and thread_id:
        yield from _remember(decision, decision.remembered, thread_id, activity_id)
    yield from _kept(case, decision, decision_id, thread_id, recorder)
    yield from _marks(case, decision)
    return thread_id


def _kept(case: Case, decision: Decision, decision_id: str, thread_id: str | None, recorder: Recorder) -> Plan[None]:
    """The message itself, where it waits for a person or for its parent."""
    if decision.outcome is Outcome.HELD:
        yield from _held(case, decision, decision_id, recorder)
    if decision.waits_until and thread_id:
        yield from waiting.keep(decision, decision_id, thread_id, recorder.keeper.seal(case))


def _marks(case: Case, decision: Decision) -> Plan[None]:
    """What the message says about other rows."""
    if "gateway.exposed" in decision.flags:
        yield from _exposed(case.recipient.key_hash, decision.at)
    if decision.keeps_out:
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
        keeps_out=int(decision.keeps_out),
        entry_id=decision.entry_id,
        flags=json.dumps([] if tombstone else decision.flags),
        stages=json.dumps([] if tombstone else [[f.stage, f.slug] for f in decision.findings]),
        user_id=decision.activity.attribution.user_id if decision.activity else None,
        activity_id=activity_id,
    )
    if before:
        yield from _take_over(before, decision_id)
    for position, said in enumerate(decision.findings if decision.outcome is not Outcome.SKIPPED else ()):
        yield from insert(
            "finding",
            decision_id=decision_id,
            position=position,
            stage=said.stage,
            slug=said.slug,
            sentence=said.sentence,
            evidence=said.evidence,
        )
    return decision_id


def _activity(
    case: Case, decision: Decision, activity: Activity, thread_id: str | None, recorder: Recorder
) -> Plan[str]:
    contact_ids = yield from _contacts(decision, activity, recorder)
    activity_id = activity.into
    if activity_id is None:
        activity_id = recorder.new_id()
        yield from _insert(activity_id, decision, activity, thread_id)
    else:
        yield from _update(activity_id, activity, thread_id)
    if activity.replaces_content:
        yield from _content(activity_id, activity, decision, recorder.keeper.content(case, decision.redact))
    yield from _participants(activity_id, activity, contact_ids)
    for position, target in enumerate(activity.targets):
        yield from insert(
            "activity_contact",
            "DO NOTHING",
            activity_id=activity_id,
            contact_id=contact_ids[target.canonical],
            position=position,
            at=activity.sent_at,
            created=int(target.contact_id is None),
        )
    if activity.into:
        yield from ask(
            "UPDATE activity_contact SET at = a.sent_at FROM activity a"
            " WHERE a.id = activity_contact.activity_id AND a.id = $1",
            activity_id,
        )
    return activity_id


def _insert(activity_id: str, decision: Decision, activity: Activity, thread_id: str | None) -> Plan[None]:
    chosen = activity.attribution
    yield from insert(
        "activity",
        id=activity_id,
        account_id=decision.account_id,
        direction=activity.direction.value,
        explicit=int(activity.explicit),
        user_id=chosen.user_id,
        attribution=chosen.slug,
        candidates=json.dumps(chosen.candidates),
        owner_id=chosen.owner_id,
        thread_id=thread_id,
        forward_of=decision.remembered.thread.forward_of if decision.remembered else None,
        message_id=activity.message_id,
        subject=activity.subject,
        sent_at=activity.sent_at,
        arrived_at=decision.at,
        text=activity.text,
        reference=activity.reference,
        size=decision.size,
        richness=activity.richness,
    )


def _update(activity_id: str, activity: Activity, thread_id: str | None) -> Plan[None]:
    """Another copy: the people are united, the user is the one that all copies together name."""
    chosen = activity.attribution
    yield from ask(
        "UPDATE activity SET explicit = $2, user_id = $3, attribution = $4, candidates = $5, owner_id = $6,"
        " reference = CASE WHEN reference = '' THEN $7 ELSE reference END,"
        " thread_id = coalesce($8, thread_id) WHERE id = $1",
        activity_id,
        int(activity.explicit),
        chosen.user_id,
        chosen.slug,
        json.dumps(chosen.candidates),
        chosen.owner_id,
        activity.reference,
        thread_id,
    )
    yield from ask("DELETE FROM participant WHERE activity_id = $1", activity_id)


def _content(activity_id: str, activity: Activity, decision: Decision, content: Content) -> Plan[None]:
    """Text, raw message and attachments: of the richest copy."""
    yield from ask(
        "UPDATE activity SET subject = $2, text = $3, size = $4, richness = $5, message_id = $6, sent_at = $7"
        " WHERE id = $1",
        activity_id,
        activity.subject,
        activity.text,
        decision.size,
        activity.richness,
        activity.message_id,
        activity.sent_at,
    )
    yield from insert(
        "raw_message",
        "(activity_id) DO UPDATE SET encoding = excluded.encoding, content = excluded.content",
        activity_id=activity_id,
        encoding=content.encoding,
        content=content.data,
    )
    yield from ask("DELETE FROM attachment WHERE activity_id = $1", activity_id)
    for position, attachment in enumerate(activity.attachments):
        yield from insert(
            "attachment",
            activity_id=activity_id,
            position=position,
            name=attachment.name,
            content_type=attachment.content_type,
            size=attachment.size,
            sha256=attachment.sha256,
            inline=int(attachment.inline),
        )


def _participants(activity_id: str, activity: Activity, contact_ids: Mapping[str, str]) -> Plan[None]:
    for position, person in enumerate(activity.participants):
        yield from insert(
            "participant",
            activity_id=activity_id,
            position=position,
            role=person.role.value,
            name=person.name,
            address=person.address,
            canonical=person.canonical,
            user_id=person.user_id,
            contact_id=person.contact_id or contact_ids.get(person.canonical),
            entry_id=person.entry_id,
            hidden=int(person.hidden),
        )


def _contacts(decision: Decision, activity: Activity, recorder: Recorder) -> Plan[dict[str, str]]:
    """Contact ids by the target's address; missing contacts are created."""
    ids: dict[str, str] = {}
    for target in activity.targets:
        ids[target.canonical] = target.contact_id or (yield from _create(decision, target, recorder))
    return ids


def _create(decision: Decision, target: Target, recorder: Recorder) -> Plan[str]:
    contact_id = recorder.new_id()
    yield from insert(
        "contact",
        id=contact_id,
        account_id=decision.account_id,
        name="" if "@" in target.name else typed.fitting_name(target.name),
        created_at=decision.at,
        created_by=decision.trace_id,
    )
    yield from insert(
        "contact_address",
        account_id=decision.account_id,
        address_hash=recorder.keyed("address", target.canonical),
        contact_id=contact_id,
        address=target.canonical,
        position=0,
    )
    return contact_id


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
    kept = recorder.keeper.held(case, decision)
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


def _thread(decision: Decision, recorder: Recorder) -> Plan[str | None]:
    """The thread's row, merged with those that turned out to be the same."""
    if not decision.remembered:
        return None
    plan = decision.remembered.thread
    if plan.join is None:
        thread_id = recorder.new_id()
        yield from insert(
            "thread",
            id=thread_id,
            account_id=decision.account_id,
            subject_hash=decision.remembered.subject_hash,
            started_at=decision.at,
            messages=0,
            logged=0,
        )
        return thread_id
    for other in plan.merge:
        yield from _merge_threads(plan.join, other)
    return plan.join


def _merge_threads(into: str, other: str) -> Plan[None]:
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


def _remember(decision: Decision, seen: Remembered, thread_id: str, activity_id: str | None) -> Plan[None]:
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
    for name in seen.thread.names:
        yield from insert(
            "thread_ref",
            "(account_id, message_id_hash) DO UPDATE SET seen = 1, thread_id = excluded.thread_id,"
            " activity_id = coalesce(excluded.activity_id, thread_ref.activity_id),"
            " at = CASE WHEN thread_ref.seen = 1 THEN thread_ref.at ELSE excluded.at END",
            account_id=decision.account_id,
            message_id_hash=name,
            thread_id=thread_id,
            seen=1,
            activity_id=activity_id,
            at=decision.at,
        )
    for name in (*seen.thread.parents, seen.thread.hint):
        if name:
            yield from insert(
                "thread_ref",
                "DO NOTHING",
                account_id=decision.account_id,
                message_id_hash=name,
                thread_id=thread_id,
                at=decision.at,
            )
    for member in seen.thread.members:
        yield from insert("thread_member", "DO NOTHING", thread_id=thread_id, member=member)
    yield from ask(
        "UPDATE thread SET messages = messages + $2, logged = CASE WHEN $3 = 1 THEN 1 ELSE logged END WHERE id = $1",
        thread_id,
        int(seen.first),
        int(activity_id is not None and seen.thread.counts),
    )
