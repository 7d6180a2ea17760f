"""The operator's signals: nothing is lost or doubled by them, and a message that is on its way gets its answer."""

from __future__ import annotations

import random
import signal
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.proofs import parameters
from tests.proofs.launched import Launched
from tests.proofs.load import message, under_load, wait_for_more
from tests.proofs.talk import Talk, wire
from tests.proofs.verdict import faults
from tests.running_gateway import free_port

LATEST = 0.1
"""Seconds from the first reply to the signal, at most."""
STATES = ("connected", "greeted", "transaction", "data", "half")
"""How far a client has come when the gateway is told to stop."""


@pytest.fixture
def gateway(tmp_path: Path) -> Iterator[Launched]:
    made = Launched(tmp_path, free_port())
    made.prepare()
    yield made
    made.close()


def came_so_far(gateway: Launched, state: str, raw: bytes) -> Talk:
    """A client that has come to this state."""
    talk = Talk(gateway.port)
    if state == "connected":
        talk.reply()
        return talk
    talk.greet()
    if state == "transaction":
        talk.say("MAIL FROM:<ana@us.example>", "250")
    elif state in ("data", "half"):
        talk.open("ana@us.example", [gateway.addresses["bcc"]])
    if state == "half":
        talk.socket.sendall(wire(raw)[:50])
    return talk


def reloaded(gateway: Launched, configuration: str, chance: random.Random) -> None:
    """SIGHUP, with other limits or a configuration that is no good."""
    more = chance.choice((f"messages = {chance.randrange(5, 50)}\n", "mesages = 5\n", ""))
    gateway.config.write_text(configuration + more, encoding="utf-8")
    gateway.signal(signal.SIGHUP)


def stopped_and_started(gateway: Launched, cycles: int, seed: int) -> str:
    """Under load; the figures. Each stop is orderly: exit code 0, the database closed."""
    chance, slowest, reloads = random.Random(seed), 0.0, 0
    configuration = gateway.config.read_text(encoding="utf-8")
    with under_load(gateway, seed) as ledger:
        for _ in range(cycles):
            gateway.config.write_text(configuration, encoding="utf-8")
            gateway.start()
            wait_for_more(ledger, 1)
            for _ in range(chance.choice((0, 0, 1, 3))):
                reloaded(gateway, configuration, chance)
                reloads += 1
                time.sleep(chance.uniform(0, LATEST / 3))
            time.sleep(chance.uniform(0, LATEST))
            began = time.monotonic()
            gateway.signal(chance.choice((signal.SIGTERM, signal.SIGINT)))
            assert gateway.ended() == 0, gateway.log()[-2000:]
            slowest = max(slowest, time.monotonic() - began)
            assert not (gateway.folder / "gateway.db-wal").exists()
        gateway.config.write_text(configuration, encoding="utf-8")
        gateway.start()
        wait_for_more(ledger)
    assert gateway.stop() == 0
    assert faults(gateway, ledger) == []
    assert "internal.failed" not in gateway.log()
    told = sum(gateway.log().count(event) for event in ("configuration.reloaded", "configuration.refused"))
    assert told <= reloads
    assert told or not reloads
    acknowledged = ledger.acknowledged.total()
    return (
        f"{cycles} stops and {reloads} reloads, {acknowledged} acknowledged, 0 lost, 0 doubled;"
        f" slowest stop {slowest:.2f} s"
    )


def test_no_acknowledged_message_is_lost_or_doubled_by_a_few_stops(gateway: Launched) -> None:
    stopped_and_started(gateway, 4, 20260302)


@pytest.mark.prove
def test_no_acknowledged_message_is_lost_or_doubled_by_a_thousand_stops() -> None:
    began, seed, cycles = time.monotonic(), parameters.seed(), parameters.count(1000)
    for number in range(seed, seed + cycles // 100):
        with tempfile.TemporaryDirectory(prefix="stopped-") as folder:
            gateway = Launched(Path(folder), free_port(), parser=False)
            gateway.prepare()
            try:
                print(stopped_and_started(gateway, 100, number))
            finally:
                gateway.close()
    print(f"{time.monotonic() - began:.0f} s")


@pytest.mark.parametrize("state", STATES)
def test_who_is_told_to_go_hears_it_and_a_message_on_its_way_is_answered(gateway: Launched, state: str) -> None:
    """What was not begun is sent away with 421; a message after DATA may be finished, and is committed."""
    sent = message("m", random.Random(1))
    gateway.start()
    with came_so_far(gateway, state, sent.raw) as talk:
        gateway.signal(signal.SIGTERM)
        if state in ("data", "half"):
            talk.socket.sendall(wire(sent.raw)[50 if state == "half" else 0 :])
            assert talk.reply().startswith("250 2.0.0 Accepted")
        assert talk.reply().startswith("421 4.3.2")
    assert gateway.ended() == 0
    committed = 1 if state in ("data", "half") else 0
    assert gateway.rows("SELECT count(*) FROM activity") == [(committed,)]


def test_a_build_that_does_not_wait_for_messages_on_their_way_is_found_out(gateway: Launched) -> None:
    gateway.build = "does not wait"
    gateway.start()
    with came_so_far(gateway, "half", message("m", random.Random(1)).raw) as talk:
        gateway.signal(signal.SIGTERM)
        with pytest.raises(ConnectionError):
            talk.reply()
    assert gateway.ended() == 0


def test_a_second_sigterm_ends_a_stop_that_takes_too_long(gateway: Launched) -> None:
    gateway.start()
    with under_load(gateway, 1) as ledger:
        wait_for_more(ledger)
        with came_so_far(gateway, "half", message("slow", random.Random(1)).raw):
            gateway.signal(signal.SIGTERM)
            gateway.wait_for_log("stop.requested")
            gateway.signal(signal.SIGTERM)
            assert gateway.ended() == 1
        gateway.start()
        wait_for_more(ledger)
    assert gateway.stop() == 0
    assert faults(gateway, ledger) == []


def test_sighup_disturbs_nobody(gateway: Launched) -> None:
    gateway.start()
    with under_load(gateway, 1, impatient=0) as ledger:
        for _ in range(20):
            wait_for_more(ledger, 5)
            gateway.signal(signal.SIGHUP)
    assert ledger.unanswered == 0
    assert gateway.stop() == 0
    assert faults(gateway, ledger) == []


def test_told_to_stop_while_it_starts_it_ends_and_leaves_a_sound_database(gateway: Launched) -> None:
    chance = random.Random(1)
    for _ in range(3):
        gateway.launch("serve")
        time.sleep(chance.uniform(0, 0.3))
        gateway.signal(signal.SIGTERM)
        assert gateway.ended() in (0, -signal.SIGTERM)  # it may not have come to listen to signals yet
    gateway.start()
    assert gateway.stop() == 0
    assert gateway.rows("PRAGMA integrity_check") == [("ok",)]
