"""Overview: what happened in the last weeks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Annotated, Literal, TypeAlias

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from gateway.console.callers import TheCaller, TheOffice
from gateway.console.shapes import shape
from storage import overview
from storage.overview import Overview as Record

router = APIRouter(prefix="/overview", tags=["overview"])
Overview = shape(Record)
Table: TypeAlias = Literal["users", "contacts", "decisions"]
COLUMNS: dict[str, tuple[str, ...]] = {
    "users": ("User", "Week", "Activities"),
    "contacts": ("Contact", "Address", "Week", "Activities"),
    "decisions": ("Outcome", "Reason", "Day", "Messages"),
}


class Weeks(BaseModel):
    """How far back."""

    weeks: Annotated[int, Field(ge=1, le=52)] = 8


@router.get("", response_model=Overview)
async def show_overview(at: TheOffice, caller: TheCaller, asked: Annotated[Weeks, Query()]) -> Record:
    """Activities by user, contact and week, decisions by outcome, reason and day; for admins what needs a look."""
    caller.must("read")
    seen = await at.store.read(overview.show(caller.account_id, at.now(), asked.weeks))
    return seen if caller.admin else replace(seen, sources=(), exposed=(), held=0)


def rows(seen: Record, table: str) -> Iterator[Sequence[str]]:
    """The lines of one of its tables: one for each week or day."""
    if table == "users":
        for user in seen.users:
            yield from ((user.name, day, count) for day, count in _dated(seen.until, user.counts, overview.WEEK))
    elif table == "contacts":
        for contact in seen.contacts:
            for day, count in _dated(seen.until, contact.counts, overview.WEEK):
                yield contact.name, contact.address, day, count
    else:
        for one in seen.decisions:
            for day, count in _dated(seen.until, one.counts, overview.DAY):
                yield one.outcome, one.reason, day, count


def _dated(until: int, counts: Sequence[int], step: int) -> Iterator[tuple[str, str]]:
    """The first day of each step, and what was counted in it."""
    first = until - len(counts) * step
    for number, count in enumerate(counts):
        yield datetime.fromtimestamp((first + number * step) / 1000, UTC).date().isoformat(), str(count)
