"""Tables on their way from one database to another: in batches that fit into memory, summed up on both sides."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from hashlib import blake2b
from typing import TypeAlias

from storage.errors import CopyDiffers
from storage.plan import Row
from storage.sqlite.connection import Connection

Bar: TypeAlias = Callable[[int], AbstractContextManager[Callable[[int], None]]]
"""Shows how far it is: given the number of all steps, it gives a function that takes the number of some more."""


@contextmanager
def no_bar(_: int) -> Iterator[Callable[[int], None]]:
    """Shows nothing."""
    yield lambda _: None


ROWS, BYTES = 2000, 4 * 1024 * 1024
"""Of a batch, at most; but one row, however large."""
ROW = 64
"""Bytes that a row counts besides its texts and blobs."""
_DIGEST = 16


@dataclass(frozen=True, slots=True)
class Table:
    """A table by its names, which are those of both databases."""

    name: str
    columns: tuple[str, ...]
    sized: tuple[str, ...]
    """Columns whose values may be large."""


@dataclass(frozen=True, slots=True)
class Copied:
    """What a table had before, and has now."""

    table: str
    rows: int
    checksum: str


class Sum:
    """The number of some rows and a checksum over all their values, whatever their order."""

    def __init__(self) -> None:
        self.rows = 0
        self._total = 0

    def add(self, rows: Sequence[Row]) -> None:
        self.rows += len(rows)
        for row in rows:
            digest = blake2b(b"".join(map(_canonical, row)), digest_size=_DIGEST).digest()
            self._total = (self._total + int.from_bytes(digest, "big")) % 256**_DIGEST

    def of(self, table: Table) -> Copied:
        return Copied(table.name, self.rows, f"{self._total:0{2 * _DIGEST}x}")


def same(before: Copied, after: Copied) -> Copied:
    """Raises CopyDiffers."""
    if before != after:
        raise CopyDiffers(f"(table {before.table}: {before.rows} rows before, {after.rows} after)")
    return after


def weight(row: Row) -> int:
    """About the bytes of a row."""
    return ROW + sum(len(value) for value in row if isinstance(value, str | bytes))


def batch(rows: Iterator[tuple[Row, int]]) -> list[Row]:
    """The next of these rows, given with their weights; none at the end."""
    taken: list[Row] = []
    size = 0
    for row, bytes_ in rows:
        taken.append(row)
        size += bytes_
        if len(taken) == ROWS or size >= BYTES:
            break
    return taken


def tables(db: sqlite3.Connection) -> list[Table]:
    """Those of a file that are copied."""
    named = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%'"
    return [_table(db, name) for (name,) in _all(db, named) if name not in _NOT_COPIED and not of_index(name)]


_NOT_COPIED = ("schema_migration",)


def of_index(name: str) -> bool:
    """Of a file's index of words, which is made of the activities again."""
    return name == "search" or name.startswith("search_")


IN_ORDER = ("decision", "outbox")
"""Tables whose rows are read in the order in which they were recorded."""


async def file_batches(file: Connection, table: Table) -> AsyncIterator[list[Row]]:
    """A file's rows."""
    order = " ORDER BY rowid" if table.name in IN_ORDER else ""
    cursor = await file.work(sqlite3.Connection.execute, f"SELECT {', '.join(table.columns)} FROM {table.name}{order}")
    rows = ((row, weight(row)) for row in cursor)
    while some := await file.work(lambda _: batch(rows)):
        yield some


def number_of_rows(db: sqlite3.Connection, some: Iterable[Table]) -> int:
    return sum(int(_all(db, f"SELECT count(*) FROM {table.name}")[0][0]) for table in some)


def _table(db: sqlite3.Connection, name: str) -> Table:
    found = _all(db, f"PRAGMA table_info({name})")
    sized = tuple(column for _, column, kind, *_ in found if kind != "INTEGER")
    return Table(name, tuple(column for _, column, *_ in found), sized)


def _all(db: sqlite3.Connection, sql: str) -> list[Row]:
    return db.execute(sql).fetchall()


def _canonical(value: object) -> bytes:
    """Its kind, its length and itself: no two rows of different values are written alike."""
    match value:
        case None:
            return b"n"
        case int():
            return b"i%d;" % value
        case str():
            text = value.encode()
            return b"t%d:%b" % (len(text), text)
        case bytes():
            return b"b%d:%b" % (len(value), value)
    raise TypeError(type(value).__name__)
