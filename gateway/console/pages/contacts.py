"""Contacts: the outside persons on whose records mail is logged."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from starlette.responses import Response

from gateway.console.api import activities, contacts, data_care, users
from gateway.console.api.typing import Id
from gateway.console.pages.page import Page, ThePage
from gateway.data_care.erasure import Receipt

router = APIRouter(prefix="/contacts")


@router.get("")
async def show_list(page: ThePage, asked: Annotated[contacts.Searched, Query()]) -> Response:
    """In the order in which they came."""
    return await _listed(page, asked)


@router.post("")
async def add(page: ThePage) -> Response:
    """Adds one."""
    form = page.form

    async def work() -> object:
        new = contacts.NewContact(name=form["name"], addresses=form.words("addresses"), owner=form["owner"] or None)
        return await contacts.add_contact(page.at, page.caller, new)

    await form.tried(work, "addresses")
    return await _listed(page, contacts.Searched()) if form.faults else page.go("/contacts", "contact.added")


@router.post("/import")  # before what takes any word for a contact
async def import_(page: ThePage) -> Response:
    """Takes pasted lines of CSV or vCards."""
    text = page.form.raw("list")
    report = await page.form.tried(lambda: contacts.imported(page.at, page.caller, text), "list")
    return await _listed(page, contacts.Searched(), report=report)


@router.get("/{contact}")
async def show(page: ThePage, contact: Id) -> Response:
    """One of them, with its latest mail."""
    return await _shown(page, contact)


@router.post("/{contact}")
async def change(page: ThePage, contact: Id) -> Response:
    """Changes name and owner."""
    form = page.form

    async def work() -> object:
        changed = contacts.ContactChange(name=form["name"], owner=form["owner"])
        return await contacts.change_contact(page.at, page.caller, contact, changed)

    await form.tried(work, "name")
    return await _shown(page, contact) if form.faults else page.go(f"/contacts/{contact}", "contact.changed")


@router.post("/{contact}/addresses")
async def add_address(page: ThePage, contact: Id) -> Response:
    """Gives the contact another address."""
    form = page.form

    async def work() -> object:
        new = contacts.NewAddress(address=form["address"])
        return await contacts.add_address(page.at, page.caller, contact, new)

    await form.tried(work, "address")
    return await _shown(page, contact) if form.faults else page.go(f"/contacts/{contact}", "contact.changed")


@router.post("/{contact}/addresses/remove")
async def remove_address(page: ThePage, contact: Id) -> Response:
    """Takes one from the contact."""
    await page.form.tried(
        lambda: contacts.remove_address(page.at, page.caller, contact, page.form["address"]), "address"
    )
    return await _shown(page, contact) if page.form.faults else page.go(f"/contacts/{contact}", "contact.changed")


@router.get("/{contact}/erase")
async def show_erasure(page: ThePage, contact: Id) -> Response:
    """What there is of a person, before it goes for good."""
    return await _erasure(page, contact)


@router.post("/{contact}/erase")
async def erase(page: ThePage, contact: Id) -> Response:
    """Erases them, and shows the receipt."""
    how = data_care.Erasure(never_log_again=page.form["never_log_again"] == "yes")
    receipt = await data_care.erase_contact(page.at, page.caller, contact, how)
    return await _erasure(page, contact, receipt)


@router.post("/{contact}/remove")
async def remove(page: ThePage, contact: Id) -> Response:
    """Takes it from the record."""
    await page.form.tried(lambda: contacts.remove_contact(page.at, page.caller, contact), "name")
    return await _shown(page, contact) if page.form.faults else page.go("/contacts", "contact.removed")


async def _listed(page: Page, asked: contacts.Searched, report: object = None) -> Response:
    found = await contacts.list_contacts(page.at, page.caller, asked)
    everybody = await users.list_users(page.at, page.caller)
    return page.show("contacts.html", found=found, asked=asked, users=everybody, report=report)


async def _erasure(page: Page, contact: str, receipt: Receipt | None = None) -> Response:
    found = await data_care.show_erasure(page.at, page.caller, contact)
    return page.show("erase.html", contact=contact, found=found, receipt=receipt)


async def _shown(page: Page, contact: str) -> Response:
    record = await contacts.show_contact(page.at, page.caller, contact)
    latest = activities.Wanted(contact=record.contact.id, limit=10)
    found = await activities.list_activities(page.at, page.caller, latest)
    everybody = await users.list_users(page.at, page.caller)
    return page.show("contact.html", record=record, found=found, users=everybody)
