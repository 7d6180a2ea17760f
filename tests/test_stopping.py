"""The whole of a gateway ends in time, with all that it does besides mail; and it says beforehand that it will."""

from __future__ import annotations

import os
import random
import signal
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.proofs.launched import Launched
from tests.proofs.load import message
from tests.proofs.talk import Talk, wire
from tests.running_gateway import Gateway, free_port


@pytest.fixture(params=[1, 2])
def whole(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Gateway, int, int]]:
    """A gateway with everything, and its console's and its health listener's port."""
    console, health = free_port(), free_port()
    made = Gateway(tmp_path, free_port(), workers=request.param, health=f"127.0.0.1:{health}")
    made.prepare("drain = 1\n")
    text = made.config.read_text(encoding="utf-8")
    text = text.replace("[smtp]\n", "[smtp]\ndrain_delay = 1\n")
    made.config.write_text(f'{text}\n[console]\nlisten = "127.0.0.1:{console}"\n', encoding="utf-8")
    made.start()
    yield made, console, health
    if made.running:
        made.kill()


def half_a_request(port: int) -> socket.socket:
    end = time.monotonic() + 60
    while True:
        try:
            made = socket.create_connection(("127.0.0.1", port), 20)
        except ConnectionRefusedError:
            assert time.monotonic() < end
            time.sleep(0.02)
        else:
            made.sendall(b"GET /sign-in HTTP/1.1\r\nHost: ")
            return made


def ready(port: int) -> tuple[int, str]:
    answer = httpx.get(f"http://127.0.0.1:{port}/readyz", timeout=20)
    return answer.status_code, answer.json()["status"]


def test_clients_that_stay_hold_up_nothing_and_who_asks_is_told_beforehand(whole: tuple[Gateway, int, int]) -> None:
    """A message that never ends, idle sessions, half a request: it ends by itself, with exit code 0."""
    gateway, console, health = whole
    with half_a_request(console), half_a_request(health), Talk(gateway.port) as slow, Talk(gateway.port) as idle:
        while ready(health) != (200, "ready"):
            assert gateway.running
        idle.greet()
        slow.greet()
        slow.open("ana@us.example", [gateway.addresses["bcc"]])
        slow.socket.sendall(b"Subject: half")
        os.kill(gateway.pid, signal.SIGTERM)
        while ready(health) != (503, "draining"):
            assert gateway.running
        with Talk(gateway.port) as late:  # connections are taken on, so that whoever hasn't noticed yet isn't refused
            late.greet()
            late.open("ana@us.example", [gateway.addresses["bcc"]])
            late.socket.sendall(wire(message("late", random.Random(1)).raw))
            assert late.reply().startswith("250")
        assert gateway.wait() == 0
    assert "stop.overdue" not in gateway.log()
    assert "internal.failed" not in gateway.log()
    assert gateway.rows("SELECT subject FROM activity") == [("late",)]


def test_what_hangs_at_the_end_is_cut_off_and_nothing_answered_is_lost(tmp_path: Path) -> None:
    gateway = Launched(tmp_path, free_port())
    gateway.prepare("drain = 0.1\n")
    gateway.build = "hangs at the end"
    gateway.start()
    try:
        with Talk(gateway.port) as talk:
            talk.greet()
            talk.open("ana@us.example", [gateway.addresses["bcc"]])
            talk.socket.sendall(wire(message("kept", random.Random(1)).raw))
            assert talk.reply().startswith("250")
        gateway.signal(signal.SIGTERM)
        assert gateway.ended() == 1
        assert "stop.overdue" in gateway.log()
        assert gateway.rows("SELECT subject FROM activity") == [("kept",)]
    finally:
        gateway.close()
