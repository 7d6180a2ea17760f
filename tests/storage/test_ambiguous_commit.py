"""A COMMIT whose answer never comes: mail is put off, and its repeat ends as one decision, whatever became of it.

PROOF_SEED repeats a run of the long form, PROOF_COUNT makes it longer or shorter.
"""

from __future__ import annotations

import os
import random
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import suppress
from itertools import count
from typing import Any

import pytest
from fakes.commit_proxy import Astray, CommitProxy
from fakes.deliveries import ANA, BCC, BOB, KEYED, Delivery, cases, keeper, mail
from fakes.postgres import MISSING, PostgresServer
from fakes.scan import breaches_of
from fakes.world import load_world, seed

from gateway.core.decide import decide
from storage.errors import StoreUnavailable
from storage.open import migrate, open_store
from storage.plan import Plan, Statement, ask
from storage.postgres import store as postgres_store
from storage.postgres.connection import ERRORS, Connection
from storage.postgres.store import PostgresStore

pytestmark = pytest.mark.skipif(bool(MISSING), reason=MISSING)
US = load_world()
ENOUGH, HASTE = 20.0, 0.2
"""Seconds that the store waits for an answer; less where it comes late."""


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    with PostgresServer() as made:
        yield made


@pytest.fixture
async def proxy(server: PostgresServer) -> AsyncIterator[CommitProxy]:
    async with CommitProxy(server.folder) as made:
        yield made


@pytest.fixture
async def store(server: PostgresServer, proxy: CommitProxy) -> AsyncIterator[PostgresStore]:
    numbers = count(1)
    name = server.create()
    await migrate(server.place(name), 0)
    made = await open_store(proxy.place(name), bytes(range(32)), lambda: f"{next(numbers):08}", busy_timeout=0.2)
    assert isinstance(made, PostgresStore)
    await made.change(seed(US, KEYED))
    yield made
    await made.close()


def letter(number: int) -> Delivery:
    return Delivery(mail(ANA, BOB, message_id=f"m{number}"), [BCC], ANA, trace_id=f"t{number}")


async def settle(store: PostgresStore, delivery: Delivery) -> None:
    await store.settle(cases(US, delivery), decide, keeper(delivery, US))


async def told(store: PostgresStore, proxy: CommitProxy, how: Astray, delivery: Delivery) -> bool:
    """Delivers it once, and its COMMIT goes astray. Whether it was acknowledged."""
    proxy.next = how
    while proxy.next:  # on a slow machine time may be up before the COMMIT
        postgres_store.ANSWER = HASTE if how is Astray.LATE else ENOUGH
        try:
            await settle(store, delivery)
        except StoreUnavailable:
            continue
        finally:
            postgres_store.ANSWER = ENOUGH
        return True
    return False


async def until_acknowledged(store: PostgresStore, delivery: Delivery) -> None:
    while True:
        with suppress(StoreUnavailable):
            return await settle(store, delivery)


async def decisions(store: PostgresStore) -> Counter[str]:
    return Counter(trace_id for (trace_id,) in await store.read(ask("SELECT trace_id FROM decision")))


@pytest.fixture(autouse=True)
def _as_before(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgres_store, "ANSWER", ENOUGH)


async def deliver(store: PostgresStore, proxy: CommitProxy, hows: Sequence[Astray]) -> int:
    """One message for each, repeated until it is acknowledged. How many were acknowledged too early."""
    early = 0
    for number, how in enumerate(hows):
        early += await told(store, proxy, how, letter(number))
        await until_acknowledged(store, letter(number))
    return early


@pytest.mark.parametrize("how", Astray)
async def test_mail_is_put_off_and_its_repeat_ends_as_one_decision(
    store: PostgresStore, proxy: CommitProxy, how: Astray
) -> None:
    assert await deliver(store, proxy, [how] * 4) == 0
    assert await decisions(store) == {f"t{n}": 1 for n in range(4)}
    deliveries = 1 if how is Astray.COMMIT else 2
    assert await store.read(ask("SELECT DISTINCT deliveries FROM decision")) == [(deliveries,)]
    assert await store.read(breaches_of("postgres")) == []


async def test_taking_a_lost_answer_for_success_would_lose_mail(
    store: PostgresStore, proxy: CommitProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A control."""
    commit = postgres_store._commit

    async def believing(connection: Connection, batch: Any, patience: float) -> None:
        with suppress(*ERRORS):
            await commit(connection, batch, patience)

    monkeypatch.setattr(postgres_store, "_commit", believing)
    assert await told(store, proxy, Astray.COMMIT, letter(1))
    assert await decisions(store) == {}


@pytest.mark.parametrize("key", [True, False])
async def test_the_unique_key_is_the_last_guard(
    store: PostgresStore, proxy: CommitProxy, monkeypatch: pytest.MonkeyPatch, *, key: bool
) -> None:
    """A control: who finds no first decision writes a second one, if nothing keeps him from it."""
    if not key:
        await store.change(ask("ALTER TABLE decision DROP CONSTRAINT decision_retry_hash_original_key"))
    assert not await told(store, proxy, Astray.ANSWER, letter(1))
    run = postgres_store.run

    async def blind(connection: Connection, plan: Plan[object]) -> object:
        return await run(connection, _finding_no_first(plan))

    monkeypatch.setattr(postgres_store, "run", blind)
    if key:
        with pytest.raises(StoreUnavailable, match="23505"):
            await settle(store, letter(1))
    else:
        await settle(store, letter(1))
    assert await decisions(store) == {"t1": 1 if key else 2}


def _finding_no_first(plan: Plan[object]) -> Plan[object]:
    rows: Any = None
    while True:
        try:
            statement: Statement = plan.send(rows)
        except StopIteration as end:
            return end.value
        first = statement.sql.startswith("SELECT") and "retry_hash" in statement.sql
        rows = () if first else (yield statement)


@pytest.mark.prove
async def test_a_thousand_of_each(store: PostgresStore, proxy: CommitProxy) -> None:
    chosen = int(os.environ.get("PROOF_SEED", random.SystemRandom().randrange(1 << 32)))
    each = int(os.environ.get("PROOF_COUNT", "1000"))
    hows = [how for how in Astray for _ in range(each)]
    random.Random(chosen).shuffle(hows)
    early = await deliver(store, proxy, hows)
    found = await decisions(store)
    print(f"\nPROOF_SEED={chosen}: {len(hows)} commits astray, {len(found)} decisions,", end=" ")
    print(f"{early} acknowledged too early, {len(hows) - len(found)} lost, {found.total() - len(found)} doubled")
    assert (early, found) == (0, {f"t{n}": 1 for n in range(len(hows))})
    assert await store.read(breaches_of("postgres")) == []
