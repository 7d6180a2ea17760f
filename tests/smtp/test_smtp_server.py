"""Listeners, places and the orderly end."""

import asyncio
import resource
import socket

import pytest
from smtp_fakes import Client, FakeJourney, Running, serving, stuffed, until

from gateway.core.networks import canonical_ip, network_of
from gateway.smtp.limits import SmtpLimits
from gateway.smtp.server import descriptor_fault
from gateway.smtp.shared import Connections, Guesses, Place

BUSY = "421 4.7.0 Too many connections or errors, try again later"
STOPPING = "421 4.3.2 Service shutting down, try again later"


def enter(connections: Connections, network: str, *, source: bool = False) -> Place | None:
    place = connections.enter(network)
    if place is None or connections.confirm(place, source=source):
        return place
    connections.leave(place)
    return None


LIMITS = SmtpLimits(connections=10, reserved_for_sources=4, connections_per_ip=2, connections_per_source=5)


def test_strangers_leave_a_share_to_sources() -> None:
    connections = Connections(LIMITS)
    assert all(enter(connections, f"192.0.2.{n}") for n in range(6))
    assert enter(connections, "192.0.2.200") is None
    assert all(enter(connections, "198.51.100.1", source=True) for _ in range(4))
    assert enter(connections, "198.51.100.2", source=True) is None


def test_a_crowd_that_is_not_known_yet_keeps_no_source_out() -> None:
    connections = Connections(LIMITS)
    crowd = [connections.enter(f"192.0.2.{n}") for n in range(9)]
    assert None not in crowd
    assert all(enter(connections, f"198.51.100.{n}", source=True) for n in range(10))
    assert connections.enter("198.51.100.200") is None
    for place in crowd:
        assert place is not None
        assert not connections.confirm(place, source=False)
        assert not connections.confirm(place, source=True)
        connections.leave(place)
    assert connections.total == 10


def test_a_crowd_that_is_not_known_yet_has_an_end() -> None:
    connections = Connections(LIMITS)
    assert [connections.enter(f"192.0.2.{n}") is not None for n in range(11)] == [True] * 10 + [False]


def test_one_network_gets_its_share_only() -> None:
    connections = Connections(LIMITS)
    places = [enter(connections, "192.0.2.1"), enter(connections, "192.0.2.1")]
    assert enter(connections, "192.0.2.1") is None
    assert all(enter(connections, "198.51.100.1", source=True) for _ in range(5))
    assert enter(connections, "198.51.100.1", source=True) is None
    assert places[0] is not None
    connections.leave(places[0])
    assert enter(connections, "192.0.2.1") is not None


def test_a_network_known_to_be_strange_is_refused_before_anything_is_asked() -> None:
    connections = Connections(LIMITS)
    enter(connections, "192.0.2.1")
    enter(connections, "192.0.2.1")
    assert connections.enter("192.0.2.1") is None


def test_a_place_is_given_back_once() -> None:
    connections = Connections(LIMITS)
    place = enter(connections, "192.0.2.1")
    assert place is not None
    connections.leave(place)
    connections.leave(place)
    assert (connections.total, connections._strangers, connections._networks) == (0, 0, {})


def test_above_four_fifths_it_is_crowded() -> None:
    connections = Connections(LIMITS)
    for n in range(8):
        enter(connections, f"192.0.2.{n}", source=True)
    assert not connections.crowded
    enter(connections, "192.0.2.8", source=True)
    assert connections.crowded


def test_an_ipv6_client_counts_by_its_64() -> None:
    assert network_of(canonical_ip("2001:db8:1:2::3%eth0")) == network_of("2001:db8:1:2:ffff::1") == "2001:db8:1:2::/64"
    assert network_of(canonical_ip("::ffff:192.0.2.1")) == "192.0.2.1"


def test_guesses_are_forgotten_after_their_window() -> None:
    guesses = Guesses(2, 10)
    assert [guesses.count("n", now) for now in (0, 1, 2, 11.5, 12, 13)] == [False, False, True, False, False, True]
    assert guesses.count("other", 2) is False


def test_a_guess_that_was_right_is_forgotten() -> None:
    guesses = Guesses(2, 10)
    for now in range(5):
        assert not guesses.count("n", now)
        guesses.forget("n")
    assert [guesses.count("n", 5) for _ in range(3)] == [False, False, True]


def test_guesses_of_many_networks_stay_few() -> None:
    guesses = Guesses(10, 600)
    for n in range(10_100):
        guesses.count(str(n), 0)
    assert len(guesses._times) == 10_000


async def test_too_many_connections_are_refused_with_a_reply() -> None:
    async with serving(connections_per_ip=2, connections_per_source=2) as running:
        clients = [await running.greeted(), await running.greeted()]
        third = await running.connect()
        assert await third.reply() == BUSY
        assert await third.rest() == b""
        assert ("connection_refused", "127.0.0.1", "limit") in running.events.seen
        await clients[0].say("QUIT")
        await clients[0].close()
        await until(lambda: len(running.server._shared.sessions) == 1)
        fourth = await running.connect()
        assert await fourth.reply() == "220 mx.example ESMTP"
        for client in (*clients, third, fourth):
            await client.close()


async def test_a_stranger_is_refused_where_a_source_is_let_in() -> None:
    async with serving(connections=2, reserved_for_sources=1) as running:
        stranger = await running.greeted()
        another = await running.connect()
        assert await another.reply() == BUSY
        await until(lambda: len(running.server._shared.sessions) == 1)
        running.journey.source = True
        source = await running.connect()
        assert await source.reply() == "220 mx.example ESMTP"
        for client in (stranger, another, source):
            await client.close()


async def test_when_crowded_clients_wait_less() -> None:
    async with serving(connections=1, reserved_for_sources=0, command_wait_busy=0.1) as running:
        client = await running.greeted()
        assert await client.reply() == "421 4.4.2 Timeout"
        await client.close()


async def in_journey(running: Running) -> Client:
    client = await running.greeted()
    await client.to_data()
    await client.send(stuffed(b"Subject: x\r\n"))
    await running.journey.begun.wait()
    return client


async def test_drain_lets_a_running_message_have_its_answer() -> None:
    gate = asyncio.Event()
    async with serving(FakeJourney(gate=gate), drain=5) as running:
        busy, idle = await in_journey(running), await running.greeted()
        draining = asyncio.create_task(running.server.drain())
        assert await idle.reply() == STOPPING
        await idle.close()
        with pytest.raises(OSError, match="Connect"):
            await running.connect()
        gate.set()
        assert await busy.reply() == "250 2.0.0 Accepted trace1"
        assert await busy.reply() == STOPPING
        await busy.close()
        assert await draining == 0
        assert ("closed", "shutdown") in running.events.seen


async def test_drain_ends_in_time_and_cancels_no_journey() -> None:
    gate = asyncio.Event()
    async with serving(FakeJourney(gate=gate), drain=0.1) as running:
        client = await in_journey(running)
        assert await running.server.drain() == 1
        assert await client.rest() == b""
        gate.set()
        await until(lambda: running.journey.finished == 1)
        await client.close()


async def test_drain_waits_for_a_journey_whose_client_has_gone() -> None:
    gate = asyncio.Event()
    async with serving(FakeJourney(gate=gate), drain=5) as running:
        client = await in_journey(running)
        client.reset()
        await until(lambda: not running.server._shared.sessions)
        draining = asyncio.create_task(running.server.drain())
        await asyncio.sleep(0.05)
        assert not draining.done()
        gate.set()
        assert await draining == 0


def test_the_limit_of_open_files_must_hold_all_connections(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda _: (1199, 4096))
    assert descriptor_fault(SmtpLimits(connections=500)) == (
        "500 connections need 1200 open files, but the limit is 1199 (ulimit -n)"
    )
    monkeypatch.setattr(resource, "getrlimit", lambda _: (1200, 4096))
    assert descriptor_fault(SmtpLimits(connections=500)) is None


async def test_a_client_that_is_gone_before_it_is_accepted_costs_nothing() -> None:
    async with serving() as running:
        for _ in range(20):
            sock = socket.create_connection(("127.0.0.1", running.port))
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")
            sock.close()
        await asyncio.sleep(0.05)
        await until(lambda: not running.server._shared.sessions)
        assert running.server._shared.connections.total == 0
