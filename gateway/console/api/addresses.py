"""Capture addresses."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal

from fastapi import APIRouter
from pydantic import BaseModel, Field

from gateway.console.access import Caller
from gateway.console.api.typing import Id, RequestKey
from gateway.console.callers import TheCaller, TheOffice
from gateway.console.office import Office
from gateway.console.shapes import list_of, shape
from gateway.core.model import Channel
from storage.administration import addresses
from storage.administration.act import Act
from storage.administration.addresses import GRACE, AddressRecord
from storage.administration.once import once
from storage.errors import NotFound
from storage.plan import Plan

router = APIRouter(prefix="/capture-addresses", tags=["capture addresses"])
CaptureAddress = shape(AddressRecord)
HOUR = 60 * 60 * 1000


class NewAddress(BaseModel):
    """An address for a channel, and whose copies come to it, if only one's."""

    channel: Literal["bcc", "forward", "relay", "journal"]
    user: Annotated[str | None, Field(description="Id or address of a user; for bcc and forward only.")] = None


class Rotation(BaseModel):
    """How long the old address goes on working."""

    grace_hours: Annotated[int, Field(ge=0, le=365 * 24)] = GRACE // HOUR


@router.get("", response_model=list_of(AddressRecord))
async def list_addresses(at: TheOffice, caller: TheCaller) -> Sequence[AddressRecord]:
    """Those that the caller may use: their own, and the account's for Bcc and forwards; admins see all."""
    caller.must("read")
    every = await at.store.read(addresses.every(caller.account_id, at.sealing, at.setting.domain))
    return [record for record in every if _sees(caller, record)]


@router.post("", response_model=CaptureAddress, status_code=201)
async def create_address(
    at: TheOffice, caller: TheCaller, new: NewAddress, idempotency_key: RequestKey = ""
) -> AddressRecord:
    """Makes an address that nobody can guess. It is a secret: whoever knows it can send copies."""
    caller.must("admin")
    act = at.act(caller)

    def plan() -> Plan[AddressRecord]:
        make = addresses.create(act, caller.account_id, at.sealing, new.channel, new.user or "")
        made = yield from once(act, caller.account_id, idempotency_key, make)
        return (yield from _show(at, act, caller, made))

    return await at.store.change(plan())


@router.post("/{address}/rotate", response_model=CaptureAddress, status_code=201)
async def rotate_address(at: TheOffice, caller: TheCaller, address: Id, rotation: Rotation) -> AddressRecord:
    """A new address for an old one, which goes on working for a while."""
    act = at.act(caller)

    def plan() -> Plan[AddressRecord]:
        old = yield from _changeable(at, act, caller, address)
        grace = rotation.grace_hours * HOUR
        made = yield from addresses.rotate(act, caller.account_id, at.sealing, old.id, grace)
        return (yield from _show(at, act, caller, made))

    return await at.store.change(plan())


@router.delete("/{address}", status_code=204)
async def retire_address(at: TheOffice, caller: TheCaller, address: Id) -> None:
    """Refuses an address from now on. Mail servers that still send to it tell their users."""
    act = at.act(caller)

    def plan() -> Plan[None]:
        old = yield from _changeable(at, act, caller, address)
        yield from addresses.retire(act, caller.account_id, old.id)

    await at.store.change(plan())


def _sees(caller: Caller, record: AddressRecord) -> bool:
    if caller.admin or record.user == caller.address != "":
        return True
    return record.user is None and Channel(record.channel).explicit and caller.user_id is not None


def _show(at: Office, act: Act, caller: Caller, address: str) -> Plan[AddressRecord]:
    record = yield from addresses.show(act, caller.account_id, at.sealing, at.setting.domain, address)
    if not _sees(caller, record):
        raise NotFound("There is no such capture address.")
    return record


def _changeable(at: Office, act: Act, caller: Caller, address: str) -> Plan[AddressRecord]:
    """Their own a user may rotate and retire; all others are an admin's."""
    caller.must("write")
    record = yield from _show(at, act, caller, address)
    caller.must_own(caller.user_id if record.user == caller.address else None)
    return record
