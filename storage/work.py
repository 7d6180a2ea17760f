"""Pieces of work that wait for a database, and how their callers hear of them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from storage.batch import Transaction
from storage.plan import Plan

MAX_BATCH = 200
"""Pieces of work in one commit, or on one snapshot."""
_AT_ONCE = 32
"""Readers who go on in the same turn of the event loop."""


@dataclass(slots=True)
class Work:
    """A plan waiting for its connection. The plan is made anew each time it is run."""

    plan: Callable[[], Plan[Any]]  # its result goes through `done` to the one who knows its type
    done: asyncio.Future[Any]
    transaction: Transaction | None = None
    """What it settles; None for what can't be made again."""
    result: Any = None
    error: Exception | None = None


def queued(plan: Callable[[], Plan[Any]], transaction: Transaction | None = None) -> Work:
    """New work; its caller awaits `done`."""
    return Work(plan, asyncio.get_running_loop().create_future(), transaction)


def wanted(batch: Sequence[Work]) -> list[Work]:
    """Those whose callers still wait: what nobody has begun is withdrawn with its caller."""
    return [work for work in batch if not work.done.done()]


def answer(batch: Sequence[Work]) -> None:
    """Tells the callers, but for those who stopped waiting: the rows stand, and a repeat meets them."""
    for work in wanted(batch):
        if work.error:
            work.done.set_exception(work.error)
        else:
            work.done.set_result(work.result)


async def answer_in_turns(batch: Sequence[Work]) -> None:
    """The same where many may go on at once: others have their turn in between."""
    for start in range(0, len(batch), _AT_ONCE):
        answer(batch[start : start + _AT_ONCE])
        await asyncio.sleep(0)
