"""Numbered migrations: SQL files that are never edited, each applied once, with its checksum on record."""

from __future__ import annotations

import hashlib
import os
import re
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from storage.durable import make_folder, sync_folder
from storage.errors import StoreBroken, StoreMissing, StoreNewer, StoreOutdated, StoreReadOnly
from storage.sqlite.connection import translated
from storage.sqlite.log import make_durable

APPLICATION_ID = 0x62636367
"""Marks the file as ours (PRAGMA application_id)."""


@dataclass(frozen=True, slots=True)
class Migration:
    """One numbered step of the schema."""

    version: int
    name: str
    sql: str

    @property
    def checksum(self) -> str:
        return hashlib.sha256(self.sql.encode()).hexdigest()

    def statements(self) -> list[str]:
        """Its statements, one by one: a script would commit before it starts."""
        found, statement = [], ""
        for piece in re.sub(r"--[^\n]*", "", self.sql).split(";"):
            statement += f"{piece};"
            if sqlite3.complete_statement(statement):  # a trigger holds statements of its own
                found.append(statement.strip(" \n;"))
                statement = ""
        return [one for one in [*found, statement.strip(" \n;")] if one]


def migrations(kind: str = "sqlite") -> list[Migration]:
    """Every migration of this version for this kind of store, in order."""
    folder = resources.files(f"storage.{kind}") / "migrations"
    files = sorted((f for f in folder.iterdir() if f.name.endswith(".sql")), key=lambda f: f.name)
    return [Migration(int(f.name[:4]), f.name[5:-4], f.read_text(encoding="utf-8")) for f in files]


def status(path: Path) -> tuple[int, int]:
    """Version of the file (0: none yet) and newest version known. Raises StoreBroken for what is not ours."""
    newest = migrations()[-1].version
    if not path.exists() or path.stat().st_size == 0:
        return 0, newest
    try:
        mode = "rw" if Path(f"{path}-journal").exists() else "ro"  # what a power cut left is undone first
        db = sqlite3.connect(f"file:{path}?mode={mode}", uri=True)
        try:
            return schema_version(db), newest
        finally:
            db.close()
    except (sqlite3.Error, UnicodeDecodeError) as error:
        raise translated(error) from None


def check(path: Path) -> None:
    """Raises what keeps this version from using the file."""
    fitting(*status(path), str(path))


def fitting(version: int, newest: int, name: str) -> None:
    """Raises what keeps a program that knows `newest` from using a database of this version."""
    if version == 0:
        raise StoreMissing(f"({name})")
    if version < newest:
        raise StoreOutdated(f"(version {version}, needed {newest})")
    if version > newest:
        raise StoreNewer(f"(version {version}, known {newest})")


def migrate(path: Path, now: int) -> Sequence[Migration]:
    """Applies what is missing, all of it or nothing, and returns it. Makes the file, for its owner only."""
    version, newest = status(path)
    if version > newest:
        raise StoreNewer(f"(version {version}, known {newest})")
    try:
        make_folder(path.parent)
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
    except OSError as error:
        raise StoreReadOnly(f"({path}: {error.strerror})") from None
    db = sqlite3.connect(path, isolation_level=None, timeout=30)
    try:
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = FULL")
        make_durable(db, path)
        applied = _apply(db, now)
    except (sqlite3.Error, UnicodeDecodeError) as error:
        raise translated(error) from None
    finally:
        db.close()
    sync_folder(path.parent)
    return applied


def _apply(db: sqlite3.Connection, now: int) -> Sequence[Migration]:
    db.execute("BEGIN IMMEDIATE")
    try:
        version = schema_version(db)
        missing = [m for m in migrations() if m.version > version]
        if version == 0:
            db.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            db.execute(
                "CREATE TABLE schema_migration (version INTEGER PRIMARY KEY, name TEXT NOT NULL,"
                " checksum TEXT NOT NULL, applied_at INTEGER NOT NULL) STRICT"
            )
        for migration in missing:
            for statement in migration.statements():
                db.execute(statement)
            db.execute(
                "INSERT INTO schema_migration VALUES (?, ?, ?, ?)",
                (migration.version, migration.name, migration.checksum, now),
            )
        db.execute("COMMIT")
    except BaseException:
        if db.in_transaction:
            db.execute("ROLLBACK")
        raise
    return missing


def schema_version(db: sqlite3.Connection) -> int:
    """Version of the schema in this database; 0: none yet. Raises StoreBroken for what is not ours."""
    tables = {name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    if not tables:
        return 0
    if "schema_migration" not in tables or db.execute("PRAGMA application_id").fetchone()[0] != APPLICATION_ID:
        raise StoreBroken("(not a database of bcc-gateway)")
    return version_of(db.execute("SELECT version, checksum FROM schema_migration ORDER BY version").fetchall())


def version_of(record: Sequence[tuple[int, str]], kind: str = "sqlite") -> int:
    """The newest of the applied migrations, given with their checksums. Raises StoreBroken where one was edited."""
    known = {m.version: m.checksum for m in migrations(kind)}
    for version, checksum in record:
        if version in known and known[version] != checksum:
            raise StoreBroken(f"(migration {version} is not the one that was applied)")
    return record[-1][0] if record else 0
