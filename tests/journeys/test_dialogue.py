"""What the sending server hears, with the whole product behind the dialogue."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from fakes.deliveries import ANA, BCC, BOB, DANS_BCC, EVE, RELAY, Delivery, mail
from fakes.gateway import Gateway, gateway
from fakes.seen import seen
from fakes.world import SourceRow, load_world

from storage import reads

ANYBODY = reads.Filter()


@pytest.fixture
async def running(tmp_path: Path, template: Path) -> AsyncIterator[Gateway]:
    """The usual world, and a client at 127.0.0.3 that is none of its mail servers."""
    world = load_world()
    async with gateway(tmp_path / "gateway.db", template, world) as started:
        sources = {**world.sources, "stranger": SourceRow("127.0.0.3/32", vouches=False)}
        started.world = replace(world, sources=sources)
        yield started


async def test_unknown_key_is_refused_at_rcpt(running: Gateway) -> None:
    code, text = await running.send(Delivery(mail(ANA, BOB), ["nobody@bcc.log.example"], ANA))
    assert (code, text.split()[0]) == (550, "5.1.1")
    assert await running.store.read(reads.latest(9, ANYBODY)) == []


async def test_a_key_works_on_its_own_channel_only(running: Gateway) -> None:
    code, _ = await running.send(Delivery(mail(ANA, BOB), ["anakey@relay.log.example"], ANA))
    assert code == 550


async def test_passive_channels_are_for_sources(running: Gateway) -> None:
    code, text = await running.send(Delivery(mail(BOB, ANA), [RELAY], BOB, source="stranger"))
    assert (code, text.split()[0]) == (550, "5.7.1")


async def test_a_stranger_may_use_an_explicit_channel(running: Gateway) -> None:
    delivery = Delivery(mail("mallory@evil.example", BOB), [BCC], "mallory@evil.example", source="stranger")
    code, _ = await running.send(delivery)
    [decision] = await running.store.read(reads.latest(9, ANYBODY))
    assert (code, decision.reason) == (250, "sender.unknown")


async def test_the_reply_does_not_tell_what_was_decided(running: Gateway) -> None:
    kept = await running.send(Delivery(mail(ANA, BOB), [BCC], ANA))
    skipped = await running.send(Delivery(mail(ANA, EVE, message_id="two"), [BCC], ANA))
    outcomes = [d.outcome for d in await running.store.read(reads.latest(9, ANYBODY))]
    assert outcomes == ["logged", "skipped"]
    assert kept[0] == skipped[0]
    assert kept[1].split()[:-1] == skipped[1].split()[:-1]


async def test_each_recipient_of_a_transaction_has_its_decision_under_one_trace_id(running: Gateway) -> None:
    code, text = await running.send(Delivery(mail(ANA, BOB), [BCC, RELAY], ANA))
    decisions = await running.store.read(reads.by_trace(text.split()[-1]))
    assert (code, [(d.channel, d.reason) for d in decisions]) == (
        250,
        [("bcc", "explicit.bcc"), ("relay", "dedupe.merged")],
    )
    [activity] = await running.store.read(seen("us"))
    assert activity.copies == ("bcc", "relay")


async def test_what_one_recipient_would_refuse_is_held_when_another_one_takes_it(running: Gateway) -> None:
    delivery = Delivery(mail(ANA, BOB), [BCC, RELAY], ANA, source="hosted")
    code, text = await running.send(delivery)
    decisions = await running.store.read(reads.by_trace(text.split()[-1]))
    assert (code, [(d.outcome, d.reason) for d in decisions]) == (
        250,
        [("held", "sender.unverified"), ("skipped", "sender.unverified")],
    )


async def test_two_users_copies_of_one_message_are_one_activity(running: Gateway) -> None:
    raw = mail(ANA, BOB, Cc="dan@us.example")
    await running.send(Delivery(raw, [BCC], ANA))
    await running.send(Delivery(raw, [DANS_BCC], ANA))
    [activity] = await running.store.read(seen("us"))
    assert (activity.user, activity.copies) == ("us/ana", ("bcc", "bcc"))
