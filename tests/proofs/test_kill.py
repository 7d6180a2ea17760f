"""Nothing lost, nothing twice: the gateway is killed again and again while clients deliver.

PROOF_COUNT=10000 PROOF_AT_ONCE=3 makes the longest run.
"""

from __future__ import annotations

import os
import random
import signal
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import astuple, dataclass
from multiprocessing import get_context
from pathlib import Path

import pytest
from fakes.postgres import MISSING, PostgresServer

from tests.proofs import moments, parameters
from tests.proofs.launched import Launched
from tests.proofs.load import IMPATIENT, under_load, wait_for_more
from tests.proofs.verdict import faults, repeats, tally
from tests.running_gateway import Gateway, free_port

LATEST = 0.25
"""Seconds from the start to the kill, at most."""
SERVED = 0.5
"""Share of kills that come so long after the first reply, not after the start."""
A_ROUND = 100
"""Kills of one database."""
AT_ONCE = int(os.environ.get("PROOF_AT_ONCE", "2"))
"""Gateways, each with clients of its own."""
MOMENTS = [name for name in moments.MOMENTS if name != "statement"]


@dataclass(frozen=True)
class Figures:
    """Of one round or all of them."""

    kills: int
    acknowledged: int
    unanswered: int
    repeats: int
    slowest: float
    """Seconds of the slowest start."""
    faults: tuple[str, ...]

    def __str__(self) -> str:
        return (
            f"{self.kills} kills, {self.acknowledged} acknowledged, {self.unanswered} unanswered,"
            f" {self.repeats} repeats: {tally(self.faults)};"
            f" slowest start {self.slowest:.2f} s"
        )


def total(rounds: list[Figures]) -> Figures:
    counted = [sum(column) for column in list(zip(*map(astuple, rounds), strict=True))[:4]]
    found = tuple(fault for each in rounds for fault in each.faults)
    return Figures(*counted, max(each.slowest for each in rounds), found)


def killed(gateway: Gateway, kills: int, seed: int, moment: str = "", impatient: float = IMPATIENT) -> Figures:
    """Kills and restarts a gateway under load, then ends it in peace and looks what it has kept."""
    chance, slowest = random.Random(seed), 0.0
    with under_load(gateway, seed, impatient) as ledger:
        for _ in range(kills):
            if isinstance(gateway, Launched):
                gateway.moment, gateway.times = moment, chance.randrange(1, 20)
            began = time.monotonic()
            gateway.start()
            slowest = max(slowest, time.monotonic() - began)
            if isinstance(gateway, Launched) and moment:
                assert gateway.ended() == -signal.SIGKILL
            else:
                if chance.random() < SERVED:
                    wait_for_more(ledger, 1)
                time.sleep(chance.uniform(0, LATEST))
                gateway.kill()
        if isinstance(gateway, Launched):
            gateway.moment = ""
        gateway.start()
        wait_for_more(ledger)
    found = [f"exit code {code}"] if (code := gateway.stop()) else []
    found += faults(gateway, ledger)
    acknowledged = ledger.acknowledged.total()
    return Figures(kills, acknowledged, ledger.unanswered, repeats(gateway), slowest, tuple(found))


def a_round(kills: int, seed: int, build: str = "", moment: str = "") -> Figures:
    """In a folder of its own, by the launcher."""
    with tempfile.TemporaryDirectory(prefix="killed-") as folder:
        gateway = Launched(Path(folder), free_port(), build=build, parser=False)
        gateway.prepare()
        try:
            return killed(gateway, kills, seed, moment, 0.5 if build else IMPATIENT)
        finally:
            gateway.close()


@pytest.fixture
def started_by_hand(tmp_path: Path) -> Iterator[Gateway]:
    """A gateway as its operator starts it."""
    gateway = Gateway(tmp_path, free_port())
    gateway.prepare()
    yield gateway
    if gateway.running:
        gateway.kill()


def test_no_acknowledged_message_is_lost_or_doubled_by_a_few_kills(started_by_hand: Gateway) -> None:
    assert killed(started_by_hand, 2, 20260302).faults == ()


@pytest.mark.parametrize("moment", MOMENTS)
def test_no_acknowledged_message_is_lost_or_doubled_by_a_kill_at(moment: str) -> None:
    assert a_round(2, 20260302, moment=moment).faults == ()


@pytest.mark.parametrize("build", ["answers early", "forgets retries", "no shield", "interleaves"])
def test_a_build_that_breaks_the_promise_is_found_out_within_sixty_kills(build: str) -> None:
    rounds = (a_round(10, 20260302 + number, build) for number in range(6))
    found = next((figures for figures in rounds if figures.faults), None)
    assert found
    print(f"{build}: {found}")


@pytest.fixture
def on_postgres(tmp_path: Path) -> Iterator[Launched]:
    """A gateway whose database is on a PostgreSQL server."""
    with PostgresServer() as server:
        gateway = Launched(tmp_path, free_port(), parser=False, server=server.place(server.create()))
        gateway.prepare()
        yield gateway
        gateway.close()


@pytest.mark.skipif(bool(MISSING), reason=MISSING)
def test_no_acknowledged_message_is_lost_or_doubled_by_a_few_kills_on_postgresql(on_postgres: Launched) -> None:
    assert killed(on_postgres, 4, 20260302).faults == ()


@pytest.mark.prove
@pytest.mark.skipif(bool(MISSING), reason=MISSING)
def test_no_acknowledged_message_is_lost_or_doubled_by_any_number_of_kills_on_postgresql(on_postgres: Launched) -> None:
    began = time.monotonic()
    figures = killed(on_postgres, parameters.count(300), parameters.seed())
    print(f"{figures}; {time.monotonic() - began:.0f} s")
    assert figures.faults == ()


@pytest.mark.prove
def test_no_acknowledged_message_is_lost_or_doubled_by_two_hundred_kills(started_by_hand: Gateway) -> None:
    began = time.monotonic()
    figures = killed(started_by_hand, 200, parameters.seed())
    print(f"{figures}; {time.monotonic() - began:.0f} s")
    assert figures.faults == ()


@pytest.mark.prove
def test_no_acknowledged_message_is_lost_or_doubled_by_any_number_of_kills() -> None:
    """Of gateways that start at once, several beside each other."""
    began, seed, rounds = time.monotonic(), parameters.seed(), parameters.count(1000) // A_ROUND
    with ProcessPoolExecutor(AT_ONCE, get_context("spawn")) as pool:
        figures = total(list(pool.map(a_round, [A_ROUND] * rounds, range(seed, seed + rounds))))
    print(f"{figures}; {time.monotonic() - began:.0f} s")
    assert figures.faults == ()


@pytest.mark.prove
def test_no_acknowledged_message_is_lost_or_doubled_by_a_hundred_kills_at_each_moment() -> None:
    began, seed = time.monotonic(), parameters.seed()
    with ProcessPoolExecutor(AT_ONCE, get_context("spawn")) as pool:
        runs = [pool.submit(a_round, 100, seed, moment=moment) for moment in MOMENTS]
    for moment, run in zip(MOMENTS, runs, strict=True):
        print(f"{moment}: {run.result()}")
    print(f"{time.monotonic() - began:.0f} s")
    assert total([run.result() for run in runs]).faults == ()
