"""Users and their addresses."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal

from fastapi import APIRouter
from pydantic import BaseModel, Field

from gateway.console.access import ADMINS, Caller
from gateway.console.api.typing import Address, Id, Name
from gateway.console.callers import TheCaller, TheOffice
from gateway.console.shapes import Shape, list_of, shape
from storage.administration import passwords, sessions, users
from storage.administration.act import Act
from storage.administration.users import UserRecord
from storage.errors import Refused
from storage.plan import Plan, then

router = APIRouter(prefix="/users", tags=["users"])
User = shape(UserRecord)
Permission = Literal["super_admin", "account_access", "personal_email_access", "view_only"]


class NewUser(BaseModel):
    """A colleague."""

    name: Name
    address: Address
    permissions: Annotated[Sequence[Permission], Field(min_length=1)] = ("personal_email_access",)


class UserChange(BaseModel):
    """What is given is changed."""

    name: Name | None = None
    permissions: Annotated[Sequence[Permission], Field(min_length=1)] | None = None
    active: bool | None = None


class NewAddress(BaseModel):
    """Another address of a user: mail is sent from a connected one, and comes to an alias."""

    address: Address
    kind: Literal["connected", "alias"]


@router.get("", response_model=list_of(UserRecord))
async def list_users(at: TheOffice, caller: TheCaller) -> Sequence[UserRecord]:
    """All users, by name."""
    caller.must("read")
    return await at.store.read(users.every(caller.account_id))


@router.post("", response_model=User, status_code=201)
async def add_user(at: TheOffice, caller: TheCaller, new: NewUser) -> UserRecord:
    """Adds a user. An address that a contact had becomes the user's; the contact keeps its activities."""
    caller.must("admin")
    act = at.act(caller)

    def plan() -> Plan[UserRecord]:
        added = yield from users.add(act, caller.account_id, new.name, new.address, new.permissions)
        return (yield from users.show(act, caller.account_id, added.id))

    return await at.store.change(plan())


@router.get("/{user}", response_model=User)
async def show_user(at: TheOffice, caller: TheCaller, user: Id) -> UserRecord:
    """One user."""
    caller.must("read")
    return await at.store.read(users.show(at.act(caller), caller.account_id, user))


@router.patch("/{user}", response_model=User)
async def change_user(at: TheOffice, caller: TheCaller, user: Id, change: UserChange) -> UserRecord:
    """Changes name, permissions or whether the user is active. Who isn't active is signed out and logs nothing."""
    caller.must("admin")
    return await at.store.change(_changed(at.act(caller), caller, user, change))


def _changed(act: Act, caller: Caller, user: str, change: UserChange) -> Plan[UserRecord]:
    account_id = caller.account_id
    before = yield from users.show(act, account_id, user)
    stays = change.permissions is None or not ADMINS.isdisjoint(change.permissions)
    if before.id == caller.user_id and (change.active is False or not stays):
        raise Refused("You can't take your own rights away; another admin can.")
    if change.name is not None and change.name != before.name:
        yield from users.rename(act, account_id, before.id, change.name)
    if change.permissions is not None and set(change.permissions) != set(before.permissions):
        yield from users.set_permissions(act, account_id, before.id, change.permissions)
    if change.active is not None and change.active != before.active:
        yield from users.set_active(act, account_id, before.id, active=change.active)
    return (yield from users.show(act, account_id, before.id))


@router.post("/{user}/addresses", response_model=User, status_code=201)
async def add_address(at: TheOffice, caller: TheCaller, user: Id, new: NewAddress) -> UserRecord:
    """Gives a user another address."""
    caller.must("admin")
    act = at.act(caller)
    change = users.add_address(act, caller.account_id, user, new.address, new.kind)
    return await at.store.change(then(change, users.show(act, caller.account_id, user)))


@router.delete("/{user}/addresses/{address}", status_code=204)
async def remove_address(at: TheOffice, caller: TheCaller, user: Id, address: Id) -> None:
    """Mail with this address is the user's no longer; what was logged stays."""
    caller.must("admin")
    await at.store.change(users.remove_address(at.act(caller), caller.account_id, user, address))


class SetupLink(Shape):
    """A link by which a user chooses a password, once, within a day. It is shown this once."""

    url: str


@router.post("/{user}/setup-link", response_model=SetupLink, status_code=201)
async def make_setup_link(at: TheOffice, caller: TheCaller, user: Id) -> SetupLink:
    """Makes a link for a user who has no password or has forgotten it; an earlier link is void."""
    caller.must("admin")
    secret = at.secret()
    await at.store.change(sessions.make_link(at.act(caller), caller.account_id, user, secret))
    return SetupLink(url=at.setup_link(secret))


@router.delete("/{user}/password", status_code=204)
async def remove_password(at: TheOffice, caller: TheCaller, user: Id) -> None:
    """The user can't sign in any more, neither here nor by SMTP."""
    caller.must("admin")
    await at.store.change(passwords.take_from_user(at.act(caller), caller.account_id, user))
