"""`serve` and `demo` as their users run them: programs with an exit code and a sentence, never a traceback."""

from __future__ import annotations

import asyncio
import re
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.running_gateway import Gateway, free_port

ROOT = Path(__file__).parents[2]


def program(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-P", "-m", "gateway", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, cwd=ROOT)


def missing(made: Gateway) -> None:
    (made.folder / "gateway.db").unlink()


def nothing_yet(made: Gateway) -> None:
    missing(made)
    (made.folder / "installation.key").unlink()


def newer(made: Gateway) -> None:
    with sqlite3.connect(made.folder / "gateway.db") as database:
        database.execute("INSERT INTO schema_migration VALUES (9999, 'later', 'x', 0)")


def no_database(made: Gateway) -> None:
    (made.folder / "gateway.db").write_bytes(b"something else entirely " * 400)


def changed_migration(made: Gateway) -> None:
    with sqlite3.connect(made.folder / "gateway.db") as database:
        database.execute("UPDATE schema_migration SET checksum = 'x'")


def other_key(made: Gateway) -> None:
    (made.folder / "installation.key").write_text("not a key\n", encoding="ascii")


def no_certificate(made: Gateway) -> None:
    text = made.config.read_text(encoding="utf-8")
    made.config.write_text(
        text.replace("[smtp]", '[smtp]\ncertificate = "none.pem"\nprivate_key = "none.key"'), encoding="utf-8"
    )


def misspelt(made: Gateway) -> None:
    made.config.write_text(made.config.read_text(encoding="utf-8") + "\n[logg]\nlevel = 'info'\n", encoding="utf-8")


@pytest.mark.parametrize(
    ("spoil", "exit_code", "said"),
    [
        (missing, 69, "There is no database yet"),
        (nothing_yet, 69, "There is no database yet"),
        (newer, 78, "newer bcc-gateway"),
        (no_database, 69, "no database of bcc-gateway"),
        (changed_migration, 69, "not the one that was applied"),
        (other_key, 69, "installation's key"),
        (no_certificate, 78, "none.pem"),
        (misspelt, 78, "logg"),
    ],
)
def test_a_gateway_that_can_not_start_says_why_and_what_to_do(
    gateway: Gateway, spoil: Callable[[Gateway], None], exit_code: int, said: str
) -> None:
    spoil(gateway)
    done = program("serve", "--config", str(gateway.config))
    assert done.returncode == exit_code, done.stderr
    assert said in done.stderr
    assert "Traceback" not in done.stdout + done.stderr


def test_a_busy_port_is_named(gateway: Gateway) -> None:
    with socket.create_server(("127.0.0.1", gateway.port)):
        done = program("serve", "--config", str(gateway.config))
    assert done.returncode == 69
    assert f"127.0.0.1:{gateway.port}" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_second_gateway_on_the_same_database_refuses(gateway: Gateway) -> None:
    gateway.start()
    done = program("serve", "--config", str(gateway.config), "--listen", f"127.0.0.1:{free_port()}")
    assert done.returncode == 69
    assert "Another bcc-gateway is serving" in done.stderr


def test_a_damaged_database_is_answered_451_in_service(gateway: Gateway) -> None:
    gateway.start()
    database = gateway.folder / "gateway.db"
    with sqlite3.connect(database) as opened:
        opened.execute("DROP TABLE provenance")
    assert asyncio.run(_copy(gateway)).startswith("451 4.3.0")


def test_a_locked_database_is_answered_451_and_the_repeat_250(tmp_path: Path) -> None:
    made = Gateway(tmp_path, free_port(), busy_timeout=0.2)
    made.prepare()
    made.start()
    lock = sqlite3.connect(made.folder / "gateway.db", isolation_level=None)
    try:
        lock.execute("BEGIN IMMEDIATE")
        assert asyncio.run(_copy(made)).startswith("451 4.3.0")
        lock.execute("ROLLBACK")
        assert asyncio.run(_copy(made)).startswith("250 2.0.0")
        assert made.rows("SELECT deliveries FROM decision") == [(1,)]
    finally:
        lock.close()
        made.kill()


def test_sigterm_ends_it_with_exit_code_0_and_the_stop_in_the_log(gateway: Gateway) -> None:
    gateway.start()
    assert gateway.stop() == 0
    assert '"server.stopped"' in gateway.log()


def test_the_log_has_one_line_for_a_decision_and_nothing_of_the_mail(gateway: Gateway) -> None:
    gateway.start()
    asyncio.run(_copy(gateway))
    gateway.stop()
    lines = [line for line in gateway.log().splitlines() if "message.decided" in line]
    assert len(lines) == 1
    assert '"reason":"explicit.bcc"' in lines[0]
    for private in ("bob", "client.example", "Offer", "Dear", gateway.addresses["bcc"].partition("@")[0]):
        assert private not in gateway.log()


def test_the_demo_shows_each_rule_and_a_second_run_does_no_harm(tmp_path: Path) -> None:
    first, second = (program("demo", "--once", "--folder", str(tmp_path / "demo")) for _ in range(2))
    assert first.returncode == second.returncode == 0, first.stderr + second.stderr
    for shown in (
        r"explicit\.bcc[^\n]*\n\s+on nina@client\.example \(created\)",
        r"thread\.logged",
        r"never_log\.address",
        r"never_log\.domain",
        r"rule\.replies_only",
        r"participants\.internal_only",
        r"dedupe\.merged",
        r"attribution\.single_recipient",
        r"attribution\.single_user",
        r"attribution\.contact_owner",
        r"550 5\.7\.26",
        r"explicit\.forward[^\n]*\n\s+on omar@lead\.example \(created\)",
        r"A journal report[^\n]*\n[^\n]*250[^\n]*\n\s+logged\s+rule\.log_all[^\n]*\n[^\n]*tom@[^\n]*mia@",
    ):
        assert re.search(shown, first.stdout), shown
    assert second.stdout.count("the first decision stands") == 17


def test_the_demo_without_its_samples_says_where_to_find_them(tmp_path: Path) -> None:
    done = program("demo", "--once", "--samples", str(tmp_path), "--folder", str(tmp_path / "demo"))
    assert done.returncode == 1
    assert "--samples" in done.stderr


def test_the_demo_serves_after_the_samples_until_it_is_stopped(tmp_path: Path) -> None:
    port = free_port()
    command = [sys.executable, "-P", "-m", "gateway", "demo", "--folder", str(tmp_path / "demo"), "--port", str(port)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as running:
        assert running.stdout is not None
        end = time.monotonic() + 60
        while f"Serving SMTP on 127.0.0.1:{port}" not in running.stdout.readline():
            assert time.monotonic() < end
        running.send_signal(signal.SIGTERM)
        assert running.wait(30) == 0


async def _copy(made: Gateway) -> str:
    """Sends one Bcc copy in a user's name; the answer to the message."""
    reader, writer = await asyncio.open_connection("127.0.0.1", made.port)
    mail = "From: ana@us.example\r\nTo: bob@client.example\r\nSubject: Offer\r\n\r\nDear Bob\r\n.\r\n"
    answer = ""
    commands = ["", "EHLO mail.us.example", "MAIL FROM:<ana@us.example>", f"RCPT TO:<{made.addresses['bcc']}>", "DATA"]
    for command in [*commands, mail]:
        if command:
            writer.write(command.encode() + (b"" if command is mail else b"\r\n"))
        while (answer := (await asyncio.wait_for(reader.readline(), 30)).decode())[3:4] == "-":
            pass
    writer.close()
    return answer
