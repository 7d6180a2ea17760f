"""The benchmark's own parts: what its load generator says of itself, and what its tables say of given figures."""

from __future__ import annotations

import email
import re
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from email.policy import default

import dkim
import pytest

from bench import report
from bench.load import Job, RefusedError, run
from bench.mail import Messages, bodies, key_record
from bench.measure import Figures, Sample, spent
from bench.report import Ratio


class TinyServer:
    """Speaks just enough SMTP, a thread for each connection, and keeps what it gets."""

    def __init__(self, final: bytes = b"250 2.0.0 OK") -> None:
        self.messages: list[bytes] = []
        self.sessions = 0
        self._final = final
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._socket.getsockname()[1])
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    def close(self) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        for thread in self._threads:
            thread.join(10)
            assert not thread.is_alive()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._socket.accept()
            except OSError:
                return
            self.sessions += 1
            self._threads.append(threading.Thread(target=self._serve, args=(client,)))
            self._threads[-1].start()

    def _serve(self, client: socket.socket) -> None:
        with suppress(ConnectionError), client, client.makefile("rb") as lines:
            client.sendall(b"220 tiny.example ESMTP\r\n")
            for line in lines:
                client.sendall(self._answer(line, lines) + b"\r\n")

    def _answer(self, line: bytes, lines: Iterator[bytes]) -> bytes:
        if line.startswith(b"Received:"):  # the first line of a message
            self.messages.append(line + b"".join(iter(lines.__next__, b".\r\n")))
            return self._final
        answers = {b"EHLO": b"250-tiny.example\r\n250 SIZE", b"DATA": b"354 go on", b"QUIT": b"221 bye"}
        return answers.get(line[:4], b"250 OK")


@contextmanager
def tiny_server(final: bytes = b"250 2.0.0 OK") -> Iterator[TinyServer]:
    server = TinyServer(final)
    with closing(server):
        yield server


def job(server: TinyServer, **changes: object) -> Job:
    values = {"port": server.port, "recipient": "bob@client.example", "kind": "small", "connections": 3, "salt": "s"}
    return Job(**{**values, "seconds": 60.0, "at_most": 25, **changes})  # type: ignore[arg-type]  # values of each field's type


def test_what_the_generator_says_it_sent_has_arrived_each_message_once() -> None:
    with tiny_server() as server:
        sent = run(job(server))
    ids = {email.message_from_bytes(message)["message-id"] for message in server.messages}
    assert sent.messages == len(server.messages) == len(ids) == 25
    assert server.sessions == 3
    assert 0 < sent.p50 <= sent.p99


def test_one_message_per_connection_opens_a_connection_for_each() -> None:
    with tiny_server() as server:
        run(job(server, one_each=True, at_most=7))
    assert server.sessions == len(server.messages) == 7


def test_a_long_message_arrives_whole() -> None:
    with tiny_server() as server:
        run(job(server, kind="large", connections=2, at_most=2))
    assert sorted(map(len, server.messages)) == sorted(len(b"".join(Messages("large", "s").parts(n))) for n in range(2))


def test_a_refused_message_ends_the_run() -> None:
    with tiny_server(b"451 4.3.0 later") as server, pytest.raises(RefusedError, match="250 was expected"):
        run(job(server))


@pytest.mark.parametrize(("kind", "size"), [("small", 3_700), ("html", 58_000), ("large", 5_000_000)])
def test_messages_have_the_size_that_the_tables_name_and_are_sound(kind: str, size: int) -> None:
    messages = Messages(kind, "s")
    for number in range(len(bodies(kind))):
        raw = b"".join(messages.parts(number))
        assert 0.9 * size < len(raw) < 1.1 * size
        assert not re.search(rb"(?m)^\.|[^\r]\n|.{999}", raw)
        assert not email.message_from_bytes(raw, policy=default).defects


def test_a_signed_message_verifies() -> None:
    record = "".join(re.findall('"([^"]*)"', key_record())).encode()
    for number in range(3):
        raw = b"".join(Messages("html", "s", signed=True).parts(number))
        assert dkim.verify(raw, dnsfunc=lambda _name, timeout=5: record)
        assert not dkim.verify(raw.replace(b"Offer", b"Order"), dnsfunc=lambda _name, timeout=5: record)


def figures(rate: float, cpu: float) -> Figures:
    return Figures(rate, cpu, p50=1, p99=2, memory=100, generator=0.1, others=0.02)


SAMPLES = [
    Sample("small-50", server, number, figures(rate, cpu))
    for server, rates, cpu in (("gateway", (300, 200, 260), 0.5), ("bare", (100, 100, 100), 1.0), ("sink", (999,), 0.1))
    for number, rate in enumerate(rates)
]
TITLES = {"gateway": "ours", "bare": "theirs", "sink": "limit"}


def test_a_ratio_is_taken_round_by_round() -> None:
    assert report.ratio(SAMPLES, "small-50", "gateway", "bare", lambda f: f.rate) == Ratio(2.6, 2.0, 3.0)
    assert report.ratio(SAMPLES, "small-50", "gateway", "naive", lambda f: f.rate) is None


def test_the_table_sets_the_ratio_beside_its_floor_and_its_aim() -> None:
    text = report.beside(SAMPLES, TITLES, {"small-50": "small"}, report.TARGETS)
    _, _, bare, sink = ([cell.strip() for cell in line.split("|")[1:-1]] for line in text.splitlines())
    assert bare == ["theirs", "small", "2.60 (2.00–3.00)", "1.4", "2.2", "aim reached", "0.50 (0.50–0.50)"]
    assert sink[3:6] == ["", "", ""]


@pytest.mark.parametrize(("found", "word"), [(2.2, "aim reached"), (1.4, "above floor"), (1.39, "**below floor**")])
def test_a_ratio_is_judged_by_floor_and_aim(found: float, word: str) -> None:
    assert report.verdict(found, 1.4, 2.2) == word


def test_the_page_names_what_could_not_be_run() -> None:
    text = report.page([("disk", "ext4")], 5, {"Haraka": "comes from npm"}, ["## Part"])
    assert "Not run: Haraka (comes from npm)." in text
    assert text.endswith("## Part\n")


BURN = "sum(range(5_000_000))"


@pytest.mark.parametrize(
    "script",
    [f"$0 -c '{BURN}; print(1, flush=True); input()'; true", f"$0 -c '{BURN}'; echo 1; read line"],
    ids=["running", "ended"],
)
def test_what_a_servers_child_spends_is_the_servers(script: str) -> None:
    command = ["sh", "-c", script, sys.executable]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as shell:
        assert shell.stdout is not None
        assert shell.stdout.readline() == b"1\n"
        found = spent([shell.pid])
        shell.communicate(b"\n")
    assert found.cpu >= 0.03  # the shell itself takes less than a tick
    assert found.memory > 0
