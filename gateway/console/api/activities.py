"""Activities: what was logged, the message itself and what is attached to it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated, Literal

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field
from starlette.responses import Response

from gateway.console.access import Caller
from gateway.console.api.typing import Id
from gateway.console.callers import TheCaller, TheOffice
from gateway.console.downloads import attachment, download
from gateway.console.lists import Paging, Part, Place, listed
from gateway.console.office import Office
from gateway.console.shapes import page_of, shape
from storage import activities
from storage.activities import ActivityRecord, Filter, Listed
from storage.errors import NotFound
from storage.plan import Plan, then

router = APIRouter(prefix="/activities", tags=["activities"])
Activity = shape(ActivityRecord)
EPOCH = datetime.fromtimestamp(0, UTC)


class Wanted(Paging):
    """Which activities, and which part of their list."""

    user: Annotated[str, Field(max_length=64, description="Id of the user in whose name they are.")] = ""
    contact: Annotated[str, Field(max_length=64, description="Id of a contact.")] = ""
    thread: Annotated[str, Field(max_length=64, description="Id of a thread.")] = ""
    direction: Literal["", "incoming", "outgoing"] = ""
    search: Annotated[str, Field(max_length=200, description="Beginnings of words in subject or text.")] = ""
    since: Annotated[datetime | None, Field(description="Sent then or later.")] = None
    until: Annotated[datetime | None, Field(description="Sent before then.")] = None


@router.get("", response_model=page_of(Listed))
async def list_activities(at: TheOffice, caller: TheCaller, asked: Annotated[Wanted, Query()]) -> Part[Listed]:
    """Activities, the newest first."""
    caller.must("read")
    since, until = (None if one is None else _milliseconds(one) for one in (asked.since, asked.until))
    wanted = Filter(asked.user, asked.contact, asked.thread, asked.direction, since, until, asked.search)

    def plan(place: Place, limit: int) -> Plan[Sequence[Listed]]:
        behind = (int(place[0]), str(place[1])) if place else None
        return activities.page(caller.account_id, wanted, behind, limit)

    return await listed(at, caller, asked, "activities", plan, lambda one: [one.sent_at, one.id])


@router.get("/{activity_id}", response_model=Activity)
async def show_activity(at: TheOffice, caller: TheCaller, activity_id: Id) -> ActivityRecord:
    """One activity with its text, participants, attachments and the copies by which it came."""
    caller.must("content")
    return await at.store.read(_found(caller.account_id, activity_id))


class Attribution(BaseModel):
    """In whose name an activity is to be."""

    user: Annotated[str | None, Field(max_length=320, description="Id or address of a user; null: nobody's.")]


@router.put("/{activity_id}/user", response_model=Activity)
async def attribute(at: TheOffice, caller: TheCaller, activity_id: Id, change: Attribution) -> ActivityRecord:
    """Puts an activity in another user's name, where later copies leave it."""
    caller.must("admin")
    attributed = activities.attribute(at.act(caller), caller.account_id, activity_id, change.user or "")
    return await at.store.change(then(attributed, _found(caller.account_id, activity_id)))


@router.get("/{activity_id}/message", responses={200: {"content": {"message/rfc822": {}}}}, response_class=Response)
async def message(at: TheOffice, caller: TheCaller, activity_id: Id) -> Response:
    """The message as it was stored: without the header fields that name people on the never-log list."""
    return download(await stored(at, caller, activity_id), "message/rfc822", f"{activity_id}.eml")


@router.get(
    "/{activity_id}/attachments/{number}",
    responses={200: {"content": {"application/octet-stream": {}}}},
    response_class=Response,
)
async def download_attachment(at: TheOffice, caller: TheCaller, activity_id: Id, number: int) -> Response:
    """An attachment, cut from the stored message. Never shown by a browser, always saved."""
    caller.must("content")
    record = await at.store.read(_found(caller.account_id, activity_id))
    known = next((one for one in record.attachments if one.number == number), None)
    if known is None:
        raise NotFound("This activity has no such attachment.")
    raw = await stored(at, caller, activity_id)
    return await attachment(raw, number, known, at.setting.limits)


def _milliseconds(moment: datetime) -> int:
    """Since the epoch; a moment without a zone is UTC."""
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return (aware - EPOCH) // timedelta(milliseconds=1)


def _found(account_id: str, activity_id: str) -> Plan[ActivityRecord]:
    record = yield from activities.show(account_id, activity_id)
    if record is None:
        raise NotFound("There is no such activity.")
    return record


async def stored(at: Office, caller: Caller, activity_id: str) -> bytes:
    """The message of an activity. Raises NotFound."""
    caller.must("content")
    content = await at.store.read(activities.content(caller.account_id, activity_id))
    if content is None:
        await at.store.read(_found(caller.account_id, activity_id))
        raise NotFound("The message itself is kept no more, and nothing can be cut from it.")
    return await asyncio.to_thread(at.sealing.mail.raw_bytes, content)
