"""A message is in memory while it is worked on, and no longer."""

from __future__ import annotations

import asyncio
import os
import weakref
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from gateway.process_memory import give_back_large_blocks
from storage.interface import Store
from storage.migrate import migrate
from storage.plan import ask
from storage.sqlite.connection import Connection, connect, run


@pytest.mark.parametrize("way", ["change", "read"])
async def test_nothing_of_what_is_done_stays_with_the_store_until_there_is_more_to_do(store: Store, way: str) -> None:
    plan = ask("SELECT 1 AS one")
    kept = weakref.ref(plan)
    await getattr(store, way)(plan)
    assert kept() is not None
    del plan
    for _ in range(10):  # who read beside it goes first
        await asyncio.sleep(0)
    assert kept() is None


@pytest.fixture
async def connection(tmp_path: Path) -> AsyncIterator[Connection]:
    migrate(tmp_path / "gateway.db", 0)
    made = await connect(tmp_path / "gateway.db", 5)
    yield made
    await made.close()


async def test_nothing_of_a_stored_message_stays_with_its_statement(connection: Connection) -> None:
    give_back_large_blocks()
    await connection.work(run, ask("CREATE TABLE large (size INTEGER, content BLOB) STRICT"))
    store = "INSERT INTO large VALUES ($1, $2)"
    await connection.work(run, ask(store, 1, b"x"))
    before = resident()
    await connection.work(run, ask(store, 50_000_000, bytes(50_000_000)))
    after = resident()
    rows = await connection.work(run, ask("SELECT size, length(content) FROM large ORDER BY size"))
    assert [tuple(row) for row in rows] == [(1, 1), (50_000_000, 50_000_000)]
    assert after - before < 30  # 16 of them are pages


def resident() -> float:
    """MB of memory that this process takes."""
    pages = Path("/proc/self/statm").read_text(encoding="ascii").split()[1]
    return int(pages) * os.sysconf("SC_PAGESIZE") / 1e6
