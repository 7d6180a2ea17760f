"""Settling one SMTP transaction: facts → decide → record, as one plan."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from gateway.core.decision import Decision
from gateway.core.facts import Facts
from gateway.core.keyed_hash import KeyedHash
from gateway.core.model import Outcome
from gateway.core.questions import Case
from storage import dns_trouble, waiting
from storage.errors import StoreBroken, Undecided
from storage.facts import gather
from storage.interface import Decide, Recorder
from storage.plan import Plan
from storage.record import record


@dataclass(frozen=True, slots=True)
class Considered:
    """A case with the facts found of it and the decision that they make."""

    case: Case
    facts: Facts
    decision: Decision


def settle(cases: Sequence[Case], decide: Decide, recorder: Recorder) -> Plan[list[Decision]]:
    """The decisions of one transaction's recipients, recorded. One reply answers for all of them."""
    decisions: list[Decision] = []
    refused: list[tuple[int, Case]] = []
    for case in cases:
        decision = yield from _settle_one(case, decide, recorder)
        if decision.outcome is Outcome.REFUSED:
            refused.append((len(decisions), case))
        decisions.append(decision)
    if len(refused) < len(cases):
        for position, case in refused:
            decisions[position] = yield from _settle_one(replace(case, may_refuse=False), decide, recorder)
    return decisions


def _settle_one(case: Case, decide: Decide, recorder: Recorder) -> Plan[Decision]:
    considered = yield from consider(case, decide, recorder.keyed)
    if considered.decision.outcome is Outcome.DEFERRED:
        raise Undecided
    return (yield from conclude(considered, decide, recorder))


def consider(case: Case, decide: Decide, keyed: KeyedHash) -> Plan[Considered]:
    """What would be decided now; nothing is recorded."""
    case, facts = yield from known(case, keyed)
    return Considered(case, facts, decide(case, facts))


def known(case: Case, keyed: KeyedHash) -> Plan[tuple[Case, Facts]]:
    """The case with all that is to be known before it is decided."""
    case = yield from dns_trouble.considered(case)
    return case, (yield from gather(case.asked, keyed))


def conclude(considered: Considered, decide: Decide, recorder: Recorder, before: str | None = None) -> Plan[Decision]:
    """Records a decision, in the place of the one `before` if there was one, then decides what waited for it."""
    decision = considered.decision
    thread_id = yield from record(considered.case, decision, recorder, before)
    if thread_id and considered.facts.account.settings.late_parent_hours:
        calls = yield from _call_in(thread_id, decide, recorder, decision.at)
        return replace(decision, calls=tuple(calls))
    return decision


def _call_in(thread_id: str, decide: Decide, recorder: Recorder, now: int) -> Plan[list[Decision]]:
    """Decides again the replies that wait in a logged thread, now that another message stands in it.

    Whatever that logs may call others in, so all are asked again then, up to a limit.
    """
    threads, left = [thread_id], waiting.MOST_CALLED
    decisions: list[Decision] = []
    called = True
    while called:
        called = False
        for decision_id in (yield from waiting.replies(threads, now, left)):
            left -= 1
            decision, joined = yield from _again(decision_id, decide, recorder, now)
            decisions += [decision] if decision else []
            if joined:
                threads.append(joined)
                called = True
    return decisions


def _again(
    decision_id: str, decide: Decide, recorder: Recorder, now: int
) -> Plan[tuple[Decision | None, str | None]]:
    """Decides again a reply that waits; gives the decision, if it is another, and the thread in which it is logged."""
    try:
        case = recorder.keeper.reopen((yield from waiting.sealed(decision_id)))
    except StoreBroken:  # of another version or damaged: it can't be decided, and harms nobody else
        yield from waiting.release(decision_id)
        return None, None
    facts = yield from gather(case.asked, recorder.keyed, again=True)
    decision = decide(case, facts)
    if decision.waits_until:
        return None, None
    yield from waiting.release(decision_id)
    if decision.outcome is Outcome.SKIPPED and decision.reason == "rule.replies_only":
        return None, None
    decision = replace(decision, at=now)
    joined = yield from record(case, decision, recorder, decision_id)
    return decision, joined if decision.activity else None
