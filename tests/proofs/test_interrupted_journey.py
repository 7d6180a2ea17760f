"""Whatever strikes a journey at any of its waits: the answer is 4xx, and what comes again is logged once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from fakes.deliveries import ANA, BCC, BOB, NOON, RELAY, Delivery, mail
from fakes.gateway import Gateway, gateway
from fakes.lookups import FakeLookups
from fakes.scan import breaches
from fakes.signing import Signer
from fakes.world import load_world

from gateway.core.model import Answer, Envelope, Outcome
from storage.errors import StoreUnavailable
from storage.plan import ask
from tests.proofs.interrupted import Interrupted

WORLD = load_world()
SIGNER = Signer("us.example")
ERRORS = (MemoryError, OSError, TimeoutError, asyncio.CancelledError)
MOST = 100
"""Waits of a journey."""


def small(ident: str) -> Delivery:
    return Delivery(mail(ANA, BOB, ident, message_id=ident), [BCC, RELAY], ANA)


def large(ident: str) -> Delivery:
    """So large that threads look at it and compress it."""
    return Delivery(mail(ANA, BOB, ident, message_id=ident, text="Hello.\r\n" * 20_000), [BCC], ANA)


def signed(ident: str) -> Delivery:
    """DNS is asked about it."""
    raw = SIGNER.sign(mail(ANA, BOB, ident, message_id=ident), t=str(NOON // 1000))
    return Delivery(raw, [BCC], ANA, "hosted")


class SlowLookups(FakeLookups):
    """Each question is waited for."""

    async def txt(self, name: str) -> tuple[bytes, ...]:
        await asyncio.sleep(0)
        return await super().txt(name)

    async def records(self, name: str, kind: str) -> tuple[str, ...]:
        await asyncio.sleep(0)
        return await super().records(name, kind)


@pytest.fixture
async def running(tmp_path: Path) -> AsyncIterator[Gateway]:
    zone = SIGNER.zone()
    path, template = tmp_path / "gateway.db", tmp_path / "empty.db"
    async with gateway(path, template, WORLD, lookups=lambda: SlowLookups(zone)) as made:
        yield made


async def decisions(running: Gateway) -> int:
    [(count,)] = await running.store.read(ask("SELECT count(*) FROM decision"))
    return int(count)


async def strike(running: Gateway, delivery: Delivery, number: int, error: BaseException) -> bool:
    """Delivers it, struck at its `number`-th wait, and then once more in peace. False: it didn't wait so often."""
    journey, struck, before = running.ingest.message, list[Interrupted[Answer]](), await decisions(running)

    async def message(envelope: Envelope, raw: bytes) -> Answer:
        struck.append(Interrupted(journey(envelope, raw), number, error))
        return await struck[0]

    running.ingest.message = message  # type: ignore[method-assign]  # of this one alone
    code, _ = await running.send(delivery)
    running.ingest.message = journey  # type: ignore[method-assign]
    assert code == 250 or 400 <= code < 500
    assert code != 250 or await decisions(running) == before + len(delivery.to)
    assert (await running.send(delivery))[0] == 250
    assert await decisions(running) == before + len(delivery.to)
    return struck[0].happened


@pytest.mark.parametrize("error", ERRORS)
@pytest.mark.parametrize("kind", [small, large, signed])
async def test_struck_at_any_wait_a_message_is_deferred_and_logged_when_it_comes_again(
    running: Gateway, tmp_path: Path, kind: Callable[[str], Delivery], error: type[BaseException]
) -> None:
    number = 1
    while await strike(running, kind(f"m{number}"), number, error()):
        number += 1
        assert number < MOST
    assert number > 1
    subjects = await running.store.read(ask("SELECT subject, count(*) FROM activity GROUP BY subject"))
    assert sorted(subjects) == sorted((f"m{n}", 1) for n in range(1, number + 1))
    assert breaches(tmp_path / "gateway.db") == []


async def test_a_build_that_accepts_what_failed_is_found_out(
    running: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    def deferred(trace_id: str, _: Exception) -> Answer:
        return Answer(trace_id, outcomes=(Outcome.LOGGED,))

    monkeypatch.setattr("gateway.ingest._deferred", deferred)
    with pytest.raises(AssertionError):
        await strike(running, signed("lost"), 1, StoreUnavailable())  # before anything is written
