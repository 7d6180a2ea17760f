"""SIGHUP: what may change changes, what is no good changes nothing and is told, and nobody is disturbed."""

from __future__ import annotations

import json
import os
import shutil
import signal
import smtplib
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from config.changes import differing, values, values_while_running, while_running, with_values
from config.load import VARIABLES
from config.settings import Settings
from gateway.app import setting_of
from gateway.smtp.limits import SmtpLimits
from gateway.smtp.rates import Rates
from gateway.smtp.shared import Guesses
from tests.peers.secure_gateway import new_pair
from tests.running_gateway import Gateway, free_port

SMALLER = str(30 * 1024 * 1024)
"""Bytes, of "30 MiB"."""


@pytest.fixture
def gateway(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Gateway]:
    made = Gateway(tmp_path, free_port(), workers=getattr(request, "param", 1))
    made.prepare()
    made.start()
    yield made
    if made.running:
        made.kill()


def test_a_reload_that_comes_too_early_waits(tmp_path: Path) -> None:
    made = Gateway(tmp_path, free_port())
    made.prepare()
    with (tmp_path / "gateway.log").open("ab") as log:
        command = [sys.executable, "-P", "-m", "gateway", "serve", "--config", str(made.config)]
        started = subprocess.Popen(command, stdout=log, stderr=log)
    blocked, end = Path(f"/proc/{started.pid}/status"), time.monotonic() + 60
    while "SigBlk:\t0000000000000001" not in blocked.read_text(encoding="ascii"):
        assert time.monotonic() < end, "never blocked"
    started.send_signal(signal.SIGHUP)
    while not events(made, "configuration.reloaded"):
        assert started.poll() is None, made.log()
        assert time.monotonic() < end, made.log()
        time.sleep(0.02)
    started.terminate()
    assert started.wait(60) == 0


alone_and_with_workers = pytest.mark.parametrize("gateway", [1, 2], indirect=True)


def changed(gateway: Gateway, old: str, new: str) -> None:
    text = gateway.config.read_text(encoding="utf-8")
    assert text.count(old) == 1, old
    gateway.config.write_text(text.replace(old, new), encoding="utf-8")


def events(gateway: Gateway, name: str) -> list[dict[str, Any]]:
    lines = [json.loads(line) for line in gateway.log().splitlines() if line.startswith("{")]
    return [line for line in lines if line["event"] == name]


def reloaded(gateway: Gateway, event: str = "configuration.reloaded") -> list[dict[str, Any]]:
    """SIGHUP, until the log tells what came of it: the events of the kind that are new."""
    before = len(events(gateway, event))
    os.kill(gateway.pid, signal.SIGHUP)
    end = time.monotonic() + 20
    while len(events(gateway, event)) == before:
        assert time.monotonic() < end, gateway.log()
        assert gateway.running
        time.sleep(0.02)
    return events(gateway, event)[before:]


def offered(gateway: Gateway) -> dict[str, str]:
    """What EHLO is answered by whoever takes the connection."""
    with smtplib.SMTP("127.0.0.1", gateway.port, "client.example", timeout=20) as client:
        client.ehlo()
        return client.esmtp_features


def until_offered(gateway: Gateway, feature: str, value: str | None) -> None:
    """By every worker: the order is on its way when the log tells of it, and the system shares out as it likes."""
    end, same = time.monotonic() + 20, 0
    while same < 40:
        assert time.monotonic() < end, offered(gateway)
        same = same + 1 if offered(gateway).get(feature) == value else 0


@alone_and_with_workers
def test_a_new_limit_holds_for_sessions_that_begin_and_those_that_run_keep_theirs(gateway: Gateway) -> None:
    size = str(SmtpLimits().message_size_from_source)
    with smtplib.SMTP("127.0.0.1", gateway.port, "client.example", timeout=20) as running:
        running.ehlo()
        assert running.esmtp_features["size"] == size
        changed(gateway, "[smtp.limits]", '[smtp.limits]\nmessage_size_from_source = "30 MiB"')
        assert [event["changed"] for event in reloaded(gateway)] == [["smtp.limits.message_size_from_source"]]
        until_offered(gateway, "size", SMALLER)
        assert running.docmd("MAIL", f"FROM:<ana@us.example> SIZE={40 * 1024 * 1024}")[0] == 250
    assert gateway.stop() == 0
    assert "internal.failed" not in gateway.log()


def test_where_anything_is_wrong_nothing_changes_and_each_fault_is_told_without_its_value(gateway: Gateway) -> None:
    before = offered(gateway)
    wrong = 'message_size_from_source = "30 MiB"\ndrain = "s3cr3t"\nmesages = 5'
    changed(gateway, "[smtp.limits]", f"[smtp.limits]\n{wrong}")
    told = reloaded(gateway, "configuration.refused")
    path = f"file {gateway.config}"
    assert sorted((event["setting"], event["reason"], event["origin"]) for event in told) == [
        ("smtp.limits.drain", "must be a number of seconds", path),
        ("smtp.limits.mesages", "is no setting; did you mean smtp.limits.messages?", path),
    ]
    assert "s3cr3t" not in gateway.log()
    assert offered(gateway) == before
    gateway.config.unlink()
    [event] = reloaded(gateway, "configuration.refused")
    assert event["reason"] == "can't be read: No such file or directory"
    assert offered(gateway) == before
    assert not events(gateway, "configuration.reloaded")
    assert gateway.stop() == 0


def test_what_needs_a_restart_is_named_and_stays_while_the_rest_changes(gateway: Gateway) -> None:
    changed(gateway, 'hostname = "gateway.log.example"', 'hostname = "other.log.example"')
    changed(gateway, "[smtp.limits]", '[smtp.limits]\nmessage_size_from_source = "30 MiB"')
    for _ in range(2):  # it waits for the restart however often it is read
        [event] = reloaded(gateway, "configuration.restart_needed")
        assert event["settings"] == ["hostname"]
    until_offered(gateway, "size", SMALLER)
    with smtplib.SMTP("127.0.0.1", gateway.port, "client.example", timeout=20) as client:
        assert client.ehlo()[1].startswith(b"gateway.log.example")
    assert gateway.stop() == 0


@alone_and_with_workers
def test_a_certificate_can_come_and_go_and_a_bad_one_takes_nothing_else_with_it(gateway: Gateway) -> None:
    """F19."""
    certificate, key = new_pair(gateway.folder / "new")
    assert "starttls" not in offered(gateway)
    given = f'[smtp]\ncertificate = "{certificate}"\nprivate_key = "{key}"\n'
    changed(gateway, "[smtp]\n", given)
    assert reloaded(gateway)[0]["changed"] == ["smtp.certificate", "smtp.private_key"]
    until_offered(gateway, "starttls", "")
    shutil.copy(new_pair(gateway.folder / "other")[1], key)
    changed(gateway, "[smtp.limits]", '[smtp.limits]\nmessage_size_from_source = "30 MiB"')
    [event] = reloaded(gateway, "certificate.refused")
    assert "the key is not that of the certificate" in event["reason"]
    assert offered(gateway)["size"] != SMALLER
    changed(gateway, given, "[smtp]\n")
    reloaded(gateway)
    until_offered(gateway, "starttls", None)
    until_offered(gateway, "size", SMALLER)
    assert gateway.stop() == 0


@pytest.mark.parametrize("gateway", [2], indirect=True)
def test_workers_agree_on_settings_though_one_finds_the_certificate_broken(gateway: Gateway) -> None:
    """It is busy when the order comes; until it reads the certificate, that has become another."""
    certificate, key = new_pair(gateway.folder / "new")
    sound = certificate.read_bytes()
    changed(gateway, "[smtp]\n", f'[smtp]\ncertificate = "{certificate}"\nprivate_key = "{key}"\n')
    reloaded(gateway)
    until_offered(gateway, "starttls", "")
    children = Path(f"/proc/{gateway.pid}/task/{gateway.pid}/children").read_text(encoding="ascii")
    busy = int(children.split()[0])
    os.kill(busy, signal.SIGSTOP)
    try:
        changed(gateway, "[smtp.limits]", '[smtp.limits]\nmessage_size_from_source = "30 MiB"')
        before = len(events(gateway, "certificate.loaded"))
        reloaded(gateway)
        until(lambda: len(events(gateway, "certificate.loaded")) > before, "loaded by the other one")
        certificate.write_bytes(b"")
    finally:
        os.kill(busy, signal.SIGCONT)
    until(lambda: bool(events(gateway, "certificate.refused")), "refused")
    certificate.write_bytes(sound)
    until_offered(gateway, "size", SMALLER)
    until_offered(gateway, "starttls", "")  # with the certificate that it had
    assert gateway.stop() == 0


def until(true: Callable[[], bool], what: str) -> None:
    end = time.monotonic() + 20
    while not true():
        assert time.monotonic() < end, f"never {what}"
        time.sleep(0.02)


def test_the_level_of_the_log_changes(gateway: Gateway) -> None:
    offered(gateway)
    assert not events(gateway, "connection.opened")
    changed(gateway, 'format = "json"', 'format = "json"\nlevel = "debug"')
    reloaded(gateway)
    end = time.monotonic() + 20
    while not events(gateway, "connection.opened"):
        offered(gateway)
        assert time.monotonic() < end
    assert gateway.stop() == 0


def test_what_stays_until_a_restart_must_go_with_what_changes(tmp_path: Path) -> None:
    """A listener needs TLS; the new file has neither the listener nor the certificate."""
    gateway = Gateway(tmp_path, free_port())
    gateway.prepare()
    certificate, key = new_pair(tmp_path / "pair")
    plain = gateway.config.read_text(encoding="utf-8")
    secure = plain.replace(f':{gateway.port}"', f':{gateway.port} tls=required"')
    pair = f'[smtp]\ncertificate = "{certificate}"\nprivate_key = "{key}"\n'
    gateway.config.write_text(secure.replace("[smtp]\n", pair), encoding="utf-8")
    gateway.start()
    try:
        gateway.config.write_text(plain, encoding="utf-8")
        [event] = reloaded(gateway, "configuration.refused")
        assert (event["setting"], event["origin"]) == ("smtp.listen", "beside settings that need a restart")
        assert "starttls" in offered(gateway)
        assert gateway.stop() == 0
    finally:
        if gateway.running:
            gateway.kill()


def test_flags_and_environment_stay_in_force(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GATEWAY_SMTP__LIMITS__MESSAGE_SIZE_FROM_SOURCE", "40 MiB")
    gateway = Gateway(tmp_path, free_port())  # it is started with --workers
    gateway.prepare()
    gateway.start()
    try:
        changed(gateway, "[smtp]\n", "[smtp]\nworkers = 3\nsources_need_tls = false\n")
        changed(gateway, "[smtp.limits]", '[smtp.limits]\nmessage_size_from_source = "30 MiB"\nmessages = 7')
        assert reloaded(gateway)[0]["changed"] == ["smtp.limits.messages"]
        assert offered(gateway)["size"] == str(40 * 1024 * 1024)
        assert not events(gateway, "configuration.restart_needed")
        assert gateway.stop() == 0
    finally:
        if gateway.running:
            gateway.kill()


def test_a_value_goes_to_workers_and_comes_back_the_same() -> None:
    """For every setting that may change, with another value than the default."""
    other = {"smtp.certificate": "c.pem", "smtp.private_key": "k.pem", "smtp.client_ca": "a.pem"}
    other |= {"dns.nameservers": ["192.0.2.53"], "log.level": "error", "log.format": "json"}
    running = Settings(domain="log.example")
    paths = [path for path in VARIABLES.values() if while_running(path)]
    for path in paths:
        now = values(running, [path])[path]
        new = other.get(path, not now if isinstance(now, bool) else 7)
        found = with_values(running, {path: new})
        assert differing(running, found) == [path]
        assert with_values(running, values(found, [path])) == found
        assert with_values(running, values_while_running(found)) == found
    assert len(paths) > 60


def test_each_path_that_may_change_is_a_setting_or_a_section() -> None:
    from config.changes import WHILE_RUNNING  # noqa: PLC0415 - a constant of this test alone
    from config.load import PATHS  # noqa: PLC0415 - the same

    assert set(WHILE_RUNNING) <= set(PATHS)
    assert not any(while_running(path) for path in ("domain", "store.path", "smtp.listen", "smtp.workers"))


def test_what_was_counted_stays_counted() -> None:
    rates, guesses = Rates(60, 3), Guesses(3, 10)
    for _ in range(3):
        rates.take("a", 0)
        assert not guesses.count("a", 0)
    assert not rates.allows("a", 0)
    rates.set(60, 100)
    guesses.allowed = (1, 10)
    assert not rates.allows("a", 0)
    assert guesses.count("a", 1)


def test_mail_is_read_by_the_settings_in_force() -> None:
    running = Settings(domain="log.example")
    found = with_values(running, {"reading.depth": 7})
    assert setting_of(found, b"k" * 32).limits.depth == 7
