"""What the promise rests on in the database itself, whatever the code above it does."""

from __future__ import annotations

from collections.abc import AsyncIterator
from itertools import count
from pathlib import Path

import pytest
from fakes.deliveries import ANA, BCC, BOB, KEYED, Delivery, cases, keeper, mail
from fakes.world import load_world, seed

from gateway.core.decide import decide
from storage.errors import StoreError, StoreInUse
from storage.interface import Store
from storage.migrate import migrate
from storage.open import open_store
from storage.plan import Plan, ask, insert
from storage.sqlite.connection import Connection, connect

US = load_world()
COPY = Delivery(mail(ANA, BOB), [BCC], ANA)


@pytest.fixture
async def world(store: Store) -> Store:
    await store.change(seed(US, KEYED))
    return store


async def test_the_database_takes_no_second_decision_about_a_delivery(world: Store) -> None:
    """Two processes that had both found no first one would otherwise log it twice."""
    await world.settle(cases(US, COPY), decide, keeper(COPY, US))
    columns = [row[1] for row in await world.read(ask("SELECT * FROM pragma_table_info('decision')"))]
    copied = ", ".join("'other'" if name == "id" else name for name in columns)
    with pytest.raises(StoreError):
        await world.change(ask(f"INSERT INTO decision SELECT {copied} FROM decision"))  # noqa: S608 - its own columns
    assert await world.read(ask("SELECT count(*) FROM decision")) == [(1,)]


async def test_work_that_fails_half_way_leaves_no_half(world: Store) -> None:
    def half() -> Plan[None]:
        yield from insert("own_domain", account_id="us", domain="half.example")
        raise RuntimeError

    with pytest.raises(RuntimeError):
        await world.change(half())
    await world.settle(cases(US, COPY), decide, keeper(COPY, US))
    assert await world.read(ask("SELECT 1 FROM own_domain WHERE domain = 'half.example'")) == []


@pytest.fixture
async def connection(tmp_path: Path) -> AsyncIterator[Connection]:
    """As the store's writer is opened."""
    migrate(tmp_path / "gateway.db", 0)
    opened = await connect(tmp_path / "gateway.db", 5)
    yield opened
    await opened.close()


async def test_every_setting_that_the_promise_rests_on_holds(connection: Connection) -> None:
    """A commit is on disk before it ends (FULL is 2), references hold, what is erased is overwritten."""
    names = {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "secure_delete": 1, "temp_store": 2}
    found = await connection.work(lambda db: {n: db.execute(f"PRAGMA {n}").fetchone()[0] for n in names})
    assert found == names


async def test_one_process_serves_from_a_file(tmp_path: Path) -> None:
    path, numbers = tmp_path / "gateway.db", count()
    migrate(path, 0)
    first = await open_store(path, bytes(32), lambda: str(next(numbers)), serving=True)
    try:
        with pytest.raises(StoreInUse):
            await open_store(path, bytes(32), lambda: str(next(numbers)), serving=True)
    finally:
        await first.close()
    again = await open_store(path, bytes(32), lambda: str(next(numbers)), serving=True)
    await again.close()
