"""What bounds clients over real sockets: memory by declared size, disk, the operator's mailboxes, commands unread."""

from __future__ import annotations

import asyncio
import socket

import pytest
from smtp_fakes import KEY, FakeJourney, serving, stuffed, until

from gateway.smtp.disk import FreeDisk
from gateway.smtp.rates import Rates

NO_STORAGE = "452 4.3.1 Insufficient system storage"
OK = "250 2.1.0 Sender OK"
DECLARED = "MAIL FROM:<a@example.com> SIZE=600"
MEMORY = {"data_in_memory": 1000}


# Memory


@pytest.mark.parametrize("end", ["RSET", "EHLO client.example", "QUIT", "close", "reset"])
async def test_what_was_declared_is_held_until_the_transaction_ends(end: str) -> None:
    async with serving(**MEMORY) as running:
        first, second = await running.greeted(), await running.greeted()
        assert await first.say(DECLARED) == OK
        assert running.server._shared.budget.used == 600
        assert await second.say(DECLARED) == NO_STORAGE
        assert await second.say("MAIL FROM:<a@example.com> SIZE=400") == OK
        if end == "close":
            await first.close()
        elif end == "reset":
            first.reset()
        else:
            await first.say(end)
        await until(lambda: running.server._shared.budget.used == 400)
        assert ("message_deferred", "", "smtp.busy", "") in running.events.seen
        for client in (first, second):
            await client.close()


async def test_a_message_is_held_by_its_own_size_until_it_is_answered() -> None:
    gate = asyncio.Event()
    async with serving(FakeJourney(gate=gate), **MEMORY) as running:
        client = await running.greeted()
        for line in (DECLARED, f"RCPT TO:<{KEY}>", "DATA"):
            await client.say(line)
        await client.send(stuffed(b"Subject: x\r\n"))
        await running.journey.begun.wait()
        assert running.server._shared.budget.used == len(b"\r\nSubject: x\r\n")
        gate.set()
        await client.reply()
        assert running.server._shared.budget.used == 0
        await client.close()


async def test_where_memory_is_short_nobody_keeps_it_idle_for_long() -> None:
    async with serving(data_in_memory=700, command_wait_busy=0.1) as running:
        client = await running.greeted()
        assert await client.say(DECLARED) == OK
        assert await client.reply() == "421 4.4.2 Timeout"
        await until(lambda: running.server._shared.budget.used == 0)
        await client.close()


# Disk


@pytest.mark.parametrize(
    ("limits", "needed"), [({"free_disk": 5000}, 5000), ({"free_disk": 0, "message_size": 4000}, 6000)]
)
async def test_no_transaction_begins_where_the_disk_has_no_room(limits: dict[str, int], needed: int) -> None:
    free = [needed - 1]
    async with serving(bytes_free=lambda: free[0], **{"message_size": 10, **limits}) as running:
        client = await running.greeted()
        assert await client.say("MAIL FROM:<a@example.com>") == NO_STORAGE
        assert running.events.seen[-1] == ("message_deferred", "", "smtp.store_unavailable", "")
        free[0] = needed
        assert await client.say("MAIL FROM:<a@example.com>") == OK
        await client.close()


async def test_a_disk_that_cannot_be_asked_is_trouble_of_ours() -> None:
    def broken() -> int:
        raise OSError("a path")

    async with serving(bytes_free=broken) as running:
        client = await running.greeted()
        assert await client.say("MAIL FROM:<a@example.com>") == "451 4.3.0 Temporary failure, try again later"
        await client.close()


def test_the_system_is_asked_once_a_second_at_most() -> None:
    asked: list[float] = []
    times = iter([0.0, 0.5, 0.99, 1.0, 5.0])
    now = [0.0]

    def measure() -> int:
        asked.append(now[0])
        return len(asked)

    def clock() -> float:
        now[0] = next(times)
        return now[0]

    disk = FreeDisk(measure, clock)
    assert [disk() for _ in range(5)] == [1, 1, 1, 2, 3]
    assert asked == [0.0, 1.0, 5.0]


async def test_a_full_database_is_told_as_such() -> None:
    async with serving(FakeJourney(answer="smtp.store_unavailable", full=True)) as running:
        client = await running.greeted()
        assert await client.deliver(b"Subject: x\r\n") == NO_STORAGE
        assert ("message_deferred", "trace1", "smtp.store_unavailable", "") in running.events.seen
        await client.close()


# Rates


def test_a_name_has_its_burst_and_then_its_rate() -> None:
    rates = Rates(per_minute=60, burst=3)
    taken = []
    for now in (0, 0, 0, 0, 0.5, 1, 1.9, 2, 100, 100, 100, 100):
        taken.append(rates.allows("a", now))
        if taken[-1]:
            rates.take("a", now)
    assert taken == [True, True, True, False, False, True, False, True, True, True, True, False]
    assert rates.allows("b", 100)


def test_of_many_names_few_are_remembered() -> None:
    rates = Rates(1, 2)
    for n in range(10_100):
        rates.take(str(n), 0)
        rates.take("always", 0)
    assert len(rates._buckets) == 10_000
    assert "always" in rates._buckets
    assert "0" not in rates._buckets


# The operator's mailboxes


async def test_mail_to_the_operator_goes_its_own_way() -> None:
    async with serving() as running:
        client = await running.greeted()
        await client.say("MAIL FROM:<>")
        await client.say("RCPT TO:<postmaster>")
        await client.say("RCPT TO:<postmaster@bcc.example>")
        await client.say("DATA")
        await client.send(stuffed(b"Subject: x\r\n"))
        assert await client.reply() == "250 2.0.0 Accepted trace1"
        [mail] = running.journey.for_operator
        assert (mail.mail_from, mail.peer_ip, mail.raw) == ("", "127.0.0.1", b"Subject: x\r\n")
        assert running.journey.messages == []
        assert running.server._shared.budget.used == 0
        await client.close()


async def test_mail_to_the_operator_is_small() -> None:
    async with serving() as running:
        client = await running.greeted()
        for size, answer in ((102_400, "250"), (102_401, "552")):
            await client.say("MAIL FROM:<>")
            await client.say("RCPT TO:<postmaster>")
            await client.say("DATA")
            await client.send(stuffed(b"x" * (size - 2) + b"\r\n"))
            assert (await client.reply())[:3] == answer
        assert len(running.journey.for_operator) == 1
        await client.close()


# Clients without end, and those that take no answer


async def test_a_command_without_end_ends_the_connection() -> None:
    """P03: at a megabyte; one of less is a wrong command like any other."""
    async with serving() as running:
        client = await running.greeted()
        await client.send(b"x" * 900_000 + b"\r\n")
        assert await client.reply() == "500 5.5.2 Syntax error"
        await client.send(b"x" * 1_200_000)
        assert await client.rest() == b""
        await client.close()


@pytest.mark.parametrize("flood", [b"HELP\r\n", b"RCPT TO:<nobody@elsewhere.example>\r\n", b"\r\n", b"x" * 100])
async def test_who_floods_and_never_reads_is_freed_in_time(flood: bytes) -> None:
    """P04, P06: whatever is flooded, within the wait for a command and the time to hang up."""
    async with serving(command_wait=0.4, linger=0.2) as running:
        sock = socket.socket()
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        sock.setblocking(False)  # noqa: FBT003 - the name of the library
        loop = asyncio.get_running_loop()
        await loop.sock_connect(sock, ("127.0.0.1", running.port))
        sending = asyncio.create_task(loop.sock_sendall(sock, flood * 2_000_000))
        await until(lambda: "connected" in running.events.names())
        await until(lambda: not running.server._shared.sessions)
        assert running.events.seen[-1][0] == "closed"
        sending.cancel()
        await asyncio.gather(sending, return_exceptions=True)
        sock.close()
