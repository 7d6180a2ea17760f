"""The rows of an activity: what was logged, who takes part, and the message itself."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from gateway.core.decision import Activity, Decision, Target
from gateway.core.questions import Case
from storage.administration import typed
from storage.content import Content
from storage.interface import Recorder
from storage.plan import Plan, Value, ask, insert, insert_all


@dataclass(frozen=True, slots=True)
class Recorded:
    """An activity that was written."""

    id: str
    created: Sequence[str]
    """Ids of the contacts that it made."""


def record_activity(
    case: Case, decision: Decision, activity: Activity, thread_id: str | None, recorder: Recorder
) -> Plan[Recorded]:
    """A new activity, or what another copy makes of one."""
    contact_ids = yield from _contacts(decision, activity.targets, recorder)
    activity_id = activity.into or recorder.new_id()
    unreached: Collection[str] = ()
    if activity.into is None:
        yield from _insert(activity_id, decision, activity, thread_id)
    else:
        yield from _update(activity_id, decision, activity, thread_id)
        unreached = yield from _unreached(activity_id)
    if activity.replaces_content:
        yield from _content(activity_id, activity, recorder.keeper.content(case, decision.redact, activity_id))
    yield from insert_all("participant", _participants(activity_id, activity, contact_ids, unreached))
    yield from insert_all(
        "activity_contact",
        [
            {
                "activity_id": activity_id,
                "contact_id": contact_ids[target.canonical],
                "position": position,
                "at": activity.sent_at,
                "created": int(target.contact_id is None),
            }
            for position, target in enumerate(activity.targets)
        ],
        "DO NOTHING",
    )
    if activity.into:
        yield from ask(
            "UPDATE activity_contact SET at = a.sent_at FROM activity a"
            " WHERE a.id = activity_contact.activity_id AND a.id = $1",
            activity_id,
        )
    created = [contact_ids[target.canonical] for target in activity.targets if target.contact_id is None]
    return Recorded(activity_id, created)


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


def _update(activity_id: str, decision: Decision, activity: Activity, thread_id: str | None) -> Plan[None]:
    """Another copy: the people are united, the user is the one that all copies together name, or a person chose.

    Text and attachments are those of the richest copy.
    """
    chosen = activity.attribution
    yield from ask(
        "UPDATE activity SET explicit = $2, candidates = $5, owner_id = $6,"
        " user_id = CASE WHEN attribution = 'attribution.manual' THEN user_id ELSE $3 END,"
        " attribution = CASE WHEN attribution = 'attribution.manual' THEN attribution ELSE $4 END,"
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
    if activity.replaces_content:
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
        yield from ask("DELETE FROM attachment WHERE activity_id = $1", activity_id)


def _content(activity_id: str, activity: Activity, content: Content) -> Plan[None]:
    """The raw message and what is attached to it."""
    yield from insert(
        "raw_message",
        "(activity_id) DO UPDATE SET encoding = excluded.encoding, content = excluded.content",
        activity_id=activity_id,
        encoding=content.encoding,
        content=content.data,
    )
    yield from insert_all(
        "attachment",
        [
            {
                "activity_id": activity_id,
                "position": position,
                "name": attachment.name,
                "content_type": attachment.content_type,
                "size": attachment.size,
                "sha256": attachment.sha256,
                "inline": int(attachment.inline),
            }
            for position, attachment in enumerate(activity.attachments)
        ],
    )


def _unreached(activity_id: str) -> Plan[Collection[str]]:
    """Its people go, to be written anew; this is whom of them a bounce has named."""
    rows = yield from ask(
        "SELECT canonical FROM participant WHERE activity_id = $1 AND delivery_failed = 1", activity_id
    )
    yield from ask("DELETE FROM participant WHERE activity_id = $1", activity_id)
    return {canonical for (canonical,) in rows}


def _participants(
    activity_id: str, activity: Activity, contact_ids: Mapping[str, str], unreached: Collection[str]
) -> Sequence[Mapping[str, Value]]:
    return [
        {
            "activity_id": activity_id,
            "position": position,
            "role": person.role.value,
            "name": person.name,
            "address": person.address,
            "canonical": person.canonical,
            "user_id": person.user_id,
            "contact_id": person.contact_id or contact_ids.get(person.canonical),
            "entry_id": person.entry_id,
            "hidden": int(person.hidden),
            "delivery_failed": int(person.canonical in unreached),
        }
        for position, person in enumerate(activity.participants)
    ]


def _contacts(decision: Decision, targets: Sequence[Target], recorder: Recorder) -> Plan[dict[str, str]]:
    """Contact ids by the target's address; missing contacts are created."""
    created = {target: recorder.new_id() for target in targets if target.contact_id is None}
    yield from insert_all(
        "contact",
        [
            {
                "id": contact_id,
                "account_id": decision.account_id,
                "name": "" if "@" in target.name else typed.fitting_name(target.name),
                "created_at": decision.at,
                "created_by": decision.trace_id,
            }
            for target, contact_id in created.items()
        ],
    )
    yield from insert_all(
        "contact_address",
        [
            {
                "account_id": decision.account_id,
                "address_hash": recorder.keyed("address", target.canonical),
                "contact_id": contact_id,
                "address": target.canonical,
                "position": 0,
            }
            for target, contact_id in created.items()
        ],
    )
    return {target.canonical: target.contact_id or created[target] for target in targets}
