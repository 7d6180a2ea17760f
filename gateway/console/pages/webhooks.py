"""Webhooks: where events are sent, how that goes, and what was given up."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import Response

from gateway.console.api import webhooks
from gateway.console.api.typing import Id
from gateway.console.pages.page import Page, ThePage

router = APIRouter(prefix="/webhooks")
ACTS = {"enable": webhooks.enable_webhook, "disable": webhooks.disable_webhook, "remove": webhooks.remove_webhook}


@router.get("")
async def show(page: ThePage) -> Response:
    """All of them."""
    return await _shown(page)


@router.post("")
async def add(page: ThePage) -> Response:
    """Makes one; its secret is shown this once."""
    form = page.form

    async def work() -> webhooks.MadeWebhook:
        typed = {"name": form["name"], "url": form["url"], "types": form.all("types")}
        return await webhooks.add_webhook(page.at, page.caller, webhooks.NewWebhook.model_validate(typed))

    return await _shown(page, made=await form.tried(work, "url"))


@router.post("/{webhook}/secret")
async def rotate(page: ThePage, webhook: Id) -> Response:
    """Another secret, shown this once."""
    return await _shown(page, made=await webhooks.rotate_secret(page.at, page.caller, webhook))


@router.post("/{webhook}/test")
async def test(page: ThePage, webhook: Id) -> Response:
    """Sends an event that is none, and says what came of it."""
    return await _shown(page, tried=await webhooks.test_webhook(page.at, page.caller, webhook))


@router.post("/{webhook}/replay")
async def replay(page: ThePage, webhook: Id) -> Response:
    """Sends again what was given up."""
    await webhooks.replay_events(page.at, page.caller, webhook, webhooks.Replay())
    return page.go("/webhooks", "webhook.changed")


@router.post("/{webhook}/{act}")
async def change(page: ThePage, webhook: Id, act: str) -> Response:
    """Enables, disables or removes one."""
    if act in ACTS:
        await ACTS[act](page.at, page.caller, webhook)
    return page.go("/webhooks", "webhook.changed")


async def _shown(
    page: Page, made: webhooks.MadeWebhook | None = None, tried: webhooks.Tried | None = None
) -> Response:
    known = await webhooks.list_webhooks(page.at, page.caller)
    return page.show("webhooks.html", webhooks=known, made=made, tried=tried)
