"""Everything on a server as a SQLite file, and everything in a file on a server. Either is consistent, and all or
nothing: what has arrived is compared with what was sent before it counts.
"""

from __future__ import annotations

import asyncio
import os
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from pathlib import Path

import asyncpg

from storage.copying import (
    IN_ORDER,
    ROW,
    ROWS,
    Bar,
    Copied,
    Sum,
    Table,
    batch,
    file_batches,
    number_of_rows,
    same,
    tables,
)
from storage.durable import sync_folder
from storage.errors import Refused, StoreBroken
from storage.migrate import fitting, migrate
from storage.place import Server
from storage.plan import Row
from storage.postgres.connection import ERRORS, Connection, close, connect, translated
from storage.postgres.migrate import apply, opened, versions
from storage.sqlite.connection import Connection as File
from storage.sqlite.connection import connect as open_file

_NOW = "SELECT CAST(extract(epoch FROM now()) * 1000 AS bigint)"


async def back_up(server: Server, target: Path, bar: Bar) -> None:
    """Writes a file that must not exist yet, readable by its owner only; on a failure nothing of it stays."""
    os.close(os.open(target, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    try:
        await _to_file(server, target, bar)
    except BaseException:
        for file in target.parent.glob(f"{target.name}*"):
            if file.name.removeprefix(target.name) in ("", "-wal", "-shm"):
                file.unlink()
        raise
    sync_folder(target.parent)


async def copy(path: Path, busy_timeout: float, server: Server, now: int, bar: Bar) -> Sequence[Copied]:
    """Brings all rows of a file to a server. Others can't write to the file meanwhile.

    The database there must be empty; its schema is made if it has none. Raises StoreError; then nothing was changed.
    """
    file = await open_file(path, busy_timeout)
    try:
        await file.work(sqlite3.Connection.execute, "BEGIN IMMEDIATE")
        found = await file.work(tables)
        async with opened(server) as connection, connection.transaction():
            await _prepare(connection, server, found, now)
            with bar(2 * await file.work(number_of_rows, found)) as step:
                return await _to_server(file, connection, found, step)
    finally:
        await file.close()


async def _to_file(server: Server, target: Path, bar: Bar) -> None:
    source = await connect(server)
    try:
        async with source.transaction(isolation="repeatable_read", readonly=True):
            await asyncio.to_thread(migrate, target, await source.fetchval(_NOW))
            file = await open_file(target, busy_timeout=5)
            try:
                found = await file.work(_begin)
                rows = [await source.fetchval(f"SELECT count(*) FROM {table.name}") for table in found]
                with bar(sum(rows)) as step:
                    for table in found:
                        await _to_table(source, file, table, step)
                await file.work(_end)
            finally:
                await file.close()
    except ERRORS as error:
        raise translated(error) from None
    finally:
        await close(source)


async def _to_table(source: Connection, file: File, table: Table, step: Callable[[int], None]) -> None:
    sent = Sum()
    async for some in _batches(source, table):
        sent.add(some)
        await file.work(_insert, table, some)
        step(len(some))
    same(sent.of(table), (await _summed(file_batches(file, table))).of(table))


async def _prepare(connection: Connection, server: Server, found: Sequence[Table], now: int) -> None:
    version, newest = await versions(connection)
    if version:
        fitting(version, newest, str(server))
    await apply(connection, now)  # from here on no gateway writes there
    await connection.execute("DELETE FROM installation")  # all that a database without data has, and the file brings it
    rows = (f"SELECT FROM {table.name}" for table in found)
    if await connection.fetchval(f"SELECT {' OR '.join(f'EXISTS ({one})' for one in rows)}"):
        raise Refused("{server} isn't empty, so nothing was copied. Make a new database, and name that.", server=server)


async def _to_server(
    file: File, connection: Connection, found: Sequence[Table], step: Callable[[int], None]
) -> Sequence[Copied]:
    """References are looked at when all rows are there: some go in circles."""
    references = await connection.fetch(_REFERENCES, [table.name for table in found])
    for table, name, _ in references:
        await connection.execute(f"ALTER TABLE {table} DROP CONSTRAINT {name}")
    sums = [await _send(file, connection, table, step) for table in found]
    try:
        for table, name, definition in references:
            await connection.execute(f"ALTER TABLE {table} ADD CONSTRAINT {name} {definition}")
    except asyncpg.ForeignKeyViolationError:
        raise StoreBroken("(a row refers to one that isn't there)") from None
    arrived = [(await _summed(_batches(connection, table), step)).of(table) for table in found]
    compared = [same(before, after) for before, after in zip(sums, arrived, strict=True)]
    await connection.execute(f"ANALYZE {', '.join(table.name for table in found)}")  # gateways may start at once
    return compared


_REFERENCES = (
    "SELECT conrelid::regclass::text, quote_ident(conname), pg_get_constraintdef(oid) FROM pg_constraint"
    " WHERE contype = 'f' AND conrelid = ANY($1::text[]::regclass[])"
)


async def _send(file: File, connection: Connection, table: Table, step: Callable[[int], None]) -> Copied:
    sent = Sum()
    async for some in file_batches(file, table):
        sent.add(some)
        await _copy_in(connection, table, some, sent.rows - len(some))
        step(len(some))
    return sent.of(table)


async def _copy_in(connection: Connection, table: Table, rows: Sequence[Row], before: int) -> None:
    """Decisions and events stand in their order, and before all that any transaction of the server will record."""
    columns = table.columns
    if table.name in IN_ORDER:
        columns = (*columns, "recorded_in")
        rows = [(*row, number) for number, row in enumerate(rows, before - _FAR)]
    try:
        await connection.copy_records_to_table(table.name, records=rows, columns=columns)
    except asyncpg.CharacterNotInRepertoireError:
        raise Refused(
            "The table {name} has a text with a NUL in it, which PostgreSQL doesn't take.", name=table.name
        ) from None


_FAR = 2**62
"""More than there are of either."""


async def _summed(batches: AsyncIterator[list[Row]], step: Callable[[int], None] = lambda _: None) -> Sum:
    total = Sum()
    async for some in batches:
        total.add(some)
        step(len(some))
    return total


async def _batches(connection: Connection, table: Table) -> AsyncIterator[list[Row]]:
    """A server's rows; decisions and events as they were recorded: the order of a file's rows is taken for it.

    First comes where they are and how large, then so many at a time as that allows: the driver knows numbers only.
    """
    order = " ORDER BY recorded_in, id" if table.name in IN_ORDER else ""
    size = " + ".join([str(ROW), *(f"coalesce(octet_length({column}), 0)" for column in table.sized)])
    places = await connection.cursor(f"SELECT ctid, {size} FROM {table.name}{order}")
    rows = f"SELECT {', '.join(table.columns)} FROM {table.name} WHERE ctid = ANY($1::tid[]){order}"
    while found := await places.fetch(ROWS):
        for some in _split(found):
            yield [tuple(row) for row in await connection.fetch(rows, some)]


def _split(places: Iterable[asyncpg.Record]) -> Iterator[list[Row]]:
    rest = ((place, size) for place, size in places)
    while some := batch(rest):
        yield some


def _begin(db: sqlite3.Connection) -> list[Table]:
    """The tables; what they refer to is looked at when all are there."""
    db.execute("PRAGMA foreign_keys = OFF")
    db.execute("BEGIN IMMEDIATE")
    return tables(db)


def _insert(db: sqlite3.Connection, table: Table, rows: Sequence[Row]) -> None:
    marks = ", ".join("?" * len(table.columns))
    db.executemany(f"INSERT INTO {table.name} ({', '.join(table.columns)}) VALUES ({marks})", rows)


def _end(db: sqlite3.Connection) -> None:
    if db.execute("PRAGMA foreign_key_check").fetchall():
        raise StoreBroken("(a row refers to one that isn't there)")
    db.execute("COMMIT")
