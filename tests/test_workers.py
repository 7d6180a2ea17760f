"""`serve --workers`: several processes speak SMTP and one writes, and what is promised of one process holds."""

from __future__ import annotations

import asyncio
import json
import os
import random
import re
import signal
import time
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from fakes.postgres import MISSING, PostgresServer
from fakes.scan import breaches

from config.load import load
from gateway.app import FaultError
from gateway.workers import EVERY, HUNG, LATE, MOST_QUICK, PAUSE, STARTING, Workers
from tests.faults.disk import Disk
from tests.faults.test_full_disk import Sender, climb, under
from tests.peers.secure_gateway import new_pair, secured
from tests.proofs import parameters
from tests.proofs.load import under_load, wait_for_more
from tests.proofs.talk import Talk, wire
from tests.proofs.verdict import faults
from tests.running_gateway import Gateway, free_port

A_RUN = 6
"""Kills of one gateway: after five quick ones in a row of either worker it would end."""
SMALL = "message_size = 262144\nmessage_size_from_source = 262144\nfree_disk = 1\n"


@pytest.fixture
def gateway(tmp_path: Path) -> Iterator[Gateway]:
    made = Gateway(tmp_path, free_port(), workers=2)
    made.prepare(SMALL)
    yield made
    if made.running:
        made.kill()


def workers(gateway: Gateway) -> list[int]:
    """The worker processes; each that runs, whether it serves yet or not."""
    path = Path(f"/proc/{gateway.pid}/task/{gateway.pid}/children")
    return [int(number) for number in path.read_text(encoding="ascii").split()]


def descendants(process_id: int) -> list[int]:
    with suppress(OSError):
        path = Path(f"/proc/{process_id}/task/{process_id}/children")
        below = [int(number) for number in path.read_text(encoding="ascii").split()]
        return [*below, *(further for number in below for further in descendants(number))]
    return []


def alive(process_id: int) -> bool:
    with suppress(OSError):
        return Path(f"/proc/{process_id}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[0] != "Z"
    return False


def until(true: Callable[[], bool], what: str) -> None:
    end = time.monotonic() + 60
    while not true():
        assert time.monotonic() < end, f"never {what}"
        time.sleep(0.02)


def serving(gateway: Gateway) -> None:
    """Waits until both do."""
    until(lambda: "listener.opened" in gateway.log().rpartition("store.opened")[2], "ready")


def mail(ident: str, more: str = "") -> bytes:
    return (
        f"From: ana@us.example\r\nTo: bob@client.example\r\nSubject: {ident}\r\nMessage-ID: <{ident}@us.example>\r\n"
        f"Date: Mon, 02 Mar 2026 09:12:04 +0000\r\n{more}\r\n{ident}\r\n"
    ).encode()


def deliver(gateway: Gateway, raw: bytes, channel: str = "bcc", mail_from: str = "ana@us.example") -> str:
    """On a connection of its own, so by any of the workers: the reply."""
    with Talk(gateway.port) as talk:
        talk.greet()
        talk.open(mail_from, [gateway.addresses[channel]])
        talk.socket.sendall(wire(raw))
        return talk.reply()


def test_mail_by_any_worker_is_logged_once_in_one_database(gateway: Gateway) -> None:
    """Different messages, identical bytes at once, and replies that come by another worker than their parents."""
    gateway.start()
    serving(gateway)
    assert len(workers(gateway)) == 2
    same = mail("same")
    with ThreadPoolExecutor(20) as pool:
        replies = list(pool.map(lambda number: deliver(gateway, mail(f"m{number}")), range(40)))
        replies += pool.map(lambda _: deliver(gateway, same), range(20))
        answers = [mail(f"r{number}", f"In-Reply-To: <m{number}@us.example>\r\n") for number in range(20)]
        replies += pool.map(lambda raw: deliver(gateway, raw), answers)
    assert {reply[:4] for reply in replies} == {"250 "}
    assert gateway.stop() == 0
    assert gateway.rows("SELECT count(*) FROM activity") == [(40 + 1 + 20,)]
    times = "SELECT deliveries FROM decision d JOIN activity a ON a.id = d.activity_id WHERE a.subject = 'same'"
    assert gateway.rows(times) == [(20,)]
    assert gateway.rows("SELECT count(DISTINCT thread_id) FROM activity") == [(41,)]
    assert gateway.log().count('"message.decided"') == 80
    assert gateway.log().count('"server.stopped"') == 1
    assert list(breaches(gateway.folder / "gateway.db")) == []


def test_connections_are_shared_out_and_wait_while_a_worker_is_replaced(gateway: Gateway) -> None:
    gateway.start()
    serving(gateway)
    with ExitStack() as stack:
        talks = [stack.enter_context(Talk(gateway.port)) for _ in range(30)]
        for talk in talks:
            talk.greet()
        os.kill(workers(gateway)[0], signal.SIGKILL)
        until(lambda: "worker.replaced" in gateway.log(), "told")
        left = [talk for talk in talks if _answers(talk)]
        assert 1 <= len(left) <= 29
        assert {deliver(gateway, mail(f"m{number}"))[:4] for number in range(20)} == {"250 "}
    assert gateway.stop() == 0


def _answers(talk: Talk) -> bool:
    with suppress(OSError):
        return bool(talk.say("NOOP", "250"))
    return False


def test_large_mail_mail_for_the_operator_and_the_certificate(gateway: Gateway) -> None:
    """What doesn't go the usual way: pieces of their own, a worker's own writes, and the order to renew."""
    secured(gateway)
    gateway.start()
    serving(gateway)
    assert deliver(gateway, mail("large") + b"x" * 70 + b"\r\n" + b"line\r\n" * 30_000).startswith("250")
    with Talk(gateway.port) as talk:
        talk.greet()
        talk.open("eve@client.example", ["postmaster@log.example"])
        talk.socket.sendall(wire(mail("operator")))
        assert talk.reply().startswith("250")
    certificate, key = new_pair(gateway.folder / "new")
    for new, name in ((certificate, "certificate"), (key, "private_key")):
        line = next(line for line in gateway.config.read_text("utf-8").splitlines() if line.startswith(f"{name} ="))
        os.replace(new, line.split('"')[1])
    os.kill(gateway.pid, signal.SIGHUP)
    until(lambda: gateway.log().count("certificate.loaded") == 2, "renewed")
    assert gateway.stop() == 0
    assert gateway.rows("SELECT count(*) FROM activity") == [(1,)]
    assert gateway.rows("SELECT count(*) FROM operator_mail") == [(1,)]


def killed_workers(gateway: Gateway, kills: int, seed: int) -> str:
    """Under load, one after the other; each is replaced. The figures."""
    chance = random.Random(seed)
    gateway.start()
    serving(gateway)
    with under_load(gateway, seed) as ledger:
        for number in range(kills):
            if number % A_RUN == A_RUN - 1:
                assert gateway.stop() == 0
                gateway.start()
                serving(gateway)
            wait_for_more(ledger, 5)
            time.sleep(chance.uniform(0, 0.2))
            os.kill(workers(gateway)[0], signal.SIGKILL)  # the older one
            until(lambda n=number: gateway.log().count("worker.replaced") == n + 1, "told")
            wait_for_more(ledger)
            until(lambda: len(workers(gateway)) == 2, "replaced")
    assert gateway.stop() == 0
    assert faults(gateway, ledger) == []
    return f"{kills} workers killed, {ledger.acknowledged.total()} acknowledged, {ledger.unanswered} unanswered"


def test_a_worker_that_is_killed_is_replaced_and_nothing_acknowledged_is_lost(gateway: Gateway) -> None:
    killed_workers(gateway, 1, 20260302)


@pytest.mark.prove
def test_workers_are_killed_again_and_again(gateway: Gateway) -> None:
    print(killed_workers(gateway, parameters.count(50), parameters.seed()))


def killed_with_all(gateway: Gateway, kills: int, seed: int) -> str:
    """The writer, under load: its workers end with it, and another one starts on the same port."""
    chance = random.Random(seed)
    with under_load(gateway, seed) as ledger:
        for _ in range(kills):
            gateway.start()
            wait_for_more(ledger, 1)
            time.sleep(chance.uniform(0, 0.3))
            family = descendants(gateway.pid)
            gateway.kill()
            until(lambda left=family: not any(map(alive, left)), "ended with their parent")
        gateway.start()
        wait_for_more(ledger)
    assert gateway.stop() == 0
    assert faults(gateway, ledger) == []
    return f"{kills} kills, {ledger.acknowledged.total()} acknowledged, {ledger.unanswered} unanswered"


def test_when_the_writer_is_killed_the_workers_end_and_nothing_acknowledged_is_lost(gateway: Gateway) -> None:
    killed_with_all(gateway, 1, 20260302)


@pytest.mark.prove
def test_the_writer_is_killed_again_and_again(gateway: Gateway) -> None:
    print(killed_with_all(gateway, parameters.count(50), parameters.seed()))


def test_told_to_stop_under_load_all_drain(gateway: Gateway) -> None:
    """A signal to every process of the gateway, as a service manager sends it; a message on its way is answered."""
    gateway.start()
    serving(gateway)
    with under_load(gateway, 1) as ledger:
        wait_for_more(ledger)
        family = descendants(gateway.pid)
        with Talk(gateway.port) as slow:
            slow.greet()
            slow.open("ana@us.example", [gateway.addresses["bcc"]])
            for process_id in family:
                os.kill(process_id, signal.SIGTERM)
            os.kill(gateway.pid, signal.SIGTERM)
            time.sleep(0.1)
            slow.socket.sendall(wire(mail("slow")))
            assert slow.reply().startswith("250")
        assert gateway.wait() == 0
        assert not any(map(alive, family))
        assert not (gateway.folder / "gateway.db-wal").exists()
        gateway.start()
        wait_for_more(ledger)
    ledger.sent.pop("slow", None)
    assert gateway.stop() == 0
    found = [fault for fault in faults(gateway, ledger) if not fault.endswith(": slow")]
    assert found == []
    assert gateway.rows("SELECT count(*) FROM activity WHERE subject = 'slow'") == [(1,)]
    assert "worker.replaced" not in gateway.log()


def test_a_second_signal_ends_all_at_once(gateway: Gateway) -> None:
    gateway.start()
    serving(gateway)
    family = descendants(gateway.pid)
    with Talk(gateway.port) as slow:
        slow.greet()
        slow.open("ana@us.example", [gateway.addresses["bcc"]])
        os.kill(gateway.pid, signal.SIGTERM)
        until(lambda: "stop.requested" in gateway.log(), "told")
        os.kill(gateway.pid, signal.SIGTERM)
        assert gateway.wait() == 1
    until(lambda: not any(map(alive, family)), "ended")


def test_workers_that_do_not_stay_end_the_gateway(gateway: Gateway) -> None:
    gateway.start()
    serving(gateway)
    end = time.monotonic() + 60
    while gateway.running and time.monotonic() < end:
        for process_id in workers(gateway):
            with suppress(ProcessLookupError):
                os.kill(process_id, signal.SIGKILL)
        time.sleep(0.1)
    assert gateway.wait() == 69
    assert "bcc-gateway: worker processes end again and again, this one so: SIGKILL" in gateway.log()


def pauses(gateway: Gateway) -> list[float]:
    """Before each replacement of a worker."""
    return [json.loads(line)["pause"] for line in gateway.log().splitlines() if '"worker.replaced"' in line]


def test_workers_that_serve_go_on_while_another_can_not_be_replaced(gateway: Gateway) -> None:
    """The certificate breaks on disk, then one of them ends: the other takes all connections until it is mended."""
    secured(gateway)
    gateway.start()
    serving(gateway)
    certificate = gateway.folder / "cert.pem"
    sound = certificate.read_bytes()
    certificate.write_bytes(b"-----BEGIN CERT")
    os.kill(workers(gateway)[0], signal.SIGKILL)
    until(lambda: pauses(gateway)[-1:] == [4 * PAUSE], "tried more often, with longer pauses")
    assert pauses(gateway)[: MOST_QUICK - 1] == [PAUSE] * (MOST_QUICK - 1)
    assert "holds no certificate in PEM form" in gateway.log()
    assert {deliver(gateway, mail(f"m{number}"))[:3] for number in range(20)} == {"250"}
    certificate.write_bytes(sound)
    until(lambda: len(descendants(gateway.pid)) == 4, "replaced, and its parser process started")
    assert {deliver(gateway, mail(f"n{number}"))[:3] for number in range(20)} == {"250"}
    assert pauses(gateway)[-1] == 4 * PAUSE
    assert gateway.stop() == 0


def test_told_to_stop_between_two_tries_the_gateway_ends_at_once(gateway: Gateway) -> None:
    secured(gateway)
    gateway.start()
    serving(gateway)
    (gateway.folder / "cert.pem").write_bytes(b"")
    os.kill(workers(gateway)[0], signal.SIGKILL)
    until(lambda: pauses(gateway)[-1:] == [8 * PAUSE], "tried more often, with longer pauses")
    began = time.monotonic()
    assert gateway.stop() == 0
    assert time.monotonic() - began < 6 * PAUSE


async def ended_by(monkeypatch: pytest.MonkeyPatch, gateway: Gateway, program: str) -> FaultError:
    """How workers that do this, and nothing else, end the gateway."""
    monkeypatch.setattr("gateway.workers._PROGRAM", program)
    monkeypatch.setattr("gateway.workers.PAUSE", 0.1)
    settings = load({}, gateway.config, {"smtp.workers": 2})
    with pytest.raises(FaultError) as raised:
        await Workers(settings, None, lambda _: None).serve([asyncio.Event()])
    return raised.value


async def test_a_fault_of_a_worker_at_the_start_is_told(monkeypatch: pytest.MonkeyPatch, gateway: Gateway) -> None:
    program = (
        "import socket; from gateway.pieces import head, packed; from gateway.writer import Fault;"
        " [pickle] = packed([Fault('It is so.', 78, False)]);"
        " socket.socket(fileno={descriptor}).sendall(head([pickle]) + pickle)"
    )
    fault = await ended_by(monkeypatch, gateway, program)
    assert (str(fault), fault.exit_code) == ("It is so.", 78)


async def test_workers_that_do_not_start_end_the_gateway(monkeypatch: pytest.MonkeyPatch, gateway: Gateway) -> None:
    fault = await ended_by(monkeypatch, gateway, "exit(3 * ({descriptor} > 0))")
    assert (str(fault), fault.exit_code) == ("worker processes end again and again, this one so: exit code 3", 69)


class Looks:
    """Time passes from one look at the workers to the next one when a test says so."""

    def __init__(self) -> None:
        self._next: asyncio.Queue[None] = asyncio.Queue()
        self._waits = asyncio.Event()

    async def pause(self, seconds: float) -> None:
        assert seconds == EVERY
        self._waits.set()
        await self._next.get()

    async def take(self, times: int) -> None:
        for _ in range(times):
            async with asyncio.timeout(20):
                await self._waits.wait()
                self._waits.clear()
                self._next.put_nowait(None)
                await self._waits.wait()


@dataclass
class Watched:
    """Two workers that do what the test says, and the looks at them."""

    workers: Workers
    looks: Looks
    replaced: asyncio.Queue[str]
    """Why; each time."""


SAYS = (
    "import socket; from gateway.pieces import head, packed; from gateway.writer import Counted, Listening;"
    " sock = socket.socket(fileno={{descriptor}});"
    " say = lambda value: sock.sendall(head(packed([value])) + packed([value])[0]); {does}"
)
STARTS = "[None for _ in iter(lambda: sock.recv(65536), b'')]"
HANGS = f"say(Listening(1)); {STARTS}"
ANSWERS = "say(Listening(1)); [say(Counted(())) for _ in iter(lambda: sock.recv(65536), b'')]"


@asynccontextmanager
async def watched(monkeypatch: pytest.MonkeyPatch, gateway: Gateway, does: str) -> AsyncIterator[Watched]:
    replaced: asyncio.Queue[str] = asyncio.Queue()
    monkeypatch.setattr("gateway.workers._PROGRAM", SAYS.format(does=does))
    monkeypatch.setattr("gateway.operator_log.worker_replaced", lambda reason, *_: replaced.put_nowait(reason))
    monkeypatch.setattr("gateway.workers.LEEWAY", -24.0)  # these don't drain
    looks, serving, stop = Looks(), asyncio.Event(), asyncio.Event()
    made = Workers(load({}, gateway.config, {"smtp.workers": 2}), None, lambda _: serving.set(), looks.pause)
    running = asyncio.create_task(made.serve([stop]))
    try:
        if does != STARTS:
            async with asyncio.timeout(30):
                await serving.wait()
        yield Watched(made, looks, replaced)
    finally:
        stop.set()
        await running


async def test_a_worker_that_does_not_answer_serves_no_more_and_is_replaced(
    monkeypatch: pytest.MonkeyPatch, gateway: Gateway
) -> None:
    async with watched(monkeypatch, gateway, HANGS) as seen:
        await seen.looks.take(LATE)
        assert seen.workers.serving == 2
        await seen.looks.take(1)
        assert seen.workers.serving == 0
        async with asyncio.timeout(PAUSE / 2):  # nobody is waited for
            assert await seen.workers.counted() == [(), (), ()]
        await seen.looks.take(HUNG - LATE - 1)
        assert seen.replaced.empty()
        await seen.looks.take(1)
        async with asyncio.timeout(20):
            assert [await seen.replaced.get(), await seen.replaced.get()] == ["hung", "hung"]


async def test_a_worker_that_answers_is_left_alone_however_long(
    monkeypatch: pytest.MonkeyPatch, gateway: Gateway
) -> None:
    async with watched(monkeypatch, gateway, ANSWERS) as seen:
        for _ in range(2 * HUNG):
            await seen.looks.take(1)
            await seen.workers.counted()  # has heard from both
            assert seen.workers.serving == 2
        assert seen.replaced.empty()


async def test_a_worker_that_starts_is_given_more_time(monkeypatch: pytest.MonkeyPatch, gateway: Gateway) -> None:
    async with watched(monkeypatch, gateway, STARTS) as seen:
        looks = 0
        async with asyncio.timeout(60):
            while seen.replaced.empty():
                await seen.looks.take(1)
                looks += 1
                await asyncio.sleep(0.001)  # processes are being made, and end
        assert looks > STARTING
        assert seen.replaced.get_nowait() == "hung"


def test_a_full_disk_is_452_also_through_workers(gateway: Gateway, tmp_path_factory: pytest.TempPathFactory) -> None:
    climb(gateway, tmp_path_factory.mktemp("room"), [100_000], 20260302)


@pytest.mark.parametrize("to", ["ana", pytest.param("postmaster", marks=pytest.mark.prove)])
def test_a_failed_sync_ends_them_all(gateway: Gateway, tmp_path_factory: pytest.TempPathFactory, to: str) -> None:
    """Also one that a worker meets with mail to the operator, which it writes itself."""
    room = tmp_path_factory.mktemp("room")
    disk, sender = Disk(room / "control"), Sender(gateway, random.Random(1))
    disk.record(gateway.folder, room / "log")
    gateway.start(*under(disk))
    serving(gateway)
    family = descendants(gateway.pid)
    assert sender.send()[0] == 250
    if to == "postmaster":
        gateway.addresses["bcc"] = "postmaster@log.example"
    disk.fail("sync", 1)
    assert sender.send()[0] in {451, 421, 0}
    assert gateway.wait() == 69
    assert "The disk failed while the database was written" in gateway.log()
    assert not any(map(alive, family))


def test_an_address_in_use_is_told(gateway: Gateway, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Also if whoever has it would share it."""
    gateway.start()
    serving(gateway)
    other = Gateway(tmp_path_factory.mktemp("other"), gateway.port, workers=2)
    other.prepare()
    other.start()  # somebody answers there
    try:
        assert other.wait() == 69
    finally:
        if other.running:
            other.kill()
    assert f"can't listen on 127.0.0.1:{gateway.port}" in other.log()
    assert gateway.stop() == 0


@pytest.mark.skipif(bool(MISSING), reason=MISSING)
def test_on_a_database_server_each_worker_settles_by_itself(tmp_path: Path) -> None:
    with PostgresServer() as server:
        gateway = Gateway(tmp_path, free_port(), server=server.place(server.create()), workers=2)
        gateway.prepare()
        gateway.start()
        serving(gateway)
        with under_load(gateway, 1) as ledger:
            wait_for_more(ledger)
            os.kill(workers(gateway)[0], signal.SIGKILL)
            until(lambda: "worker.replaced" in gateway.log(), "told")
            wait_for_more(ledger)
        assert gateway.stop() == 0
        assert faults(gateway, ledger) == []


def test_the_console_is_served_beside_workers_and_finds_what_they_have_logged(gateway: Gateway) -> None:
    port = free_port()
    text = gateway.config.read_text(encoding="utf-8")
    gateway.config.write_text(f'{text}\n[console]\nlisten = "127.0.0.1:{port}"\n', encoding="utf-8")
    gateway.start()
    until(lambda: "/setup/" in gateway.log() and "console.opened" in gateway.log(), "opened")
    link = re.search(r"/setup/\S+", gateway.log())
    assert link
    assert deliver(gateway, mail("zephyrine")).startswith("250 ")
    with httpx.Client(base_url=f"http://127.0.0.1:{port}") as browser:
        chosen = {"password": "a few words do well", "again": "a few words do well"}
        answer = browser.post(link[0], data=chosen)
        cookie = answer.headers["set-cookie"].partition(";")[0]
        until(
            lambda: "zephyrine" in browser.get("/activities?search=zephyr", headers={"cookie": cookie}).text, "found"
        )
    assert gateway.stop() == 0
