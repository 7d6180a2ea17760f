"""Contacts: outside persons, their addresses and owners."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Annotated, Literal

from fastapi import APIRouter, Body, Query
from pydantic import BaseModel, Field
from starlette.responses import Response, StreamingResponse

from gateway.console.access import Caller
from gateway.console.api.typing import Address, Id, Name
from gateway.console.callers import TheCaller, TheOffice
from gateway.console.lists import Paging, Part, listed_by_id
from gateway.console.office import Office
from gateway.console.shapes import Shape, page_of, shape
from storage import csv_text
from storage.administration import contact_lists, contacts
from storage.administration.act import Act
from storage.administration.contacts import ContactDetail, ContactRecord
from storage.administration.imports import Result, import_table
from storage.plan import Plan, then

router = APIRouter(prefix="/contacts", tags=["contacts"])
LARGEST = 1024 * 1024
"""Bytes of a list that is imported."""
Detail = shape(ContactDetail)


class NewContact(BaseModel):
    """An outside person."""

    name: Name = ""
    addresses: Annotated[Sequence[Address], Field(min_length=1, max_length=50)]
    owner: Annotated[str | None, Field(description="Id or address of a user.")] = None


class ContactChange(BaseModel):
    """What is given is changed; "" takes an owner away."""

    name: Name | None = None
    owner: str | None = None


class NewAddress(BaseModel):
    """Another address of the same person."""

    address: Address


class Merge(BaseModel):
    """The contact that stays."""

    into: str


class Searched(Paging):
    """Which contacts, and which part of their list."""

    search: Annotated[str, Field(max_length=200, description="Part of a name or address.")] = ""


@router.get("", response_model=page_of(ContactRecord))
async def list_contacts(
    at: TheOffice, caller: TheCaller, asked: Annotated[Searched, Query()]
) -> Part[ContactRecord]:
    """Contacts in the order in which they came."""
    caller.must("read")

    def plan(after: str, limit: int) -> Plan[Sequence[ContactRecord]]:
        return contacts.every(caller.account_id, asked.search, after, limit)

    return await listed_by_id(at, caller, asked, "contacts", plan)


@router.post("", response_model=Detail, status_code=201)
async def add_contact(at: TheOffice, caller: TheCaller, new: NewContact) -> ContactDetail:
    """Adds a contact."""
    caller.must("write")
    act = at.act(caller)

    def plan() -> Plan[ContactDetail]:
        added = yield from contacts.add(act, caller.account_id, new.name, new.addresses, new.owner or "")
        return (yield from contacts.show(act, caller.account_id, added))

    return await at.store.change(plan())


class Imported(Shape):
    """What became of the contacts of a list."""

    created: int
    updated: int
    unchanged: int
    refused: Sequence[tuple[int, str]]
    """Line or card, and why."""


@router.post("/import", response_model=Imported)
async def import_contacts(
    at: TheOffice,
    caller: TheCaller,
    raw: Annotated[bytes, Body(media_type="text/csv", description="CSV with a first line of columns, or vCards.")],
) -> Imported:
    """Adds and updates contacts: columns email, name, owner and other_addresses, or vCards."""
    return await imported(at, caller, raw.decode("utf-8", "surrogateescape"))


async def imported(at: Office, caller: Caller, text: str) -> Imported:
    """The same for text."""
    caller.must("write")
    act = at.act(caller)
    table = contact_lists.read(text.splitlines(keepends=True))

    def take(cells: Mapping[str, str]) -> Plan[Result]:
        return contact_lists.take(act, caller.account_id, cells)

    report = await import_table(at.store, table, take, lambda _: None)
    counts = {result: report.counts[result] for result in ("created", "updated", "unchanged")}
    return Imported(refused=report.refused, **counts)


@router.get(
    "/export", response_class=StreamingResponse, responses={200: {"content": {"text/csv": {}, "text/vcard": {}}}}
)
async def export_contacts(at: TheOffice, caller: TheCaller, kind: Literal["csv", "vcard"] = "csv") -> Response:
    """All contacts, as CSV of which no cell is a formula, or as vCards."""
    caller.must("read")
    media_type = "text/csv; charset=utf-8" if kind == "csv" else "text/vcard; charset=utf-8"
    headers = {"Content-Disposition": f'attachment; filename="contacts.{"csv" if kind == "csv" else "vcf"}"'}
    return StreamingResponse(_written(at, caller, kind), media_type=media_type, headers=headers)


async def _written(at: Office, caller: Caller, kind: str) -> AsyncIterator[str]:
    if kind == "csv":
        yield "".join(csv_text.write([[*contact_lists.COLUMNS, contact_lists.MORE, "id"]]))
    after = ""
    while page := await at.store.read(contacts.every(caller.account_id, "", after)):
        yield "".join(csv_text.write(contact_lists.csv(page)) if kind == "csv" else contact_lists.cards(page))
        after = page[-1].id


@router.get("/{contact}", response_model=Detail)
async def show_contact(at: TheOffice, caller: TheCaller, contact: Id) -> ContactDetail:
    """One contact, with the number of its activities."""
    caller.must("read")
    return await at.store.read(contacts.show(at.act(caller), caller.account_id, contact))


@router.patch("/{contact}", response_model=Detail)
async def change_contact(at: TheOffice, caller: TheCaller, contact: Id, change: ContactChange) -> ContactDetail:
    """Changes name or owner. Activities stay in the name they are in."""
    caller.must("write")
    return await at.store.change(_changed(at.act(caller), caller.account_id, contact, change))


def _changed(act: Act, account_id: str, contact: str, change: ContactChange) -> Plan[ContactDetail]:
    contact_id = yield from contacts.find(act, account_id, contact)
    before = (yield from contacts.show(act, account_id, contact_id)).contact
    if change.name not in (None, before.name):
        yield from contacts.rename(act, account_id, contact_id, change.name or "")
    if change.owner not in (None, before.owner or ""):
        yield from contacts.set_owner(act, account_id, contact_id, change.owner or "")
    return (yield from contacts.show(act, account_id, contact_id))


@router.delete("/{contact}", status_code=204)
async def remove_contact(at: TheOffice, caller: TheCaller, contact: Id) -> None:
    """Takes a contact and its addresses from the record; its activities stay."""
    caller.must("write")
    await at.store.change(contacts.remove(at.act(caller), caller.account_id, contact))


@router.post("/{contact}/addresses", response_model=Detail, status_code=201)
async def add_address(at: TheOffice, caller: TheCaller, contact: Id, new: NewAddress) -> ContactDetail:
    """Gives a contact another address."""
    caller.must("write")
    act = at.act(caller)
    change = contacts.add_address(act, caller.account_id, contact, new.address)
    return await at.store.change(then(change, contacts.show(act, caller.account_id, contact)))


@router.delete("/{contact}/addresses/{address}", status_code=204)
async def remove_address(at: TheOffice, caller: TheCaller, contact: Id, address: Id) -> None:
    """Mail with this address is the contact's no longer; its activities stay."""
    caller.must("write")
    await at.store.change(contacts.remove_address(at.act(caller), caller.account_id, contact, address))


@router.post("/{contact}/merge", response_model=Detail)
async def merge_contact(at: TheOffice, caller: TheCaller, contact: Id, merge: Merge) -> ContactDetail:
    """Moves addresses and activities of a contact to another one."""
    caller.must("write")
    act = at.act(caller)
    change = contacts.merge(act, caller.account_id, contact, merge.into)
    return await at.store.change(then(change, contacts.show(act, caller.account_id, merge.into)))


@router.delete("/{contact}/approval", status_code=204)
async def disapprove_contact(at: TheOffice, caller: TheCaller, contact: Id) -> None:
    """Holds again what the contact sends to a Bcc address."""
    caller.must("admin")
    await at.store.change(contacts.disapprove(at.act(caller), caller.account_id, contact))
