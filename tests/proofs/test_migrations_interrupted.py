"""A migration that is killed, fails, or meets another one: the schema is the old one or the new one, never between."""

from __future__ import annotations

import shutil
import signal
import sqlite3
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from storage import migrate
from storage.errors import StoreError
from tests.proofs.launched import Launched

CONFIGURATION = """\
hostname = "gateway.log.example"
domain = "log.example"

[store]
path = "{0}/gateway.db"
key_file = "{0}/installation.key"
"""
NEWEST = len(migrate.migrations())
AT_ONCE = 3
ROWS = (
    "INSERT INTO account (id, name, settings, created_at) VALUES ('us', 'us', '{}', 0)",
    "INSERT INTO own_domain (account_id, domain) VALUES ('us', 'us.example')",
)


def made(path: Path, version: int) -> Path:
    """A database of that version with some rows; of version 0 there is none."""
    if version:
        every = migrate.migrations()
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("storage.migrate.migrations", lambda *_: every[:version])
            migrate.migrate(path, 0)
        with sqlite3.connect(path) as db:
            for row in ROWS:
                db.execute(row)
        db.close()
    return path


def looks(path: Path) -> tuple[list[Any], ...]:
    """The schema, which migrations are on record, and the rows."""
    if not path.exists():
        return ([], [], [])
    db = sqlite3.connect(path)
    try:
        assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        schema = db.execute("SELECT type, name, sql FROM sqlite_master ORDER BY type, name").fetchall()
        if not schema:
            return ([], [], [])
        applied = db.execute("SELECT version, name, checksum FROM schema_migration ORDER BY version").fetchall()
        return (schema, applied, db.execute("SELECT account_id, domain FROM own_domain").fetchall())
    finally:
        db.close()


@pytest.fixture(scope="module")
def schemas(tmp_path_factory: pytest.TempPathFactory) -> dict[int, tuple[tuple[list[Any], ...], tuple[list[Any], ...]]]:
    """By version: what a database looks like before, and after all that was missing."""
    found = {}
    for version in range(NEWEST):
        path = made(tmp_path_factory.mktemp("schema") / "gateway.db", version)
        before = looks(path)
        migrate.migrate(path, 0)
        found[version] = (before, looks(path))
    return found


@pytest.fixture
def program(tmp_path: Path) -> Iterator[Launched]:
    launched = Launched(tmp_path, 0)
    yield launched
    launched.close()


def begin(program: Launched, version: int) -> Path:
    """A folder with a configuration and a database of that version; nothing of an earlier one is left."""
    shutil.rmtree(program.folder)
    program.folder.mkdir()
    program.config.write_text(CONFIGURATION.format(program.folder), encoding="utf-8")
    if version:
        (program.folder / "installation.key").write_text("0" * 64, encoding="ascii")
    return made(program.folder / "gateway.db", version)


def killed_at(program: Launched, version: int, statements: range, schemas: Any) -> int:
    """Kills `db migrate` before each of these statements of its, as far as it has them; how many there were."""
    before, after = schemas[version]
    for number in statements:
        path = begin(program, version)
        program.moment, program.times = "statement", number
        program.launch("db", "migrate")
        code = program.ended()
        assert looks(path) in (before, after), number
        program.moment = ""
        program.launch("db", "migrate")
        assert program.ended() == 0, program.log()
        assert looks(path) == after, number
        if code == 0:
            return number
        assert code == -signal.SIGKILL, program.log()
    return len(statements)


@pytest.mark.parametrize("version", [0, 1, NEWEST - 1])
def test_killed_at_some_statement_it_has_done_all_or_nothing(program: Launched, version: int, schemas: Any) -> None:
    killed_at(program, version, range(3, 1000, 37), schemas)


@pytest.mark.prove
def test_killed_at_any_statement_it_has_done_all_or_nothing(program: Launched, schemas: Any) -> None:
    began, kills = time.monotonic(), 0
    for version in range(NEWEST):
        kills += killed_at(program, version, range(1, 1000), schemas) - 1
    print(f"\n{kills} kills in migrations from versions 0 to {NEWEST - 1}; {time.monotonic() - began:.0f} s")


class Failing(sqlite3.Connection):
    """Fails at one statement."""

    left = 0

    def execute(self, sql: str, *values: Any) -> sqlite3.Cursor:
        type(self).left -= 1
        if type(self).left == 0:
            raise sqlite3.OperationalError("disk I/O error")
        return super().execute(sql, *values)


@pytest.mark.parametrize("version", range(NEWEST))
def test_where_a_statement_fails_nothing_is_changed(
    version: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, schemas: Any
) -> None:
    """Each of them once, until there is none left to fail."""
    before, after = schemas[version]
    template, plain = made(tmp_path / "template.db", version), sqlite3.connect
    monkeypatch.setattr("sqlite3.connect", lambda *args, **kwargs: plain(*args, **kwargs, factory=Failing))
    for number in range(1, 1000):
        path = tmp_path / f"{number}.db"
        if version:
            shutil.copyfile(template, path)
        Failing.left = number
        try:
            migrate.migrate(path, 0)
        except StoreError:
            Failing.left = 0
            assert looks(path) == before, number
        else:
            break
    assert Failing.left > 0
    Failing.left = 0
    assert looks(path) == after


@pytest.mark.parametrize(("version", "moments"), [(0, ()), (0, (20, 40)), (1, ()), (1, (10, 25))])
def test_of_several_at_once_one_does_it_and_the_others_find_it_done(
    version: int, moments: tuple[int, ...], schemas: Any
) -> None:
    with tempfile.TemporaryDirectory() as name:
        programs = [Launched(Path(name) / "one", 0) for _ in range(AT_ONCE)]
        programs[0].folder.mkdir()
        path = begin(programs[0], version)
        try:
            for program, times in zip(programs, moments, strict=False):
                program.moment, program.times = "statement", times
            for program in programs:
                program.launch("db", "migrate")
            codes = [program.ended() for program in programs]
            log = programs[0].log()
        finally:
            for program in programs:
                program.close()
        assert set(codes[len(moments) :]) == {0}, log
        assert set(codes[: len(moments)]) <= {0, -signal.SIGKILL}, log
        assert looks(path) == schemas[version][1]
        assert log.count("applied 0008") <= 1
