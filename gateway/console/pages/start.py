"""Get started: where to send copies, how, and what became of the first one."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import Response

from gateway.console.api import addresses, users
from gateway.console.api.typing import Id
from gateway.console.pages.page import Page, ThePage
from storage import reads
from storage.reads import Filter, RecordedDecision

router = APIRouter()


@router.get("/")
async def home(page: ThePage) -> Response:
    """Where most begin: at what was logged, or as long as there is nothing, at how that is done."""
    found = await page.at.store.read(reads.page(page.caller.account_id, Filter(), "", 1))
    return page.go("/activities" if found else "/start")


@router.get("/start")
async def show(page: ThePage) -> Response:
    """The addresses, and how to use them."""
    return await _shown(page)


@router.get("/start/latest")
async def latest(page: ThePage) -> Response:
    """What became of the messages that came last: a part of the page that is asked for again whenever one comes."""
    return page.show("parts/latest.html", latest=await _latest(page))


@router.post("/start/addresses")
async def make_address(page: ThePage) -> Response:
    """Makes an address for the user, or one for all."""
    form = page.form

    async def work() -> object:
        new = addresses.NewAddress.model_validate({"channel": form["channel"], "user": form["user"] or None})
        return await addresses.create_address(page.at, page.caller, new)

    await form.tried(work, "channel")
    return await _shown(page) if form.faults else page.go("/start", "address.made")


@router.post("/start/addresses/{address}/rotate")
async def rotate_address(page: ThePage, address: Id) -> Response:
    """Makes a new address for an old one, which goes on working for a while."""
    rotation = addresses.Rotation()
    await page.form.tried(lambda: addresses.rotate_address(page.at, page.caller, address, rotation), "address")
    return await _shown(page) if page.form.faults else page.go("/start", "address.made")


@router.post("/start/addresses/{address}/retire")
async def retire_address(page: ThePage, address: Id) -> Response:
    """Refuses it from now on."""
    await page.form.tried(lambda: addresses.retire_address(page.at, page.caller, address), "address")
    return await _shown(page) if page.form.faults else page.go("/start", "address.retired")


async def _shown(page: Page) -> Response:
    caller, now = page.caller, page.at.now()
    usable = await addresses.list_addresses(page.at, caller)
    working = [address for address in usable if address.retires_at is None or address.retires_at > now]
    every = [address for address in working if address.retires_at is None]
    changeable = [address for address in working if caller.admin or address.user == caller.address]
    everybody = await users.list_users(page.at, caller) if caller.admin else []
    mine = {
        channel: [a for a in every if a.channel == channel and a.user in (None, page.caller.address)]
        for channel in ("bcc", "forward")
    }
    values = {"mine": mine, "changeable": changeable, "users": everybody, "domain": page.at.setting.domain}
    return page.show("start.html", latest=await _latest(page), **values)


async def _latest(page: Page) -> list[RecordedDecision]:
    return await page.at.store.read(reads.page(page.caller.account_id, Filter(), "", 5))
