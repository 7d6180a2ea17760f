"""What may go wrong between us and a name server, and what is made of it. Real UDP and TCP."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from fakes.dns_server import FAULTS, ZONES, FaultServer

from gateway.authenticate.dns import DnsUnavailable, Resolver
from gateway.core.limits import DnsLimits

ANSWERED, NO_RECORD, UNAVAILABLE = (b"v=spf1 -all",), (), None

VERDICTS = {
    "good": ANSWERED,
    "servfail": UNAVAILABLE,
    "refused": UNAVAILABLE,
    "formerr": UNAVAILABLE,
    "nxdomain": NO_RECORD,
    "empty": NO_RECORD,
    "silent": UNAVAILABLE,
    "late": UNAVAILABLE,
    "wrong-id": UNAVAILABLE,
    "wrong-question": UNAVAILABLE,
    "garbage": UNAVAILABLE,
    "truncated": ANSWERED,
    "truncated-without-tcp": UNAVAILABLE,
    "dripped": UNAVAILABLE,
    "huge": NO_RECORD,
    "wrong-id-by-tcp": UNAVAILABLE,
    "flaky": UNAVAILABLE,
    "lost": ANSWERED,
    "split": ANSWERED,
    "non-ascii": (b"v=spf1 \xc3\xbc -all",),
    "ttl-0": ANSWERED,
    "alias": ANSWERED,
    "loop": NO_RECORD,
    "itself": NO_RECORD,
    "chain1": ANSWERED,
    "chain0": NO_RECORD,
    "dangling": NO_RECORD,
    "no-such-name": NO_RECORD,
}


@pytest.fixture
async def server() -> AsyncIterator[FaultServer]:
    faults = {f"{fault}.faults.example": fault for fault in FAULTS}
    made = FaultServer([ZONES / "faults.example.zone"], faults, late=0.3)
    await made.start()
    yield made
    await made.close()


WAITED_FOR = {"silent", "late", "wrong-id", "wrong-question", "garbage", "dripped"}
"""Nothing usable comes in time."""


@pytest.mark.parametrize(("name", "verdict"), VERDICTS.items(), ids=VERDICTS)
async def test_an_answer_is_taken_a_lack_is_permanent_and_trouble_is_temporary(
    server: FaultServer, name: str, verdict: tuple[bytes, ...] | None
) -> None:
    resolver = Resolver([server.address], DnsLimits(query=0.2) if name in WAITED_FOR else DnsLimits())
    try:
        got = await resolver.lookups().txt(f"{name}.faults.example")
    except DnsUnavailable:
        got = None
    assert got == verdict
    await resolver.close()


def test_every_fault_has_a_verdict() -> None:
    assert set(FAULTS) <= set(VERDICTS)


async def test_trouble_costs_a_message_its_time_and_no_more(server: FaultServer) -> None:
    resolver = Resolver([server.address], DnsLimits(query=0.2, message=0.3))
    lookups = resolver.lookups()
    for fault in sorted(WAITED_FOR):
        with pytest.raises(DnsUnavailable):
            await lookups.txt(f"{fault}.faults.example")
    assert server.asked.total() < 2 * len(WAITED_FOR)
    await resolver.close()


async def test_a_query_that_failed_first_is_answered_later(server: FaultServer) -> None:
    now = 0.0
    resolver = Resolver([server.address], DnsLimits(), lambda: now)
    with pytest.raises(DnsUnavailable):
        await resolver.lookups().txt("flaky.faults.example")
    now = 4.9
    with pytest.raises(DnsUnavailable):
        await resolver.lookups().txt("flaky.faults.example")
    assert server.asked["flaky.faults.example TXT"] == 1
    now = 5.1
    assert await resolver.lookups().txt("flaky.faults.example") == ANSWERED
    await resolver.close()


async def test_messages_to_slow_domains_do_not_delay_others(server: FaultServer) -> None:
    resolver = Resolver([server.address], DnsLimits(query=1))
    slow = [asyncio.create_task(resolver.lookups().txt(f"{n}.silent.faults.example")) for n in range(100)]
    await asyncio.sleep(0)
    assert await resolver.lookups().txt("good.faults.example") == ANSWERED
    assert not any(task.done() for task in slow)
    results = await asyncio.gather(*slow, return_exceptions=True)
    assert {type(result) for result in results} == {DnsUnavailable}
    assert server.asked[". NS"] == 0  # who answers others is alive
    assert await resolver.lookups().txt("ttl-0.faults.example") == ANSWERED
    await resolver.close()


@pytest.mark.parametrize("root", ["", "servfail", "nxdomain"])
async def test_a_name_server_that_is_silent_about_one_domain_is_asked_about_others(
    server: FaultServer, root: str
) -> None:
    server.faults |= {".": root, "good.faults.example": ""}
    resolver = Resolver([server.address], DnsLimits(query=0.2))
    with pytest.raises(DnsUnavailable):
        await resolver.lookups().txt("silent.faults.example")
    await probed(resolver)
    assert server.asked[". NS"] == 1
    assert await resolver.lookups().txt("good.faults.example") == ANSWERED
    await resolver.close()


async def test_nobody_waits_for_dead_name_servers(server: FaultServer) -> None:
    now = 0.0
    server.faults["."] = "silent"
    resolver = Resolver([server.address], DnsLimits(query=0.2), lambda: now)
    with pytest.raises(DnsUnavailable):
        await resolver.lookups().txt("good.faults.example")
    await probed(resolver)
    asked = server.asked.total()
    for number in range(100):
        with pytest.raises(DnsUnavailable):
            await resolver.lookups().txt(f"{number}.example")
    assert server.asked.total() == asked
    del server.faults["."]
    now = 5.1
    assert await resolver.lookups().txt("good.faults.example") == ANSWERED
    await resolver.close()


async def probed(resolver: Resolver) -> None:
    """Waits for the question whether anybody is there."""
    if resolver._probe:
        await asyncio.wait({resolver._probe}, timeout=5)


async def test_another_name_server_is_asked_where_one_fails(server: FaultServer) -> None:
    bad = FaultServer(faults={".": "refused"})
    await bad.start()
    resolver = Resolver([bad.address, server.address], DnsLimits())
    assert await resolver.lookups().txt("good.faults.example") == ANSWERED
    assert bad.asked.total() == 1
    await resolver.close()
    await bad.close()
