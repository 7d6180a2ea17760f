"""The stages in their order. Pure: the same case and facts give the same decision, however often it is called.

Precedence: never-log > explicit channel > logged thread > logging rule. The first stage that stops gives the reason;
a hold, which keeps content, waits for the never-log list. Every stage leaves a finding, passed or not.
"""

from __future__ import annotations

from dataclasses import replace

from gateway.core import (
    addressing,
    attribution,
    authenticity,
    automated,
    contacts,
    delivery,
    duplicates,
    never_log,
    participants,
    reports,
    thread_policy,
)
from gateway.core.decision import Decision
from gateway.core.draft import Draft
from gateway.core.facts import Facts
from gateway.core.model import Outcome
from gateway.core.questions import Case
from gateway.core.reasons import finding
from gateway.core.results import Direction, Stop
from gateway.core.unwrap import stage as unwrap


def decide(case: Case, facts: Facts) -> Decision:
    """What becomes of one recipient of one message; deferred where that hangs on what DNS can't tell now."""
    decision, pending = _decide(case, facts), case.evidence.pending
    if not pending or decision.first:
        return decision
    proofs = (*case.evidence.proofs, *pending)
    if_proven = _decide(replace(case, evidence=replace(case.evidence, proofs=proofs, contradicted=False)), facts)
    if _verdict(decision) == _verdict(if_proven):
        return decision
    return decision.deferred("smtp.dns_unavailable")


def _verdict(decision: Decision) -> tuple[object, ...]:
    """All that a proof could change, but for the flag that says whether there is one."""
    activity = decision.activity and replace(decision.activity, richness="")
    return decision.outcome, decision.reason, decision.entry_id, activity


def _decide(case: Case, facts: Facts) -> Decision:  # noqa: C901, PLR0912 — the one place that knows the order of the stages
    draft = Draft(case, facts)
    draft.say(addressing.locate(facts, delivery.reference(case.recipient)))
    if facts.first:
        return draft.repeat(facts.first)
    for slug in (*case.message.breaches, *case.message.findings):
        draft.say(finding("read", slug))

    seen, hold = unwrap.judge(case)
    if seen:
        draft.say(seen, ("forward.claimed",) if seen.slug == "unwrap.inline_forward" else ())

    people = draft.people = participants.identify(case, facts)
    draft.say(people.finding, ("gateway.exposed",) if people.exposed else ())
    if people.stop and people.stop.outcome is not Outcome.HELD:
        return draft.end(people.stop)

    null_path = case.null_path
    if not hold or case.recipient.channel.explicit:  # the header of a journal report is a mail server's own
        report = reports.classify(
            case.message.values,
            case.message.content_types,
            null_path=null_path,
            our_host=case.host,
            text=case.message.text,
        )
        if stop := _automated(draft, "reports", report):
            return draft.end(stop)

    for slug, domain in case.evidence.seen:
        draft.say(finding("authenticate", slug, domain))
    if case.evidence.unsigned:
        draft.say(finding("authenticate", "signature.open", ", ".join(sorted(case.evidence.unsigned))))
    standing = draft.standing = authenticity.judge(case, facts, people, wrapped=hold is not None)
    draft.say(standing.finding, standing.flags)
    if standing.stop and standing.stop.outcome is not Outcome.HELD:
        return draft.end(standing.stop)

    listed = draft.listed = never_log.judge(people, standing, facts)
    draft.say(listed.finding)
    hold = standing.stop or hold or people.stop
    if listed.stop:
        if hold or not listed.whole:
            return draft.end(listed.stop)
        return draft.keep_out(listed.stop, listed.whole, duplicates.compare(case.message, case.asked, facts).same)
    if facts.barred:
        draft.say(finding("never_log", "never_log.barred"))
        return draft.end(Stop(Outcome.SKIPPED, f"never_log.{facts.barred.kind}", facts.barred.id))
    duplicate = duplicates.compare(case.message, case.asked, facts)
    if duplicate.same and duplicate.same.erased:
        draft.say(duplicate.finding)
        return draft.end(Stop(Outcome.SKIPPED, duplicate.finding.slug))
    if hold:
        return draft.end(never_log.of_hold(people, standing, facts) or hold)
    if not draft.left.outside():
        return draft.end(
            Stop(Outcome.HELD, "forward.ambiguous")
            if unwrap.inner_candidate(case)
            else Stop(Outcome.SKIPPED, "participants.internal_only")
        )

    draft.duplicate = duplicate
    draft.say(duplicate.finding, duplicate.flags)
    place = thread_policy.place(case, facts, draft.left, standing, reachable=not duplicate.reused_id)

    machine = automated.classify(
        case.message,
        null_path=null_path,
        own_list=draft.own_list(),
        author_is_user=standing.direction is Direction.OUT,
        answers_ours=draft.answers_ours(),
        quick_answer=draft.quick_answer,
    )
    if stop := _automated(draft, "automated", machine):
        return draft.end(stop)

    draft.stand(place)
    if draft.earlier:
        place = draft.unite(draft.earlier, place)
    elif not (standing.explicit or standing.approved) and (
        stop := thread_policy.allow(place, standing, draft.left, facts)
    ):
        return draft.end(stop, thread_policy.waits_until(stop, case, facts))

    targets = draft.targets = contacts.choose(draft.left, standing.direction, place, draft.creates)
    draft.say(contacts.seen(targets))
    if not targets:
        return draft.end(Stop(Outcome.SKIPPED, "rule.unknown_contact"))
    chosen = attribution.attribute(
        draft.people, standing, targets, place, facts, listed.without, draft.withheld_before()
    )
    draft.say(attribution.seen(draft.attribute(chosen), facts))
    return draft.logged()


def _automated(draft: Draft, stage: str, kind: str | None) -> Stop | None:
    """The stop for a class of automated mail, unless the account lets it through."""
    if kind is None:
        draft.say(finding(stage, f"{stage}.none"))
        return None
    if kind in draft.facts.account.settings.automated_allow:
        draft.say(finding(stage, "automated.allowed", kind))
        return None
    draft.say(finding(stage, f"automated.{kind}"))
    return Stop(Outcome.SKIPPED, f"automated.{kind}")
