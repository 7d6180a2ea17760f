"""The lock of the one process that serves from a file, or puts another one in its place."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from storage.errors import StoreInUse, StoreReadOnly


def claimed(path: Path) -> int:
    """The file descriptor that holds the lock. Raises StoreInUse, StoreReadOnly."""
    try:
        lock = os.open(f"{path}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise StoreReadOnly(f"({path}.lock: {error.strerror})") from None
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(lock)
        raise StoreInUse from None
    return lock
