"""SQLite through aiosqlite: one connection, its settings, and the loop that runs plans on it."""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Callable, Sequence
from functools import lru_cache, partial
from itertools import chain, count
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, TypeVar

import aiosqlite

from storage.errors import StoreBroken, StoreError, StoreFailed, StoreFull, StoreReadOnly, StoreUnavailable
from storage.plan import Plan, Statement, Value

T = TypeVar("T")
P = ParamSpec("P")

_PRAGMAS = (
    "PRAGMA synchronous = FULL",
    "PRAGMA foreign_keys = ON",
    "PRAGMA secure_delete = ON",
    "PRAGMA temp_store = MEMORY",
    "PRAGMA mmap_size = 0",
)
_WRITERS_PRAGMAS = (
    "PRAGMA journal_mode = WAL",
    "PRAGMA cache_size = -16384",  # KiB; of a large account's indexes over hashes, the upper pages stay in memory
)
_LIST = re.compile(r"= ANY\(\$(\d+)\)")
_LISTS = (list, tuple)
_PARAMETER = re.compile(r"\$(\d+)")
_SPELLED_OUT = 16
"""Members of a list, at most."""
_LARGE = 64 * 1024
"""Bytes of a value that SQLite isn't to keep."""
_MARK = re.compile(r"\?(\d+)")


class _Database(sqlite3.Connection):
    """SQLite keeps the values of a statement until it is used again: a whole message would stay in memory as long.

    The result of a function it forgets at the statement's end, so large values are passed by one.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # Any: whatever sqlite3.connect takes
        super().__init__(*args, **kwargs)
        self._passed: dict[int, bytes] = {}
        self.create_function("passed", 1, self._passed.get)

    def execute(self, sql: str, values: Any = (), /) -> sqlite3.Cursor:  # Any: as the typeshed has it
        """Of a change: by then it is made, and what was passed isn't needed any more."""
        large = {n: value for n, value in enumerate(values) if type(value) is bytes and len(value) > _LARGE}
        if not large:
            return super().execute(sql, values)
        self._passed.update(large)
        try:
            numbers = [n if n in large else value for n, value in enumerate(values)]
            return super().execute(_passing(sql, frozenset(large)), numbers)
        finally:
            self._passed.clear()


class Connection(aiosqlite.Connection):
    """A connection whose thread can be given a whole piece of work: one hop for a batch of statements."""

    async def work(self, do: Callable[Concatenate[sqlite3.Connection, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Runs `do(connection, …)` in the connection's thread; SQLite's errors come out as the store's.

        The thread keeps what it was given and what came of it until its next work: here that is an empty list.
        """
        given, results = [partial(do, self._conn, *args, **kwargs)], list[T]()
        try:
            await self._execute(lambda: results.append(given.pop()()))  # type: ignore[no-untyped-call]  # aiosqlite has no types here
        except (sqlite3.Error, UnicodeDecodeError) as error:
            raise translated(error) from None
        return results.pop()


async def connect(path: Path, busy_timeout: float, *, read_only: bool = False) -> Connection:
    """An open connection with every setting that the promise rests on. Raises StoreError."""
    mode = "ro" if read_only else "rw"
    uri = f"file:{str(path.resolve()).replace('?', '%3f').replace('#', '%23')}?mode={mode}"

    def opened() -> sqlite3.Connection:
        return sqlite3.connect(
            uri, uri=True, isolation_level=None, timeout=busy_timeout, cached_statements=256, factory=_Database
        )

    connection = Connection(opened, iter_chunk_size=64)
    try:
        await connection
        await connection.work(_in_all_letters)
        for pragma in _PRAGMAS if read_only else (*_WRITERS_PRAGMAS, *_PRAGMAS):
            await connection.work(_execute, pragma)
    except (sqlite3.Error, StoreError) as error:
        await connection.close()
        raise (translated(error) if isinstance(error, sqlite3.Error) else error) from None
    return connection


def _in_all_letters(db: sqlite3.Connection) -> None:
    """SQLite's own lower() knows those of English."""
    db.create_function("lower", 1, lambda text: text.lower() if isinstance(text, str) else text, deterministic=True)


def _execute(db: sqlite3.Connection, sql: str) -> None:
    db.execute(sql).fetchall()


def run(db: sqlite3.Connection, plan: Plan[T]) -> T:
    """Runs a plan's statements, in the thread of its connection, and returns its result."""
    try:
        statement = next(plan)
        while True:
            statement = plan.send(db.execute(*_bound(statement)).fetchall())
    except StopIteration as end:
        result: T = end.value
        return result


def translated(error: sqlite3.Error | UnicodeDecodeError) -> StoreError:
    """The store's error for one of SQLite's. SQLite's own text stays out: it may show a row, or be no text at all."""
    if isinstance(error, UnicodeDecodeError):
        return StoreBroken("(a text that is none)")
    name = getattr(error, "sqlite_errorname", "") or type(error).__name__
    if name.startswith(("SQLITE_FULL", "SQLITE_IOERR_SHMSIZE")):  # the index of the log grows for want of nothing else
        return StoreFull(f"({name})")
    if name.startswith("SQLITE_IOERR") and name != "SQLITE_IOERR_WRITE":  # that one is undone, and nothing rests on it
        return StoreFailed(f"({name})")
    if name.startswith(("SQLITE_CORRUPT", "SQLITE_NOTADB")):
        return StoreBroken(f"({name})")
    if name.startswith(("SQLITE_READONLY", "SQLITE_CANTOPEN", "SQLITE_PERM")):
        return StoreReadOnly(f"({name})")
    return StoreUnavailable(f"({name})")


def _bound(statement: Statement) -> tuple[str, Sequence[Value]]:
    """PostgreSQL's spelling and parameters as SQLite's: numbers behind ?, and lists spelled out or as JSON."""
    statement = statement.on_sqlite or statement
    values = statement.values
    if not any(type(v) in _LISTS for v in values):
        return _translated(statement.sql), values
    sizes = tuple((number, len(v)) for number, v in enumerate(values, 1) if isinstance(v, _LISTS))
    if any(not 0 < size <= _SPELLED_OUT for _, size in sizes):  # an empty one would leave its number unused
        return _translated(statement.sql), [json.dumps(v) if isinstance(v, _LISTS) else v for v in values]
    members = chain.from_iterable(v for v in values if isinstance(v, _LISTS))
    return _spelled_out(statement.sql, sizes), [*(None if isinstance(v, _LISTS) else v for v in values), *members]


@lru_cache(maxsize=1024)
def _translated(sql: str) -> str:
    return _LIST.sub(r"IN (SELECT value FROM json_each($\1))", sql).replace("$", "?")


@lru_cache(maxsize=64)
def _passing(sql: str, large: frozenset[int]) -> str:
    """With these values, counted from 0, passed by a function that is told their numbers."""
    return _MARK.sub(lambda mark: f"passed({mark[0]})" if int(mark[1]) - 1 in large else mark[0], sql)


@lru_cache(maxsize=1024)
def _spelled_out(sql: str, sizes: tuple[tuple[int, int], ...]) -> str:
    """With the lists' members as parameters behind all others: quicker, but a text of its own for each length."""
    free = count(1 + max(map(int, _PARAMETER.findall(sql))))
    members = {number: ", ".join(f"?{next(free)}" for _ in range(size)) for number, size in sizes}
    return _LIST.sub(lambda match: f"IN ({members[int(match[1])]})", sql).replace("$", "?")
