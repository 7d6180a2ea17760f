"""Puts a backup in the place of the database. Until that is done, in one step, the database is what it was."""

from __future__ import annotations

import errno
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from gateway.core.keyed_hash import KeyedHash
from storage import installation, stored_mail
from storage.backup import LOGS, must_be_backup, must_be_sound, remove
from storage.copying import Bar
from storage.durable import make_folder, sync_folder
from storage.errors import BackupUnusable, Refused, StoreBroken, StoreFull, StoreInUse
from storage.mail_keys import MailKeys
from storage.migrate import migrate
from storage.plan import Plan, ask
from storage.sqlite.connection import run, translated
from storage.sqlite.lock import claimed

BLOCK = 4 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Restored:
    """What was done."""

    version: int
    """Of the backup's schema."""
    kept: Path | None
    """The database that was there before; None where there was none."""


def restore(path: Path, backup: Path, keyed: KeyedHash, keys: MailKeys, now: int, bar: Bar) -> Restored:
    """Makes a copy of the backup the database at this path, after a look at all of it. Raises StoreError, OSError."""
    version = must_be_backup(backup)
    if path.exists() and path.samefile(backup):
        raise Refused("{path} is the database itself.", path=path)
    make_folder(path.parent)
    with _claimed(path):
        draft = path.with_name(f"{path.name}.restoring")
        _forget(path, draft)
        try:
            prepare(backup, draft, keyed, keys, now, bar)
            return Restored(version, _swap(draft, path, now))
        finally:
            remove(draft)


def prepare(backup: Path, draft: Path, keyed: KeyedHash, keys: MailKeys, now: int, bar: Bar) -> None:
    """A copy that fits this program and these keys; nobody is signed in any more. Raises StoreError, OSError."""
    try:
        _copy(backup, draft, bar)
        with closing(sqlite3.connect(draft)) as db:
            must_be_sound(db)
        migrate(draft, now)
        with closing(sqlite3.connect(draft, isolation_level=None)) as db:
            run(db, installation.must_fit(keyed))
            run(db, stored_mail.must_open(keys))
            run(db, _sign_out())
            db.execute("PRAGMA journal_mode = DELETE")
        _sync(draft)
    except sqlite3.OperationalError as error:  # the disk's
        raise translated(error) from None
    except (sqlite3.Error, UnicodeDecodeError):
        raise BackupUnusable("(it is damaged)") from None
    except StoreBroken as error:
        raise BackupUnusable(error.detail) from None
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            raise StoreFull(f"({draft.parent})") from None
        raise


def _sign_out() -> Plan[None]:
    """Who signed out after the backup, or was made to, isn't in again."""
    for table in ("session", "setup_link"):
        yield from ask(f"DELETE FROM {table}")


@contextmanager
def _claimed(path: Path) -> Iterator[None]:
    try:
        lock = claimed(path)
    except StoreInUse:
        raise StoreInUse("Stop it first, then restore.") from None
    try:
        yield
    finally:
        os.close(lock)


def _forget(path: Path, draft: Path) -> None:
    """What a restore that was killed has left: its copy, and a second name of the database."""
    remove(draft)
    for kept in path.parent.glob(f"{path.name}.before-*"):
        if path.exists() and kept.samefile(path) and not Path(f"{kept}-wal").exists():
            kept.unlink()


def _copy(backup: Path, draft: Path, bar: Bar) -> None:
    made = os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    with os.fdopen(made, "wb") as to, backup.open("rb") as source, bar(os.fstat(source.fileno()).st_size) as step:
        while block := source.read(BLOCK):
            to.write(block)
            step(len(block))


def _sync(file: Path) -> None:
    with file.open("rb") as opened:
        os.fsync(opened.fileno())


def _swap(draft: Path, path: Path, now: int) -> Path | None:
    """The draft takes the database's name; that gets another one first, so at no moment it has none."""
    moment = datetime.fromtimestamp(now / 1000, UTC).strftime("%Y%m%dT%H%M%SZ")
    kept = path.with_name(f"{path.name}.before-{moment}")
    with _alone(path):
        _give(draft, path)
        there = [end for end in ("", *LOGS) if Path(f"{path}{end}").exists()]
        for end in there:
            os.link(f"{path}{end}", f"{kept}{end}")
        sync_folder(path.parent)
        for end in (*LOGS, "-shm"):  # of a damaged one: they would be taken for the new one's
            Path(f"{path}{end}").unlink(missing_ok=True)
        draft.rename(path)
    sync_folder(path.parent)
    return kept if there else None


def _give(draft: Path, path: Path) -> None:
    """To whom the database, or its folder, belongs: an administrator may do this for the gateway's user."""
    owner = (path if path.exists() else path.parent).stat()
    for file in (draft, Path(f"{path}.lock")):
        if (file.stat().st_uid, file.stat().st_gid) != (owner.st_uid, owner.st_gid):
            with suppress(PermissionError):  # nobody but root can, and nobody else need
                os.chown(file, owner.st_uid, owner.st_gid)


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Nobody else has the database open, and all of it is in the one file, unless it is too damaged for that."""
    if not path.exists():
        yield
        return
    try:
        opened = sqlite3.connect(path, isolation_level=None)
    except sqlite3.OperationalError as error:
        raise translated(error) from None
    with closing(opened) as db:
        try:
            db.execute("PRAGMA journal_mode = DELETE").fetchall()
            db.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorname == "SQLITE_BUSY":
                raise Refused("A command has the database open: try again when that has ended.") from None
            raise translated(error) from None
        except sqlite3.DatabaseError:
            pass  # that is why a backup is wanted
        yield
