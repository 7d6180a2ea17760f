"""Users: who may log mail, under which addresses, and how they get in."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import Response

from gateway.console.api import users
from gateway.console.api.typing import Id
from gateway.console.pages.page import Page, ThePage

router = APIRouter(prefix="/users")


@router.get("")
async def show_list(page: ThePage) -> Response:
    """All of them, by name."""
    return await _listed(page)


@router.post("")
async def add(page: ThePage) -> Response:
    """Adds one."""
    form = page.form

    async def work() -> object:
        given = {"name": form["name"], "address": form["address"], "permissions": form.all("permissions")}
        new = users.NewUser.model_validate(given)
        return await users.add_user(page.at, page.caller, new)

    await form.tried(work, "address")
    return await _listed(page) if form.faults else page.go("/users", "user.added")


@router.get("/{user}")
async def show(page: ThePage, user: Id) -> Response:
    """One of them."""
    return await _shown(page, user)


@router.post("/{user}")
async def change(page: ThePage, user: Id) -> Response:
    """Changes name, permissions and whether the user is active."""
    form = page.form

    async def work() -> object:
        given = {"name": form["name"], "permissions": form.all("permissions"), "active": form["active"] == "yes"}
        changed = users.UserChange.model_validate(given)
        return await users.change_user(page.at, page.caller, user, changed)

    await form.tried(work, "name")
    return await _shown(page, user) if form.faults else page.go(f"/users/{user}", "user.changed")


@router.post("/{user}/addresses")
async def add_address(page: ThePage, user: Id) -> Response:
    """Gives the user another address."""
    form = page.form

    async def work() -> object:
        new = users.NewAddress.model_validate({"address": form["address"], "kind": form["kind"]})
        return await users.add_address(page.at, page.caller, user, new)

    await form.tried(work, "address")
    return await _shown(page, user) if form.faults else page.go(f"/users/{user}", "user.changed")


@router.post("/{user}/addresses/remove")
async def remove_address(page: ThePage, user: Id) -> Response:
    """Takes one from the user."""
    await page.form.tried(
        lambda: users.remove_address(page.at, page.caller, user, page.form["address"]), "address"
    )
    return await _shown(page, user) if page.form.faults else page.go(f"/users/{user}", "user.changed")


@router.post("/{user}/link")
async def make_link(page: ThePage, user: Id) -> Response:
    """A link by which the user chooses a password; it is shown this once."""
    made = await page.form.tried(lambda: users.make_setup_link(page.at, page.caller, user), "link")
    return await _shown(page, user, link=made.url if made else "")


async def _listed(page: Page) -> Response:
    everybody = await users.list_users(page.at, page.caller)
    return page.show("users.html", users=everybody)


async def _shown(page: Page, user: str, link: str = "") -> Response:
    record = await users.show_user(page.at, page.caller, user)
    return page.show("user.html", user=record, link=link)
