"""Stored mail gets a key, another one, and none again, while mail comes in: none of it is lost, or left as it was."""

from __future__ import annotations

import base64
import json
import os
import random
import signal
import sqlite3
import time
from contextlib import closing
from pathlib import Path
from smtplib import SMTP

from click.testing import CliRunner, Result
from fakes.deliveries import mail

from gateway.cli import main
from storage.content import Content, packed, place
from storage.mail_keys import MailKeys, new_line
from storage.stored_mail import TABLES
from tests.running_gateway import Gateway

ANA, BOB = "ana@us.example", "bob@client.example"


def program(gateway: Gateway, *arguments: str) -> Result:
    return CliRunner().invoke(main, [*arguments, "--config", str(gateway.config)])


def good(gateway: Gateway, *arguments: str) -> str:
    result = program(gateway, *arguments)
    assert result.exit_code == 0, result.output
    return result.stdout


def send(gateway: Gateway, *numbers: int) -> None:
    with SMTP("127.0.0.1", gateway.port, timeout=60) as client:
        for number in numbers:
            noise = base64.encodebytes(random.Random(number).randbytes(3000)).decode().replace("\n", "\r\n")
            raw = mail(ANA, BOB, f"Number {number}", message_id=f"n{number}", text=noise)
            assert client.sendmail(ANA, [gateway.addresses["bcc"]], raw) == {}


def contents(gateway: Gateway) -> list[bytes]:
    with closing(sqlite3.connect(gateway.folder / "gateway.db")) as db:
        return [data for (data,) in db.execute("SELECT content FROM raw_message ORDER BY activity_id")]


def left_of(gateway: Gateway, blobs: list[bytes]) -> int:
    """How many of these stand in the files of the database, in part."""
    files = b"".join(path.read_bytes() for path in gateway.folder.glob("gateway.db*"))
    return sum(any(blob[at : at + 16] in files for at in range(16, len(blob) - 16, 16)) for blob in blobs)


def set_key_file(gateway: Gateway) -> Path:
    keys = gateway.folder / "mail.keys"
    text = gateway.config.read_text(encoding="utf-8")
    gateway.config.write_text(text.replace("\nkey_file", f'\nmail_key_file = "{keys}"\nkey_file'), encoding="utf-8")
    return keys


def test_keys_change_while_mail_comes(gateway: Gateway) -> None:
    gateway.workers = 2
    gateway.start()
    send(gateway, *range(6))
    plain = contents(gateway)
    assert left_of(gateway, plain) == 6
    assert gateway.stop() == 0
    keys = set_key_file(gateway)
    good(gateway, "db", "mail-key", "new")
    gateway.start()
    send(gateway, *range(6, 9))
    assert "6 messages" not in good(gateway, "db", "mail-key", "list")
    good(gateway, "db", "mail-key", "apply")
    assert left_of(gateway, plain) == 0
    first = keys.read_text(encoding="ascii").split()[0]
    good(gateway, "db", "mail-key", "new")
    send(gateway, 9)
    under = [json.loads(line) for line in good(gateway, "db", "mail-key", "list", "--json").splitlines()]
    assert [(one["use"], one["messages"]) for one in under] == [("new mail", 1), ("older mail", 9)]
    assert under[1]["key"] == first
    assert f"No stored mail needs {first}" in good(gateway, "db", "mail-key", "apply")
    with closing(sqlite3.connect(gateway.folder / "gateway.db")) as db:
        rows = db.execute("SELECT activity_id FROM raw_message").fetchall()
    assert len(rows) == 10
    good(gateway, "db", "backup", str(gateway.folder / "backup"))
    assert "Stored messages: 10, and all can be opened" in good(gateway, "db", "verify", str(gateway.folder / "backup"))
    good(gateway, "db", "mail-key", "off")
    send(gateway, 10)
    assert "isn't encrypted: 11 messages" in good(gateway, "db", "mail-key", "apply")
    assert gateway.stop() == 0
    assert len([raw for raw in contents(gateway) if MailKeys().raw_bytes(_plain(raw))]) == 11


def _plain(data: bytes) -> Content:
    return Content("zstd", data)


def test_nothing_readable_of_a_message_reaches_the_disk(gateway: Gateway) -> None:
    """The same without a key would find every message."""
    keys = set_key_file(gateway)
    good(gateway, "db", "mail-key", "new")
    gateway.start()
    send(gateway, *range(5))
    with SMTP("127.0.0.1", gateway.port, timeout=60) as client:
        raw = mail("someone@else.example", "postmaster@log.example", "Trouble", text="Your mail bounces.")
        assert client.sendmail("someone@else.example", ["postmaster@log.example"], raw) == {}
    ring = MailKeys(keys)
    found = []
    with closing(sqlite3.connect(gateway.folder / "gateway.db")) as db:
        for table, column in TABLES.items():
            rows = db.execute(f"SELECT {column}, encoding, content FROM {table}")  # noqa: S608 - the code's own names
            found += [ring.raw_bytes(Content(how, data, place(table, row_id))) for row_id, how, data in rows]
    assert len(found) == 6
    assert left_of(gateway, [packed(raw) for raw in found]) == 0
    assert gateway.stop() == 0
    assert left_of(gateway, [packed(raw) for raw in found]) == 0


def test_without_its_keys_nothing_is_served(gateway: Gateway) -> None:
    keys = set_key_file(gateway)
    missing = program(gateway, "serve")
    assert (missing.exit_code, f"{keys}: No such file" in missing.stderr) == (78, True), missing.output
    good(gateway, "db", "mail-key", "new")
    gateway.start()
    send(gateway, 1)
    assert gateway.stop() == 0
    right = keys.read_text(encoding="ascii")
    for text, said in (
        (f"{new_line()}\n", right.split()[0]),
        ("", "is empty"),
        (right[:-9], "line 1, is no key"),
    ):
        keys.write_text(text, encoding="ascii")
        for command in (("serve",), ("db", "mail-key", "apply"), ("db", "mail-key", "list")):
            refused = program(gateway, *command)
            if command[-1] == "list" and said == right.split()[0]:
                assert f"{said}  missing" in refused.stdout
                continue
            assert (refused.exit_code, said in refused.stderr) == (78, True), refused.output
            assert right.split()[1] not in refused.output
    keys.write_text(right, encoding="ascii")
    gateway.start()
    keys.write_text(right[:-9], encoding="ascii")
    os.kill(gateway.pid, signal.SIGHUP)
    end = time.monotonic() + 60
    while "configuration.refused" not in gateway.log():
        assert time.monotonic() < end
        time.sleep(0.02)
    assert f"the keys stay as they were ({keys}, line 1, is no key)" in gateway.log()
    send(gateway, 2)
    keys.write_text(right, encoding="ascii")
    assert f"is encrypted under {right.split()[0]}: 2 messages" in good(gateway, "db", "mail-key", "apply")
    assert gateway.stop() == 0
