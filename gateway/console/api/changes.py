"""What happened since: for programs that ask rather than be told."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException
from starlette.requests import Request

from gateway.console.access import Caller
from gateway.console.api.events import MOST_STREAMS
from gateway.console.callers import TheCaller, TheOffice, still
from gateway.console.cursors import cursor, place
from gateway.console.lists import MOST
from gateway.console.office import Office
from gateway.console.problems import MEDIA_TYPE, Problem
from gateway.webhooks.payload import Payload, payload
from storage import events, outbox
from storage.events import Event
from storage.outbox import KEPT, Type
from storage.plan import Plan

router = APIRouter(prefix="/changes", tags=["changes"])
LATEST = "latest"
LONGEST = 30
"""Seconds."""


class Wanted(BaseModel):
    """Which events, and from where on."""

    after: Annotated[
        str,
        Field(
            max_length=512,
            description="`next` of the answer before; `latest`: what happens from now on; empty: all that is kept.",
        ),
    ] = ""
    types: Annotated[list[Type], Field(description="None for all.")] = []
    limit: Annotated[int, Field(ge=1, description=f"Of events; more than {MOST} are {MOST}.")] = 50
    wait: Annotated[int, Field(ge=0, le=LONGEST, description="Seconds to wait where there is nothing yet.")] = 0


class Changes(BaseModel):
    """Events in the order in which they were recorded. `next` is where to go on, also where there are none."""

    items: Sequence[Payload]
    next: str


@router.get("", response_model=Changes, responses={410: {"model": Problem, "content": {MEDIA_TYPE: {}}}})
async def list_changes(
    request: Request, at: TheOffice, caller: TheCaller, asked: Annotated[Wanted, Query()]
) -> Changes:
    """Events behind a cursor; none is ever missed. 410 where some of them are no longer kept: then begin anew.

    Held mail is told of to admins only.
    """
    caller.must("read")
    after, end = await _place(at, caller, asked.after), asyncio.get_running_loop().time() + asked.wait
    while True:
        news = at.news.listen() if asked.wait else None
        told, last = await at.store.read(_behind(caller, after, asked))
        left = end - asyncio.get_running_loop().time()
        if last != after or news is None or left <= 0 or at.news.over:
            following = cursor(at.keyed, [last, at.now()], caller.account_id, "changes")
            return Changes(items=[payload(event) for event in told], next=following)
        await _hear(at, caller, news, left)
        await still(request, at)


async def _place(at: Office, caller: Caller, given: str) -> str:
    """Id of the event behind which it goes on. Raises BadCursor, and HTTPException where some are no longer kept."""
    if not given:
        return ""
    if given == LATEST:
        return await at.store.read(outbox.end(caller.account_id))
    event_id, at_then = place(at.keyed, given, caller.account_id, "changes")
    if event_id:
        kept = await at.store.read(outbox.kept(caller.account_id, str(event_id)))
    else:  # there were none yet
        kept = at.now() - int(at_then) < KEPT
    if not kept:
        raise HTTPException(410, "Not all that happened since then is kept. Read the lists, then go on from `latest`.")
    return str(event_id)


def _behind(caller: Caller, after: str, asked: Wanted) -> Plan[tuple[list[Event], str]]:
    rows = yield from outbox.since(caller.account_id, after, min(asked.limit, MOST))
    wanted = [
        row for row in rows if (not asked.types or row.type in asked.types) and (caller.admin or row.type != Type.HELD)
    ]
    return (yield from events.render(wanted)), rows[-1].id if rows else after


async def _hear(at: Office, caller: Caller, news: asyncio.Event, patience: float) -> None:
    """Returns when there may be something new, or there is no more time."""
    if at.news.streams[caller.who] >= MOST_STREAMS:
        raise HTTPException(429, "You wait for too many answers already.")
    at.news.streams[caller.who] += 1
    try:
        with suppress(TimeoutError):
            await asyncio.wait_for(news.wait(), patience)
    finally:
        at.news.streams[caller.who] -= 1
