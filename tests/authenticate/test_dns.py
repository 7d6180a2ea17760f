"""The resolver: limits, memory, and one query for many."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from fakes.dns_server import ZONES, FaultServer

from gateway.authenticate import dns_exchange
from gateway.authenticate.dns import DnsUnavailable, Resolver, _server
from gateway.authenticate.dns_cache import Cache
from gateway.core.limits import DnsLimits

GOOD = "good.faults.example"
TEXT = (b"v=spf1 -all",)


class Clock:
    """Seconds, moved by hand."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
async def server() -> AsyncIterator[FaultServer]:
    made = FaultServer([ZONES / "faults.example.zone"])
    await made.start()
    yield made
    await made.close()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def resolver(server: FaultServer, clock: Clock) -> AsyncIterator[Resolver]:
    made = Resolver([server.address], DnsLimits(), clock)
    yield made
    await made.close()


@pytest.mark.parametrize(
    ("kind", "records"),
    [
        ("A", ("192.0.2.1",)),
        ("AAAA", ("2001:db8::1",)),
        ("MX", ("10 mail.good.faults.example",)),
        ("PTR", ("mail.good.faults.example",)),
    ],
)
async def test_records_come_as_text(resolver: Resolver, kind: str, records: tuple[str, ...]) -> None:
    assert await resolver.lookups().records(GOOD, kind) == records


async def test_no_other_kind_is_looked_up(resolver: Resolver) -> None:
    with pytest.raises(ValueError, match="ANY"):
        await resolver.lookups().records(GOOD, "ANY")


async def test_a_name_is_the_same_in_any_case_and_with_a_dot_behind_it(server: FaultServer, resolver: Resolver) -> None:
    for name in (GOOD, "GOOD.Faults.Example", f"{GOOD}."):
        assert await resolver.lookups().txt(name) == TEXT
    assert server.asked == {f"{GOOD} TXT": 1}


@pytest.mark.parametrize("name", ["", ".", "a..example", f"{'a' * 64}.example", "a." * 130 + "example", "ü.example"])
async def test_what_is_no_name_has_no_records_and_is_not_asked(
    server: FaultServer, resolver: Resolver, name: str
) -> None:
    assert await resolver.lookups().txt(name) == ()
    assert server.asked.total() == 0


async def test_a_backslash_is_a_backslash(server: FaultServer, resolver: Resolver) -> None:
    assert await resolver.lookups().txt(r"goo\100.faults.example") == ()
    assert GOOD + " TXT" not in server.asked


@pytest.mark.parametrize(
    ("name", "still", "no_longer"),
    [
        ("ttl-0.faults.example", 59, 61),
        (GOOD, 299, 301),
        ("long.faults.example", 3599, 3601),
        ("no-such-name.faults.example", 299, 301),
    ],
)
async def test_answers_are_remembered_for_their_time_within_bounds(
    server: FaultServer, resolver: Resolver, clock: Clock, name: str, still: float, no_longer: float
) -> None:
    begun = clock.now
    for seconds in (0, still, no_longer):
        clock.now = begun + seconds
        await resolver.lookups().txt(name)
    assert server.asked[f"{name} TXT"] == 2


async def test_kinds_are_remembered_apart(resolver: Resolver) -> None:
    lookups = resolver.lookups()
    assert await lookups.records("alias.faults.example", "PTR") == ("mail.good.faults.example",)
    assert await lookups.records("alias.faults.example", "A") == ("192.0.2.1",)


async def test_one_query_serves_all_who_ask_at_once(server: FaultServer, resolver: Resolver) -> None:
    assert set(await asyncio.gather(*(resolver.lookups().txt(GOOD) for _ in range(50)))) == {TEXT}
    assert server.asked == {f"{GOOD} TXT": 1}


async def test_who_gives_up_does_not_take_the_answer_from_others(resolver: Resolver) -> None:
    impatient = asyncio.create_task(resolver.lookups().txt(GOOD))
    patient = asyncio.create_task(resolver.lookups().txt(GOOD))
    await asyncio.sleep(0)
    impatient.cancel()
    assert await patient == TEXT
    with pytest.raises(asyncio.CancelledError):
        await impatient


async def test_a_message_has_so_many_queries_and_what_is_remembered_is_free(
    server: FaultServer, resolver: Resolver
) -> None:
    lookups = resolver.lookups()
    for number in range(40):
        assert await lookups.txt(f"n{number}.faults.example") == ()
    with pytest.raises(DnsUnavailable):
        await lookups.txt(GOOD)
    assert await lookups.txt("n0.faults.example") == ()
    assert (server.asked.total(), await resolver.lookups().txt(GOOD)) == (40, TEXT)


async def test_the_time_of_a_message_begins_with_its_first_query(resolver: Resolver, clock: Clock) -> None:
    lookups = resolver.lookups()
    clock.now += 60
    assert await lookups.txt(GOOD) == TEXT
    clock.now += 5
    with pytest.raises(DnsUnavailable):
        await lookups.txt("split.faults.example")
    assert (resolver._flights, await lookups.txt(GOOD)) == ({}, TEXT)


async def test_a_message_waits_no_longer_than_its_time(server: FaultServer) -> None:
    server.faults[GOOD] = "silent"
    resolver = Resolver([server.address], DnsLimits(message=0.1, query=30))
    async with asyncio.timeout(20):
        with pytest.raises(DnsUnavailable):
            await resolver.lookups().txt(GOOD)
    await resolver.close()


async def test_only_so_many_queries_are_under_way_at_once(server: FaultServer) -> None:
    server.faults["silent.faults.example"] = "silent"
    resolver = Resolver([server.address], DnsLimits(in_flight=1))
    waiting = asyncio.create_task(resolver.lookups().txt("silent.faults.example"))
    await asyncio.sleep(0)
    with pytest.raises(DnsUnavailable):
        await resolver.lookups().txt(GOOD)
    await resolver.close()
    with pytest.raises(DnsUnavailable):
        await waiting


async def test_a_key_may_be_smaller_than_other_text_and_an_answer_has_its_size(tmp_path: Path) -> None:
    def text(size: int) -> str:
        return " ".join('"' + "x" * min(255, size - start) + '"' for start in range(0, size, 255))

    names = {"k300._domainkey": (300,), "k400._domainkey": (400,), "t400": (400,), "t700": (700,), "two": (700, 5)}
    names["t1200"] = (1200,)
    lines = [f"{name} 60 IN TXT {text(size)}" for name, sizes in names.items() for size in sizes]
    (tmp_path / "corp.example.zone").write_text("\n".join(lines) + "\n")
    server = FaultServer([tmp_path / "corp.example.zone"])
    await server.start()
    resolver = Resolver([server.address], DnsLimits(key_record=300, text_record=600, answer=1000))
    lookups = resolver.lookups()
    kept = {name: [len(text) for text in await lookups.txt(f"{name}.corp.example")] for name in names}
    assert kept == {
        "k300._domainkey": [300],
        "k400._domainkey": [],
        "t400": [400],
        "t700": [],
        "two": [5],
        "t1200": [],
    }
    await resolver.close()
    resolver = Resolver([server.address], DnsLimits(answer=1000))
    assert await resolver.lookups().txt("t1200.corp.example") == ()
    await resolver.close()
    await server.close()


def test_the_memory_is_bounded_in_names_and_what_was_not_used_goes_first(clock: Clock) -> None:
    cache = Cache(2, 10_000, clock)
    cache.put(("a", "A"), (b"1",), 60)
    cache.put(("b", "A"), (b"2",), 60)
    cache.get(("a", "A"))
    cache.put(("c", "A"), (b"3",), 60)
    assert [cache.get((name, "A")) is not None for name in "abc"] == [True, False, True]


def test_the_memory_is_bounded_in_bytes(clock: Clock) -> None:
    cache = Cache(100, 1000, clock)
    for number in range(10):
        cache.put((str(number), "TXT"), (b"x" * 300,), 60)
    assert [number for number in range(10) if cache.get((str(number), "TXT"))] == [7, 8, 9]
    cache.put(("9", "TXT"), (b"x",), 60)
    cache.put(("big", "TXT"), (b"x" * 600,), 60)
    assert [name for name in ("7", "8", "9", "big") if cache.get((name, "TXT"))] == ["8", "9", "big"]


def test_name_servers_are_given_with_or_without_a_port() -> None:
    given = ["192.0.2.53", "192.0.2.53:5353", "2001:db8::53", "[2001:db8::53]:5353"]
    assert list(map(_server, given)) == [
        ("192.0.2.53", 53),
        ("192.0.2.53", 5353),
        ("2001:db8::53", 53),
        ("2001:db8::53", 5353),
    ]


def test_without_any_the_system_knows_some() -> None:
    assert dns_exchange.system_servers()
