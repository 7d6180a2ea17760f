"""The same over real SMTP: the reply that each gets, and in whose name it stands in the database."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path

import pytest
from fakes.deliveries import Delivery
from fakes.gateway import Gateway, gateway
from fakes.lookups import FakeLookups
from fakes.signing import NOW
from fakes.world import SourceRow
from hostile.senders import ELSEWHERE, PROVIDER, SERVER, US, ZONE, Sent, decided, forged, honest

from gateway.core.model import Outcome
from storage.plan import ask

PEERS = {PROVIDER: "provider", ELSEWHERE: "elsewhere", SERVER: "hosted"}


@pytest.fixture
async def running(tmp_path: Path) -> AsyncIterator[Gateway]:
    """The usual world, and clients that are none of its mail servers."""
    world = US.with_settings(arc_sealers=["lists.example"])
    async with gateway(
        tmp_path / "gateway.db", tmp_path / "template.db", world, lookups=lambda: FakeLookups(ZONE)
    ) as started:
        clients = {name: SourceRow(f"{ip}/32") for ip, name in PEERS.items()}
        started.world = replace(world, sources=world.sources | clients)
        yield started


async def deliver(running: Gateway, sent: Sent) -> int:
    source = sent.sources[0].name if sent.sources else PEERS[sent.ip]
    code, _ = await running.send(Delivery(sent.make(), [sent.to], sent.mail_from, source, NOW * 1000))
    return code


def plain(messages: Iterator[Sent], every: int) -> Iterator[Sent]:
    """Those that this client library can send."""
    return (s for s in islice(messages, 0, None, every) if s.mail_from.isascii())


async def test_a_forgery_is_refused_or_taken_and_logged_for_nobody(running: Gateway) -> None:
    for sent in plain(forged(), 701):
        decision = await decided(sent)
        assert await deliver(running, sent) == (550 if decision.outcome is Outcome.REFUSED else 250), sent.name
    assert await running.store.read(ask("SELECT count(*) FROM activity")) == [(0,)]
    [[count]] = await running.store.read(ask("SELECT count(*) FROM decision"))
    assert count > 10


async def test_honest_mail_is_taken_and_logged_for_its_author(running: Gateway) -> None:
    count = 0
    for sent in plain(honest(), 59):
        assert await deliver(running, sent) == 250, sent.name
        count += 1
    outcomes = await running.store.read(ask("SELECT DISTINCT outcome FROM decision ORDER BY outcome"))
    assert outcomes == [("logged",), ("merged",)]
    assert await running.store.read(ask("SELECT DISTINCT user_id FROM activity")) == [("us/ana",)]
    assert count > 30
