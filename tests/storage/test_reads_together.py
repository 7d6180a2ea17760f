"""Many who read at once share what it costs, and nothing else."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from storage.errors import StoreError
from storage.interface import Store
from storage.plan import Plan, ask
from storage.sqlite.store import MAX_BATCH, SqliteStore


async def test_reads_that_wait_together_are_answered_in_one_go(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    assert isinstance(store, SqliteStore)
    work, hops = store._reader.work, []

    async def counted(do: Any, *args: Any) -> Any:
        hops.append(do)
        return await work(do, *args)

    monkeypatch.setattr(store._reader, "work", counted)
    found = await asyncio.gather(*(store.read(ask(f"SELECT {n}")) for n in range(3 * MAX_BATCH)))
    assert found == [[(n,)] for n in range(3 * MAX_BATCH)]
    assert len(hops) == 3


async def test_a_read_that_fails_harms_no_other(store: Store) -> None:
    async def asked(number: int) -> object:
        table = "nowhere" if number == 2 else "account"
        return await store.read(_broken() if number == 1 else ask(f"SELECT 1 FROM {table}"))  # noqa: S608 - ours

    found = await asyncio.gather(*map(asked, range(4)), return_exceptions=True)
    assert [type(one) for one in found] == [list, KeyError, type(found[2]), list]
    assert isinstance(found[2], StoreError)


def _broken() -> Plan[None]:
    yield from ask("SELECT 1")
    raise KeyError("ours")


async def test_who_waits_no_more_keeps_nobody_waiting(store: Store) -> None:
    gone, there = (asyncio.create_task(store.read(ask("SELECT 1"))) for _ in range(2))
    await asyncio.sleep(0)
    gone.cancel()
    assert await there == [(1,)]
    assert gone.cancelled()


async def test_a_read_sees_what_was_committed_before_it_was_asked(store: Store) -> None:
    for number in range(20):
        _, seen = await asyncio.gather(
            store.read(ask("SELECT count(*) FROM dns_trouble")),
            _written_and_read(store, number),
        )
        assert seen == [(number + 1,)]


async def _written_and_read(store: Store, number: int) -> object:
    await store.change(ask("INSERT INTO dns_trouble VALUES ($1, 0)", str(number)))
    return await store.read(ask("SELECT count(*) FROM dns_trouble"))
