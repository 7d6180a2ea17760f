"""The never-log list."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated, Literal

from fastapi import APIRouter, Path
from pydantic import BaseModel, Field

from gateway.console.access import Caller
from gateway.console.callers import TheCaller, TheOffice
from gateway.console.lists import Asked, Part, listed_by_id
from gateway.console.shapes import page_of, shape
from storage.administration import never_log, users
from storage.administration.never_log import EntryRecord, Tested
from storage.plan import Plan

router = APIRouter(prefix="/never-log", tags=["never-log list"])
Entry = shape(EntryRecord)
Id = Annotated[str, Path(max_length=64)]


class NewEntry(BaseModel):
    """What is to be kept out: mail with an address, or with a domain, and whose copies that is about."""

    pattern: Annotated[
        str, Field(max_length=320, description="name@domain, *@domain or *@*.domain; a domain is *@domain.")
    ]
    effect: Literal["participant", "message"] = "participant"
    user: Annotated[str | None, Field(description="Id or address of whose copies it covers; null: all users'.")] = None


@router.get("", response_model=page_of(EntryRecord))
async def list_entries(at: TheOffice, caller: TheCaller, asked: Asked) -> Part[EntryRecord]:
    """Entries in the order in which they were added: those for all users and the caller's own; admins see all."""
    caller.must("read")
    def plan(after: str, limit: int) -> Plan[Sequence[EntryRecord]]:
        return never_log.every(caller.account_id, after, limit, _seen_by(caller))

    return await listed_by_id(at, caller, asked, "never-log", plan)


@router.post("", response_model=Entry, status_code=201)
async def add_entry(at: TheOffice, caller: TheCaller, new: NewEntry) -> EntryRecord:
    """Adds an entry; it holds from the next message."""
    caller.must("write")
    act = at.act(caller)

    def plan() -> Plan[EntryRecord]:
        user_id = (yield from users.find(act, caller.account_id, new.user)) if new.user else None
        caller.must_own(user_id)
        return (yield from never_log.add(act, caller.account_id, new.pattern, new.effect, user_id or ""))

    return await at.store.change(plan())


@router.get("/{entry_id}", response_model=Entry)
async def show_entry(at: TheOffice, caller: TheCaller, entry_id: Id) -> EntryRecord:
    """One entry."""
    caller.must("read")
    return await at.store.read(never_log.by_id(caller.account_id, entry_id, _seen_by(caller)))


@router.delete("/{entry_id}", status_code=204)
async def remove_entry(at: TheOffice, caller: TheCaller, entry_id: Id) -> None:
    """Takes an entry from the list. Mail that it kept out isn't logged afterwards: nothing of it was kept."""
    caller.must("write")
    act = at.act(caller)

    def plan() -> Plan[EntryRecord]:
        entry = yield from never_log.by_id(caller.account_id, entry_id, _seen_by(caller))
        caller.must_own(caller.user_id if entry.user else None)
        return (yield from never_log.remove(act, caller.account_id, entry_id))

    await at.store.change(plan())


@router.post("/{entry_id}/promote", response_model=Entry)
async def promote_entry(at: TheOffice, caller: TheCaller, entry_id: Id) -> EntryRecord:
    """Makes one user's entry hold for all users."""
    caller.must("admin")
    act = at.act(caller)

    def plan() -> Plan[EntryRecord]:
        entry = yield from never_log.by_id(caller.account_id, entry_id)
        return (yield from never_log.promote(act, caller.account_id, entry.id))

    return await at.store.change(plan())


class Test(BaseModel):
    """An address that is looked for on the list."""

    address: Annotated[str, Field(max_length=320)]


@router.post("/test", response_model=shape(Tested))
async def test_address(at: TheOffice, caller: TheCaller, test: Test) -> Tested:
    """Which entries an address would hit, in any spelling that mail might use."""
    caller.must("read")
    tested = await at.store.read(never_log.test(at.act(caller), caller.account_id, test.address))
    return replace(tested, entries=[entry for entry in tested.entries if _sees(caller, entry)])


def _seen_by(caller: Caller) -> str | None:
    return None if caller.admin else caller.user_id or ""


def _sees(caller: Caller, entry: EntryRecord) -> bool:
    return caller.admin or entry.user in (None, caller.address)
