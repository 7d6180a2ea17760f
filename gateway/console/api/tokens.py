"""Tokens of programs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

from fastapi import APIRouter
from pydantic import BaseModel, Field

from gateway.console.api.typing import Id, Name
from gateway.console.callers import TheCaller, TheOffice
from gateway.console.shapes import list_of, shape
from storage.administration import tokens
from storage.administration.tokens import TokenRecord

router = APIRouter(prefix="/tokens", tags=["tokens"])
PREFIX = "bccgw_"
"""So that a token is known as one where it turns up."""


class NewToken(BaseModel):
    """What a program may do: read all but what messages say, read that too, change contacts, or do as admins do."""

    name: Name
    scopes: Annotated[Sequence[Literal["read", "content", "write", "admin"]], Field(min_length=1)]


@dataclass(frozen=True, slots=True)
class MadeToken:
    """A new token. `secret` is shown this once."""

    token: TokenRecord
    secret: str


@router.get("", response_model=list_of(TokenRecord))
async def list_tokens(at: TheOffice, caller: TheCaller) -> Sequence[TokenRecord]:
    """All tokens of the account, by name."""
    caller.must("admin")
    return await at.store.read(tokens.every(caller.account_id))


@router.post("", response_model=shape(MadeToken), status_code=201)
async def create_token(at: TheOffice, caller: TheCaller, new: NewToken) -> MadeToken:
    """Makes a token."""
    caller.must("admin")
    secret = PREFIX + at.secret()
    made = await at.store.change(tokens.create(at.act(caller), caller.account_id, new.name, new.scopes, secret))
    return MadeToken(made, secret)


@router.delete("/{token}", status_code=204)
async def revoke_token(at: TheOffice, caller: TheCaller, token: Id) -> None:
    """Void from now on."""
    caller.must("admin")
    await at.store.change(tokens.revoke(at.act(caller), caller.account_id, token))
