"""The parser process: it says what we would say, within its limits, and whatever becomes of it, nothing is lost."""

from __future__ import annotations

import asyncio
import os
import pickle
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from fakes import parser_work as work
from fakes.deliveries import KEYED, NOON
from fakes.world import FIXTURES, load_world

from gateway.core.cases import Setting, opened
from gateway.core.limits import ParserLimits, ReadingLimits
from gateway.core.model import Channel, Envelope, Peer, Recipient
from gateway.parser import NotStarted, Parser, Unavailable, Unparsed
from gateway.pieces import Values

SECRET = b"vermilion lighthouse"
SETTING = Setting("log.example", "gw.log.example", KEYED, ReadingLimits())


@dataclass
class Running:
    """A parser, and what it told of its processes: reason and place."""

    parser: Parser
    told: list[tuple[str, str]] = field(default_factory=list)

    @property
    def reasons(self) -> list[str]:
        return [reason for reason, _ in self.told]


@asynccontextmanager
async def running(**limits: float) -> AsyncIterator[Running]:
    told: list[tuple[str, str]] = []
    parser = Parser(ParserLimits(**limits), lambda reason, place, _count: told.append((reason, place)))
    await parser.start()
    try:
        yield Running(parser, told)
    finally:
        await parser.close()


@pytest.fixture(scope="module")
async def parser() -> AsyncIterator[Parser]:
    """One whose processes nobody harms."""
    async with running(wall=60) as unharmed:
        yield unharmed.parser
        assert unharmed.told == []


def alive(process_id: int) -> bool:
    try:
        return Path(f"/proc/{process_id}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except FileNotFoundError:
        return False


# --- what it says ---


def envelopes() -> list[Envelope]:
    """One for each capture address of the world, from its own mail server."""
    world = load_world()
    peer = Peer("127.0.0.1", (world.source("office"),))
    return [
        Envelope("trace", peer, "ana@us.example", (_recipient(key, capture.channel),), NOON)
        for key, capture in {c.channel: (k, c) for k, c in world.captures.items()}.values()
    ]


def _recipient(key: str, channel: Channel) -> Recipient:
    return Recipient(f"{key}@{channel}.log.example", KEYED("capture", key), "", channel, "us")


async def test_it_says_of_every_message_what_we_say(parser: Parser) -> None:
    messages = sorted(FIXTURES.rglob("*.eml"))
    assert len(messages) > 100
    by_channel = envelopes()
    assert len(by_channel) == len(Channel)
    for number, path in enumerate(messages):
        raw, envelope = path.read_bytes(), by_channel[number % len(by_channel)]
        assert await parser.run(opened, raw, envelope, SETTING) == opened(raw, envelope, SETTING), path


@pytest.mark.parametrize("size", [10, 100_000, 5_000_000])
async def test_the_message_itself_does_not_come_back(parser: Parser, size: int) -> None:
    """The cases refer to the bytes that we have, so that a message is in memory once."""
    raw = b"From: ana@us.example\r\nTo: bob@client.example\r\n\r\n" + b"x" * 68 + b"\r\n"
    raw += b"The quick brown fox jumps over the lazy dog.\r\n" * (size // 46)
    [case] = await parser.run(opened, raw, envelopes()[0], SETTING)
    assert case.copy is raw
    assert case.raw is raw


async def test_large_values_come_back_once(parser: Parser) -> None:
    one, same = await parser.run(work.tell_large, b"", 10_000_000)
    assert one is same
    assert one == bytes(10_000_000)


async def test_what_a_library_prints_is_no_answer(parser: Parser) -> None:
    assert await parser.run(work.printed, SECRET) == SECRET


async def test_each_of_many_requests_gets_its_own_answer() -> None:
    async with running(processes=2) as both:
        raws = [bytes([n]) * (n * 3000) for n in range(60)]
        answers = await asyncio.gather(*(both.parser.run(work.echo, raw, n) for n, raw in enumerate(raws)))
        assert answers == [(raw, n) for n, raw in enumerate(raws)]
        assert both.told == []


# --- what it may do ---


async def test_what_the_process_may_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GATEWAY_SECRET", "x")
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.set_inheritable(True)
        async with running(memory=400_000_000, cpu=7) as confined:
            found = await confined.parser.run(work.confinement, b"")
    assert found["limits"] == {"RLIMIT_AS": (400_000_000,) * 2, "RLIMIT_FSIZE": (0, 0), "RLIMIT_CORE": (0, 0)}
    assert found["cpu"] in (6, 7)
    assert found["dumpable"] == 0
    assert found["descriptors"] == {0: "pipe", 1: "/dev/null", 2: "/dev/null", 3: "pipe"}
    assert found["environment"] in (["PYTHONPATH"], ["LC_CTYPE", "PYTHONPATH"])


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
async def test_signals_that_end_the_gateway_leave_it_alone(parser: Parser, number: int) -> None:
    """They come to the whole group; the gateway still has messages to finish."""
    process_id = await parser.run(work.process_id, b"")
    os.kill(process_id, number)
    assert await parser.run(work.process_id, b"") == process_id


# --- what becomes of it (F17) ---


async def test_killed_it_is_replaced_and_the_message_may_come_again() -> None:
    async with running() as struck:
        with pytest.raises(Unavailable):
            await struck.parser.run(work.signal_itself, SECRET, signal.SIGKILL)
        assert struck.told == [("SIGKILL", "")]
        assert await struck.parser.run(work.echo, SECRET) == (SECRET,)


async def test_killed_while_idle_nobody_notices() -> None:
    async with running() as struck:
        [process] = struck.parser._processes
        os.kill(await struck.parser.run(work.process_id, b""), signal.SIGKILL)
        while process.runs:
            await asyncio.sleep(0.001)
        assert await struck.parser.run(work.echo, SECRET) == (SECRET,)
        assert struck.told == [("ended while idle", "")]


@pytest.mark.parametrize("number", [signal.SIGSEGV, signal.SIGABRT])
async def test_who_brings_the_process_down_stays_unread(
    number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    async with running() as struck:
        with pytest.raises(Unparsed):
            await struck.parser.run(work.signal_itself, SECRET, number)
        assert struck.told == [(signal.Signals(number).name, "")]
        assert await struck.parser.run(work.echo, SECRET) == (SECRET,)
    assert list(tmp_path.iterdir()) == [], "no core file"


async def test_stopped_it_is_replaced_at_the_deadline() -> None:
    async with running(wall=0.3) as struck:
        stopped = await struck.parser.run(work.process_id, b"")
        with pytest.raises(Unavailable):
            await struck.parser.run(work.signal_itself, SECRET, signal.SIGSTOP)
        assert struck.told == [("TimeoutError", "")]
        assert await struck.parser.run(work.process_id, b"") != stopped
        assert not alive(stopped)


async def test_too_much_memory_is_a_failure() -> None:
    async with running() as struck:
        with pytest.raises(Unparsed):
            await struck.parser.run(work.take_memory, SECRET)
        [(reason, place)] = struck.told
        assert reason == "MemoryError"
        assert place.startswith("fakes.parser_work:")
        assert await struck.parser.run(work.echo, SECRET) == (SECRET,)


async def test_a_message_that_does_not_fit_is_a_failure() -> None:
    async with running(memory=150_000_000) as struck:
        with pytest.raises(Unparsed):
            await struck.parser.run(work.echo, bytes(150_000_000))
        assert struck.reasons == ["exit code 1"]


async def test_too_much_cpu_ends_it_even_if_nobody_looks() -> None:
    async with running(cpu=1, wall=60) as struck:
        with pytest.raises(Unparsed):
            await struck.parser.run(work.take_time, SECRET)
        assert struck.reasons == ["SIGXCPU"]


async def test_the_cpu_of_earlier_messages_does_not_count() -> None:
    async with running(cpu=2, wall=60) as busy:
        assert [await busy.parser.run(work.take_cpu, SECRET, 0.5) for _ in range(5)] == [None] * 5
        assert busy.told == []


async def test_too_long_an_answer_is_a_failure() -> None:
    async with running(answer=100_000) as struck:
        assert len(await struck.parser.run(work.tell_much, b"", 1000)) == 1000
        with pytest.raises(Unparsed):
            await struck.parser.run(work.tell_much, b"", 100_000)
        assert struck.told == [("AnswerTooLarge", "")]


async def test_of_an_error_class_and_place_are_told_and_no_text() -> None:
    async with running() as struck:
        with pytest.raises(Unparsed) as raised:
            await struck.parser.run(work.fail, SECRET)
        [(reason, place)] = struck.told
        assert (reason, place.partition(":")[0]) == ("ValueError", "fakes.parser_work")
        assert SECRET.decode() not in f"{raised.value!r} {raised.value.__context__!r}"


async def test_it_writes_no_file(tmp_path: Path) -> None:
    async with running() as struck:
        with pytest.raises(Unparsed):
            await struck.parser.run(work.write_file, SECRET, str(tmp_path / "file"))
        assert struck.reasons == ["OSError"]
    assert (tmp_path / "file").read_bytes() == b""


async def test_an_answer_makes_nothing_but_values(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever hostile mail makes of the process, its answers do nothing to us."""
    monkeypatch.chdir(tmp_path)
    async with running() as struck:
        with pytest.raises(Unparsed):
            await struck.parser.run(work.forge, SECRET)
        assert struck.reasons == ["UnpicklingError"]
    assert list(tmp_path.iterdir()) == []


async def test_a_request_that_is_given_up_leaves_the_others_their_answers() -> None:
    async with running() as struck:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.2):
                await struck.parser.run(work.sleep, SECRET, 60)
        answers = await asyncio.gather(*(struck.parser.run(work.echo, bytes([n])) for n in range(10)))
        assert answers == [(bytes([n]),) for n in range(10)]
        assert struck.reasons == ["CancelledError"]


async def test_among_failures_each_request_ends_in_its_own_way() -> None:
    async with running(processes=2, wall=1) as struck:
        kinds = [
            lambda n: struck.parser.run(work.echo, bytes([n]) * 70_000, n),
            lambda _: struck.parser.run(work.fail, SECRET),
            lambda _: struck.parser.run(work.signal_itself, SECRET, signal.SIGKILL),
        ]
        ends = await asyncio.gather(*(kinds[n % 3](n) for n in range(18)), return_exceptions=True)
        assert ends[::3] == [(bytes([n]) * 70_000, n) for n in range(0, 18, 3)]
        assert [type(end) for end in ends[1::3]] == [Unparsed] * 6
        assert [type(end) for end in ends[2::3]] == [Unavailable] * 6


# --- its start and its end ---


async def test_closing_ends_what_runs_and_what_waits() -> None:
    async with running(wall=60) as closing:
        process_id = await closing.parser.run(work.process_id, b"")
        asked = [asyncio.create_task(closing.parser.run(work.sleep, SECRET, 60)) for _ in range(3)]
        await asyncio.sleep(0)
    ends = await asyncio.gather(*asked, return_exceptions=True)
    assert [type(end) for end in ends] == [Unavailable] * 3
    assert not alive(process_id)
    assert closing.told == []
    with pytest.raises(Unavailable):
        await closing.parser.run(work.echo, SECRET)


async def test_a_process_that_cannot_start_is_told_at_once() -> None:
    parser = Parser(ParserLimits(memory=1_000_000), lambda *_: None)
    with pytest.raises(NotStarted):
        await parser.start()


PARENT = """
import asyncio, signal, sys
from fakes import parser_work as work
from gateway.core.limits import ParserLimits
from gateway.parser import Parser

async def main():
    parser = Parser(ParserLimits(processes=2, wall=60), print)
    await parser.start()
    idle, stopped = await asyncio.gather(*(parser.run(work.process_id, b"") for _ in range(2)))
    asked = asyncio.create_task(parser.run(work.signal_itself, b"", signal.SIGSTOP))
    print(idle, stopped, flush=True)
    await asked

asyncio.run(main())
"""


def test_with_the_gateway_killed_no_process_remains(tmp_path: Path) -> None:
    """Not even one that is stopped, which can't notice that its input has ended."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    parent = subprocess.Popen([sys.executable, "-c", PARENT], stdout=subprocess.PIPE, env=environment, cwd=tmp_path)
    with parent:
        assert parent.stdout
        process_ids = [int(number) for number in parent.stdout.readline().split()]
        assert all(map(alive, process_ids))
        parent.kill()
    end = time.monotonic() + 20
    while any(map(alive, process_ids)) and time.monotonic() < end:
        time.sleep(0.01)
    remaining = [number for number in process_ids if alive(number)]
    for number in remaining:
        with suppress(ProcessLookupError):
            os.kill(number, signal.SIGKILL)
    assert remaining == []


@pytest.mark.parametrize(
    ("module", "name"),
    [("os", "mkdir"), ("gateway.parser", "os"), ("gateway.parser", "Parser"), ("datetime", "sys"), ("fakes.scan", "x")],
)
def test_only_what_values_are_made_of_is_found(module: str, name: str) -> None:
    """Names that the gateway's own modules hold, but that are no values."""
    with pytest.raises(pickle.UnpicklingError):
        Values([b""]).find_class(module, name)
