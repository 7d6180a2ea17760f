"""Backups: made while the gateway serves, and looked at without changing them."""

from __future__ import annotations

import os
import secrets
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from gateway.core.keyed_hash import KeyedHash
from storage import installation, stored_mail
from storage.content import Content, place
from storage.copying import Bar
from storage.durable import sync_folder
from storage.errors import BackupUnusable, Refused, StoreBroken, StoreError, StoreFull
from storage.interface import Store
from storage.mail_keys import MailKeys
from storage.migrate import migrations, schema_version
from storage.sqlite.connection import run, translated

LOGS = ("-wal", "-journal")
"""Ends of the names of files that may hold what isn't in the database's own file yet."""
PARTIAL = ".partial"
"""Ends the name of a backup that is being made."""


async def back_up(store: Store, target: Path, bar: Bar) -> None:
    """Writes a consistent copy of everything to a new file of its owner's: whole and sound, or not at all."""
    if target.exists():
        raise FileExistsError(17, os.strerror(17), str(target))
    draft = target.with_name(f"{target.name}.{secrets.token_hex(4)}{PARTIAL}")
    try:
        await store.backup(draft, bar)
        _close_up(draft)
        os.link(draft, target)
    except StoreFull:
        raise Refused("There is no room for {target}, so no backup was made.", target=target) from None
    finally:
        remove(draft)
    sync_folder(target.parent)


def remove(file: Path) -> None:
    """A database that nobody has open, with what SQLite has put beside it."""
    for end in ("", *LOGS, "-shm"):
        Path(f"{file}{end}").unlink(missing_ok=True)


@dataclass(frozen=True, slots=True)
class Examined:
    """What was found in a backup that is sound."""

    version: int
    newest: int
    """Version of the schema that this program knows."""
    key: str
    """Whether it is the installation's: "fits", or why nobody can tell."""
    messages: int
    """Stored messages that were opened; 0 of an older version."""
    breaches: tuple[tuple[str, str], ...]
    """Rules of storage/invariant.sql that don't hold, and where."""


def examine(file: Path, keyed: KeyedHash | None, keys: MailKeys, bar: Bar) -> Examined:
    """Looks at all of a backup. Raises BackupUnusable, KeyDiffers, and StoreError for mail that can't be opened.

    `keyed`: None where the installation's key isn't to be looked at.
    """
    version = must_be_backup(file)
    newest = migrations()[-1].version
    with opened(file) as db:
        must_be_sound(db)
        if version < newest:
            return Examined(version, newest, "can't be told of an older version", 0, ())
        key = _key(db, keyed)
        run(db, stored_mail.must_open(keys))
        messages = _open_all(db, keys, bar)
        found = db.execute((resources.files("storage") / "invariant.sql").read_text(encoding="utf-8")).fetchall()
    return Examined(version, newest, key, messages, tuple((breach, where) for breach, where in found))


def must_be_backup(file: Path) -> int:
    """Version of its schema. Raises BackupUnusable, OSError."""
    with file.open("rb") as found:
        found.read(1)  # what keeps it from being read is told as what it is
    log = Path(f"{file}-wal")
    if log.exists() and log.stat().st_size:
        raise BackupUnusable(f"({log} stands beside it: it is a database in use. `db backup` makes a backup of it)")
    with opened(file) as db:
        version = schema_version(db)
        [(size,)] = db.execute("SELECT page_count * page_size FROM pragma_page_count, pragma_page_size").fetchall()
    if size != file.stat().st_size:
        raise BackupUnusable("(it is cut off)")
    newest = migrations()[-1].version
    if version == 0:
        raise BackupUnusable("(there is no database in it)")
    if version > newest:
        raise BackupUnusable(f"(a newer bcc-gateway made it: version {version}, known {newest}. Install that one)")
    return version


def must_be_sound(db: sqlite3.Connection) -> None:
    """Raises BackupUnusable for damage."""
    if db.execute("PRAGMA integrity_check(1)").fetchall() != [("ok",)]:
        raise BackupUnusable("(it is damaged)")
    if db.execute("PRAGMA foreign_key_check").fetchone():
        raise BackupUnusable("(it is damaged: a row refers to one that isn't there)")


@contextmanager
def opened(file: Path) -> Iterator[sqlite3.Connection]:
    """A file that nobody changes; nothing is made beside it. SQLite's errors come out as BackupUnusable."""
    uri = f"{file.resolve().as_uri()}?mode=ro&immutable=1"
    try:
        with closing(sqlite3.connect(uri, uri=True, isolation_level=None)) as db:
            yield db
    except StoreBroken as error:
        raise BackupUnusable(error.detail) from None
    except (sqlite3.Error, UnicodeDecodeError):
        raise BackupUnusable("(it is damaged, or no database)") from None


def _key(db: sqlite3.Connection, keyed: KeyedHash | None) -> str:
    if keyed is None:
        return "wasn't looked at"
    fits = run(db, installation.must_fit(keyed))
    return "fits" if fits else "is unknown to it: no command has opened it yet"


def _open_all(db: sqlite3.Connection, keys: MailKeys, bar: Bar) -> int:
    total = sum(run(db, stored_mail.counted()).values())
    with bar(total) as step:
        for table, column in stored_mail.TABLES.items():
            for row_id, encoding, data in db.execute(f"SELECT {column}, encoding, content FROM {table}"):
                try:
                    keys.raw_bytes(Content(encoding, data, place(table, row_id)))
                except StoreError as error:
                    raise BackupUnusable(f"(the message in {place(table, row_id)} can't be opened: {error})") from None
                step(1)
    return total


def _close_up(file: Path) -> None:
    """From now on all of it is in the one file, as far as anybody sees, even where nothing can be written beside it."""
    try:
        with closing(sqlite3.connect(file, isolation_level=None)) as db:
            must_be_sound(db)
            db.execute("PRAGMA journal_mode = DELETE")
    except sqlite3.Error as error:
        raise translated(error) from None
