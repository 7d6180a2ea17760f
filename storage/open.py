"""Opening a store: the file, its schema, and the installation's key."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable
from pathlib import Path

from gateway.core.keyed_hash import KeyedHash
from storage import migrate
from storage.errors import KeyMissing, StoreReadOnly
from storage.sqlite.store import SqliteStore, open_sqlite

KEY_BYTES = 32


async def open_store(
    path: Path, key: bytes, new_id: Callable[[], str], *, busy_timeout: float = 5.0, serving: bool = False
) -> SqliteStore:
    """The store, ready to settle. Raises StoreError with what to do; `serving` claims the file for this process."""
    migrate.check(path)
    store = await open_sqlite(path, KeyedHash(key), new_id, busy_timeout)
    try:
        if serving:
            store.claim(path)
    except BaseException:
        await store.close()
        raise
    return store


def installation_key(path: Path, *, create: bool) -> bytes:
    """The secret of keyed hashes and encryption: 32 bytes in a file of their own, made at first start.

    Raises KeyMissing if there is no sound key: with another one every capture address and message would be forgotten.
    """
    if create and not path.exists():
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with os.fdopen(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as file:
                file.write(secrets.token_hex(KEY_BYTES) + "\n")
        except OSError as error:
            raise StoreReadOnly(f"(installation key {path}: {error.strerror})") from None
    try:
        key = bytes.fromhex(path.read_text(encoding="ascii").strip())
    except OSError as error:
        raise KeyMissing(f"({path}: {error.strerror})") from None
    except ValueError:
        key = b""
    if len(key) != KEY_BYTES:
        raise KeyMissing(f"({path} is not {KEY_BYTES} bytes in hex)")
    return key
