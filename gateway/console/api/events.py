"""Decisions as they are made: a stream of events that a browser or program follows (HTML Living Standard, Server-sent
events).
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import suppress

from fastapi import APIRouter
from pydantic import TypeAdapter
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import StreamingResponse

from gateway.console.access import Caller
from gateway.console.callers import TheCaller, TheOffice, still
from gateway.console.office import Office
from gateway.console.problems import Unauthorized
from gateway.console.shapes import shape
from storage import reads
from storage.errors import StoreError
from storage.reads import Filter, Position, RecordedDecision

router = APIRouter(prefix="/events", tags=["decisions"])
MOST_STREAMS = 20
"""Of one caller."""
QUIET = 15
"""Seconds without news after which a stream says that it is still there."""
_WRITTEN: TypeAdapter[object] = TypeAdapter(shape(RecordedDecision))


@router.get("", response_class=StreamingResponse, responses={200: {"content": {"text/event-stream": {}}}})
async def follow(request: Request, at: TheOffice, asking: TheCaller) -> StreamingResponse:
    """Each new decision of the account as an event `decision`, with the same JSON as in its list.

    With Last-Event-ID it goes on behind that decision, and leaves none out.
    """
    asking.must("read")
    if at.news.streams[asking.who] >= MOST_STREAMS:
        raise HTTPException(429, "You follow too many streams already.")
    last = request.headers.get("last-event-id", "")
    place = await at.store.read(reads.position(asking.account_id, last)) if last else None
    return StreamingResponse(_events(request, at, asking, place), media_type="text/event-stream")


async def _events(request: Request, at: Office, asking: Caller, last: Position | None) -> AsyncGenerator[str, None]:
    at.news.streams[asking.who] += 1
    try:
        with suppress(StoreError):  # it ends, and whoever follows it comes again
            async for event in _told(request, at, asking, last):
                yield event
    finally:
        at.news.streams[asking.who] -= 1


async def _told(request: Request, at: Office, asking: Caller, last: Position | None) -> AsyncGenerator[str, None]:
    wanted = Filter(account=asking.account_id)
    place = last if last is not None else await at.store.read(reads.end())
    yield "retry: 2000\n\n"
    while not at.news.over:
        news = at.news.listen()
        try:
            await still(request, at)  # whoever may not listen any more hears nothing more
        except Unauthorized:
            return
        before: Position | None = None
        while place != before:
            before = place
            found, place = await at.store.read(reads.since(place, wanted))
            for decision in found:
                yield _event(decision)
        if not await _heard(news):
            yield ": still here\n\n"


def _event(decision: RecordedDecision) -> str:
    written = _WRITTEN.dump_json(_WRITTEN.validate_python(decision)).decode()
    return f"event: decision\nid: {decision.id}\ndata: {written}\n\n"


async def _heard(news: asyncio.Event) -> bool:
    with suppress(TimeoutError):
        return await asyncio.wait_for(news.wait(), QUIET)
    return False
