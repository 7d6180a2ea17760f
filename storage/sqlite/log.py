"""The write-ahead log that an earlier process left."""

from __future__ import annotations

import errno
import os
import sqlite3
from pathlib import Path

from storage.durable import sync_folder
from storage.errors import StoreError, StoreFailed, StoreFull

_BLOCK = 1024 * 1024


def make_durable(db: sqlite3.Connection, path: Path) -> None:
    """From now on what is read from this database's log is on the disk. Raises StoreError.

    Where a sync failed, the system's memory goes on showing what never reached the disk, and the next sync succeeds
    without it. So the log is written once more, as it is, before anything is built on it.
    """
    db.execute("BEGIN IMMEDIATE")  # nobody else writes to the log meanwhile
    try:
        with Path(f"{path}-wal").open("r+b", buffering=0) as file:
            _rewrite(file.fileno())
        sync_folder(path.parent)
    except OSError as error:
        raise _failure(error) from None
    finally:
        db.execute("ROLLBACK")


def _rewrite(log: int) -> None:
    at = 0
    while block := os.pread(log, _BLOCK, at):
        at += os.pwrite(log, block, at)
    os.fsync(log)


def _failure(error: OSError) -> StoreError:
    name = f"({errno.errorcode.get(error.errno or 0, 'error')})"
    return StoreFull(name) if error.errno in {errno.ENOSPC, errno.EDQUOT} else StoreFailed(name)
