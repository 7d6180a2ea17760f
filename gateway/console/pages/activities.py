"""Activities: what was logged, by contact, user and thread; one message with all that is known of it."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from starlette.responses import HTMLResponse, Response

from gateway.console.api import activities, contacts, users
from gateway.console.api.typing import Id
from gateway.console.html_view import framed
from gateway.console.pages.page import ThePage

router = APIRouter(prefix="/activities")
FRAMED = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox; frame-ancestors 'self'"
    ),
    "X-Frame-Options": "SAMEORIGIN",
}
"""Of a message's HTML: it has no origin, runs nothing, loads nothing, and stands in our own pages only."""


@router.get("")
async def show_list(page: ThePage, asked: Annotated[activities.Wanted, Query()]) -> Response:
    """The newest first."""
    found = await activities.list_activities(page.at, page.caller, asked)
    everybody = await users.list_users(page.at, page.caller)
    contact = await contacts.show_contact(page.at, page.caller, asked.contact) if asked.contact else None
    return page.show("activities.html", found=found, asked=asked, users=everybody, contact=contact)


@router.get("/{activity_id}")
async def show(page: ThePage, activity_id: Id) -> Response:
    """One of them."""
    activity = await activities.show_activity(page.at, page.caller, activity_id)
    everybody = await users.list_users(page.at, page.caller) if page.caller.admin else []
    return page.show("activity.html", activity=activity, users=everybody)


@router.get("/{activity_id}/html")
async def html(page: ThePage, activity_id: Id) -> Response:
    """The message as its author laid it out, without anything that acts or loads; for a sandboxed frame."""
    raw = await activities.stored(page.at, page.caller, activity_id)
    text = await framed(raw, page.at.setting.limits)
    return HTMLResponse(text, headers=FRAMED)


@router.post("/{activity_id}/user")
async def attribute(page: ThePage, activity_id: Id) -> Response:
    """Puts it in another user's name."""

    async def work() -> object:
        change = activities.Attribution(user=page.form["user"] or None)
        return await activities.attribute(page.at, page.caller, activity_id, change)

    if await page.form.tried(work, "user") is None:
        activity = await activities.show_activity(page.at, page.caller, activity_id)
        return page.show("activity.html", activity=activity, users=await users.list_users(page.at, page.caller))
    return page.go(f"/activities/{activity_id}", "activity.attributed")
