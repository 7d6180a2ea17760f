"""A consistent copy of everything on a server, as a SQLite file that a gateway can be started from."""

from __future__ import annotations

import asyncio
import os
import sqlite3
from collections.abc import Sequence
from pathlib import Path

from storage.durable import sync_folder
from storage.errors import StoreBroken
from storage.migrate import migrate
from storage.place import Server
from storage.plan import Row
from storage.postgres.connection import ERRORS, Connection, close, connect, translated
from storage.sqlite.connection import Connection as File
from storage.sqlite.connection import connect as open_file

ROWS, LARGE_ROWS = 500, 4
"""Rows in memory at a time; the latter where they hold messages."""
_NOW = "SELECT CAST(extract(epoch FROM now()) * 1000 AS bigint)"


async def back_up(server: Server, target: Path) -> None:
    """Writes a file that must not exist yet, readable by its owner only; on a failure nothing of it stays."""
    os.close(os.open(target, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    try:
        await _copy(server, target)
    except BaseException:
        for file in target.parent.glob(f"{target.name}*"):
            if file.name.removeprefix(target.name) in ("", "-wal", "-shm"):
                file.unlink()
        raise
    sync_folder(target.parent)


async def _copy(server: Server, target: Path) -> None:
    source = await connect(server)
    try:
        async with source.transaction(isolation="repeatable_read", readonly=True):
            await asyncio.to_thread(migrate, target, await source.fetchval(_NOW))
            file = await open_file(target, busy_timeout=5)
            try:
                for table in await file.work(_begin):
                    await _copy_table(source, file, table)
                await file.work(_end)
            finally:
                await file.close()
    except ERRORS as error:
        raise translated(error) from None
    finally:
        await close(source)


async def _copy_table(source: Connection, file: File, table: str) -> None:
    """Decisions in the order in which they were recorded: that of the file's rows is taken for it."""
    columns, large = await file.work(_columns, table)
    order = " ORDER BY recorded_in, id" if table == "decision" else ""
    some: list[Row] = []
    cursor = source.cursor(f"SELECT {', '.join(columns)} FROM {table}{order}", prefetch=LARGE_ROWS if large else ROWS)
    async for row in cursor:
        some.append(tuple(row))
        if len(some) == (LARGE_ROWS if large else ROWS):
            await file.work(_insert, table, columns, some)
            some = []
    await file.work(_insert, table, columns, some)
    [(copied,)] = await file.work(_all, f"SELECT count(*) FROM {table}")
    if copied != await source.fetchval(f"SELECT count(*) FROM {table}"):
        raise StoreBroken(f"(not every row of {table} was copied)")


def _begin(db: sqlite3.Connection) -> list[str]:
    """The tables; what they refer to is looked at when all are there."""
    db.execute("PRAGMA foreign_keys = OFF")
    db.execute("BEGIN IMMEDIATE")
    named = "SELECT name FROM sqlite_master WHERE type = 'table' AND name <> 'schema_migration'"
    return [name for (name,) in _all(db, named)]


def _columns(db: sqlite3.Connection, table: str) -> tuple[list[str], bool]:
    """Their names, and whether any of them holds messages."""
    found = _all(db, f"PRAGMA table_info({table})")
    return [name for _, name, *_ in found], any(kind == "BLOB" for _, _, kind, *_ in found)


def _insert(db: sqlite3.Connection, table: str, columns: Sequence[str], rows: Sequence[Row]) -> None:
    marks = ", ".join("?" * len(columns))
    db.executemany(f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks})", rows)


def _end(db: sqlite3.Connection) -> None:
    if _all(db, "PRAGMA foreign_key_check"):
        raise StoreBroken("(a row refers to one that isn't there)")
    db.execute("COMMIT")


def _all(db: sqlite3.Connection, sql: str) -> list[Row]:
    return db.execute(sql).fetchall()
