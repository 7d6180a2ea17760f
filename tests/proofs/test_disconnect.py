"""A client goes away in any state of the dialogue: nothing is lost, doubled, or left open."""

from __future__ import annotations

import random
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.proofs import parameters
from tests.proofs.launched import Launched
from tests.proofs.load import Ledger, Message, digest, message
from tests.proofs.talk import Talk, wire
from tests.proofs.verdict import faults
from tests.running_gateway import free_port

STATES = ("connected", "greeted", "sender", "recipient", "invited", "half", "whole", "answered")
WHOLE = STATES.index("whole")
ENDS = ("close", "reset", "half-close")
SHORT = "command_wait = 2\ncommand_wait_busy = 2\nlinger = 1\n"
_LISTENING = "0A"


@pytest.fixture
def gateway(tmp_path: Path) -> Iterator[Launched]:
    made = Launched(tmp_path, free_port(), parser=False)
    made.prepare(SHORT)
    made.start()
    yield made
    made.close()


def open_sockets(port: int) -> int:
    """Connections that the gateway holds: those of its port that belong to a process."""
    lines = Path("/proc/net/tcp").read_text(encoding="ascii").splitlines()[1:]
    found = [line.split() for line in lines]
    return sum(
        int(local.partition(":")[2], 16) == port and state != _LISTENING and inode != "0"
        for _, local, _, state, _, _, _, _, _, inode, *_ in found
    )


def until_closed(gateway: Launched) -> None:
    end = time.monotonic() + 20
    while left := open_sockets(gateway.port):
        assert time.monotonic() < end, f"{left} connections are left"
        time.sleep(0.05)


def leave(gateway: Launched, sent: Message, state: int, end: str, ledger: Ledger) -> None:
    """Comes as far as this state, then goes away like this."""
    with Talk(gateway.port) as talk:
        for step in range(1, state + 1):
            _step(gateway, talk, sent, step, ledger)
        if end == "half-close":
            talk.socket.shutdown(socket.SHUT_WR)
            if state == WHOLE:  # what was said before is still heard and answered
                assert talk.reply().startswith("250 2.0.0 Accepted")
                ledger.acknowledged[sent.ident] += 1
            talk.until_end()
        else:
            talk.close(reset=end == "reset")


def _step(gateway: Launched, talk: Talk, sent: Message, step: int, ledger: Ledger) -> None:
    """From one state to the next."""
    data = wire(sent.raw)
    match STATES[step]:
        case "greeted":
            talk.greet()
        case "sender":
            talk.say("MAIL FROM:<ana@us.example>", "250")
        case "recipient":
            for channel in sent.channels:
                talk.say(f"RCPT TO:<{gateway.addresses[channel]}>", "250")
        case "invited":
            talk.say("DATA", "354")
        case "half":
            talk.socket.sendall(data[: len(data) // 2])
        case "whole":
            ledger.attempts[sent.ident] += 1
            talk.socket.sendall(data[len(data) // 2 :])
        case "answered":
            assert talk.reply().startswith("250 2.0.0 Accepted")
            ledger.acknowledged[sent.ident] += 1


def leave_everywhere(gateway: Launched, times: int, seed: int) -> Ledger:
    """In each state and each way, with one message each; then all of them come again, and stay."""
    chance, ledger = random.Random(seed), Ledger()
    ways = [(state, end) for state in range(len(STATES)) for end in ENDS] * times
    chance.shuffle(ways)
    letters = [message(f"m{number}", chance) for number in range(len(ways))]
    for sent, (state, end) in zip(letters, ways, strict=True):
        ledger.sent[sent.ident] = (sent.channels, digest(sent.raw))
        leave(gateway, sent, state, end, ledger)
    until_closed(gateway)
    decided = {ident for (ident,) in gateway.rows("SELECT subject FROM activity")}
    assert {ident for ident, count in ledger.acknowledged.items() if count} <= decided <= set(ledger.attempts)
    for sent in letters:
        leave(gateway, sent, STATES.index("answered"), "close", ledger)
    return ledger


def test_a_client_that_goes_away_in_any_state_leaves_nothing_open_and_nothing_half(gateway: Launched) -> None:
    ledger = leave_everywhere(gateway, 2, 20260302)
    assert gateway.stop() == 0
    assert faults(gateway, ledger) == []


@pytest.mark.prove
def test_thousands_of_clients_that_go_away_leave_nothing_open_and_nothing_half(gateway: Launched) -> None:
    began, times = time.monotonic(), parameters.count(2400) // (len(STATES) * len(ENDS))
    ledger = leave_everywhere(gateway, times, parameters.seed())
    assert gateway.stop() == 0
    assert faults(gateway, ledger) == []
    print(f"{len(ledger.sent)} clients went away, {ledger.attempts.total()} messages came whole, 0 lost, 0 doubled,")
    print(f"no connection left; {time.monotonic() - began:.0f} s")


@pytest.mark.parametrize("commands", [100, 1000])
def test_a_client_that_reads_nothing_is_dropped_though_it_stays(gateway: Launched, commands: int) -> None:
    """Its window is full of replies, so that no last word reaches it; with more commands than are allowed or fewer."""
    with Talk(gateway.port) as talk:
        talk.greet()
        talk.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1024)
        talk.socket.sendall(b"EHLO mail.us.example\r\n" * commands)
        assert open_sockets(gateway.port) == 1
        until_closed(gateway)
    assert gateway.stop() == 0


def test_a_build_that_never_hangs_up_is_found_out(gateway: Launched) -> None:
    gateway.stop()
    gateway.build = "never hangs up"
    gateway.start()
    with Talk(gateway.port, timeout=2) as talk:
        talk.greet()
        talk.socket.shutdown(socket.SHUT_WR)
        with pytest.raises(TimeoutError):
            talk.until_end()
        assert open_sockets(gateway.port) == 1
