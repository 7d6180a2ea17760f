"""Held mail: what needs a person, with the choices and what follows from each."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from starlette.responses import Response

from gateway.console.api import held, users
from gateway.console.api.typing import Id
from gateway.console.pages.page import Page, ThePage

router = APIRouter(prefix="/held")


@router.get("")
async def show_list(page: ThePage, asked: Annotated[held.Wanted, Query()]) -> Response:
    """The oldest first."""
    return page.show("held_list.html", found=await held.list_held(page.at, page.caller, asked), asked=asked)


@router.get("/{held_id}")
async def show(page: ThePage, held_id: Id) -> Response:
    """One of them."""
    return await _shown(page, held_id)


@router.post("/{held_id}/approve")
async def approve(page: ThePage, held_id: Id) -> Response:
    """Believes its sender, as it was chosen."""
    form = page.form

    async def work() -> held.Became:
        approval = held.Approval.model_validate({"way": form["way"] or "as_it_is", "user": form["user"]})
        return await held.approve_held(page.at, page.caller, held_id, approval)

    became = await form.tried(work, "way")
    return await _shown(page, held_id) if became is None else page.go("/held", _done(became))


@router.post("/{held_id}/decide")
async def decide(page: ThePage, held_id: Id) -> Response:
    """Decides it by today's rules."""
    became = await page.form.tried(lambda: held.decide_held(page.at, page.caller, held_id), "way")
    return await _shown(page, held_id) if became is None else page.go("/held", _done(became))


@router.post("/{held_id}/discard")
async def discard(page: ThePage, held_id: Id) -> Response:
    """Erases it."""
    await held.discard_held(page.at, page.caller, held_id)
    return page.go("/held", "held.discarded")


async def _shown(page: Page, held_id: str) -> Response:
    shown = await held.show_held(page.at, page.caller, held_id)
    everybody = await users.list_users(page.at, page.caller)
    return page.show("held.html", mail=shown.head, shown=shown, users=everybody)


def _done(became: held.Became) -> str:
    return "held.still" if became.still_held else "held.resolved"
