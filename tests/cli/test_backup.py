"""`db backup`, `db verify`, `db restore`: what goes wrong leaves the database as it was, and says why."""

from __future__ import annotations

import json
import os
import random
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from storage.migrate import APPLICATION_ID, migrations
from storage.sqlite.lock import claimed

Command = Callable[..., Result]
Lines = Callable[..., list[dict[str, Any]]]
NEWEST = migrations()[-1].version


@pytest.fixture
def file(command: Command, tmp_path: Path) -> Path:
    """A backup; the database has gone on since: there is an account "later"."""
    made = command("db", "backup", str(tmp_path / "backup.db"))
    assert made.exit_code == 0, made.stderr
    assert command("account", "create", "later").exit_code == 0
    return tmp_path / "backup.db"


def names(lines: Lines) -> list[str]:
    return [str(account["name"]) for account in lines("account", "list")]


def refused(result: Result, exit_code: int, *said: str) -> None:
    assert result.exit_code == exit_code, result.output
    assert "Traceback" not in result.output
    assert all(words in result.stderr for words in said), result.stderr


def kept(folder: Path) -> list[Path]:
    return sorted(folder.glob("gateway.db.before-*"))


def test_what_was_there_is_kept_and_the_backup_stays_as_it_is(
    command: Command, lines: Lines, file: Path, tmp_path: Path
) -> None:
    before = file.read_bytes()
    said = command("db", "restore", str(file))
    assert (said.exit_code, names(lines)) == (0, ["us"])
    [old] = kept(tmp_path)
    assert str(old) in said.stdout
    assert [str(a["name"]) for a in _listed(command, old)] == ["later", "us"]
    assert file.read_bytes() == before
    modes = {path.name: path.stat().st_mode & 0o777 for path in (file, old, tmp_path / "gateway.db")}
    assert set(modes.values()) == {0o600}, modes
    assert not list(tmp_path.glob("*.restoring*")) + list(tmp_path.glob("*.partial*"))


def _listed(command: Command, path: Path) -> list[dict[str, Any]]:
    found = command("account", "list", "--json", GATEWAY_STORE__PATH=str(path))
    return [json.loads(line) for line in found.stdout.splitlines()]


def test_on_a_new_machine_the_key_is_all_that_it_needs(command: Command, file: Path, tmp_path: Path) -> None:
    there = tmp_path / "new" / "machine" / "gateway.db"
    assert command("db", "restore", str(file), GATEWAY_STORE__PATH=str(there)).exit_code == 0
    assert [a["name"] for a in _listed(command, there)] == ["us"]
    assert kept(there.parent) == []


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_what_root_restores_belongs_to_whom_the_folder_does(command: Command, file: Path, tmp_path: Path) -> None:
    """The gateway's user, who could read nothing of root's."""
    there = tmp_path / "data"
    there.mkdir()
    os.chown(there, 65534, 65534)
    assert command("db", "restore", str(file), GATEWAY_STORE__PATH=str(there / "gateway.db")).exit_code == 0
    owners = {path.name: path.stat().st_uid for path in there.iterdir()}
    assert owners == {"gateway.db": 65534, "gateway.db.lock": 65534}


def test_nobody_is_signed_in_by_a_backup(good: Callable[..., str], command: Command, tmp_path: Path) -> None:
    good("user", "add", "ana@us.example", "Ana", "--permission", "super_admin")
    with closing(sqlite3.connect(tmp_path / "gateway.db")) as db:
        db.execute("INSERT INTO session SELECT 'hash', id, 1, 1 FROM account_user")
        db.execute("INSERT INTO setup_link SELECT 'hash', id, 1 FROM account_user")
        db.commit()
    good("db", "backup", str(tmp_path / "backup.db"))
    good("db", "restore", str(tmp_path / "backup.db"))
    with closing(sqlite3.connect(tmp_path / "gateway.db")) as db:
        assert [db.execute(f"SELECT count(*) FROM {table}").fetchall() for table in ("session", "setup_link")] == [  # noqa: S608 - its own tables
            [(0,)],
            [(0,)],
        ]


def test_an_older_one_is_brought_up_to_date(command: Command, lines: Lines, file: Path, tmp_path: Path) -> None:
    _as_of(tmp_path / "old.db", NEWEST - 1)
    said = command("db", "verify", str(tmp_path / "old.db"))
    assert (said.exit_code, f"version {NEWEST - 1}" in said.stdout) == (0, True)
    assert command("db", "restore", str(tmp_path / "old.db")).exit_code == 0
    assert json.loads(command("db", "status", "--json").stdout)["version"] == NEWEST
    assert names(lines) == []


def _as_of(path: Path, version: int) -> None:
    """A database as an earlier program made it."""
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        db.execute("CREATE TABLE schema_migration (version INTEGER PRIMARY KEY, name, checksum, applied_at)")
        for migration in migrations()[:version]:
            for statement in migration.statements():
                db.execute(statement)
            row = (migration.version, migration.name, migration.checksum, 0)
            db.execute("INSERT INTO schema_migration VALUES (?, ?, ?, ?)", row)


@pytest.mark.parametrize("verb", ["restore", "verify"])
def test_what_is_no_sound_backup_is_refused(
    command: Command, lines: Lines, file: Path, tmp_path: Path, verb: str
) -> None:
    whole = file.read_bytes()
    other = tmp_path / "other"
    with closing(sqlite3.connect(other)) as db:
        db.execute("CREATE TABLE something (else_ TEXT)")
    shutil.copy(file, tmp_path / "newer")
    with closing(sqlite3.connect(tmp_path / "newer")) as db:
        db.execute("INSERT INTO schema_migration VALUES (?, 'x', 'x', 0)", (NEWEST + 1,))
        db.commit()
    shutil.copy(file, tmp_path / "orphan")
    with closing(sqlite3.connect(tmp_path / "orphan")) as db:
        db.execute("INSERT INTO own_domain (account_id, domain) VALUES ('nobody', 'x.example')")
        db.commit()
    (tmp_path / "empty").write_bytes(b"")
    (tmp_path / "text").write_bytes(b"Dear backup,\n" * 1000)
    shutil.copy(file, tmp_path / "live")
    (tmp_path / "live-wal").write_bytes(b"x")
    for name, words in {
        "nothing": "No such file",
        "other": "not a database of bcc-gateway",
        "newer": f"version {NEWEST + 1}",
        "orphan": "a row refers to one that isn't there",
        "empty": "there is no database in it",
        "text": "no database",
        "live": "`db backup` makes a backup of it",
    }.items():
        refused(command("db", verb, str(tmp_path / name)), 1, words)
    chance = random.Random(1)
    for size in [1, 99, 100, 512, 4096, *(chance.randrange(5000, len(whole)) for _ in range(8)), len(whole) - 1]:
        (tmp_path / "cut").write_bytes(whole[:size])
        refused(command("db", verb, str(tmp_path / "cut")), 1)
    assert names(lines) == ["later", "us"]
    assert kept(tmp_path) == []


def test_another_installation_s_key_does_not_fit(command: Command, lines: Lines, file: Path, tmp_path: Path) -> None:
    (tmp_path / "other.key").write_text("ab" * 32 + "\n", encoding="ascii")
    for verb in ("restore", "verify"):
        result = command("db", verb, str(file), GATEWAY_STORE__KEY_FILE=str(tmp_path / "other.key"))
        refused(result, 78, "isn't the one that this database was made with")
    (tmp_path / "garbage").write_text("garbage", encoding="ascii")
    for key in ("none", "garbage"):
        for verb in ("restore", "verify"):
            result = command("db", verb, str(file), GATEWAY_STORE__KEY_FILE=str(tmp_path / key))
            refused(result, 69, "can't be read")
        without = command("db", "verify", str(file), "--without-key", GATEWAY_STORE__KEY_FILE=str(tmp_path / key))
        assert (without.exit_code, "key: wasn't looked at" in without.stdout) == (0, True)
    assert names(lines) == ["later", "us"]


def test_a_database_in_use_is_left_alone(command: Command, lines: Lines, file: Path, tmp_path: Path) -> None:
    path = tmp_path / "gateway.db"
    lock = claimed(path)
    refused(command("db", "restore", str(file)), 69, "is serving", "Stop it first")
    os.close(lock)
    with closing(sqlite3.connect(path, isolation_level=None)) as another:
        another.execute("BEGIN")
        another.execute("SELECT 1 FROM account").fetchall()
        refused(command("db", "restore", str(file)), 1, "A command has the database open")
    assert names(lines) == ["later", "us"]
    refused(command("db", "restore", str(path)), 1)
    with closing(sqlite3.connect(path)) as db:
        assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


def test_a_database_that_can_not_be_opened_is_left_alone(command: Command, file: Path, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    refused(command("db", "restore", str(file), GATEWAY_STORE__PATH=str(tmp_path / "folder")), 69)
    assert list((tmp_path / "folder").iterdir()) == []


def test_a_full_disk_leaves_everything_as_it_was(command: Command, lines: Lines, file: Path, tmp_path: Path) -> None:
    before = set(tmp_path.iterdir()) | {tmp_path / "gateway.db.lock"}
    for verb in (["restore", str(file)], ["backup", str(tmp_path / "another.db")]):
        program = f"ulimit -f 100; exec {sys.executable} -P -m gateway db {' '.join(verb)}"
        environ = {**os.environ, "GATEWAY_CONFIG": str(tmp_path / "gateway.toml")}
        line = ["sh", "-c", program]
        result = subprocess.run(line, env=environ, capture_output=True, text=True, timeout=100, check=False)
        assert result.returncode in (1, 69, 75), result
        assert result.stderr.startswith("bcc-gateway: "), result
    assert names(lines) == ["later", "us"]
    left = {path for path in tmp_path.iterdir() if not path.name.startswith("gateway.db-")}
    assert left - before == set()


def test_a_damaged_database_is_replaced_and_kept_with_its_log(
    command: Command, lines: Lines, file: Path, tmp_path: Path
) -> None:
    path = tmp_path / "gateway.db"
    path.write_bytes(b"no database " * 1000)
    (tmp_path / "gateway.db-wal").write_bytes(b"what was in the log")
    assert command("db", "restore", str(file)).exit_code == 0
    assert names(lines) == ["us"]
    data, log = kept(tmp_path)
    assert (data.read_bytes()[:11], log.read_bytes()) == (b"no database", b"what was in the log")
    assert log.name == f"{data.name}-wal"


def test_wherever_it_is_killed_the_one_or_the_other_is_there(command: Command, file: Path, tmp_path: Path) -> None:
    """And it can be run again: what the killed one left goes."""
    source, room = tmp_path / "source", tmp_path / "room"
    source.mkdir()
    for name in ("gateway.db", "installation.key", "backup.db"):
        shutil.copy(tmp_path / name, source)
    program = [sys.executable, "-P", Path(__file__).with_name("killed_restores.py"), source, room]
    room.mkdir()
    result = subprocess.run(program, capture_output=True, text=True, timeout=300, check=True)
    found = [json.loads(line) for line in result.stdout.splitlines()]
    assert len(found) > 15
    assert [one["code"] for one in found] == [9] * (len(found) - 1) + [0]
    assert {tuple(one["now"]) for one in found} == {("later", "us"), ("us",)}
    for one in found:
        assert one["then"] == ["us"], one
        assert ["later", "us"] in one["kept"], one
        assert not [name for name in one["names"] if "restoring" in name], one


def test_a_folder_keeps_the_newest(good: Callable[..., str], tmp_path: Path) -> None:
    folder = tmp_path / "backups"
    folder.mkdir()
    for name in ("gateway-20260101T000000Z.db", "gateway-20260102T000000Z.db", "other.db", "gateway-notes.db"):
        (folder / name).write_text("x")
    good("db", "backup", str(folder), "--keep", "2")
    left = {path.name for path in folder.iterdir()}
    assert {"gateway-20260102T000000Z.db", "gateway-notes.db", "other.db"} < left
    assert (len(left), "gateway-20260101T000000Z.db" in left) == (4, False)
