"""Lists by pages: what is asked of one, and how it goes on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Generic, Protocol, TypeAlias, TypeVar

from fastapi import Query
from pydantic import BaseModel, Field

from gateway.console.access import Caller
from gateway.console.cursors import cursor, place
from gateway.console.office import Office
from storage.plan import Plan

T = TypeVar("T")
MOST = 200
Place: TypeAlias = list[str | int]
"""Behind what a list goes on; [] for its beginning."""


@dataclass(frozen=True, slots=True)
class Part(Generic[T]):
    """A part of a list. `next` is the cursor of the part behind it; None at the end."""

    items: Sequence[T]
    next: str | None


class Paging(BaseModel):
    """Which part of a list."""

    cursor: Annotated[str, Field(max_length=512, description="Where it goes on: `next` of the part before.")] = ""
    limit: Annotated[int, Field(ge=1, description=f"Of items; more than {MOST} are {MOST}.")] = 50


Asked = Annotated[Paging, Query()]


async def listed(
    at: Office,
    caller: Caller,
    asked: Paging,
    name: str,
    plan: Callable[[Place, int], Plan[Sequence[T]]],
    place_of: Callable[[T], Sequence[str | int]],
) -> Part[T]:
    """A part of the list of this name. `plan`: what stands behind a place, and how many."""
    of = (caller.account_id, name, caller.user_id or "")
    limit = min(asked.limit, MOST)
    found = await at.store.read(plan(place(at.keyed, asked.cursor, *of) if asked.cursor else [], limit + 1))
    more = cursor(at.keyed, place_of(found[limit - 1]), *of) if len(found) > limit else None
    return Part(found[:limit], more)


class _Known(Protocol):
    """What a list by ids is made of."""

    @property
    def id(self) -> str: ...


K = TypeVar("K", bound=_Known)


async def listed_by_id(
    at: Office, caller: Caller, asked: Paging, name: str, plan: Callable[[str, int], Plan[Sequence[K]]]
) -> Part[K]:
    """The same of a list in the order of its ids, where "" is the place of its beginning."""

    def behind(place: Place, limit: int) -> Plan[Sequence[K]]:
        return plan(str(place[0]) if place else "", limit)

    return await listed(at, caller, asked, name, behind, lambda one: [one.id])
