"""What a service manager hears, on a real socket, of real gateways; and that nobody is needed there."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import socket
import sqlite3
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from gateway.service_manager import ServiceManager
from tests.proofs.talk import Talk
from tests.running_gateway import Gateway, free_port


class Manager:
    """Who listens on NOTIFY_SOCKET."""

    def __init__(self, address: str) -> None:
        self.address = address
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(f"\0{address[1:]}" if address.startswith("@") else address)
        self._socket.settimeout(60)

    def hears(self) -> dict[str, str]:
        """The next message, field by field."""
        return dict(line.split("=", 1) for line in self._socket.recv(4096).decode().split("\n"))

    def hears_of(self, field: str) -> dict[str, str]:
        """The next one that has this field."""
        while field not in (message := self.hears()):
            pass
        return message

    def heard_nothing(self) -> bool:
        self._socket.settimeout(0)
        try:
            return not self._socket.recv(4096)
        except BlockingIOError:
            return True

    def close(self) -> None:
        self._socket.close()


@pytest.fixture
def manager(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Manager]:
    made = Manager(str(tmp_path / "notify") if request.param == "path" else f"@bcc-gateway-{os.getpid()}-{time.time()}")
    yield made
    made.close()


def started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, manager: Manager, workers: int) -> Gateway:
    monkeypatch.setenv("NOTIFY_SOCKET", manager.address)
    monkeypatch.setenv("WATCHDOG_USEC", "400000")
    made = Gateway(tmp_path, free_port(), workers=workers)
    made.prepare()
    made.start()
    return made


def environment(process_id: int) -> str:
    return Path(f"/proc/{process_id}/environ").read_bytes().replace(b"\0", b"\n").decode()


def children(process_id: int) -> list[int]:
    path = Path(f"/proc/{process_id}/task/{process_id}/children")
    return [int(number) for number in path.read_text(encoding="ascii").split()]


@pytest.mark.parametrize(("manager", "workers"), [("path", 1), ("abstract", 2)], indirect=["manager"])
def test_a_gateway_tells_when_it_serves_reloads_lives_and_stops(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, manager: Manager, workers: int
) -> None:
    gateway = started(tmp_path, monkeypatch, manager, workers)
    try:
        assert manager.hears_of("READY") == {"READY": "1", "STATUS": f"Serving SMTP on 127.0.0.1:{gateway.port}"}
        assert manager.hears_of("WATCHDOG") == {"WATCHDOG": "1"}
        manager.hears_of("WATCHDOG")
        before = time.monotonic_ns() // 1000
        os.kill(gateway.pid, signal.SIGHUP)
        assert int(manager.hears_of("RELOADING")["MONOTONIC_USEC"]) > before
        assert manager.hears_of("READY")["STATUS"].startswith("Serving SMTP")
        gateway.config.write_text("domain = 5", encoding="utf-8")
        os.kill(gateway.pid, signal.SIGHUP)
        assert "refused" in manager.hears_of("READY")["STATUS"]
        if workers > 1:  # its children have nothing to say; that of the parser is never given an environment
            assert not any(re.search("NOTIFY_SOCKET|WATCHDOG", environment(child)) for child in children(gateway.pid))
        assert gateway.stop() == 0
        assert manager.hears_of("STOPPING")["STOPPING"] == "1"
    finally:
        if gateway.running:
            gateway.kill()


async def test_no_sign_of_life_once_the_store_has_failed(tmp_path: Path) -> None:
    listening = Manager(str(tmp_path / "notify"))
    manager = ServiceManager({"NOTIFY_SOCKET": listening.address, "WATCHDOG_USEC": "20000"})
    failed = asyncio.Event()
    watching = asyncio.create_task(manager.watch(failed))
    try:
        await asyncio.to_thread(listening.hears_of, "WATCHDOG")
        await asyncio.to_thread(listening.hears_of, "WATCHDOG")
        failed.set()
        await asyncio.wait_for(watching, 20)
        while not listening.heard_nothing():
            pass
        await manager.watch(failed)
        assert listening.heard_nothing()
    finally:
        listening.close()


def test_a_disk_that_takes_its_time_holds_up_no_sign_of_life(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Here another process holds the database; what waits for it waits in a thread, as for a disk."""
    listening = Manager(str(tmp_path / "notify"))
    gateway = started(tmp_path, monkeypatch, listening, 1)
    lock = sqlite3.connect(gateway.folder / "gateway.db", isolation_level=None)
    try:
        lock.execute("BEGIN IMMEDIATE")
        with Talk(gateway.port) as talk:
            talk.greet()
            talk.open("ana@us.example", [gateway.addresses["bcc"]])
            talk.socket.sendall(b"From: ana@us.example\r\nTo: bob@client.example\r\n\r\nx\r\n.\r\n")
            begun = time.monotonic_ns()
            while time.monotonic_ns() < begun + 1_000_000_000:
                listening.hears_of("WATCHDOG")
            lock.execute("ROLLBACK")
            assert talk.reply().startswith("250")
        assert gateway.stop() == 0
    finally:
        lock.close()
        listening.close()
        if gateway.running:
            gateway.kill()


@pytest.mark.parametrize(
    ("given", "every"),
    [
        ({}, 0),
        ({"WATCHDOG_USEC": "3000000"}, 1.5),
        ({"WATCHDOG_USEC": "3000000", "WATCHDOG_PID": "1"}, 0),
        ({"WATCHDOG_USEC": "3000000", "WATCHDOG_PID": str(os.getpid())}, 1.5),
        ({"WATCHDOG_USEC": "soon"}, 0),
    ],
)
def test_signs_of_life_are_given_in_half_the_time_by_whom_they_are_wanted_of(
    given: dict[str, str], every: float
) -> None:
    environ = {"NOTIFY_SOCKET": "/nowhere", "HOME": "/", **given}
    assert ServiceManager(environ).every == every
    assert environ == {"HOME": "/"}


def test_a_reload_while_it_drains_does_not_say_that_it_serves(tmp_path: Path) -> None:
    listening = Manager(str(tmp_path / "notify"))
    manager = ServiceManager({"NOTIFY_SOCKET": listening.address})
    manager.stopping()
    manager.reloading()
    manager.ready("x")
    assert "STOPPING" in listening.hears()
    assert listening.heard_nothing()
    listening.close()


@pytest.mark.parametrize("say", [ServiceManager.reloading, ServiceManager.stopping])
@pytest.mark.parametrize("environ", [{}, {"NOTIFY_SOCKET": "/nowhere/notify"}, {"NOTIFY_SOCKET": "@nobody"}])
def test_where_nobody_listens_nothing_happens(say: Callable[[ServiceManager], None], environ: dict[str, str]) -> None:
    manager = ServiceManager(environ)
    assert say(manager) is None  # type: ignore[func-returns-value]  # nothing is raised
