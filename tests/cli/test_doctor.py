"""`doctor`: each check fails for the thing it is named after, says what to do, and leaves nothing behind."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from fakes.certificates import make_pair
from fakes.dns_server import FaultServer
from fakes.postgres import MISSING, Databases

from config.changes import with_values
from config.load import load
from config.settings import Settings
from gateway.cli.doctor import certificate, database, found, machine, names, smtp, web
from gateway.cli.doctor.found import Found
from gateway.clock import new_id, now
from gateway.console.limits import LOOPBACK
from storage import operator_mail
from storage.census import Census
from storage.open import open_store
from storage.plan import ask
from tests.peers.secure_gateway import new_pair, secured
from tests.running_gateway import Gateway, free_port

BORN = datetime(2000, 1, 1, tzinfo=UTC)
RECORDS = """\
$TTL 60
bcc MX 10 mx.log.example.
forward MX 10 MX.log.example.
mx A 127.0.0.1
"""


def told(found: Iterator[Found], check: str = "") -> dict[str, str]:
    """Sentences by status, of one check or of all; several of one status together."""
    every: dict[str, str] = {}
    for one in found:
        if check in ("", one.check):
            every[one.status.value] = f"{every.get(one.status.value, '')}{one.sentence} "
    return every


def settings(**paths: object) -> Settings:
    """Those of log.example, with others by path, "__" for a dot."""
    named = {name.replace("__", "."): value for name, value in paths.items()}
    return with_values(Settings(domain="log.example", hostname="mx.log.example"), named)


@contextmanager
def name_server(records: str, folder: Path, faults: Mapping[str, str] | None = None) -> Iterator[str]:
    """A real one on loopback with these records of log.example, while the block lasts: its address."""
    zone = folder / "log.example.zone"
    zone.write_text(records, encoding="ascii")
    ready, address, ended = threading.Event(), [""], asyncio.Event()
    loop = asyncio.new_event_loop()

    async def serve() -> None:
        server = FaultServer([zone], faults)
        await server.start()
        address[0] = server.address
        ready.set()
        await ended.wait()
        await server.close()

    thread = threading.Thread(target=lambda: loop.run_until_complete(serve()))
    thread.start()
    assert ready.wait(20)
    yield address[0]
    loop.call_soon_threadsafe(ended.set)
    thread.join()
    loop.close()


# --- the command ---


def doctor(made: Gateway, *more: str) -> tuple[int, list[dict[str, str]]]:
    """As its user runs it: exit code and findings."""
    command = [sys.executable, "-P", "-m", "gateway", "doctor", "--json", "--config", str(made.config), *more]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert ended.stderr == ""
    return ended.returncode, [json.loads(line) for line in ended.stdout.splitlines()]


def test_a_whole_installation_passes_and_a_test_message_leaves_nothing_behind(
    gateway: Gateway, tmp_path: Path
) -> None:
    with name_server(RECORDS.replace("mx", "gateway").replace("MX.", "gateway."), tmp_path) as address:
        text = gateway.config.read_text(encoding="utf-8")
        lines = [f'nameservers = ["{address}"]' if "nameservers" in line else line for line in text.splitlines()]
        gateway.config.write_text("\n".join(lines) + "\n", encoding="utf-8")
        gateway.start()
        code, every = doctor(gateway, "--send")
    failed = [one for one in every if one["status"] == "fail"]
    assert (code, failed) == (0, [])
    assert {one["check"] for one in every} >= {"database", "addresses", "listener", "dns", "mx", "message", "sources"}
    assert gateway.rows("SELECT * FROM operator_mail") == gateway.rows("SELECT * FROM decision") == []
    assert '"operator.mail"' in gateway.log()
    assert gateway.stop() == 0


def test_a_gateway_that_does_not_run_is_a_failure_and_each_line_says_what_to_do(gateway: Gateway) -> None:
    code, every = doctor(gateway, "--send")
    assert code == 1
    failed = {one["check"]: one["sentence"] for one in every if one["status"] == "fail"}
    assert "start the gateway" in failed["listener"]
    assert "No test message" in failed["message"]
    assert {one["check"]: one["status"] for one in every}["database"] == "ok"


def test_a_faulty_configuration_is_told_as_everywhere(gateway: Gateway) -> None:
    gateway.config.write_text("domian = 5\n", encoding="utf-8")
    command = [sys.executable, "-P", "-m", "gateway", "doctor", "--config", str(gateway.config)]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (ended.returncode, ended.stdout) == (78, "")
    assert "did you mean domain?" in ended.stderr


def test_a_check_that_hangs_or_breaks_is_told_in_time() -> None:
    go_on = threading.Event()

    def hangs() -> Iterator[Found]:
        yield found.ok("x", "Begun.")
        go_on.wait()

    def breaks() -> Iterator[Found]:
        yield found.ok("x", str(1 // 0))

    every, left = found.within("x", hangs, 0.05)
    go_on.set()
    assert ([one.status for one in every], left) == (["ok", "fail"], True)
    every, left = found.within("x", breaks)
    assert ("ZeroDivisionError" in every[0].sentence, left) == (True, False)


# --- this machine ---


def test_the_key(gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    at = load({}, gateway.config)
    assert set(told(machine.key_file(at))) == {"ok"}
    at.store.key_file.chmod(0o640)
    assert "chmod 600" in told(machine.key_file(at))["warn"]
    monkeypatch.setattr("gateway.cli.doctor.machine.os.geteuid", lambda: 12345)
    assert "whose folder must keep others out" in told(machine.key_file(at))["ok"]  # it must stay readable
    at.store.key_file.write_text("short", encoding="ascii")
    assert "32 bytes" in told(iter(found.within("key_file", lambda: machine.key_file(at))[0]))["fail"]
    at.store.key_file.unlink()
    assert "put its file back" in told(iter(found.within("key_file", lambda: machine.key_file(at))[0]))["fail"]
    assert isinstance(at.store.path, Path)
    at.store.path.unlink()
    assert "bcc-gateway init" in told(machine.key_file(at))["fail"]


def test_who_is_neither_root_nor_the_one_who_serves_is_told(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    at, myself = load({}, gateway.config), os.geteuid()
    assert set(told(machine.user(at))) == {"ok"}
    monkeypatch.setattr("gateway.cli.doctor.machine.os.geteuid", lambda: 12345)
    assert "or as root" in told(machine.user(at))["fail"]
    monkeypatch.setattr("gateway.cli.doctor.machine.os.geteuid", lambda: 0)
    assert set(told(machine.user(at))) == {"ok"}
    monkeypatch.undo()
    key = at.store.key_file
    for user_id, mode, able in ((myself, 0o600, True), (12345, 0o600, False), (12345, 0o604, True), (0, 0o000, True)):
        key.chmod(mode)
        assert machine.readable_by(key, user_id) is able


def test_a_certificate_that_the_one_who_serves_can_not_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    named_pair(tmp_path, "mx.log.example")
    monkeypatch.setattr("gateway.cli.doctor.certificate.owner", lambda _: 12345)
    assert "12345, who serves, can't read" in certified(tmp_path)["fail"]


def test_a_disk_that_is_nearly_full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    at = settings(store__path=str(tmp_path / "gateway.db"))
    for free, status in ((400, "fail"), (1000, "warn"), (5000, "ok")):
        monkeypatch.setattr("gateway.cli.doctor.machine.bytes_free", lambda _, free=free: free << 20)
        assert list(told(machine.disk(at))) == [status]


def test_too_few_open_files() -> None:
    assert "LimitNOFILE" in told(machine.open_files(settings(smtp__limits__connections=10**9)))["warn"]


def test_a_clock_before_the_program(monkeypatch: pytest.MonkeyPatch) -> None:
    assert told(machine.clock()) == {}
    monkeypatch.setattr("gateway.cli.doctor.machine.time.time", lambda: 10**9)
    assert "NTP" in told(machine.clock())["fail"]


# --- the database ---


def looked(at: Settings) -> dict[str, str]:
    return told(iter(found.within("database", lambda: database.database(at))[0]))


def test_a_database_that_is_not_there_old_damaged_or_of_another_key(gateway: Gateway) -> None:
    at, file = load({}, gateway.config), gateway.folder / "gateway.db"
    assert "up to date" in looked(at)["ok"]
    whole = file.read_bytes()
    file.write_bytes(whole[:5000] + b"\xff" * 40_000 + whole[45_000:])
    assert "damaged" in looked(at)["fail"]
    file.write_bytes(whole)
    with sqlite3.connect(file) as opened:
        opened.execute("DELETE FROM schema_migration WHERE version = (SELECT max(version) FROM schema_migration)")
    assert "db migrate" in looked(at)["fail"]
    file.write_bytes(whole)
    key = at.store.key_file.read_text(encoding="ascii")
    at.store.key_file.write_text("ab" * 32 + "\n", encoding="ascii")
    assert "fail" in looked(at)
    at.store.key_file.write_text(key, encoding="ascii")
    file.unlink()
    assert "There is no database yet" in looked(at)["fail"]


def test_a_newest_decision_that_is_to_come(gateway: Gateway) -> None:
    at = load({}, gateway.config)
    key = bytes.fromhex(at.store.key_file.read_text(encoding="ascii"))

    async def in_an_hour() -> None:
        store = await open_store(at.store.place(), key, new_id)
        await store.change(
            ask(
                "INSERT INTO decision (id, trace_id, account_id, channel, at, outcome, reason, flags, stages,"
                " size_class, deliveries, retry_hash)"
                " SELECT 'x', 'x', id, 'bcc', $1, 'skipped', 'x', '[]', '[]', 1, 1, 'x' FROM account",
                now() + 3_600_000,
            )
        )
        await store.close()

    asyncio.run(in_an_hour())
    assert "set the clock" in looked(at)["fail"]


@pytest.mark.skipif(bool(MISSING), reason=MISSING)
def test_a_server_is_asked_for_its_time(databases: Databases, tmp_path: Path) -> None:
    gateway = Gateway(tmp_path, free_port(), server=asyncio.run(databases.of(tmp_path)))
    try:
        gateway.prepare()
        assert "fits the database's server" in looked(load({}, gateway.config))["ok"]
    finally:
        databases.give_back()


WHOLE = Census(1, 2, 1, 1, {"bcc": 1, "relay": 1}, {"relay": 1, "journal": 0}, None, None)


@pytest.mark.parametrize(
    ("lacks", "status", "check", "said"),
    [
        ({}, "", "", ""),
        ({"accounts": 0}, "fail", "accounts", "bcc-gateway init"),
        ({"users": 0}, "fail", "users", "user add"),
        ({"captures": {}}, "fail", "addresses", "address create"),
        ({"admins": 0}, "warn", "admins", "set-permissions"),
        ({"admins_with_password": 0}, "warn", "admins", "setup-link"),
        ({"sources": {"relay": 0, "journal": 0}}, "fail", "sources", "source add"),
        ({"captures": {"journal": 1}}, "fail", "sources", "journal"),
    ],
)
def test_who_and_what_is_missing(lacks: dict[str, object], status: str, check: str, said: str) -> None:
    every = [one for one in database.people(Census(**{**_fields(WHOLE), **lacks})) if one.status != "ok"]  # type: ignore[arg-type]  # counts
    assert [(one.status.value, one.check) for one in every] == ([(status, check)] if status else [])
    assert all(said in one.sentence for one in every)


def _fields(census: Census) -> dict[str, object]:
    return {name: getattr(census, name) for name in Census.__dataclass_fields__}


# --- the certificate ---


def certified(folder: Path, **more: object) -> dict[str, str]:
    given = {"smtp__certificate": str(folder / "cert.pem"), "smtp__private_key": str(folder / "key.pem"), **more}
    return told(certificate.certificate(settings(**given)))


def named_pair(folder: Path, *dns_names: str, days: int = 90) -> None:
    """A certificate for these names, and its authority in ca.pem."""
    make_pair(folder, "authority.example", BORN, 36_500)
    authority = x509.load_pem_x509_certificate((folder / "cert.pem").read_bytes())
    signer = serialization.load_pem_private_key((folder / "key.pem").read_bytes(), None)
    shutil.move(folder / "cert.pem", folder / "ca.pem")
    key, start = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC) - timedelta(days=1)
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "server")])
    builder = x509.CertificateBuilder(authority.subject, subject, key.public_key(), 7, start, start + timedelta(days))
    names = x509.SubjectAlternativeName([x509.DNSName(name) for name in dns_names])
    signed = builder.add_extension(names, critical=False).sign(signer, hashes.SHA256())  # type: ignore[arg-type]  # an EC key
    (folder / "cert.pem").write_bytes(signed.public_bytes(serialization.Encoding.PEM))
    plain = serialization.NoEncryption()
    kind, form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    (folder / "key.pem").write_bytes(key.private_bytes(kind, form, plain))
    (folder / "key.pem").chmod(0o600)


def test_a_certificate_with_its_chain_and_name(tmp_path: Path) -> None:
    named_pair(tmp_path, "*.log.example")
    assert "authority that this machine doesn't know" in certified(tmp_path)["warn"]
    leaf, authority = (tmp_path / "cert.pem").read_text(), (tmp_path / "ca.pem").read_text()
    (tmp_path / "cert.pem").write_text(leaf + authority)
    assert set(certified(tmp_path)) == {"ok"}
    (tmp_path / "key.pem").chmod(0o644)
    assert "chmod o=" in certified(tmp_path)["warn"]
    (tmp_path / "key.pem").chmod(0o600)
    assert "not for mx.other.example" in certified(tmp_path, hostname="mx.other.example")["warn"]
    (tmp_path / "cert.pem").write_text(leaf + leaf)
    assert "out of order" in certified(tmp_path)["warn"]


def test_a_certificate_that_ends_or_is_no_good(tmp_path: Path) -> None:
    assert "in clear" in told(certificate.certificate(settings()))["warn"]
    named_pair(tmp_path, "mx.log.example", days=8)
    assert "renewal" in certified(tmp_path)["warn"]
    make_pair(tmp_path, "mx.log.example", BORN, 1)
    assert "expired" in certified(tmp_path)["fail"]
    make_pair(tmp_path, "mx.log.example", BORN, 36_500)
    assert "signs itself" in certified(tmp_path)["warn"]
    (tmp_path / "key.pem").unlink()
    assert "No such file" in certified(tmp_path)["fail"]


# --- the running gateway ---


def test_a_listener_of_a_gateway_and_the_certificate_that_it_shows(gateway: Gateway, tmp_path: Path) -> None:
    secured(gateway)
    gateway.start()
    at = load({}, gateway.config)
    assert set(told(smtp.listeners(at), "listener")) == {"ok"}
    assert "loopback" in told(smtp.listeners(at), "reach")["warn"]
    new, key = new_pair(tmp_path / "new")
    shutil.copy(new, gateway.folder / "cert.pem")
    shutil.copy(key, gateway.folder / "key.pem")
    assert "kill -HUP" in told(smtp.listeners(at), "listener")["warn"]
    os.kill(gateway.pid, signal.SIGHUP)
    while "certificate.loaded" not in gateway.log():
        assert gateway.running
        time.sleep(0.02)
    assert set(told(smtp.listeners(at), "listener")) == {"ok"}
    assert "another gateway" in told(smtp.listeners(with_values(at, {"hostname": "x.log.example"})), "listener")["fail"]
    assert gateway.stop() == 0


def test_a_listener_behind_a_proxy_is_tried_as_one_and_takes_the_message(gateway: Gateway) -> None:
    text = gateway.config.read_text(encoding="utf-8")
    gateway.config.write_text(
        text.replace(f':{gateway.port}"', f':{gateway.port} proxy=127.0.0.1"'), encoding="utf-8"
    )
    gateway.start()
    at = load({}, gateway.config)
    assert set(told(smtp.listeners(at), "listener")) == {"ok"}
    assert "taken out again" in told(smtp.message(at))["ok"]
    elsewhere = with_values(at, {"smtp.listen": ["127.0.0.1:1 proxy=192.0.2.1"]})
    assert "proxies alone" in told(smtp.listeners(elsewhere), "listener")["ok"]
    assert "No listener" in told(smtp.message(elsewhere))["warn"]
    assert gateway.stop() == 0


@contextmanager
def answering(line: bytes) -> Iterator[int]:
    """Somebody else on a port, who says this to everyone and hangs up, or says nothing at all."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        clients: list[socket.socket] = []

        def serve() -> None:
            while True:
                try:
                    client, _ = server.accept()
                except OSError:
                    return
                clients.append(client)
                if line:
                    client.sendall(line)
                    client.shutdown(socket.SHUT_WR)

        thread = threading.Thread(target=serve)
        thread.start()
        yield server.getsockname()[1]
        server.shutdown(socket.SHUT_RDWR)
        thread.join()
        for client in clients:
            client.close()


@pytest.mark.parametrize(
    ("line", "said"), [(b"220 mail.other.example ESMTP\r\n", "doesn't answer"), (b"", "doesn't answer")]
)
def test_somebody_else_on_the_port(line: bytes, said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.cli.doctor.smtp.TIMEOUT", 0.2)
    monkeypatch.setattr("gateway.cli.healthcheck.TIMEOUT", 0.2)
    with answering(line) as port:
        at = settings(smtp__listen=[f"127.0.0.1:{port}"])
        assert said in told(smtp.listeners(at), "listener")["fail"]
        assert "fail" in told(web.health(settings(health__listen=f"127.0.0.1:{port}")))
        assert "fail" in told(web.console(settings(console__listen=f"127.0.0.1:{port}")))


def test_a_message_that_is_refused_or_ends_elsewhere(gateway: Gateway, tmp_path: Path) -> None:
    gateway.start()
    at = load({}, gateway.config)
    assert "550" in told(smtp.message(with_values(at, {"domain": "other.example"})))["fail"]
    other = Gateway(tmp_path / "other", gateway.port)
    other.folder.mkdir()
    other.prepare()
    assert "550" in told(smtp.message(load({}, other.config)))["fail"]  # its capture address isn't known there
    with sqlite3.connect(other.folder / "gateway.db") as opened:
        opened.execute("DELETE FROM capture_address")
    assert "another database" in told(smtp.message(load({}, other.config)))["fail"]
    assert gateway.stop() == 0


def test_probes_and_console_of_a_running_gateway(tmp_path: Path) -> None:
    console = free_port()
    made = Gateway(tmp_path, free_port(), health=f"127.0.0.1:{free_port()}")
    made.prepare()
    text = made.config.read_text(encoding="utf-8")
    made.config.write_text(f'{text}\n[console]\nlisten = "127.0.0.1:{console}"\n', encoding="utf-8")
    at = load({}, made.config)
    assert "does the gateway run" in told(web.health(at))["fail"]
    assert "does the gateway run" in told(web.console(at))["fail"]
    made.start()
    while "ok" not in told(web.health(at)) or "ok" not in told(web.console(at)):
        assert made.running
    with sqlite3.connect(made.folder / "gateway.db") as opened:
        opened.execute("INSERT INTO schema_migration VALUES (9999, 'later', 'x', 0)")
    end = time.monotonic() + 20
    while "fail" not in told(web.health(at)):
        assert time.monotonic() < end
    assert "can't take mail" in told(web.health(at))["fail"]
    assert made.stop() == 0


# --- DNS ---


@pytest.mark.parametrize(
    ("old", "new", "status", "said"),
    [
        ("", "", "", ""),
        ("bcc MX 10 mx.log.example.\n", "", "fail", "publish `bcc.log.example. MX 10 mx.log.example.`"),
        ("bcc MX 10 mx.log.example.\n", "bcc MX 10 mail.other.example.\n", "fail", "goes to mail.other.example"),
        ("bcc MX 10 mx.log.example.\n", "bcc A 127.0.0.1\n", "warn", "its own address"),
        ("mx A 127.0.0.1\n", "", "fail", "publish an A record"),
        ("mx A 127.0.0.1\n", "mx A 192.0.2.7\n", "warn", "no address of this machine"),
    ],
)
def test_the_names(old: str, new: str, status: str, said: str, tmp_path: Path) -> None:
    records = RECORDS + "relay MX 10 mx.log.example.\njournal MX 10 mx.log.example.\n"
    with name_server(records.replace(old, new), tmp_path) as address:
        every = told(names.names(settings(dns__nameservers=[address])))
    assert set(every) == ({"ok", status} if status else {"ok"})
    assert said in every.get(status, "")


def test_name_servers_that_are_silent_or_fail(tmp_path: Path) -> None:
    with name_server(RECORDS, tmp_path, {".": "silent"}) as address:
        at = settings(dns__nameservers=[address], dns__limits__query=0.2, dns__limits__message=0.5)
        assert "don't answer" in told(names.names(at))["fail"]
    with name_server(RECORDS, tmp_path, {"bcc.log.example": "servfail"}) as address:
        assert "try again" in told(names.names(settings(dns__nameservers=[address])))["warn"]


def test_a_name_that_was_never_set(tmp_path: Path) -> None:
    with name_server(RECORDS, tmp_path) as address:
        at = settings(dns__nameservers=[address], hostname="localhost")
        assert "still localhost" in told(names.names(at))["fail"]


def test_loopback_is_loopback() -> None:
    assert "127.0.0.1" in LOOPBACK
    there = settings(smtp__listen=["0.0.0.0:1"])
    assert "firewall" in told(smtp.listeners(there), "reach")["ok"]


def test_mail_to_the_operator_that_others_sent_stays(gateway: Gateway) -> None:
    gateway.start()
    at = load({}, gateway.config)
    with smtp._spoken(*at.listeners()[0]) as (client, _):
        client.sendmail("eve@client.example", ["postmaster@log.example"], "Subject: help\r\n\r\nx\r\n")
    assert "taken out again" in told(smtp.message(at))["ok"]
    key = bytes.fromhex(at.store.key_file.read_text(encoding="ascii"))

    async def left() -> list[str]:
        store = await open_store(at.store.place(), key, new_id)
        try:
            return [record.mail_from for record in await store.read(operator_mail.every())]
        finally:
            await store.close()

    assert asyncio.run(left()) == ["eve@client.example"]
    assert gateway.stop() == 0


