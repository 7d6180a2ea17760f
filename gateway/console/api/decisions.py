"""Decisions: what became of every message, and why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

from fastapi import APIRouter, Query
from pydantic import Field

from gateway.console.access import Caller
from gateway.console.api.typing import Id
from gateway.console.callers import TheCaller, TheOffice
from gateway.console.lists import Paging, Part, listed_by_id
from gateway.console.shapes import page_of, shape
from gateway.core import addresses
from gateway.core.model import Finding
from gateway.core.reasons import finding, sentence
from storage import reads
from storage.errors import NotFound
from storage.plan import Plan
from storage.reads import Filter, RecordedDecision

router = APIRouter(prefix="/decisions", tags=["decisions"])


class Wanted(Paging):
    """Which decisions, and which part of their list."""

    outcome: Literal["", "logged", "merged", "skipped", "held"] = ""
    reason: Annotated[str, Field(max_length=64)] = ""
    user: Annotated[str, Field(max_length=320, description="Address of the user in whose name the message is.")] = ""
    about: Annotated[
        str, Field(max_length=1000, description="A trace id, a Message-ID, or the address of somebody who takes part.")
    ] = ""


@dataclass(frozen=True, slots=True)
class Explanation:
    """A decision with its sentence and what every stage said. Of a skipped message no evidence was kept."""

    decision: RecordedDecision
    sentence: str
    findings: Sequence[Finding]
    repeats: Sequence[str]
    """Trace ids of later deliveries of the same message."""


@router.get("", response_model=page_of(RecordedDecision))
async def list_decisions(
    at: TheOffice, caller: TheCaller, asked: Annotated[Wanted, Query()]
) -> Part[RecordedDecision]:
    """Decisions, the newest first."""
    caller.must("read")
    if asked.about.strip():
        found = await at.store.read(reads.about(at.keyed, asked.about, caller.account_id))
        return Part([d for d in reversed(found) if _fits(d, asked)], None)
    wanted = Filter(asked.outcome, asked.reason, addresses.canonical(asked.user))

    def plan(after: str, limit: int) -> Plan[Sequence[RecordedDecision]]:
        return reads.page(caller.account_id, wanted, after, limit)

    return await listed_by_id(at, caller, asked, "decisions", plan)


@router.get("/{decision_id}", response_model=shape(Explanation))
async def explain_decision(at: TheOffice, caller: TheCaller, decision_id: Id) -> Explanation:
    """One decision, stage by stage. Evidence is for whoever may read messages; that of held mail, for admins."""
    caller.must("read")

    def plan() -> Plan[Explanation]:
        decision = yield from reads.by_id(caller.account_id, decision_id)
        if decision is None:
            raise NotFound("There is no such decision.")
        kept = (yield from reads.findings(decision)) if may_see(caller, decision) else []
        said = kept or [finding(*one) for one in decision.stages]
        repeats = [trace_id for trace_id, _ in (yield from reads.repeats(decision))]
        return Explanation(decision, sentence(decision.reason), said, repeats)

    return await at.store.read(plan())


def may_see(caller: Caller, decision: RecordedDecision) -> bool:
    """Whether what the message shows may be shown to this caller."""
    return caller.admin if decision.outcome == "held" else "content" in caller.scopes


def _fits(decision: RecordedDecision, asked: Wanted) -> bool:
    return asked.outcome in ("", decision.outcome) and asked.reason in ("", decision.reason)
