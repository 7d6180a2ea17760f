"""Callers who stop waiting, at any moment and many at once: what they asked for is done whole or not at all."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Sequence
from contextlib import nullcontext
from pathlib import Path

import pytest
from fakes.deliveries import ANA, BCC, KEYED, RELAY, Delivery, cases, keeper, mail
from fakes.scan import breaches as breaches_of_file
from fakes.stores import Breaches, Look
from fakes.world import load_world, seed

from gateway.core.decide import decide
from storage.interface import Store
from storage.migrate import migrate
from storage.open import open_store
from storage.sqlite.store import SqliteStore
from tests.proofs import broken, parameters

US = load_world()
DELIVERIES = 60
CANCELLED = 0.3
"""Share of the callers."""
LATEST = 0.005
"""Seconds from one who stops to the next."""


@pytest.fixture
async def world(store: Store) -> Store:
    await store.change(seed(US, KEYED))
    return store


def deliveries(name: str) -> list[Delivery]:
    """Two ways for each message, and threads of two messages: they have rows in common."""
    raw = [
        mail(ANA, f"c{n % 7}@client.example", f"{name} {n}", f"In-Reply-To: <{name}-{n // 2}@mail.example>",
             message_id=f"{name}-{n}")
        for n in range(DELIVERIES // 2)
    ]  # fmt: skip
    return [Delivery(raw[n // 2], [(RELAY, BCC)[n % 2]], ANA, trace_id=f"{name}-{n}") for n in range(DELIVERIES)]


async def storm(store: Store, sent: Sequence[Delivery], chance: random.Random) -> set[str]:
    """All at once, but some callers stop waiting, one after the other; the trace ids that were answered."""
    callers = [asyncio.create_task(_settle(store, delivery)) for delivery in sent]
    for caller in chance.sample(callers, int(len(callers) * CANCELLED)):
        await asyncio.sleep(chance.uniform(0, LATEST))
        caller.cancel()
    results = await asyncio.gather(*callers, return_exceptions=True)
    return {sent[n].trace_id for n, result in enumerate(results) if not isinstance(result, BaseException)}


async def _settle(store: Store, delivery: Delivery) -> None:
    await store.settle(cases(US, delivery), decide, keeper(delivery, US))


async def decided_once(store: Store, look: Look, name: str, chance: random.Random) -> int:
    """Who was answered has one decision, who was not one at most; after a repeat everybody has one. How many were."""
    sent = deliveries(name)
    answered = await storm(store, sent, chance)
    ours = f"{name}-%"
    decided = [trace_id for (trace_id,) in await look("SELECT trace_id FROM decision WHERE trace_id LIKE $1", ours)]
    assert len(decided) == len(set(decided))
    assert answered <= set(decided)
    for delivery in sent:
        await _settle(store, delivery)
    decided = [trace_id for (trace_id,) in await look("SELECT trace_id FROM decision WHERE trace_id LIKE $1", ours)]
    assert sorted(decided) == sorted(delivery.trace_id for delivery in sent)
    subjects = [subject for (subject,) in await look("SELECT subject FROM activity WHERE subject LIKE $1", f"{name} %")]
    assert len(subjects) == len(set(subjects)) == DELIVERIES // 2
    return len(answered)


async def test_in_a_storm_of_cancellations_everything_is_decided_once(
    world: Store, look: Look, breaches: Breaches
) -> None:
    await decided_once(world, look, "storm", random.Random(20260302))
    assert await breaches() == []


@pytest.mark.prove
async def test_in_many_storms_of_cancellations_everything_is_decided_once(
    world: Store, look: Look, breaches: Breaches
) -> None:
    chance, storms = random.Random(parameters.seed()), parameters.count(100)
    answered = [await decided_once(world, look, f"storm{n}", chance) for n in range(storms)]
    print(f"{storms} storms of {DELIVERIES}, {sum(answered)} answered, 0 lost, 0 doubled")
    assert await breaches() == []


@pytest.fixture
async def unlocked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Store]:
    """A store on which each caller executes its statements as they come."""
    monkeypatch.setattr(SqliteStore, "_do", broken.step_by_step(nullcontext))
    migrate(tmp_path / "gateway.db", 0)
    ids = (f"{n:026}" for n in range(1_000_000))
    opened = await open_store(tmp_path / "gateway.db", bytes(range(32)), lambda: next(ids))
    await opened.change(seed(US, KEYED))
    yield opened
    await opened.close()


async def test_a_store_that_mixes_its_callers_up_is_found_out(unlocked: Store, tmp_path: Path) -> None:
    chance = random.Random(20260302)
    for number in range(200):
        await storm(unlocked, deliveries(f"storm{number}"), chance)
        if breaches_of_file(tmp_path / "gateway.db"):
            return
    pytest.fail("nothing was found in 200 storms")
