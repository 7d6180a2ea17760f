"""Erases what accounts keep for a time only, in small transactions with pauses between them, so that mail goes on."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass

from gateway import operator_log
from storage import retention
from storage.administration.act import Act
from storage.interface import Store
from storage.plan import Plan
from storage.retention import KINDS, PAGE, Overdue

PAUSE = 0.02
"""Seconds between two transactions: those who deliver mail have their turn."""


@dataclass(frozen=True, slots=True)
class Due:
    """How much of a kind is overdue in an account."""

    account: str
    """Id."""
    kind: str
    count: int
    oldest_at: int


async def due(store: Store, now: int, account_id: str = "") -> Sequence[Due]:
    """What `purge` would erase at this moment; of all accounts, or one."""
    found: dict[tuple[str, str], Due] = {}
    for kind in KINDS:
        async for page in _pages(store, kind, now, account_id):
            for one in page:
                key = one.account_id, kind
                known = found.get(key) or Due(*key, 0, one.at)
                found[key] = Due(*key, known.count + 1, min(known.oldest_at, one.at))
    return [found[key] for key in sorted(found)]


async def purge(store: Store, act: Act, account_id: str = "") -> Mapping[str, Counter[str]]:
    """Erases what is overdue at the act's moment; how many of each kind, by account.

    Each page is a transaction with its own share in the audit: whatever ends this, the next run goes on from there.
    """
    done: dict[str, Counter[str]] = {}
    runs: dict[str, str] = {}
    for kind in KINDS:
        async for page in _pages(store, kind, act.at, account_id):
            for account in sorted({one.account_id for one in page}):
                run, counts = runs.setdefault(account, act.new_id()), done.get(account, Counter())
                some = [one for one in page if one.account_id == account]
                if told := await store.change(_erased(kind, act, account, run, counts, some), erases=True):
                    done[account] = told
    total = sum(done.values(), Counter())
    if total:
        operator_log.purged(*(total[kind] for kind in KINDS))
    return done


def _erased(
    kind: str, act: Act, account: str, run: str, before: Counter[str], some: Sequence[Overdue]
) -> Plan[Counter[str]]:
    """How many of each kind this run has erased by now."""
    counts = before + Counter({kind: (yield from retention.purge(kind, act, account, some))})
    if counts != before:
        yield from retention.tell(act, account, run, counts)
    return counts


async def _pages(store: Store, kind: str, now: int, account_id: str) -> AsyncIterator[Sequence[Overdue]]:
    """What is overdue, as much at a time as one transaction erases."""
    before = await store.read(retention.limits(kind, now, account_id))
    behind: str | None = "" if before else None
    while behind is not None:
        step = await store.read(retention.step(kind, before, behind))
        for start in range(0, len(step.overdue), PAGE):
            yield step.overdue[start : start + PAGE]
            await asyncio.sleep(PAUSE)
        behind = step.behind
