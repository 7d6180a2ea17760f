"""Many who read at once share what it costs, and nothing else."""

from __future__ import annotations

import asyncio

from storage.errors import StoreError
from storage.interface import Store
from storage.plan import Plan, ask


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
