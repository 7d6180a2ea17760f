"""Decisions: what became of every message, and why."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import Annotated

from fastapi import APIRouter, Query
from starlette.responses import Response

from gateway.console import again
from gateway.console.api import addresses, decisions, explain, never_log
from gateway.console.api.typing import Id
from gateway.console.pages.page import Page, ThePage
from gateway.core.reasons import REASONS
from storage.errors import NotFound

router = APIRouter(prefix="/decisions")


@router.get("")
async def show_list(page: ThePage, asked: Annotated[decisions.Wanted, Query()]) -> Response:
    """The newest first; the page asks for its list again whenever a decision is made."""
    found = await decisions.list_decisions(page.at, page.caller, asked)
    template = "parts/decisions.html" if page.wants_fragment else "decisions.html"
    return page.show(template, found=found, asked=asked, reasons=REASONS)


@router.get("/explain")
async def explain_form(page: ThePage) -> Response:
    """Asks for a message whose decision is wanted."""
    return await _explaining(page)


@router.post("/explain")
async def explain_message(page: ThePage) -> Response:
    """What would be decided about it now."""
    form = page.form

    async def work() -> Sequence[explain.WouldBe]:
        sent = explain.Sent.model_validate({"to": form["to"], "peer": form["peer"] or "127.0.0.1"})
        # A file's bytes come as so many characters, since a field of a form is text.
        raw = form.raw("message").encode("latin-1" if form["encoding"] == "bytes" else "utf-8", "replace")
        return await explain.explain_message(page.at, page.caller, sent, raw)

    if not form["message"]:
        form.faults["message"] = page.language.say("Choose a file, or paste the message.")
    decided = () if form.faults else await form.tried(work, "message")
    return await _explaining(page, decided or ())


@router.get("/{decision_id}")
async def show(page: ThePage, decision_id: Id) -> Response:
    """One of them, stage by stage, and what would be decided now."""
    explained = await decisions.explain_decision(page.at, page.caller, decision_id)
    entry = await _entry(page, explained.decision.entry_id)
    seen = decisions.may_see(page.caller, explained.decision)
    now = await again.decided_now(page.at, page.caller, explained.decision) if seen else None
    return page.show("decision.html", explained=explained, entry=entry, now=now)


async def _entry(page: Page, entry_id: str | None) -> object:
    """The entry of the never-log list that kept a message out, if it is still there and this caller may see it."""
    if entry_id is None:
        return None
    with suppress(NotFound):
        return await never_log.show_entry(page.at, page.caller, entry_id)
    return None


async def _explaining(page: Page, decided: Sequence[explain.WouldBe] = ()) -> Response:
    usable = await addresses.list_addresses(page.at, page.caller)
    choices = [(one.address, f"{one.channel}: {one.address}") for one in usable if one.retires_at is None]
    return page.show("explain.html", addresses=choices, decided=decided)
