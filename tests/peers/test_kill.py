"""Nothing lost, nothing twice: the gateway is killed again and again while clients deliver.

A client repeats each message with identical bytes until it reads a 250, and writes that 250 into a ledger of its own.
"""

from __future__ import annotations

import random
import smtplib
import threading
import time
from dataclasses import dataclass, field

import pytest

from tests.running_gateway import Gateway

_CLIENTS = 4
_REPEATED = 0.05
"""Share of messages that are delivered once more after their 250, as if it had been lost."""


@dataclass
class Ledger:
    """What was acknowledged, outside the gateway's folder and process."""

    acknowledged: set[str] = field(default_factory=set)
    unanswered: int = 0
    stop: threading.Event = field(default_factory=threading.Event)


def deliver(gateway: Gateway, client: int, ledger: Ledger, chance: random.Random) -> None:
    """Delivers numbered messages, each until it is acknowledged."""
    number = 0
    while not ledger.stop.is_set():
        number += 1
        ident = f"m{client}-{number}@us.example"
        body = "x" * chance.randrange(10, 20_000)
        raw = (
            f"From: ana@us.example\r\nTo: bob{chance.randrange(20)}@client.example\r\nSubject: {ident}\r\n"
            f"Message-ID: <{ident}>\r\nDate: Mon, 02 Mar 2026 09:12:04 +0000\r\n\r\n{body}\r\n"
        ).encode()
        times = 2 if chance.random() < _REPEATED else 1
        while times and not ledger.stop.is_set():
            if _accepted(gateway, raw):
                ledger.acknowledged.add(ident)
                times -= 1
            else:
                ledger.unanswered += 1
                time.sleep(0.005)


def _accepted(gateway: Gateway, raw: bytes) -> bool:
    try:
        with smtplib.SMTP("127.0.0.1", gateway.port, "mail.us.example", 20) as client:
            client.sendmail("ana@us.example", [gateway.addresses["bcc"]], raw)
    except (OSError, smtplib.SMTPException):
        return False
    return True


def run(gateway: Gateway, kills: int, seed: int) -> Ledger:
    """Kills and restarts the gateway under load, then ends it in peace."""
    ledger, chance = Ledger(), random.Random(seed)
    gateway.start()
    clients = [
        threading.Thread(target=deliver, args=(gateway, i, ledger, random.Random(seed + i))) for i in range(_CLIENTS)
    ]
    for client in clients:
        client.start()
    try:
        for _ in range(kills):
            time.sleep(chance.uniform(0.02, 0.4))
            gateway.kill()
            gateway.start()
        time.sleep(0.3)
    finally:
        ledger.stop.set()
        for client in clients:
            client.join(30)
    assert gateway.stop() == 0
    return ledger


def verdict(gateway: Gateway, ledger: Ledger) -> None:
    """Every acknowledged message is there, once, with its activity; and the file is sound."""
    activities = [str(subject) for (subject,) in gateway.rows("SELECT subject FROM activity")]
    assert ledger.acknowledged, "nothing was delivered at all"
    assert not ledger.acknowledged.difference(activities)
    assert len(activities) == len(set(activities))
    assert gateway.rows("SELECT count(*) - count(DISTINCT retry_hash) FROM decision") == [(0,)]
    assert gateway.rows("SELECT count(*) FROM decision WHERE outcome = 'logged' AND activity_id IS NULL") == [(0,)]
    assert gateway.rows("PRAGMA integrity_check") == [("ok",)]
    assert gateway.rows("PRAGMA foreign_key_check") == []


def test_no_acknowledged_message_is_lost_or_doubled_by_a_few_kills(gateway: Gateway) -> None:
    verdict(gateway, run(gateway, kills=4, seed=20260302))


@pytest.mark.prove
def test_no_acknowledged_message_is_lost_or_doubled_by_two_hundred_kills(gateway: Gateway) -> None:
    seed = random.SystemRandom().randrange(1 << 32)
    print(f"seed {seed}")
    ledger = run(gateway, kills=200, seed=seed)
    verdict(gateway, ledger)
    print(f"{len(ledger.acknowledged)} acknowledged, {ledger.unanswered} unanswered, 0 lost, 0 doubled")
