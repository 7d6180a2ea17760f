"""Several gateways on one database settle as one would."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from dataclasses import replace
from itertools import count

import pytest
from fakes.deliveries import ANA, BCC, BOB, KEYED, RELAY, Delivery, cases, keeper, mail
from fakes.postgres import MISSING, PostgresServer
from fakes.scan import breaches_of
from fakes.seen import seen
from fakes.world import EntryRow, load_world, seed, seed_entry

from gateway.core.decide import decide
from storage.errors import StoreUnavailable
from storage.open import migrate, open_store
from storage.plan import ask
from storage.postgres import store as postgres_store
from storage.postgres.store import PostgresStore

pytestmark = pytest.mark.skipif(bool(MISSING), reason=MISSING)
US = load_world().with_settings(rule="log_all_and_create")
NODES = 3


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    with PostgresServer() as made:
        yield made


@pytest.fixture
async def nodes(server: PostgresServer) -> AsyncIterator[list[PostgresStore]]:
    place, numbers = server.place(server.create()), count(1)
    await migrate(place, 0)
    made = []
    for _ in range(NODES):
        store = await open_store(place, bytes(range(32)), lambda: f"{next(numbers):08}", busy_timeout=30)
        assert isinstance(store, PostgresStore)
        made.append(store)
    await made[0].change(seed(US, KEYED))
    yield made
    await asyncio.gather(*(store.close() for store in made))


async def settle(store: PostgresStore, delivery: Delivery) -> str:
    [decision] = await store.settle(cases(US, delivery), decide, keeper(delivery, US))
    return decision.reason


def message(number: int) -> Delivery:
    """To a contact, or to somebody whom nobody knows yet."""
    raw = mail(ANA, f"new{number}@lead.example" if number % 2 else BOB, message_id=f"m{number}")
    return Delivery(raw, [BCC], ANA, trace_id=f"t{number}")


async def copies_everywhere(nodes: list[PostgresStore], numbers: range) -> None:
    """Three copies of each message at once, each by another gateway: asked for, relayed, and asked for again."""
    work = []
    for number in numbers:
        copy = message(number)
        repeat = replace(copy, trace_id=f"again{number}")
        for node, delivery in zip(nodes, (copy, replace(copy, to=[RELAY], trace_id=f"r{number}"), repeat), strict=True):
            work.append(settle(node, delivery))
    for result in await asyncio.gather(*work, return_exceptions=True):
        if isinstance(result, BaseException):
            raise result


async def test_copies_that_meet_in_several_gateways_end_as_one_activity(nodes: list[PostgresStore]) -> None:
    await copies_everywhere(nodes, range(12))
    activities = await nodes[0].read(seen("us"))
    assert [a.copies for a in activities] == [("bcc", "relay")] * 12
    assert await nodes[0].read(ask("SELECT count(*) FROM decision")) == [(24,)]
    assert await nodes[0].read(ask("SELECT count(*) FROM repeat")) == [(12,)]
    assert await nodes[0].read(breaches_of("postgres")) == []


async def test_without_the_locks_they_would_not(nodes: list[PostgresStore], monkeypatch: pytest.MonkeyPatch) -> None:
    """A control: what one gateway writes the other hasn't read. Of those to a contact no key stops the second one."""
    numbers = count(1)
    monkeypatch.setattr(postgres_store, "lock_number", lambda _account: next(numbers))
    with suppress(StoreUnavailable):  # other keys may
        await copies_everywhere(nodes, range(0, 24, 2))
    activities = await nodes[0].read(seen("us"))
    assert len(activities) > 12


async def test_what_an_administrator_changes_holds_for_every_gateway_from_the_next_message(
    nodes: list[PostgresStore],
) -> None:
    first, second, _ = nodes
    assert await settle(first, message(1)) == "explicit.bcc"
    await first.change(seed_entry("us", EntryRow("new3@lead.example"), KEYED))
    assert await settle(second, message(3)) == "never_log.address"


@pytest.mark.prove
async def test_restarts_under_load_lose_nothing_and_double_nothing(
    server: PostgresServer, nodes: list[PostgresStore]
) -> None:
    """PROOF_COUNT restarts; every message is sent by one of eight writers, again and again until it is acknowledged."""
    restarts = int(os.environ.get("PROOF_COUNT", "20"))
    acknowledged: set[int] = set()
    unanswered, numbers, going = 0, count(), True

    async def write(node: PostgresStore) -> None:
        nonlocal unanswered
        while going:
            number = next(numbers)
            while number not in acknowledged:
                try:
                    await settle(node, message(number))
                    acknowledged.add(number)
                except StoreUnavailable:
                    unanswered += 1
                    await asyncio.sleep(0.01)

    writers = [asyncio.create_task(write(nodes[n % NODES])) for n in range(8)]
    for _ in range(restarts):
        before = len(acknowledged)
        while len(acknowledged) < before + 50:
            await asyncio.sleep(0.01)
        await asyncio.to_thread(server.restart)
    going = False
    await asyncio.gather(*writers)
    rows = await nodes[0].read(ask("SELECT trace_id, deliveries FROM decision"))
    again = sum(deliveries - 1 for _, deliveries in rows)
    print(f"\n{restarts} restarts, {len(acknowledged)} acknowledged,", end=" ")
    print(f"{unanswered} unanswered, {again} of them committed")
    assert sorted(trace_id for trace_id, _ in rows) == sorted(f"t{n}" for n in acknowledged)
    assert await nodes[0].read(breaches_of("postgres")) == []
