"""A real gateway, mail by SMTP, and the receiver that is shipped: at least once, whoever is killed; no mail waits."""

from __future__ import annotations

import os
import random
import signal
import smtplib
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from standardwebhooks import Webhook

from storage.outbox import Type
from tests.running_gateway import Gateway, free_port

ROOT = Path(__file__).parents[2]
RECEIVER = ROOT / "deploy" / "webhook-receiver" / "receiver.py"
KILLS = int(os.environ.get("PROOF_KILLS", "25"))


@pytest.fixture
def gateway(tmp_path: Path) -> Iterator[Gateway]:
    """A prepared gateway whose webhooks may be on this machine, with little patience."""
    made = Gateway(tmp_path, free_port())
    made.prepare()
    text = made.config.read_text(encoding="utf-8")
    made.config.write_text(f"{text}\n[webhooks]\nloopback = true\ntimeout = 1\n", encoding="utf-8")
    yield made
    if made.running:
        made.kill()


def webhook(gateway: Gateway, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-P", "-m", "gateway", "webhook", *arguments, "--config", str(gateway.config)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


def add(gateway: Gateway, port: int) -> str:
    """A webhook "crm"; its secret."""
    types = [word for kind in Type for word in ("--type", kind.value)]
    made = webhook(gateway, "add", "crm", f"http://127.0.0.1:{port}/hook", *types)
    assert made.returncode == 0, made.stderr
    return made.stdout.split()[0]


@contextmanager
def receiver(port: int, secret: str, database: Path) -> Iterator[None]:
    """The shipped one, in a process of its own."""
    command = [sys.executable, str(RECEIVER), f"127.0.0.1:{port}", str(database)]
    running = subprocess.Popen(command, env={**os.environ, "WEBHOOK_SECRET": secret})
    try:
        until(lambda: answers(port))
        yield
    finally:
        running.terminate()
        running.wait(30)


def answers(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except OSError:
        return False
    return True


def received(database: Path) -> list[str]:
    with closing(sqlite3.connect(database)) as db:
        return [kind for (kind,) in db.execute("SELECT type FROM event ORDER BY id")]


def deliver(gateway: Gateway, number: int, count: int = 1) -> None:
    """Mail that is logged. Raises what smtplib raises."""
    with smtplib.SMTP("127.0.0.1", gateway.port, timeout=60) as client:
        for one in range(number, number + count):
            raw = f"From: ana@us.example\r\nTo: bob@client.example\r\nMessage-ID: <{one}@x.example>\r\n\r\nHello.\r\n"
            client.sendmail("ana@us.example", gateway.addresses["relay"], raw)


def until(holds: Callable[[], object]) -> None:
    end = time.monotonic() + 120
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.05)


class Hanging:
    """An endpoint that takes connections and what is sent, and never answers."""

    def __init__(self) -> None:
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._server.getsockname()[1])
        self.connections: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                self.connections.append(self._server.accept()[0])
            except OSError:
                return

    def close(self) -> None:
        for one in (self._server, *self.connections):
            one.close()


def test_the_shipped_receiver_gets_what_is_logged_and_what_was_while_it_was_away(
    gateway: Gateway, tmp_path: Path
) -> None:
    port, database = free_port(), tmp_path / "events.db"
    secret = add(gateway, port)
    gateway.start()
    refused = webhook(gateway, "test", "crm")
    assert (refused.returncode, refused.stderr) == (1, "bcc-gateway: crm: nobody answers at its address.\n")
    deliver(gateway, 0)
    until(lambda: "webhook.failed" in gateway.log())
    with receiver(port, secret, database):
        assert webhook(gateway, "test", "crm").stdout == "crm: it was taken.\n"
        deliver(gateway, 1)
        until(lambda: len(received(database)) == 4)  # the first attempt failed: its next one is within ten seconds
        assert sorted(received(database)) == ["activity.logged", "activity.logged", "contact.created", "webhook.test"]
        forged = Webhook("whsec_ZXZl")
        assert forged
        body = b'{"type": "activity.logged"}'
        head = f"POST / HTTP/1.1\r\nHost: x\r\nWebhook-Id: x\r\nWebhook-Timestamp: {int(time.time())}\r\n"
        with socket.create_connection(("127.0.0.1", port), 30) as client:
            client.sendall(f"{head}Webhook-Signature: v1,eA==\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body)
            assert b" 401 " in client.recv(100)
        for length in ("²", "9" * 5000, "-1", "many"):
            with socket.create_connection(("127.0.0.1", port), 30) as client:
                client.sendall(f"{head}Content-Length: {length}\r\n\r\n".encode())
                assert b" 413 " in client.recv(100)
        assert len(received(database)) == 4
    log = gateway.log()
    assert gateway.stop() == 0
    for private in ("bob@client.example", secret, "whsec_", f":{port}/hook"):
        assert private not in log


def test_mail_is_settled_while_requests_hang_and_a_stop_does_not_wait_for_them(gateway: Gateway) -> None:
    hanging = Hanging()
    text = gateway.config.read_text(encoding="utf-8").replace("timeout = 1\n", "timeout = 3600\n")
    gateway.config.write_text(text, encoding="utf-8")
    try:
        add(gateway, hanging.port)
        gateway.start()
        deliver(gateway, 0, 5)
        until(lambda: len(hanging.connections) == 4)
        deliver(gateway, 5, 50)
        assert gateway.rows("SELECT count(*) FROM decision WHERE outcome = 'logged'") == [(55,)]
        assert len(hanging.connections) == 4
        assert gateway.stop() == 0
    finally:
        hanging.close()


def killed(gateway: Gateway, database: Path, kills: int, seed: int) -> None:
    """Kills it again and again while it sends, then looks whether every event came."""
    chance, port = random.Random(seed), free_port()
    secret = add(gateway, port)
    with receiver(port, secret, database):
        for kill in range(kills):
            gateway.start()
            before = len(received(database))
            deliver(gateway, 3 * kill, 3)
            if chance.random() < 0.7:
                until(lambda before=before: len(received(database)) > before)  # sent, and perhaps not noted yet
            gateway._process.send_signal(signal.SIGKILL)  # type: ignore[union-attr]  # it runs
            gateway.wait()
        gateway.start()
        until(lambda: gateway.rows("SELECT count(*) FROM delivery") == [(0,)] and len(received(database)) > 3 * kills)
        assert gateway.stop() == 0
    with closing(sqlite3.connect(database)) as db:
        got = {event_id for (event_id,) in db.execute("SELECT id FROM event")}
    assert got == {event_id for (event_id,) in gateway.rows("SELECT id FROM outbox")}
    assert len(got) == 3 * kills + 1


def test_a_kill_between_sending_and_noting_loses_nothing(gateway: Gateway, tmp_path: Path) -> None:
    killed(gateway, tmp_path / "events.db", 2, 1)


@pytest.mark.prove
def test_however_often_it_is_killed_every_event_comes(gateway: Gateway, tmp_path: Path) -> None:
    seed = int(os.environ.get("PROOF_SEED", str(random.randrange(2**32))))
    print(f"seed {seed}, {KILLS} kills")
    killed(gateway, tmp_path / "events.db", KILLS, seed)
