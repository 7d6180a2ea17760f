"""A failed sync is never retried and believed: the store takes nothing more, and says so."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable

import pytest

from gateway.core.keyed_hash import KeyedHash
from storage.errors import StoreFailed, StoreFull, StoreUnavailable
from storage.plan import ask
from storage.sqlite.connection import translated
from storage.sqlite.store import SqliteStore


class FailingDisk:
    """A connection whose first piece of work fails, and whose later ones would succeed."""

    def __init__(self) -> None:
        self.works = 0
        self.go_on = asyncio.Event()

    async def work(self, _do: Callable[..., object], *_args: object) -> None:
        self.works += 1
        await self.go_on.wait()
        if self.works == 1:
            raise StoreFailed

    async def close(self) -> None:
        pass


async def test_after_a_failed_sync_nothing_more_is_taken() -> None:
    disk = FailingDisk()
    store = SqliteStore(disk, disk, KeyedHash(b"k"), lambda: "id")  # type: ignore[arg-type]  # a fake of the connection
    first = asyncio.create_task(store.change(ask("SELECT 1")))
    while not disk.works:
        await asyncio.sleep(0)
    queued = asyncio.create_task(store.change(ask("SELECT 2")))
    await asyncio.sleep(0)
    disk.go_on.set()
    for task in (first, queued):
        with pytest.raises(StoreFailed):
            await task
    assert store.failed.is_set()
    with pytest.raises(StoreUnavailable):
        await store.change(ask("SELECT 3"))
    assert disk.works == 1
    await store.close()


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("SQLITE_IOERR_FSYNC", StoreFailed),
        ("SQLITE_IOERR_READ", StoreFailed),
        ("SQLITE_IOERR_WRITE", StoreUnavailable),
        ("SQLITE_IOERR_SHMSIZE", StoreFull),
        ("SQLITE_FULL", StoreFull),
    ],
)
def test_what_sqlite_says_of_the_disk_is_told_apart(name: str, kind: type[Exception]) -> None:
    error = sqlite3.OperationalError("a row that nobody may see")
    error.sqlite_errorname = name
    assert type(translated(error)) is kind
    assert "row" not in str(translated(error))
