"""The account: its own domains and shared mailboxes, the logging rule and all other settings."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, Field

from gateway.console.api.typing import Address, Id
from gateway.console.callers import TheCaller, TheOffice
from gateway.console.shapes import shape
from storage.administration import accounts
from storage.administration.accounts import AccountRecord
from storage.plan import then

router = APIRouter(prefix="/account", tags=["account"])
Account = shape(AccountRecord)


class Value(BaseModel):
    """What a setting is to be, as it is written at the command line: lists separated by blanks."""

    value: Annotated[str, Field(max_length=2000)]


class Domain(BaseModel):
    """A domain whose addresses are internal."""

    domain: Annotated[str, Field(max_length=255)]


class Mailbox(BaseModel):
    """A shared mailbox or list of the account."""

    address: Address


@router.get("", response_model=Account)
async def show_account(at: TheOffice, caller: TheCaller) -> AccountRecord:
    """The caller's account with everything that was set up for it."""
    caller.must("read")
    return await at.store.read(accounts.show(caller.account_id))


@router.put("/settings/{setting}", response_model=Account)
async def change_setting(at: TheOffice, caller: TheCaller, setting: Id, value: Value) -> AccountRecord:
    """Changes one setting, from the next message on. `rule` is the logging rule."""
    caller.must("admin")
    change = accounts.change_setting(at.act(caller), caller.account_id, setting, value.value)
    return await at.store.change(then(change, accounts.show(caller.account_id)))


@router.post("/domains", response_model=Account, status_code=201)
async def add_domain(at: TheOffice, caller: TheCaller, new: Domain) -> AccountRecord:
    """Makes a domain the account's own. Contacts give its addresses up."""
    caller.must("admin")
    change = accounts.add_domain(at.act(caller), caller.account_id, new.domain)
    return await at.store.change(then(change, accounts.show(caller.account_id)))


@router.delete("/domains/{domain}", status_code=204)
async def remove_domain(at: TheOffice, caller: TheCaller, domain: Id) -> None:
    """Its addresses are outside ones from now on, but for those of users and shared mailboxes."""
    caller.must("admin")
    await at.store.change(accounts.remove_domain(at.act(caller), caller.account_id, domain))


@router.post("/mailboxes", response_model=Account, status_code=201)
async def add_mailbox(at: TheOffice, caller: TheCaller, new: Mailbox) -> AccountRecord:
    """A shared mailbox of the account, such as sales@: internal, and nobody's in particular."""
    caller.must("admin")
    change = accounts.add_mailbox(at.act(caller), caller.account_id, new.address)
    return await at.store.change(then(change, accounts.show(caller.account_id)))


@router.delete("/mailboxes/{address}", status_code=204)
async def remove_mailbox(at: TheOffice, caller: TheCaller, address: Id) -> None:
    """The address is an ordinary one again."""
    caller.must("admin")
    await at.store.change(accounts.remove_mailbox(at.act(caller), caller.account_id, address))
