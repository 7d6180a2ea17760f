"""What an attack costs: bounded memory, a loop that goes on, other clients served, no file left open.

The short form runs with the other tests; `make prove` runs the sizes that the limits allow. Each prints its figures.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path

import pytest

from tests.hostile.bombs import BOMBS, LINE, SIGNATURES
from tests.hostile.meter import HEADINGS, MIB, ROW, Attacker, Figures, Metered, prepared

SMALL = """
message_size = "1 MiB"
message_size_from_source = "2 MiB"
data_in_memory = "8 MiB"
data_in_memory_per_ip = "3 MiB"
data_in_memory_for_sources = "2 MiB"
command_wait = 3
command_wait_busy = 3
data_silence = 3
session = 4
linger = 0.5
"""
FULL = """
command_wait = 20
command_wait_busy = 20
linger = 2
"""
MANY = """
connections = 9800
command_wait = 20
command_wait_busy = 20
data_silence = 20
linger = 2
"""
PER_CONNECTION = 10 / 1024
"""MiB, of connections beyond the usual number."""
CROWD = 300
"""Milliseconds that the loop may be held where hundreds speak at the same moment, and each has its turn."""
COLLECTING = 1000
"""The same with twenty times the usual connections: what the garbage collector takes to look at them all."""
SENDING = 50
"""Clients that send a block at the same time; more only keep the machine from serving anybody."""


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Metered]:
    """A gateway with limits for a quick look."""
    yield from running(tmp_path_factory.mktemp("small"), SMALL)


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Metered]:
    """A gateway with the limits of every day, but for their patience."""
    yield from running(tmp_path_factory.mktemp("full"), FULL)


@pytest.fixture
def many(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Metered]:
    """A gateway for many connections."""
    yield from running(tmp_path_factory.mktemp("many"), MANY)


def running(folder: Path, limits: str, *controls: str) -> Iterator[Metered]:
    made = prepared(folder, limits)
    made.start(*controls)
    print("\n" + ROW.format(*HEADINGS))
    try:
        yield made
    finally:
        assert made.stop() == 0, made.log()


async def until_gone(attacker: Attacker) -> None:
    """The gateway has hung up."""
    with contextlib.suppress(OSError):
        while await attacker.reader.read(65536):
            pass
    await attacker.close()


# One connection that sends more than anybody should


async def one(metered: Metered, block: bytes, size: int, *, ended: bool = False) -> str:
    """Sends blocks as a message; the last reply. With `ended` the message has its end marker."""
    attacker = await Attacker.connect(metered.port, 0)
    assert (await attacker.to_data(metered.addresses["bcc"]))[:3] == "354"
    await attacker.flood(block, size)
    answer = await attacker.say("\r\n.") if ended else ""
    await attacker.close()
    return answer[:3]


STREAMS = {
    "P03 one endless line": b"x" * 65536,
    "P03 line ends without end": b"\r\n" * 32768,
    "P03 bare line feeds": b"\n" * 65536,
    "P03 dots": b"..\r\n" * 16384,
    "P03 ordinary lines": LINE * 840,
}


@pytest.mark.parametrize("name", STREAMS)
async def test_a_stream_that_never_ends_is_cut(name: str, small: Metered) -> None:
    with small.measured(name, in_flight=1) as figures:
        await one(small, STREAMS[name], 40 * MIB)
    assert figures.faults() == []


@pytest.mark.prove
@pytest.mark.parametrize("name", STREAMS)
async def test_a_stream_that_never_ends_is_cut_at_full_size(name: str, full: Metered) -> None:
    with full.measured(name, in_flight=25) as figures:
        await one(full, STREAMS[name], 200 * MIB)
    assert figures.faults() == []


@pytest.mark.prove
@pytest.mark.parametrize("name", STREAMS)
async def test_a_message_of_the_full_size_is_answered(name: str, full: Metered) -> None:
    with full.measured(f"{name}, 24 MB", in_flight=25) as figures:
        answer = await one(full, STREAMS[name], 24 * MIB, ended=True)
    assert answer in ("550", "250", "552")
    assert figures.faults() == []


# Floods of commands

FLOODS = {
    "P06 RCPT": b"RCPT TO:<nobody@bcc.log.example>\r\n",
    "P06 NOOP": b"NOOP\r\n",
    "P06 HELP": b"HELP\r\n",
    "P06 VRFY": b"VRFY ana\r\n",
    "P06 RSET": b"RSET\r\n",
    "P06 unknown commands": b"\xff\xfe\r\n",
    "P06 AUTH": b"AUTH PLAIN AGEAYg==\r\n",
    "P04 a command that never ends": b"x" * 1000,
}


async def flooded(metered: Metered, line: bytes, clients: int, *, reads: bool) -> None:
    """Twenty thousand times the same command from each client."""

    async def flood(number: int) -> None:
        attacker = await Attacker.connect(metered.port, number)
        await attacker.say("")
        await attacker.say("EHLO client.example")
        await attacker.say("MAIL FROM:<eve@evil.example>")
        reading = asyncio.create_task(until_gone(attacker)) if reads else None
        await attacker.flood(line * 200, len(line) * 20_000)
        if reading is not None:
            await reading
        await attacker.close()

    await asyncio.gather(*(flood(number) for number in range(clients)))


@pytest.mark.parametrize("name", FLOODS)
async def test_who_floods_commands_is_cut(name: str, small: Metered) -> None:
    with small.measured(name) as figures:
        await flooded(small, FLOODS[name], 3, reads=True)
    assert figures.faults() == []


@pytest.mark.prove
@pytest.mark.parametrize("reads", [True, False], ids=["reading", "never reading"])
@pytest.mark.parametrize("name", FLOODS)
async def test_a_hundred_who_flood_commands_are_cut(name: str, reads: bool, full: Metered) -> None:  # noqa: FBT001 — a parameter
    with full.measured(f"{name}, 100 clients") as figures:
        await flooded(full, FLOODS[name], 100, reads=reads)
    assert figures.faults() == []


# Many clients that do nothing, and many that send much

PHASES = ("connected", "greeted", "in a command", "in a transaction", "in data")


async def stalled(metered: Metered, number: int) -> Attacker | None:
    """A client that comes as far as its phase and says no more; None for one that isn't let in."""
    phase = PHASES[number % len(PHASES)]
    try:
        attacker = await Attacker.connect(metered.port, number)
    except OSError:
        return None
    if phase == "connected":
        return attacker
    if phase == "in data":
        await attacker.to_data(metered.addresses["bcc"])
        return attacker
    await attacker.say("")
    await attacker.say("EHLO client.example")
    if phase == "in a transaction":
        await attacker.say("MAIL FROM:<eve@evil.example> SIZE=1000")
    elif phase == "in a command":
        attacker.writer.write(b"MAIL FR")
    return attacker


async def stall(metered: Metered, clients: int, step: int = 200) -> int:
    """So many clients until the gateway has hung up on each; how many it let in at a time."""
    found: list[Attacker] = []
    for start in range(0, clients, step):
        made = await asyncio.gather(*(stalled(metered, number) for number in range(start, min(start + step, clients))))
        found += [attacker for attacker in made if attacker is not None]
    most = int(metered._ask("read")["open"])
    async with asyncio.timeout(120):
        await asyncio.gather(*(until_gone(attacker) for attacker in found))
    return most


async def test_clients_that_say_no_more_are_freed(small: Metered) -> None:
    with small.measured("P05 200 slow clients", in_flight=1) as figures:
        assert await stall(small, 200) >= 150
    assert figures.faults() == []
    assert figures.refused == []


@pytest.mark.prove
async def test_ten_thousand_clients_that_say_no_more_are_freed(many: Metered) -> None:
    in_flight = 9800 * PER_CONNECTION / 2
    with many.measured("P05 10,000 slow clients", in_flight, COLLECTING) as figures:
        assert await stall(many, 10_000) >= 5000
    assert figures.faults() == []
    assert figures.refused == []


async def large(metered: Metered, number: int, size: int, declared: str, sending: asyncio.Semaphore) -> str:
    """One client with a large message; the code that decided."""
    attacker = await Attacker.connect(metered.port, number * 20)
    for line in ("", "EHLO client.example", f"MAIL FROM:<eve@evil.example>{declared}", "RCPT TO:<{bcc}>", "DATA"):
        answer = await attacker.say(line.format(**metered.addresses))
        if answer[:1] not in ("2", "3"):
            break
    else:
        for _ in range(size // len(LINE * 840)):
            async with sending:
                await attacker.flood(LINE * 840, 1)
        answer = await attacker.say("\r\n.")
    await attacker.close()
    return answer[:3]


async def at_once(metered: Metered, clients: int, size: int, declared: str = "") -> dict[str, int]:
    sending = asyncio.Semaphore(SENDING)
    codes = await asyncio.gather(*(large(metered, number, size, declared, sending) for number in range(clients)))
    return {code: codes.count(code) for code in sorted(set(codes))}


@pytest.mark.parametrize("declared", ["", " SIZE=900000"], ids=["seen", "declared"])
async def test_what_exceeds_the_memory_of_all_is_deferred(declared: str, small: Metered) -> None:
    """M13: the gateway defers what it can't hold, and serves the others."""
    with small.measured(f"M13 60 × 0.9 MB{declared}", in_flight=8) as figures:
        codes = await at_once(small, 60, 900_000, declared)
    assert codes["452"] > 20
    assert set(codes) <= {"452", "550"}
    assert figures.faults() == []
    assert figures.refused == []


@pytest.mark.prove
@pytest.mark.parametrize("declared", ["", " SIZE=26000000"], ids=["seen", "declared"])
async def test_five_hundred_large_messages_at_once_are_deferred(declared: str, full: Metered) -> None:
    with full.measured(f"M13 500 × 25 MB{declared}", 256, CROWD) as figures:
        codes = await at_once(full, 500, 25_900_000, declared)
    print(codes)
    assert codes["452"] > 100
    assert codes["550"] <= 20  # what fits into the memory at a time, now and again
    assert set(codes) <= {"421", "451", "452", "550"}
    assert figures.faults() == []
    assert figures.refused == []


# Messages that are costly to read


@pytest.mark.parametrize("name", ["M01 multiparts in multiparts", "M04 parentheses", "M08 comments that begin"])
async def test_a_message_made_to_be_costly_is_decided(name: str, small: Metered) -> None:
    with small.measured(f"{name}, 1 MB", in_flight=1) as figures:
        code, seconds = await asyncio.to_thread(small.send, BOMBS[name](1_000_000))
    assert (code, seconds < 60) == (250, True)
    assert figures.faults() == []


@pytest.mark.prove
@pytest.mark.parametrize("name", BOMBS)
async def test_a_message_of_the_full_size_made_to_be_costly_is_decided(name: str, full: Metered) -> None:
    for size in (400_000, 25_000_000):
        with full.measured(f"{name}, {size / 1e6:.1f} MB", in_flight=size / MIB) as figures:
            channel = "forward" if name.startswith("M12") else "relay"
            code, seconds = await asyncio.to_thread(full.send, BOMBS[name](size), channel)
        assert (code, seconds < 60) == (250, True)
        assert figures.faults() == []


# Signatures that are costly to verify


async def _refused(name: str, size: int, metered: Metered) -> Figures:
    with metered.measured(f"{name}, {size / 1e6:.1f} MB", in_flight=size / MIB) as figures:
        for _ in range(3):
            raw = SIGNATURES[name](size)
            code, seconds = await asyncio.to_thread(metered.send, raw, "bcc", "127.0.0.9")
            assert (code, seconds < 60) == (550, True)
    return figures


@pytest.mark.parametrize("name", SIGNATURES)
async def test_a_signature_made_to_be_costly_is_judged(name: str, small: Metered) -> None:
    assert (await _refused(name, 4_000, small)).faults() == []


@pytest.mark.prove
@pytest.mark.parametrize("name", SIGNATURES)
async def test_a_signature_of_a_full_message_made_to_be_costly_is_judged(name: str, full: Metered) -> None:
    assert (await _refused(name, 25_000_000, full)).faults() == []


# The meter sees what it is there for

Attack = Callable[[Metered], Coroutine[object, object, object]]


@pytest.mark.parametrize(
    ("control", "attack", "seen"),
    [
        ("unbounded", lambda m: one(m, b"x" * 65536, 300 * MIB), "MB, at most"),
        ("blocking", lambda m: asyncio.to_thread(m.send, b"From: ana@us.example\r\n\r\nhi\r\n"), "the loop was held"),
    ],
    ids=["unbounded", "blocking"],
)
def test_a_build_without_its_bound_is_seen(tmp_path: Path, control: str, attack: Attack, seen: str) -> None:
    for metered in running(tmp_path / control, SMALL, control):
        with metered.measured(f"control: {control}", in_flight=1) as figures:
            asyncio.run(attack(metered))
        assert [fault for fault in figures.faults() if seen in fault]
