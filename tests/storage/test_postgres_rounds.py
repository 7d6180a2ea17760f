"""Many transactions side by side on PostgreSQL: few trips to the server, and what fails harms itself only."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from fakes.deliveries import ANA, BCC, KEYED, Delivery, cases, keeper, mail
from fakes.postgres import Databases
from fakes.world import load_world, seed

from gateway.core.decide import decide
from gateway.core.decision import Decision
from gateway.core.facts import Facts
from gateway.core.questions import Case
from storage import reads
from storage.administration.act import Act
from storage.batch import Transaction, settle_all, together
from storage.interface import Decide, Recorder
from storage.open import open_store
from storage.plan import ask
from storage.postgres.connection import connect
from storage.postgres.rounds import run_rounds
from storage.postgres.store import PostgresStore

US = load_world()


class Counted:
    """A connection, and how often the server was spoken to."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection
        self.trips = 0

    async def fetch(self, *given: Any) -> Any:
        self.trips += 1
        return await self._connection.fetch(*given)

    async def executemany(self, *given: Any) -> Any:
        self.trips += 1
        return await self._connection.executemany(*given)


def delivery(number: int) -> Delivery:
    raw = mail(ANA, f"p{number}@lead{number}.example", f"S{number}", message_id=f"n{number}")
    return replace(Delivery(raw, [BCC], ANA), trace_id=f"t{number}")


@pytest.fixture
async def store(databases: Databases, tmp_path: Path, act: Act) -> AsyncIterator[PostgresStore]:
    opened = await open_store(await databases.of(tmp_path), bytes(range(32)), act.new_id)
    assert isinstance(opened, PostgresStore)
    await opened.change(seed(US, KEYED))
    yield opened
    await opened.close()


async def test_forty_messages_take_as_many_trips_as_two(
    store: PostgresStore, databases: Databases, tmp_path: Path, act: Act
) -> None:
    connection = await connect(await databases.of(tmp_path))
    trips = []
    for start, count in ((0, 2), (100, 40)):
        counted = Counted(connection)
        recorder = [Recorder(act.new_id, KEYED, keeper(delivery(n), US)) for n in range(start, start + count)]
        batch = [Transaction(cases(US, delivery(start + n)), decide, recorder[n]) for n in range(count)]
        async with connection.transaction():
            settled = await run_rounds(counted, settle_all(batch))  # type: ignore[arg-type]
        assert [one[0].reason for one in settled if isinstance(one, list)] == ["explicit.bcc"] * count
        trips.append(counted.trips)
    await connection.close()
    assert trips[0] == trips[1]
    assert len(await store.read(reads.latest(100, reads.Filter()))) == 42


async def settle(store: PostgresStore, numbers: Sequence[int], decide: Decide) -> list[object]:
    tasks = [store.settle(cases(US, delivery(n)), decide, keeper(delivery(n), US)) for n in numbers]
    return [*(await asyncio.gather(*tasks, return_exceptions=True))]


async def test_what_fails_when_it_is_decided_is_told_to_its_caller_alone(store: PostgresStore) -> None:
    def seventh_fails(case: Case, facts: Facts) -> Decision:
        if case.envelope.trace_id == "t7":
            raise RuntimeError
        return decide(case, facts)

    found = await settle(store, range(10), seventh_fails)
    assert [n for n, result in enumerate(found) if isinstance(result, Exception)] == [7]
    assert len(await store.read(reads.latest(100, reads.Filter()))) == 9


async def test_what_the_server_refuses_is_told_to_its_caller_alone(store: PostgresStore) -> None:
    def seventh_is_unfit(case: Case, facts: Facts) -> Decision:
        decided = decide(case, facts)
        return replace(decided, account_id="nobody") if case.envelope.trace_id == "t7" else decided

    found = await settle(store, range(10), seventh_is_unfit)
    assert [n for n, result in enumerate(found) if isinstance(result, Exception)] == [7]
    assert len(await store.read(reads.latest(100, reads.Filter()))) == 9


async def test_what_a_statement_gives_back_is_given_to_whoever_asked_it(
    store: PostgresStore, databases: Databases, tmp_path: Path
) -> None:
    domains = ["us.example", "nobody.example"]
    taken = [ask("DELETE FROM own_domain WHERE domain = $1 RETURNING domain", domain) for domain in domains]
    connection = await connect(await databases.of(tmp_path))
    try:
        assert await run_rounds(connection, together(taken)) == [[("us.example",)], []]
    finally:
        await connection.close()
