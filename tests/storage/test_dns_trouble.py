"""What DNS can't tell now keeps a message waiting at its sender, for a day at most."""

from __future__ import annotations

from dataclasses import replace

import pytest
from fakes.deliveries import ANA, BCC, BOB, KEYED, NOON, RELAY, Delivery, cases, keeper, mail
from fakes.world import load_world, seed

from gateway.core.decide import decide
from gateway.core.decision import Decision
from gateway.core.model import Evidence, Proof
from storage import dns_trouble
from storage.errors import Undecided
from storage.interface import Store
from storage.plan import ask

US = load_world()
HOUR = 60 * 60 * 1000
WAITING = Evidence(pending=(Proof("dkim", "us.example"),))
COPY = Delivery(mail(ANA, BOB), [BCC], ANA, "hosted", seen=WAITING)
TABLES = ("decision", "activity", "message", "thread", "thread_ref", "held", "finding", "contact_address")


@pytest.fixture
async def world(store: Store) -> Store:
    await store.change(seed(US, KEYED))
    return store


async def settle(store: Store, delivery: Delivery) -> list[Decision]:
    """As the journey does it: what can't be decided is noted."""
    found = cases(US, delivery)
    try:
        return list(await store.settle(found, decide, keeper(delivery, US)))
    except Undecided:
        await store.change(dns_trouble.note(found))
        raise


async def rows(store: Store) -> list[int]:
    return [(await store.read(ask(f"SELECT count(*) FROM {table}")))[0][0] for table in TABLES]  # noqa: S608 - ours


async def test_what_can_not_be_decided_leaves_a_keyed_hash_and_nothing_else(world: Store) -> None:
    before = await rows(world)
    with pytest.raises(Undecided):
        await settle(world, COPY)
    assert await rows(world) == before
    [[retry_hash, since]] = await world.read(ask("SELECT retry_hash, since FROM dns_trouble"))
    assert (retry_hash, since) == (cases(US, COPY)[0].asked.retry, NOON)


async def test_one_recipient_who_must_wait_keeps_the_whole_transaction_waiting(world: Store) -> None:
    before = await rows(world)
    both = replace(COPY, to=[RELAY, BCC], source="office")
    found = [
        replace(case, evidence=WAITING if case.recipient.channel.explicit else case.evidence)
        for case in cases(US, both)
    ]
    with pytest.raises(Undecided):
        await world.settle(found, decide, keeper(both, US))
    assert await rows(world) == before


async def test_once_dns_answers_the_repeat_is_decided(world: Store) -> None:
    with pytest.raises(Undecided):
        await settle(world, COPY)
    [decision] = await settle(world, replace(COPY, seen=Evidence((Proof("dkim", "us.example"),)), at=NOON + HOUR))
    assert (decision.outcome, decision.reason) == ("logged", "explicit.bcc")


@pytest.mark.parametrize(("hours", "waits"), [(1, True), (23, True), (24, False), (30, False)])
async def test_after_a_day_what_dns_can_not_tell_counts_as_unproven(world: Store, hours: int, *, waits: bool) -> None:
    with pytest.raises(Undecided):
        await settle(world, COPY)
    later = replace(COPY, at=NOON + hours * HOUR)
    if waits:
        with pytest.raises(Undecided):
            await settle(world, later)
    else:
        [decision] = await settle(world, later)
        assert (decision.outcome, decision.reason) == ("refused", "sender.unverified")


async def test_the_day_is_counted_from_the_first_failure_of_this_message(world: Store) -> None:
    for hours in (0, 12, 23):
        with pytest.raises(Undecided):
            await settle(world, replace(COPY, at=NOON + hours * HOUR))
    with pytest.raises(Undecided):
        await settle(world, replace(COPY, raw=mail(ANA, BOB, "Another"), at=NOON + 25 * HOUR))
    [decision] = await settle(world, replace(COPY, at=NOON + 25 * HOUR))
    assert decision.reason == "sender.unverified"


async def test_troubles_are_forgotten_in_the_end(world: Store) -> None:
    with pytest.raises(Undecided):
        await settle(world, COPY)
    await world.change(dns_trouble.expire(NOON + 2 * dns_trouble.PATIENCE))
    assert await world.read(ask("SELECT count(*) FROM dns_trouble")) == [(1,)]
    await world.change(dns_trouble.expire(NOON + 2 * dns_trouble.PATIENCE + 1))
    assert await world.read(ask("SELECT count(*) FROM dns_trouble")) == [(0,)]
