"""Opening a store: where it is, its schema, and the installation's key."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from types import ModuleType

from gateway.core.keyed_hash import KeyedHash
from storage import installation
from storage import migrate as migrations
from storage.copying import Bar, Copied
from storage.durable import make_folder, sync_folder, write_once
from storage.errors import DriverMissing, KeyMissing, Refused, StoreReadOnly
from storage.interface import Store
from storage.migrate import Migration
from storage.place import Place, Server
from storage.sqlite.store import SqliteStore, open_sqlite

KEY_BYTES = 32


async def open_store(
    place: Place, key: bytes, new_id: Callable[[], str], *, busy_timeout: float = 5.0, serving: bool = False
) -> Store:
    """The store, ready to settle. Raises StoreError with what to do; `serving` claims a file for this process."""
    keyed = KeyedHash(key)
    if isinstance(place, Server):
        store: Store = await _on_server("store").open_postgres(place, keyed, new_id, busy_timeout, serving=serving)
    else:
        await check(place)
        store = await open_sqlite(place, keyed, new_id, busy_timeout)
    try:
        if isinstance(place, Path) and isinstance(store, SqliteStore) and serving:
            await store.claim(place)
        await _must_fit(store, keyed)
    except BaseException:
        await store.close()
        raise
    return store


async def _must_fit(store: Store, keyed: KeyedHash) -> None:
    """Another key would find nothing of what is remembered. The first one that opens a database is remembered."""
    if not await store.read(installation.must_fit(keyed)):
        await store.change(installation.remember(keyed))


async def status(place: Place) -> tuple[int, int]:
    """Version of the database (0: none yet) and newest version known. Raises StoreError for what is not ours."""
    if isinstance(place, Server):
        version, newest = await _on_server("migrate").status(place)
        return version, newest
    _must_be_no_folder(place)
    return migrations.status(place)


async def size(place: Place) -> int:
    """Bytes that the database takes up."""
    if isinstance(place, Server):
        taken: int = await _on_server("migrate").size(place)
        return taken
    return place.stat().st_size if place.exists() else 0


async def check(place: Place) -> None:
    """Raises what keeps this version from using the database."""
    migrations.fitting(*await status(place), str(place))


async def migrate(place: Place, now: int) -> Sequence[Migration]:
    """Applies what is missing, all of it or nothing, and returns it."""
    if isinstance(place, Server):
        applied: Sequence[Migration] = await _on_server("migrate").migrate(place, now)
        return applied
    _must_be_no_folder(place)
    return migrations.migrate(place, now)


async def copy_to_server(path: Path, server: Server, now: int, bar: Bar, *, busy_timeout: float) -> Sequence[Copied]:
    """Brings everything in a file to an empty database, or nothing, and tells what each table has. Raises StoreError.

    The file must be claimed: who serves from it would go on to take mail. Others can't write to it meanwhile.
    """
    copied: Sequence[Copied] = await _on_server("copying").copy(path, busy_timeout, server, now, bar)
    return copied


def _must_be_no_folder(place: Path) -> None:
    if place.is_dir():
        raise Refused("{path} is a folder: store.path names the database's file in it.", path=place)


def _on_server(module: str) -> ModuleType:
    """A module that needs the driver for PostgreSQL, which is an extra."""
    try:
        return import_module(f"storage.postgres.{module}")
    except ModuleNotFoundError:
        raise DriverMissing from None


def installation_key(path: Path, *, create: bool) -> bytes:
    """The secret of keyed hashes and encryption: 32 bytes in a file of their own, made at first start.

    Raises KeyMissing if there is no sound key: with another one every capture address and message would be forgotten.
    """
    if create and not path.exists():
        try:
            make_folder(path.parent)
            with suppress(FileExistsError):  # another process was quicker
                write_once(path, secrets.token_hex(KEY_BYTES) + "\n")
            sync_folder(path.parent)
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
