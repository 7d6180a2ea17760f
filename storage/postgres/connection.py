"""PostgreSQL through asyncpg: one connection, what is asked of its server, and the loop that runs plans on it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TypeAlias, TypeVar

import asyncpg
from asyncpg.connect_utils import SessionAttribute
from asyncpg.exceptions import InternalClientError, TargetServerAttributeNotMatched

from storage.errors import (
    StoreBroken,
    StoreDenied,
    StoreError,
    StoreFull,
    StoreNoText,
    StoreStandby,
    StoreUnavailable,
    StoreUnreachable,
    StoreUnsafe,
)
from storage.place import Server
from storage.plan import Plan, Rows, ask

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"

T = TypeVar("T")

CONNECTING = 3.0
"""Seconds to wait for a new connection."""
STATEMENTS = 512
"""Prepared statements kept on one connection; more than there are."""

ERRORS: tuple[type[Exception], ...] = (
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    InternalClientError,
    OSError,
    TimeoutError,
)
"""All that the driver raises."""
_CONNECTING: tuple[type[Exception], ...] = (*ERRORS, ValueError)
"""The same where it reads an address first."""

# By SQLSTATE, or its class of two characters.
_STATES: dict[str, type[StoreError]] = {
    "53100": StoreFull,
    "25006": StoreStandby,
    "57P03": StoreUnreachable,  # it starts or stops, or it is a standby that takes no connections
    "28": StoreDenied,
    "22021": StoreNoText,
    "3D000": StoreDenied,
    "42501": StoreDenied,
    "XX001": StoreBroken,
    "XX002": StoreBroken,
}
_AGAIN = ("40001", "40P01")

# What must be "on", and anything but these two, for a commit to outlast the server.
_DURABLE = ("fsync", "full_page_writes")


async def connect(server: Server) -> Connection:
    """A connection to a server that takes writes. Raises StoreError."""
    try:
        connection = await asyncpg.connect(
            server.url,
            timeout=CONNECTING,
            statement_cache_size=STATEMENTS if server.prepared_statements else 0,
            max_cached_statement_lifetime=0,
            target_session_attrs=SessionAttribute.read_write if server.prepared_statements else None,
            server_settings={"application_name": "bcc-gateway"},
        )
    except _CONNECTING as error:
        raise _refused(error) from None
    try:
        async with connection.transaction():  # behind a pooler all of it reaches one server only so
            await connection.set_type_codec("bool", schema="pg_catalog", encoder=_to_bool, decoder=_from_bool)
            if not server.prepared_statements:  # the driver's own question would be two trips
                await _takes_writes(connection)
    except ERRORS as error:
        connection.terminate()
        raise translated(error) from None
    except BaseException:  # also a standby's, or whoever waits is told to stop
        connection.terminate()
        raise
    return connection


async def _takes_writes(connection: Connection) -> None:
    if await connection.fetchval("SELECT current_setting('transaction_read_only')") == "on":
        raise StoreStandby


async def check(connection: Connection) -> None:
    """Raises what keeps this server from being trusted with mail."""
    names = (*_DURABLE, "server_encoding")
    shown = ", ".join(f"current_setting('{name}')" for name in names)
    async with connection.transaction():
        rows = await run(connection, ask(f"SELECT {shown}"))
    for name, value in zip(names, rows[0], strict=True):
        if name in _DURABLE and value != "on":
            raise StoreUnsafe(f"(its setting {name} is {value})")
        if name == "server_encoding" and value != "UTF8":
            raise StoreBroken(f"(its encoding is {value}; make the database with ENCODING 'UTF8')")


async def run(connection: Connection, plan: Plan[T]) -> T:
    """Runs a plan's statements and returns its result. Raises what the driver raises."""
    rows: Rows = ()
    try:
        statement = next(plan)
        while True:
            rows = [tuple(row) for row in await connection.fetch(statement.sql, *statement.values)]
            statement = plan.send(rows)
    except StopIteration as end:
        result: T = end.value
        return result


@contextmanager
def given_up_after(seconds: float, connection: Connection) -> Iterator[None]:
    """A server that doesn't answer in this time loses its connection; whoever waits for it is told so.

    A waiting call isn't cancelled: the driver would ask the server to cancel, too, and a COMMIT that is cancelled while
    it waits for a standby is told as done.
    """
    timer = asyncio.get_running_loop().call_later(seconds, connection.terminate)
    try:
        yield
    finally:
        timer.cancel()


async def end_transaction(connection: Connection) -> None:
    """Takes back what isn't committed; a connection that can't do that is given up."""
    try:
        with given_up_after(CONNECTING, connection):
            await connection.execute("ROLLBACK")
    except ERRORS:
        connection.terminate()


async def close(connection: Connection) -> None:
    """Takes leave of the server, if it listens."""
    with suppress(*ERRORS):
        await connection.close(timeout=CONNECTING)


def worth_another_try(error: Exception) -> bool:
    """Two transactions got into each other's way: the same work may succeed now."""
    return isinstance(error, asyncpg.PostgresError) and error.sqlstate in _AGAIN


def translated(error: Exception) -> StoreError:
    """The store's error for one of the driver's. Its own text stays out: it may show a row, or a password."""
    state = getattr(error, "sqlstate", None) or ""
    kind = _STATES.get(state) or _STATES.get(state[:2]) or StoreUnavailable
    return kind(f"({state or type(error).__name__})")


def _refused(error: Exception) -> StoreError:
    """The same while a connection is made: then what isn't said otherwise means that nobody answers."""
    if isinstance(error, TargetServerAttributeNotMatched):
        return StoreStandby()
    if isinstance(error, ValueError):
        return StoreDenied("(it can't be read)")
    told = translated(error)
    if type(told) is StoreUnavailable and not isinstance(error, asyncpg.PostgresError):
        return StoreUnreachable(f"({type(error).__name__})")
    return told


def _from_bool(text: str) -> int:
    """As SQLite has it."""
    return int(text == "t")


def _to_bool(value: object) -> str:
    return "t" if value else "f"
