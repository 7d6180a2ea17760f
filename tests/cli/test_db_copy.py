"""`db copy` as an operator runs it: to a server, from which the gateway then goes on."""

from __future__ import annotations

import asyncio
import json
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from smtplib import SMTP

import asyncpg
import pytest
from click.testing import Result
from fakes.deliveries import mail
from fakes.postgres import MISSING, PostgresServer

from storage.open import migrate
from storage.place import Server
from tests.peers import terminal
from tests.running_gateway import Gateway, free_port

pytestmark = pytest.mark.skipif(bool(MISSING), reason=MISSING)
ANA, BOB = "ana@us.example", "bob@client.example"
Command = Callable[..., Result]


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    with PostgresServer() as made:
        yield made


@pytest.fixture
def place(server: PostgresServer) -> Server:
    return server.place(server.create())


@pytest.fixture
def on_server(command: Command, place: Server) -> Command:
    """Commands once the setting is changed."""
    in_its_place = {"GATEWAY_STORE__PATH": "unused.db", "GATEWAY_STORE__URL": place.url}
    return lambda *arguments: command(*arguments, **in_its_place)


def name_of(place: Server) -> str:
    return str(place).rpartition("/")[2]


def tables(server: PostgresServer, place: Server) -> list[list[str]]:
    return server.sql("SELECT tablename FROM pg_tables WHERE schemaname = 'public'", name_of(place))


def refused(result: Result) -> tuple[int, str]:
    """Exit code and sentence; nothing but that is told."""
    assert isinstance(result.exception, SystemExit), result.exception
    assert result.stdout == ""
    [line] = result.stderr.splitlines()
    return result.exit_code, line.removeprefix("bcc-gateway: ")


# --- done ---


def test_what_was_copied_is_told_as_a_table_or_as_json(command: Command, place: Server, server: PostgresServer) -> None:
    told = command("db", "copy", "--to", place.url)
    assert told.exit_code == 0, told.output
    lines = told.stdout.splitlines()
    assert lines[0].split() == ["TABLE", "ROWS", "CHECKSUM"]
    assert [line.split()[:2] for line in lines if line.startswith("account ")] == [["account", "1"]]
    assert lines[-1].startswith(f"{place} has everything but the installation's key.")
    again = server.place(server.create())
    records = [json.loads(line) for line in command("db", "copy", "--json", "--to", again.url).stdout.splitlines()]
    assert [[r["table"], str(r["rows"]), r["checksum"]] for r in records] == [line.split() for line in lines[1:-1]]


def test_the_gateway_goes_on_where_it_was(server: PostgresServer, place: Server, tmp_path: Path) -> None:
    """The same message is a repeat, mail that is held opens, passwords and the never-log list hold."""
    before = Gateway(tmp_path, free_port())
    before.prepare()
    stranger = mail("m@evil.example", BOB, message_id="held")
    mails = {"m1": (ANA, "relay", mail(ANA, BOB, message_id="m1")), "held": ("m@evil.example", "bcc", stranger)}
    run(before, "user", "password", ANA, "--generate")
    run(before, "never-log", "add", "*@rival.example")
    before.start()
    try:
        for one in mails.values():
            send(before, *one)
        copying = arguments(before, "db", "copy", "--to", place.url)
        taken = subprocess.run(copying, capture_output=True, text=True, check=False)
        assert (taken.returncode, "Stop it first" in taken.stderr) == (69, True)
        assert tables(server, place) == []
    finally:
        assert before.stop() == 0
    run(before, "db", "copy", "--to", place.url)
    shown = run(before, "tail", "--json")
    (tmp_path / "after").mkdir()
    after = Gateway(tmp_path / "after", free_port(), server=place, addresses=before.addresses)
    after._configure()
    shutil.copy(tmp_path / "installation.key", tmp_path / "after")
    after.start()
    try:
        send(after, *mails["m1"])
        send(after, ANA, "relay", mail(ANA, BOB, "Re: Offer", message_id="m2", In_Reply_To="<m1@mail.example>"))
        send(after, ANA, "relay", mail(ANA, "x@rival.example", "Rival", message_id="m3"))
    finally:
        assert after.stop() == 0
    told = [json.loads(line) for line in run(after, "tail", "--json").splitlines()]
    old = [json.loads(line) for line in shown.splitlines()]
    assert [one["trace_id"] for one in told[:2]] == [one["trace_id"] for one in old]
    assert [one["outcome"] for one in told[2:]] == ["logged", "skipped"]
    deliveries = "SELECT deliveries FROM decision ORDER BY recorded_in, id"
    assert server.sql(deliveries, name_of(place)) == [["2"], ["1"], ["1"], ["1"]]
    assert server.sql("SELECT count(*), count(DISTINCT thread_id) FROM activity", name_of(place)) == [["2", "1"]]
    [held] = [json.loads(line) for line in run(after, "held", "list", "--json").splitlines()]
    assert "Hello." in run(after, "held", "show", held["id"])
    assert run(after, "user", "show", ANA) == run(before, "user", "show", ANA)


def test_on_a_terminal_it_shows_how_far_it_is(command: Command, place: Server, tmp_path: Path) -> None:
    environment = {**os.environ, "GATEWAY_CONFIG": str(tmp_path / "gateway.toml"), "TERM": "xterm"}
    program = [sys.executable, "-P", "-m", "gateway", "db", "copy", "--to", place.url]
    shown = terminal.run(program, environment, 60).decode()
    assert "Copying" in shown
    assert "100%" in shown


# --- refused ---


def test_a_database_with_anything_in_it_is_refused(command: Command, place: Server) -> None:
    assert command("db", "copy", "--to", place.url).exit_code == 0
    code, sentence = refused(command("db", "copy", "--to", place.url))
    assert (code, "isn't empty" in sentence) == (1, True)


@pytest.mark.parametrize(
    ("url", "code", "sentence"),
    [
        ("mysql://u:hunter2@db.example/x", 78, "--to must be the address of a PostgreSQL database"),
        ("hunter2", 78, "--to must be the address of a PostgreSQL database"),
        ("postgresql://u:hunter2@127.0.0.1:1/x", 69, "The database server can't be reached."),
        ("postgresql://u:hunter2@127.0.0.1:port/x", 78, ""),
        ("postgresql://u:hunter2@127.0.0.1:1/x?sslmode=none", 78, ""),
    ],
)
def test_an_address_that_leads_nowhere_is_told_without_its_password(
    command: Command, url: str, code: int, sentence: str
) -> None:
    result = command("db", "copy", "--to", url)
    told, line = refused(result)
    assert (told, line.startswith(sentence), "hunter2" in result.output) == (code, True, False), line


def test_nobody_is_let_in_without_a_role(command: Command, place: Server) -> None:
    code, sentence = refused(command("db", "copy", "--to", place.url.replace("gateway@", "nobody:hunter2@")))
    assert (code, sentence.startswith("The database server doesn't let the gateway in.")) == (78, True)
    assert "hunter2" not in sentence


def test_what_is_on_a_server_is_not_copied(on_server: Command, place: Server) -> None:
    code, sentence = refused(on_server("db", "copy", "--to", place.url))
    assert (code, sentence.startswith("store.url is set")) == (1, True)


def test_nothing_is_made_of_a_database_that_is_not_there(bare: Command, place: Server, tmp_path: Path) -> None:
    code, sentence = refused(bare("db", "copy", "--to", place.url))
    assert (code, sentence.startswith("There is no database yet.")) == (69, True)
    assert not (tmp_path / "gateway.db").exists()


def test_without_the_key_nothing_is_copied(command: Command, place: Server, tmp_path: Path) -> None:
    (tmp_path / "installation.key").unlink()
    assert refused(command("db", "copy", "--to", place.url))[0] == 69


def test_another_change_has_the_file(command: Command, place: Server, tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "gateway.db", isolation_level=None)) as db:
        db.execute("BEGIN IMMEDIATE")
        config = tmp_path / "gateway.toml"
        config.write_text(config.read_text(encoding="utf-8") + "busy_timeout = 0.1\n", encoding="utf-8")
        assert refused(command("db", "copy", "--to", place.url))[0] == 75


def test_a_full_disk_leaves_nothing(command: Command, server: PostgresServer, place: Server, tmp_path: Path) -> None:
    folder = server.folder / "small"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=16m", "tmpfs", folder]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("only root may mount a small disk")
    shutil.chown(folder, "postgres", "postgres")
    try:
        server.sql(f"CREATE TABLESPACE small LOCATION '{folder}'")
        server.sql(f"ALTER DATABASE {name_of(place)} SET default_tablespace = small")
        large(tmp_path / "gateway.db", 40)
        assert refused(command("db", "copy", "--to", place.url)) == (
            75,
            "The disk that holds the database is full. (53100)",
        )
        assert tables(server, place) == []
    finally:
        server.sql(f"DROP DATABASE {name_of(place)}")
        server.sql("CHECKPOINT")
        server.sql("DROP TABLESPACE small")
        subprocess.run(["umount", "--lazy", folder], check=True)


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
async def test_whoever_ends_it_half_way_finds_the_target_empty(
    command: Command, server: PostgresServer, place: Server, tmp_path: Path, end: signal.Signals
) -> None:
    """In the last table, where it waits for somebody who has begun to write the same row."""
    large(tmp_path / "gateway.db", 1)
    await migrate(place, 0)
    other = await asyncpg.connect(place.url)
    writing = other.transaction()
    await writing.start()
    await other.execute("INSERT INTO operator_mail VALUES ('0', 't', 0, '', '', '', 1, '', '', 'other')")
    program = [sys.executable, "-P", "-m", "gateway", "db", "copy", "--to", place.url]
    environment = {**os.environ, "GATEWAY_CONFIG": str(tmp_path / "gateway.toml")}
    running = subprocess.Popen(program, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    everywhere = "SELECT 1 FROM pg_stat_activity WHERE application_name = 'bcc-gateway'"
    here = f"{everywhere} AND datname = '{name_of(place)}'"
    while running.poll() is None and not server.sql(f"{here} AND wait_event_type = 'Lock' AND query LIKE 'COPY%'"):
        await asyncio.sleep(0.01)
    running.send_signal(end)
    try:
        out, told = await asyncio.to_thread(running.communicate, timeout=60)
    finally:
        running.kill()
        await writing.rollback()
        await other.close()
    while server.sql(here):
        await asyncio.sleep(0.01)
    rows = "SELECT id FROM account UNION ALL SELECT id FROM audit UNION ALL SELECT id FROM operator_mail"
    assert server.sql(rows, name_of(place)) == []
    assert (running.returncode, out) == (1 if end == signal.SIGINT else -end, "")
    assert told in ("", "\nAborted!\n", "Aborted!\n")


def large(file: Path, megabytes: int) -> None:
    """Fills the database with what no disk can make smaller."""
    chance = random.Random(1)
    row = "INSERT INTO operator_mail VALUES (?, 't', 0, '', '', '', 1, '', ?, ?)"
    with closing(sqlite3.connect(file)) as db:
        db.executemany(row, ((str(n), chance.randbytes(1_000_000), str(n)) for n in range(megabytes)))
        db.commit()


# --- a gateway ---


def arguments(gateway: Gateway, *command: str) -> list[str]:
    return [sys.executable, "-P", "-m", "gateway", *command, "--config", str(gateway.config)]


def run(gateway: Gateway, *command: str) -> str:
    done = subprocess.run(arguments(gateway, *command), capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout


def send(gateway: Gateway, author: str, channel: str, raw: bytes) -> None:
    with SMTP("127.0.0.1", gateway.port, timeout=30) as client:
        client.sendmail(author, [gateway.addresses[channel]], raw)
