"""Sources: the mail servers that may send copies."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal

from fastapi import APIRouter
from pydantic import BaseModel, Field

from gateway.console.api.typing import Id, Name
from gateway.console.callers import TheCaller, TheOffice
from gateway.console.shapes import list_of, shape
from gateway.core.model import Source
from storage.administration import sources

router = APIRouter(prefix="/sources", tags=["sources"])
Words = Annotated[Sequence[Annotated[str, Field(max_length=255)]], Field(max_length=100)]


class NewSource(BaseModel):
    """A mail server, known by its network, its login and its certificate: by all of these that it has, at least one."""

    name: Name
    network: Annotated[str, Field(max_length=64, description="CIDR, or one IP address.")] = ""
    channels: Annotated[Sequence[Literal["relay", "journal"]], Field(min_length=1)]
    login: Annotated[str, Field(max_length=64)] = ""
    certificate: Annotated[str, Field(max_length=200, description="SHA-256, hexadecimal.")] = ""
    authserv_id: Annotated[str, Field(max_length=255)] = ""
    vouches: Annotated[bool, Field(description=sources.VOUCHING)] = False
    trusts: Annotated[Words, Field(description=sources.TRUSTING)] = ()
    alternate: bool = False
    hosts: Words = ()
    labels: Words = ()
    silence_hours: Annotated[int, Field(ge=0, le=sources.MOST_HOURS, description="0: never warned of.")] = 0


@router.get("", response_model=list_of(sources.Listed))
async def list_sources(at: TheOffice, caller: TheCaller) -> Sequence[sources.Listed]:
    """All sources of the account, by name, with when each last sent a copy."""
    caller.must("admin")
    return await at.store.read(sources.listed(caller.account_id))


@router.post("", response_model=shape(Source), status_code=201)
async def add_source(at: TheOffice, caller: TheCaller, new: NewSource) -> Source:
    """Lets a mail server send copies."""
    caller.must("admin")
    return await at.store.change(sources.add(at.act(caller), caller.account_id, **new.model_dump()))


@router.get("/{source}", response_model=shape(Source))
async def show_source(at: TheOffice, caller: TheCaller, source: Id) -> Source:
    """One source, by id or name."""
    caller.must("admin")
    return await at.store.read(sources.find(caller.account_id, source))


@router.delete("/{source}", status_code=204)
async def remove_source(at: TheOffice, caller: TheCaller, source: Id) -> None:
    """Refuses what that server sends from now on."""
    caller.must("admin")
    await at.store.change(sources.remove(at.act(caller), caller.account_id, source))
