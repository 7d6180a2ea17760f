"""Lists of a million rows: whether the last page comes as quickly as the first one."""

from __future__ import annotations

import asyncio
import random
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.report import table
from bench.scale import filling
from gateway.clock import new_id
from gateway.indexing import catch_up
from storage import activities, reads
from storage.activities import Filter, Place
from storage.interface import Store
from storage.migrate import migrate
from storage.open import open_store
from storage.plan import Plan

ROWS = 1_000_000
USERS, CONTACTS = 10, 10_000
PLACES = (0.0, 0.1, 0.5, 0.9, 0.9999)
"""Where in a list a page is asked for."""
PAGE, TIMES = 50, 40
_NUMBERS = "WITH RECURSIVE numbers (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM numbers WHERE n + 1 < :rows) "
_FILL = (
    "INSERT INTO account SELECT 'a', 'us', '{}', 0 FROM numbers WHERE n = 0",
    "INSERT INTO account_user (id, account_id, name, address, permissions, active, created_at)"
    " SELECT 'u' || n, 'a', 'User ' || n, 'u' || n || '@us.example', '', 1, 0 FROM numbers WHERE n < :users",
    "INSERT INTO contact (id, account_id, name, created_at, created_by)"
    " SELECT 'c' || n, 'a', 'Person ' || n, 0, 'import' FROM numbers WHERE n < :contacts",
    "INSERT INTO activity (id, account_id, direction, explicit, user_id, attribution, candidates, subject,"
    " sent_at, arrived_at, text, reference, size, richness) SELECT printf('0a%09d', n), 'a', 'outgoing', 1,"
    " 'u' || (n % :users), 'attribution.sender', '[]', 'Offer ' || n, n * 1000, n * 1000, 'offer number' || (n % 1000),"
    " '', 4096, '' FROM numbers",
    "INSERT INTO activity_contact SELECT printf('0a%09d', n), 'c' || (n % :contacts), 0, n * 1000, 0"
    " FROM numbers",
    "INSERT INTO decision (id, trace_id, account_id, channel, at, outcome, reason, size_class, retry_hash,"
    " flags, stages) SELECT printf('0d%09d', n), printf('0d%09d', n), 'a', 'bcc', n * 1000, 'logged', 'explicit.bcc',"
    " 4096, printf('%032d', n), '[]', '[]' FROM numbers",
)


@dataclass(frozen=True, slots=True)
class List:
    """One of them: how many rows it has, and the page behind a share of them."""

    title: str
    rows: int
    page: Callable[[float], Plan[object]]


def lists(rows: int) -> Sequence[List]:
    def place(share: float, step: int = 1) -> Place:
        number = int(rows * (1 - share)) // step * step
        return number * 1000, f"0a{number:09}"

    def page(wanted: Filter, step: int = 1) -> Callable[[float], Plan[object]]:
        return lambda share: activities.page("a", wanted, place(share, step), PAGE)

    def decisions(share: float) -> Plan[object]:
        return reads.page("a", reads.Filter(), f"0d{int(rows * (1 - share)):09}", PAGE)

    return (
        List("all activities", rows, page(Filter())),
        List("a user's", rows // USERS, page(Filter(user_id="u3"))),
        List("a contact's", rows // CONTACTS, page(Filter(contact_id="c30"))),
        List("decisions", rows, decisions),
        List("a search that finds all", rows, page(Filter(words="offer"))),
        List("a search that finds a thousandth", rows // 1000, page(Filter(words="number77"))),
    )


def measured(folder: Path, smaller: int) -> str:
    """The table of all lists."""
    return asyncio.run(_measured(folder / "lists.db", ROWS // smaller))


async def _measured(path: Path, rows: int) -> str:
    migrate(path, 0)
    started = time.monotonic()
    fill(path, rows)
    store = await open_store(path, bytes(32), new_id)
    try:
        await catch_up(store)
        print(f"  filled in {time.monotonic() - started:.0f} s, {path.stat().st_size / 1e6:.0f} MB", flush=True)
        return await _table(store, rows)
    finally:
        await store.close()


async def _table(store: Store, rows: int) -> str:
    every = [(one, share) for one in lists(rows) for share in PLACES]
    taken: dict[tuple[str, float], list[float]] = {(one.title, share): [] for one, share in every}
    for _ in range(TIMES):
        for one, share in random.sample(every, len(every)):
            started = time.perf_counter()
            await store.read(one.page(share))
            taken[one.title, share].append(1000 * (time.perf_counter() - started))
    head = ("list", "rows", *(f"behind {share:.2%}" for share in PLACES), "last to first")
    return table(head, [_row(one, [taken[one.title, share] for share in PLACES]) for one in lists(rows)])


def _row(one: List, taken: Sequence[Sequence[float]]) -> Sequence[str]:
    medians = [statistics.median(times) for times in taken]
    return one.title, f"{one.rows:,}", *(f"{ms:.2f} ms" for ms in medians), f"{medians[-1] / medians[0]:.2f}"


def fill(path: Path, rows: int) -> None:
    """The rows, straight into the database."""
    values = {"rows": rows, "users": USERS, "contacts": CONTACTS}
    with filling(path) as db:
        for statement in _FILL:
            db.execute(_NUMBERS + statement, values)
