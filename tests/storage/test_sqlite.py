"""What only a file can show: what is in its folder, who else has it open, and the settings that it is opened with."""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from fakes.deliveries import ANA, BCC, BOB, KEYED, RELAY, Delivery, cases, keeper, mail
from fakes.scan import found
from fakes.seen import seen
from fakes.world import load_world, seed

from gateway.core.decide import decide
from storage.errors import StoreInUse
from storage.interface import Store
from storage.migrate import migrate
from storage.open import open_store
from storage.plan import ask
from storage.sqlite.connection import Connection, connect
from storage.sqlite.store import SqliteStore
from storage.work import MAX_BATCH

US = load_world().with_settings(rule="log_all")
TEXT = "vermilion lighthouse"
OWN = Delivery(mail(ANA, BOB, text=TEXT), [BCC], ANA, trace_id="own")
LAWYER = "x@lawyer.example"
SHOWN = Delivery(OWN.raw.replace(b"Subject:", f"Bcc: {LAWYER}\r\nSubject:".encode()), [RELAY], ANA, trace_id="shown")


async def opened(folder: Path) -> SqliteStore:
    numbers = count(1)
    migrate(folder / "gateway.db", 0)
    store = await open_store(folder / "gateway.db", bytes(range(32)), lambda: f"{folder.name}{next(numbers):08}")
    assert isinstance(store, SqliteStore)
    return store


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[SqliteStore]:
    store = await opened(tmp_path)
    await store.change(seed(US, KEYED))
    yield store
    await store.close()


async def settle(store: Store, delivery: Delivery) -> None:
    await store.settle(cases(US, delivery), decide, keeper(delivery, US))


def another(number: int) -> Delivery:
    return Delivery(mail(ANA, BOB, message_id=f"m{number}"), [BCC], ANA, trace_id=f"t{number}")


async def test_what_was_settled_is_on_disk_when_settle_returns(database: SqliteStore, tmp_path: Path) -> None:
    await settle(database, OWN)
    copy = tmp_path / "copy"
    copy.mkdir()
    for file in tmp_path.glob("gateway.db*"):
        shutil.copy(file, copy)  # the store is still open: nothing but settling has put it there
    again = await opened(copy)
    try:
        assert len(await again.read(seen("us"))) == 1
    finally:
        await again.close()


async def test_who_reads_meanwhile_is_not_waited_for_and_it_is_erased_behind_him(
    database: SqliteStore, tmp_path: Path
) -> None:
    await settle(database, OWN)
    with closing(sqlite3.connect(tmp_path / "gateway.db")) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT * FROM activity").fetchall()
        await settle(database, SHOWN)
        assert TEXT in found(tmp_path, TEXT)
    await settle(database, another(1))
    assert found(tmp_path, TEXT) == set()


async def test_what_is_withdrawn_is_found_without_reading_every_message(database: SqliteStore, tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "gateway.db")) as db:
        for table in ("message", "thread_ref"):
            [(*_, plan)] = db.execute(f"EXPLAIN QUERY PLAN DELETE FROM {table} WHERE activity_id = ?", ("",))  # noqa: S608 — of this list
            assert f"{table}_activity" in plan


async def test_reads_that_wait_together_are_answered_in_one_go(
    database: SqliteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    work, hops = database._reader.work, []

    async def counted(do: Any, *args: Any) -> Any:
        hops.append(do)
        return await work(do, *args)

    monkeypatch.setattr(database._reader, "work", counted)
    answers = await asyncio.gather(*(database.read(ask(f"SELECT {n}")) for n in range(3 * MAX_BATCH)))
    assert answers == [[(n,)] for n in range(3 * MAX_BATCH)]
    assert len(hops) == 3


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
    first = await open_store(path, bytes(range(32)), lambda: str(next(numbers)), serving=True)
    try:
        with pytest.raises(StoreInUse):
            await open_store(path, bytes(range(32)), lambda: str(next(numbers)), serving=True)
    finally:
        await first.close()
    again = await open_store(path, bytes(range(32)), lambda: str(next(numbers)), serving=True)
    await again.close()
