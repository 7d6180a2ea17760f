"""The wall clock jumps while the gateway serves: nobody is timed out or lost, ids go on, nothing is erased for it."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.proofs import parameters, shifted
from tests.proofs.launched import Launched
from tests.proofs.load import under_load, wait_for_more
from tests.proofs.shifted import DAY, HOUR, YEARS
from tests.proofs.talk import Talk, wire
from tests.proofs.verdict import faults
from tests.running_gateway import free_port

JUMPS = (HOUR, 0, -HOUR, YEARS, HOUR, -YEARS, 0)
"""Where the clock is, one after the other; milliseconds."""
HELD = b"From: ana@us.example\r\nSubject: Fwd: that\r\n\r\nLook:\r\n* he said %d\r\nhello\r\n"


@pytest.fixture
def ahead(tmp_path: Path) -> Path:
    """The file that sets the clock."""
    path = tmp_path / "ahead"
    shifted.set_ahead(path, 0)
    return path


@pytest.fixture
def gateway(tmp_path: Path, ahead: Path) -> Iterator[Launched]:
    made = Launched(tmp_path, free_port(), clock=str(ahead))
    made.prepare("command_wait = 300\ncommand_wait_busy = 1\ncommands_base = 10000\n")
    yield made
    made.close()


def served_through(gateway: Launched, ahead: Path, jumps: list[int], seed: int) -> str:
    """Under load, with a session from before the first jump to after the last; the figures."""
    with under_load(gateway, seed) as ledger, Talk(gateway.port) as patient:
        patient.greet()
        for jump in jumps:
            shifted.set_ahead(ahead, jump)
            wait_for_more(ledger, 5)
            patient.say("NOOP", "250")
    assert gateway.stop() == 0
    assert faults(gateway, ledger) == []
    ids = [row[0] for row in gateway.rows("SELECT id FROM decision ORDER BY rowid")]
    assert ids == sorted(ids)
    return f"{len(jumps)} jumps, {ledger.acknowledged.total()} acknowledged, 0 lost, 0 doubled, {len(ids)} ids in order"


def test_clients_are_served_while_the_clock_jumps_and_ids_go_on_in_order(gateway: Launched, ahead: Path) -> None:
    gateway.start()
    served_through(gateway, ahead, list(JUMPS), 20260302)


@pytest.mark.prove
def test_clients_are_served_through_a_thousand_jumps(gateway: Launched, ahead: Path) -> None:
    began, seed = time.monotonic(), parameters.seed()
    chance = random.Random(seed)
    gateway.start()
    jumps = [chance.randrange(-YEARS, YEARS) if chance.random() < 0.5 else chance.choice(JUMPS) for _ in range(1000)]
    print(f"{served_through(gateway, ahead, jumps, seed)}; {time.monotonic() - began:.0f} s")


@pytest.mark.parametrize("jump", [YEARS, -YEARS])
def test_who_is_idle_is_timed_out_whatever_the_clock_says(gateway: Launched, ahead: Path, jump: int) -> None:
    config = gateway.config.read_text(encoding="utf-8").replace("command_wait = 300", "command_wait = 1")
    gateway.config.write_text(config, encoding="utf-8")
    gateway.start()
    with Talk(gateway.port) as talk:
        talk.greet()
        shifted.set_ahead(ahead, jump)
        assert talk.reply().startswith("421 4.4.2")


# What is kept for a while


def keep(gateway: Launched, number: int = 1) -> None:
    """One held message, and one for the operator."""
    for to in (gateway.addresses["forward"], "postmaster@log.example"):
        with Talk(gateway.port) as talk:
            talk.greet()
            talk.open("ana@us.example", [to])
            talk.socket.sendall(wire(HELD % number))
            assert talk.reply().startswith("250")


def kept(gateway: Launched) -> list[tuple[object, ...]]:
    """How many messages are held, and how many for the operator."""
    return gateway.rows("SELECT (SELECT count(*) FROM held), (SELECT count(*) FROM operator_mail)")


def test_a_leap_of_the_clock_erases_nothing(gateway: Launched, ahead: Path) -> None:
    gateway.start()
    keep(gateway)
    shifted.set_ahead(ahead, YEARS)
    gateway.wait_for_log("erasing.paused")
    assert kept(gateway) == [(1, 1)]
    assert gateway.stop() == 0


def test_after_a_leap_a_start_erases_nothing_either(gateway: Launched, ahead: Path) -> None:
    gateway.start()
    keep(gateway)
    assert gateway.stop() == 0
    shifted.set_ahead(ahead, YEARS)
    for number in (2, 3):
        gateway.start()
        gateway.wait_for_log("erasing.paused", number - 1)
        keep(gateway, number)  # what is recorded by that clock doesn't speak for it yet
        assert gateway.stop() == 0
    assert kept(gateway) == [(3, 3)]


def test_what_is_overdue_by_a_clock_that_the_record_speaks_for_is_erased(gateway: Launched, ahead: Path) -> None:
    for number, days in enumerate((-40, -5)):
        shifted.set_ahead(ahead, days * DAY)
        gateway.start()
        keep(gateway, number)
        assert gateway.stop() == 0
    assert kept(gateway) == [(2, 2)]
    shifted.set_ahead(ahead, 0)
    gateway.start()
    gateway.wait_for_log("held.expired")
    assert gateway.stop() == 0
    assert kept(gateway) == [(1, 1)]


def test_a_build_that_believes_any_clock_is_found_out(gateway: Launched, ahead: Path) -> None:
    gateway.build = "believes the clock"
    gateway.start()
    keep(gateway)
    shifted.set_ahead(ahead, YEARS)
    gateway.wait_for_log("held.expired")
    assert kept(gateway) == [(0, 0)]
