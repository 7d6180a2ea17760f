"""Probes of a real gateway: over HTTP, and with `healthcheck` as a container runs it."""

from __future__ import annotations

import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from fakes.certificates import make_pair

from gateway.health.listener import OF_ONE
from tests.proofs.talk import Talk
from tests.running_gateway import Gateway, free_port

ROOT = Path(__file__).parents[2]


def healthcheck(made: Gateway, *more: str) -> tuple[int, str, str]:
    command = [sys.executable, "-P", "-m", "gateway", "healthcheck", "--config", str(made.config), *more]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, cwd=ROOT)
    return ended.returncode, ended.stdout, ended.stderr


def get(made: Gateway, path: str, method: str = "GET") -> httpx.Response:
    return httpx.request(method, f"http://{made.health}{path}", timeout=20)


def status(made: Gateway) -> tuple[int, str, dict[str, str]]:
    """Of /readyz: its code, its state, and that of each check."""
    answer = get(made, "/readyz")
    told = answer.json()
    return answer.status_code, told["status"], {name: one["status"] for name, one in told["checks"].items()}


def until(true: Callable[[], bool], what: str) -> None:
    end = time.monotonic() + 60
    while not true():
        assert time.monotonic() < end, f"never {what}"
        time.sleep(0.05)


def started(folder: Path, workers: int = 1, more: str = "") -> Gateway:
    made = Gateway(folder, free_port(), busy_timeout=0.2, workers=workers, health=f"127.0.0.1:{free_port()}")
    made.prepare()
    made.config.write_text(made.config.read_text(encoding="utf-8").replace("[smtp]", f"[smtp]\n{more}", 1), "utf-8")
    made.start()
    until(lambda: "health.opened" in made.log(), "opened")
    return made


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    """One gateway with a certificate that ends in ten days."""
    folder = tmp_path_factory.mktemp("gateway")
    make_pair(folder, "gateway.log.example", datetime.now(UTC) - timedelta(days=1), 11)
    made = started(folder, more=f'certificate = "{folder}/cert.pem"\nprivate_key = "{folder}/key.pem"')
    yield made
    assert made.stop() == 0


def test_a_gateway_that_serves_is_alive_and_ready_and_its_certificate_is_warned_of(served: Gateway) -> None:
    assert get(served, "/healthz").json() == {"status": "alive"}
    code, state, checks = status(served)
    assert (code, state) == (200, "ready")
    assert checks == {
        **dict.fromkeys(("store", "schema", "disk", "listeners", "parser"), "ok"),
        "certificate": "warning",
    }
    assert healthcheck(served) == (0, "bcc-gateway: alive.\n", "")
    assert healthcheck(served, "--ready") == (0, "bcc-gateway: ready.\n", "")


def test_a_database_that_another_process_holds_makes_it_not_ready_for_as_long(served: Gateway) -> None:
    until(lambda: status(served)[1] == "ready", "ready")
    with sqlite3.connect(served.folder / "gateway.db") as other:
        other.execute("BEGIN IMMEDIATE")
        until(lambda: status(served)[1] == "not ready", "not ready")
        code, _, checks = status(served)
        assert code == 503
        assert {name for name, found in checks.items() if found == "failed"} == {"store"}
        exit_code, _, said = healthcheck(served, "--ready")
        assert (exit_code, "not ready. The database can't take" in said) == (1, True)
        assert healthcheck(served)[0] == 0  # it lives all the same
        other.rollback()
    until(lambda: status(served)[1] == "ready", "ready again")


def test_only_what_there_is_is_answered(served: Gateway) -> None:
    assert get(served, "/").status_code == 200
    assert get(served, "/elsewhere").status_code == 404
    assert get(served, "/readyz", "POST").status_code == 405
    head = get(served, "/readyz", "HEAD")
    assert (head.status_code, head.content) == (200, b"")


def test_a_client_that_says_nothing_keeps_no_probe_waiting(served: Gateway) -> None:
    host, port = served.health.split(":")
    silent = [socket.create_connection((host, int(port))) for _ in range(5)]
    assert get(served, "/healthz").status_code == 200
    for one in silent:
        one.close()


def test_others_that_hold_their_connections_keep_no_probe_of_this_machine_out(served: Gateway) -> None:
    host, port = served.health.split(":")
    with ExitStack() as held:
        for client in ("127.0.0.2", "127.0.0.3", "127.0.0.4"):
            for _ in range(OF_ONE):
                held.enter_context(socket.create_connection((host, int(port)), source_address=(client, 0)))
        late = held.enter_context(socket.create_connection((host, int(port)), 20, source_address=("127.0.0.5", 0)))
        assert late.recv(100).startswith(b"HTTP/1.1 429")
        assert get(served, "/healthz").status_code == 200
        for _ in range(OF_ONE):
            held.enter_context(socket.create_connection((host, int(port))))
        exit_code, _, said = healthcheck(served)
        assert (exit_code, "429: others ask too often" in said) == (1, True)


def test_what_is_no_http_leaves_no_line_in_the_log(served: Gateway) -> None:
    host, port = served.health.split(":")
    upgrade = b"GET / HTTP/1.1\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n"
    for junk in (b"EHLO x\r\n\r\n", b"\x16\x03\x01\r\n\r\n", upgrade):
        with socket.create_connection((host, int(port)), 20) as client:
            client.sendall(junk)
            assert client.recv(1000)
    assert "library.logged" not in served.log()


def test_a_gateway_that_drains_lives_and_is_not_ready(tmp_path: Path) -> None:
    """A message is on its way when SIGTERM comes, so the gateway waits for it."""
    made = started(tmp_path, more="")
    with Talk(made.port) as talk:
        talk.greet()
        talk.open("ana@us.example", [made.addresses["bcc"]])
        stopping = threading.Thread(target=made.stop)
        stopping.start()
        until(lambda: status(made)[1] == "draining", "draining")
        assert status(made)[0] == 503
        assert get(made, "/healthz").status_code == 200
        talk.socket.sendall(b"From: ana@us.example\r\n\r\nx\r\n.\r\n")
        talk.reply()
        stopping.join(60)
    assert not made.running
    code, _, said = healthcheck(made)
    assert (code, "Connection refused; does the gateway run?" in said) == (1, True)


def test_workers_are_counted(tmp_path: Path) -> None:
    made = started(tmp_path, workers=2)
    every = dict.fromkeys(("store", "schema", "disk", "listeners", "parser", "certificate"), "ok")
    until(lambda: status(made) == (200, "ready", every), "ready with both")
    sentences = {name: one["sentence"] for name, one in get(made, "/readyz").json()["checks"].items()}
    assert sentences["parser"] == "2 of 2 parser processes run."
    assert sentences["certificate"] == "No TLS certificate is in use."
    assert healthcheck(made) == (0, "bcc-gateway: alive.\n", "")
    assert made.stop() == 0


def test_the_certificate_of_workers_is_warned_of(tmp_path: Path) -> None:
    make_pair(tmp_path, "gateway.log.example", datetime.now(UTC) - timedelta(days=1), 11)
    made = started(tmp_path, workers=2, more=f'certificate = "{tmp_path}/cert.pem"\nprivate_key = "{tmp_path}/key.pem"')
    until(lambda: status(made)[2]["listeners"] == "ok", "both serve")
    assert status(made)[2]["certificate"] == "warning"
    assert made.stop() == 0


def test_a_worker_that_hangs_is_told_of_until_it_goes_on(tmp_path: Path) -> None:
    """And keeps nobody waiting who asks for the figures."""
    made = started(tmp_path, workers=2)
    until(lambda: set(status(made)[2].values()) == {"ok"}, "ready with both")
    children = Path(f"/proc/{made.pid}/task/{made.pid}/children").read_text(encoding="ascii")
    hanging = int(children.split()[0])
    os.kill(hanging, signal.SIGSTOP)
    until(lambda: status(made)[2]["listeners"] == "warning", "told of")
    assert status(made)[:2] == (200, "ready")
    assert status(made)[2]["parser"] == "warning"
    assert "bcc_gateway_workers 1.0\n" in get(made, "/metrics").text
    until(lambda: get(made, "/metrics").elapsed < timedelta(seconds=0.9), "answered without waiting for it")
    os.kill(hanging, signal.SIGCONT)
    until(lambda: set(status(made)[2].values()) == {"ok"}, "ready with both again")
    assert "bcc_gateway_workers 2.0\n" in get(made, "/metrics").text
    assert "worker.replaced" not in made.log()
    assert made.stop() == 0


def test_a_port_that_is_taken_is_said_with_exit_code_69(tmp_path: Path) -> None:
    for workers in (1, 2):
        folder = tmp_path / str(workers)
        folder.mkdir()
        with socket.create_server(("127.0.0.1", 0)) as taken:
            address = f"127.0.0.1:{taken.getsockname()[1]}"
            made = Gateway(folder, free_port(), health=address)
            made.prepare()
            command = [sys.executable, "-P", "-m", "gateway", "serve", "--config", str(made.config)]
            command += ["--workers", str(workers)]
            ended = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, cwd=ROOT)
        said = f"bcc-gateway: can't listen on {address}: Address already in use\n"
        assert (ended.returncode, ended.stderr) == (69, said)


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi", "not as a gateway does"),
        (
            b"HTTP/1.1 200 OK\r\nContent-Length: 18\r\n\r\n" + json.dumps({"status": "\x1b"}).encode(),
            "not as a gateway",
        ),
        (b"220 mail.example ESMTP\r\n", "BadStatusLine"),
        (b"", "RemoteDisconnected"),
    ],
)
def test_another_program_on_the_port_is_no_gateway(tmp_path: Path, answer: bytes, said: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:

        def reply() -> None:
            client, _ = other.accept()
            client.recv(1000)
            client.sendall(answer)
            client.close()

        answering = threading.Thread(target=reply)
        answering.start()
        made = Gateway(tmp_path, free_port(), health=f"127.0.0.1:{other.getsockname()[1]}")
        made._configure()
        code, out, err = healthcheck(made)
        answering.join(20)
    assert (code, out, said in err, "\x1b" in err) == (1, "", True, False)


def test_without_a_listener_nobody_is_asked_and_a_faulty_configuration_is_told(tmp_path: Path) -> None:
    made = Gateway(tmp_path, free_port())
    made._configure()
    code, _, said = healthcheck(made)
    assert (code, said.startswith("bcc-gateway: health.listen is empty")) == (1, True)
    made.config.write_text("nonsense = 1\n", encoding="utf-8")
    assert healthcheck(made)[0] == 78


def test_healthcheck_waits_as_long_as_it_is_told(tmp_path: Path) -> None:
    made = Gateway(tmp_path, free_port(), health=f"127.0.0.1:{free_port()}")
    made.prepare()
    assert healthcheck(made, "--wait", "0.3")[0] == 1
    waiting: list[tuple[int, str, str]] = []
    asks = threading.Thread(target=lambda: waiting.append(healthcheck(made, "--ready", "--wait", "60")))
    asks.start()
    made.start()
    asks.join(60)
    assert waiting == [(0, "bcc-gateway: ready.\n", "")]
    assert made.stop() == 0
