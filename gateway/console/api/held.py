"""Held mail: what a person must look at."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field
from starlette.responses import Response

from gateway.console.api.typing import Id
from gateway.console.callers import TheCaller, TheOffice
from gateway.console.downloads import download
from gateway.console.lists import Paging, Part, listed_by_id
from gateway.console.shapes import page_of, shape
from gateway.core.approval import Way
from gateway.core.questions import Case
from gateway.held import Resolved, Resolving
from gateway.held_view import HeldView, view
from storage import held
from storage.errors import Refused
from storage.held import HeldMail
from storage.plan import Plan

router = APIRouter(prefix="/held", tags=["held mail"])
WAYS = {"as_it_is": Way.AS_IT_IS, "alias": Way.ALIAS, "contact": Way.CONTACT}


class Wanted(Paging):
    """Which held mail, and which part of its list."""

    reason: Annotated[str, Field(max_length=64)] = ""


class Approval(BaseModel):
    """Its sender is believed this once, is a user under another address, or a contact whose copies are welcome."""

    way: Literal["as_it_is", "alias", "contact"] = "as_it_is"
    user: Annotated[str, Field(description="For an alias: id or address of the user.")] = ""


@dataclass(frozen=True, slots=True)
class Became:
    """What became of a held message."""

    held_id: str
    still_held: bool
    outcome: str
    reason: str


@router.get("", response_model=page_of(HeldMail))
async def list_held(at: TheOffice, caller: TheCaller, asked: Annotated[Wanted, Query()]) -> Part[HeldMail]:
    """Held mail, the oldest first."""
    caller.must("admin")

    def plan(after: str, limit: int) -> Plan[Sequence[HeldMail]]:
        return held.every(caller.account_id, asked.reason, after, limit)

    return await listed_by_id(at, caller, asked, "held", plan)


@router.get("/{held_id}", response_model=shape(HeldView))
async def show_held(at: TheOffice, caller: TheCaller, held_id: Id) -> HeldView:
    """One held message, with the message inside that an approval takes for the right one."""
    caller.must("admin")
    resolving = Resolving(at.act(caller), at.setting, at.sealing)

    def plan() -> Plan[tuple[HeldMail, bytes, Case | None]]:
        mail = yield from held.find(held_id, caller.account_id)
        content = at.sealing.mail.raw_bytes((yield from held.copy(mail)).content)
        try:
            return mail, content, (yield from resolving.opened(mail))
        except Refused:
            return mail, content, None

    kept = await at.store.read(plan())
    return await asyncio.to_thread(view, *kept, at.setting.domain)


@router.get("/{held_id}/message", responses={200: {"content": {"message/rfc822": {}}}}, response_class=Response)
async def message(at: TheOffice, caller: TheCaller, held_id: Id) -> Response:
    """The message as it was kept."""
    caller.must("admin")

    def plan() -> Plan[bytes]:
        mail = yield from held.find(held_id, caller.account_id)
        return at.sealing.mail.raw_bytes((yield from held.copy(mail)).content)

    return download(await at.store.read(plan()), "message/rfc822", f"{held_id}.eml")


@router.post("/{held_id}/approve", response_model=shape(Became))
async def approve_held(at: TheOffice, caller: TheCaller, held_id: Id, approval: Approval) -> Became:
    """Approves a held message. The never-log list is asked first."""
    caller.must("admin")
    resolving = Resolving(at.act(caller), at.setting, at.sealing)
    plan = resolving.approve(held_id, caller.account_id, WAYS[approval.way], approval.user)
    return _became(await at.store.change(plan, erases=True))


@router.post("/{held_id}/decide", response_model=shape(Became))
async def decide_held(at: TheOffice, caller: TheCaller, held_id: Id) -> Became:
    """Decides a held message again, by today's rules, people and sources."""
    caller.must("admin")
    resolving = Resolving(at.act(caller), at.setting, at.sealing)
    return _became(await at.store.change(resolving.decide(held_id, caller.account_id), erases=True))


@router.delete("/{held_id}", status_code=204)
async def discard_held(at: TheOffice, caller: TheCaller, held_id: Id) -> None:
    """Erases a held message; it is logged nowhere."""
    caller.must("admin")
    await at.store.change(held.discard(at.act(caller), held_id, caller.account_id), erases=True)


def _became(resolved: Resolved) -> Became:
    decision = resolved.decision
    return Became(resolved.held.id, resolved.still_held, decision.outcome.value, decision.reason)
