"""What the promise rests on in the database itself, whatever the code above it does."""

from __future__ import annotations

import pytest
from fakes.deliveries import ANA, BCC, BOB, KEYED, Delivery, cases, keeper, mail
from fakes.stores import Columns
from fakes.world import load_world, seed

from gateway.core.decide import decide
from storage.errors import StoreError
from storage.interface import Store
from storage.plan import Plan, ask, insert

US = load_world()
COPY = Delivery(mail(ANA, BOB), [BCC], ANA)


@pytest.fixture
async def world(store: Store) -> Store:
    await store.change(seed(US, KEYED))
    return store


async def test_the_database_takes_no_second_decision_about_a_delivery(world: Store, columns: Columns) -> None:
    """Two processes that had both found no first one would otherwise log it twice."""
    await world.settle(cases(US, COPY), decide, keeper(COPY, US))
    names = await columns("decision")
    copied = ", ".join("'other'" if name == "id" else name for name in names)
    with pytest.raises(StoreError):
        await world.change(ask(f"INSERT INTO decision ({', '.join(names)}) SELECT {copied} FROM decision"))  # noqa: S608 - its own columns
    assert await world.read(ask("SELECT count(*) FROM decision")) == [(1,)]


async def test_work_that_fails_half_way_leaves_no_half(world: Store) -> None:
    def half() -> Plan[None]:
        yield from insert("own_domain", account_id="us", domain="half.example")
        raise RuntimeError

    with pytest.raises(RuntimeError):
        await world.change(half())
    await world.settle(cases(US, COPY), decide, keeper(COPY, US))
    assert await world.read(ask("SELECT 1 FROM own_domain WHERE domain = 'half.example'")) == []
