"""Clients that deliver numbered messages while something happens to the gateway, and what they were told.

A client repeats each message with identical bytes until it reads a 250, and notes that 250 outside the gateway's
folder and process.
"""

from __future__ import annotations

import hashlib
import random
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from tests.proofs.talk import Refused, Talk, wire
from tests.running_gateway import Gateway

CLIENTS = 6
REPEATED = 0.05
"""Share of messages that are delivered once more after their 250, as if it had been lost."""
IMPATIENT = 0.1
"""Share of deliveries whose client hangs up after the last dot, unless said otherwise, to come again."""
SEVERAL = 0.2
"""Share of messages for two recipients."""
ANONYMOUS = 0.2
"""Share of messages without a Message-ID."""
_PATIENCE = 0.02
"""Seconds that such a client waits at most."""
_WAIT = 0.02
"""Seconds until the next try."""


@dataclass(frozen=True)
class Message:
    ident: str
    """Its subject."""
    channels: tuple[str, ...]
    raw: bytes


@dataclass
class Ledger:
    """What was sent and what was acknowledged. Each client has messages of its own, so no entry has two writers."""

    attempts: Counter[str] = field(default_factory=Counter)
    """Messages that were sent up to the last dot, by ident, as often as they were."""
    acknowledged: Counter[str] = field(default_factory=Counter)
    """Their 250s."""
    sent: dict[str, tuple[tuple[str, ...], bytes]] = field(default_factory=dict)
    """Channels and digest of each."""
    unanswered: int = 0
    """Tries that ended in a 4xx, or in nothing."""
    wrong: list[str] = field(default_factory=list)
    """Replies that may never be."""
    stop: threading.Event = field(default_factory=threading.Event)


def digest(raw: bytes) -> bytes:
    return hashlib.sha256(raw).digest()


def message(ident: str, chance: random.Random) -> Message:
    """Of 10 bytes to 20 KB, with lines that begin with dots."""
    lines, left = [], chance.randrange(10, 20_000)
    while left > 0:
        lines.append(chance.choice(("", ".", "..")) + "x" * chance.randrange(min(left, 900)))
        left -= len(lines[-1]) + 2
    named = f"Message-ID: <{ident}@us.example>\r\n" if chance.random() >= ANONYMOUS else ""
    head = f"From: ana@us.example\r\nTo: bob{chance.randrange(20)}@client.example\r\nSubject: {ident}\r\n{named}"
    text = "\r\n".join((ident, *lines))
    raw = f"{head}Date: Mon, 02 Mar 2026 09:12:04 +0000\r\n\r\n{text}\r\n".encode()
    return Message(ident, ("bcc", "relay") if chance.random() < SEVERAL else ("bcc",), raw)


class _Client(threading.Thread):
    def __init__(self, gateway: Gateway, name: str, ledger: Ledger, chance: random.Random, impatient: float) -> None:
        super().__init__(daemon=True)
        self._gateway, self._prefix, self._ledger, self._chance = gateway, name, ledger, chance
        self._impatient = impatient
        self._talk: Talk | None = None

    def run(self) -> None:
        number = 0
        while not self._ledger.stop.is_set():
            number += 1
            self._deliver(message(f"{self._prefix}-{number}", self._chance))
        self._hang_up()

    def _deliver(self, sent: Message) -> None:
        """Until it is acknowledged, and sometimes once more."""
        ledger, times = self._ledger, 2 if self._chance.random() < REPEATED else 1
        ledger.sent[sent.ident] = (sent.channels, digest(sent.raw))
        while times and not ledger.stop.is_set():
            try:
                self._try(sent)
                times -= 1
            except OSError:
                self._missed()
            except Refused as reply:
                if not str(reply).startswith("4"):
                    ledger.wrong.append(str(reply))
                self._missed()

    def _missed(self) -> None:
        self._ledger.unanswered += 1
        self._hang_up()
        time.sleep(_WAIT)

    def _try(self, sent: Message) -> None:
        ledger = self._ledger
        if self._talk is None:
            self._talk = Talk(self._gateway.port)
            self._talk.greet()
        talk = self._talk
        talk.open("ana@us.example", [self._gateway.addresses[c] for c in sent.channels])
        ledger.attempts[sent.ident] += 1
        talk.send(wire(sent.raw), self._chance)
        if self._chance.random() < self._impatient:
            time.sleep(self._chance.uniform(0, _PATIENCE))
            self._hang_up(reset=self._chance.random() < 0.5)
            raise ConnectionResetError
        reply = talk.reply()
        if not reply.startswith("250 "):
            raise Refused(reply)
        ledger.acknowledged[sent.ident] += 1

    def _hang_up(self, *, reset: bool = False) -> None:
        if self._talk:
            self._talk.close(reset=reset)
            self._talk = None


@contextmanager
def under_load(gateway: Gateway, seed: int, impatient: float = IMPATIENT, *others: Gateway) -> Iterator[Ledger]:
    """Clients at work by all these gateways, from now to the end of the block.

    `impatient`: share of deliveries that are broken off.
    """
    ledger, gateways = Ledger(), (gateway, *others)
    clients = [
        _Client(gateways[number % len(gateways)], f"m{number}", ledger, random.Random(f"{seed} {number}"), impatient)
        for number in range(CLIENTS)
    ]
    for client in clients:
        client.start()
    try:
        yield ledger
    finally:
        ledger.stop.set()
        for client in clients:
            client.join(60)
    assert not any(client.is_alive() for client in clients)


def wait_for_more(ledger: Ledger, more: int = 20) -> None:
    """Until the gateway serves its clients again."""
    wanted, end = ledger.acknowledged.total() + more, time.monotonic() + 60
    while ledger.acknowledged.total() < wanted:
        assert time.monotonic() < end, f"nobody is served; {ledger.wrong}"
        time.sleep(0.01)
