"""A backup of a gateway that goes on taking mail, restored: nothing that comes again is there twice, or missing."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from contextlib import closing
from pathlib import Path
from smtplib import SMTP
from threading import Event, Thread

import pytest
from click.testing import CliRunner, Result
from fakes.deliveries import mail
from fakes.postgres import KINDS, Databases
from fakes.scan import INVARIANT

from gateway.cli import main
from storage.place import Server
from tests.running_gateway import Gateway, free_port

ANA, BOB = "ana@us.example", "bob@client.example"


def program(gateway: Gateway, *arguments: str) -> Result:
    return CliRunner().invoke(main, [*arguments, "--config", str(gateway.config)])


def good(gateway: Gateway, *arguments: str) -> str:
    result = program(gateway, *arguments)
    assert result.exit_code == 0, result.stderr
    return result.stdout


class Sending(Thread):
    """Sends numbered messages, one after the other, until it is stopped."""

    def __init__(self, gateway: Gateway) -> None:
        super().__init__()
        self._gateway = gateway
        self.enough = Event()
        self.accepted = 0

    def run(self) -> None:
        while not self.enough.is_set() and self.accepted < 500:
            send(self._gateway, self.accepted)
            self.accepted += 1


def send(gateway: Gateway, number: int) -> None:
    raw = mail(ANA, BOB, f"Number {number}", message_id=f"n{number}")
    with SMTP("127.0.0.1", gateway.port, timeout=60) as client:
        assert client.sendmail(ANA, [gateway.addresses["bcc"]], raw) == {}


def logged(gateway: Gateway) -> list[str]:
    """Outcomes of all decisions on record."""
    lines = good(gateway, "tail", "-n", "2000", "--json").splitlines()
    return [json.loads(line)["outcome"] for line in lines]


@pytest.mark.parametrize("kind", KINDS)
def test_what_comes_again_after_a_restore_is_logged_once(kind: str, tmp_path: Path, databases: Databases) -> None:
    def place(name: str) -> Server | None:
        folder = tmp_path / name
        folder.mkdir(exist_ok=True)
        return asyncio.run(databases.of(folder)) if kind == "postgres" else None

    gateway = Gateway(tmp_path, free_port(), server=place("first"))
    gateway.prepare()
    encrypted = f'\nmail_key_file = "{tmp_path}/mail.keys"\n'
    text = gateway.config.read_text(encoding="utf-8").replace("\nkey_file", f"{encrypted}key_file")
    gateway.config.write_text(text, encoding="utf-8")
    good(gateway, "db", "mail-key", "new")
    gateway.start()
    try:
        sending = Sending(gateway)
        for number in range(5):
            send(gateway, number)
        sending.start()
        backup = tmp_path / "backup.db"
        good(gateway, "db", "backup", str(backup))
        sending.enough.set()
        sending.join()
        refused = program(gateway, "db", "restore", str(backup))
        assert "Stop it first" in refused.stderr or "isn't empty" in refused.stderr
        assert gateway.stop() == 0
        with closing(sqlite3.connect(backup)) as db:
            [(in_backup,)] = db.execute("SELECT count(*) FROM activity").fetchall()
            assert db.execute(INVARIANT).fetchall() == []
        assert 5 <= in_backup <= max(5, sending.accepted)
        if kind == "postgres":  # which goes to a database without data
            other = place("second")
            assert gateway.server
            assert other
            gateway.config.write_text(text.replace(gateway.server.url, other.url), encoding="utf-8")
            gateway.server = other
        assert "all can be opened" in good(gateway, "db", "verify", str(backup))
        good(gateway, "db", "restore", str(backup))
        gateway.start()
        numbers = range(max(5, sending.accepted))
        for number in (*numbers, *numbers):
            send(gateway, number)
        assert logged(gateway) == ["logged"] * len(numbers)
        assert gateway.stop() == 0
        good(gateway, "db", "backup", str(tmp_path / "again.db"))
        assert "Breach" not in good(gateway, "db", "verify", str(tmp_path / "again.db"))
    finally:
        if gateway.running:
            gateway.kill()
        databases.give_back()
