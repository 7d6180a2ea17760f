"""Migrations on PostgreSQL: several gateways may start at once, and one of them applies what is missing."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from storage.errors import StoreBroken, StoreNewer
from storage.migrate import Migration, migrations, version_of
from storage.place import Server
from storage.plan import Plan, ask, insert
from storage.postgres.connection import ERRORS, Connection, check, close, connect, run, translated
from storage.postgres.locks import ADMINISTRATION


async def status(server: Server) -> tuple[int, int]:
    """Version of the database (0: nothing in it yet) and newest version known. Raises StoreError."""
    async with opened(server) as connection:
        return await versions(connection)


async def versions(connection: Connection) -> tuple[int, int]:
    """The same on a connection."""
    async with connection.transaction():
        return await run(connection, _applied()), migrations("postgres")[-1].version


async def size(server: Server) -> int:
    """Bytes that the database takes up."""
    async with opened(server) as connection, connection.transaction():
        [(taken,)] = await run(connection, ask("SELECT pg_database_size(current_database())"))
        return int(taken)


async def migrate(server: Server, now: int) -> Sequence[Migration]:
    """Applies what is missing, all of it or nothing, and returns it."""
    async with opened(server) as connection, connection.transaction():
        return await apply(connection, now)


async def apply(connection: Connection, now: int) -> Sequence[Migration]:
    """The same within a transaction; until that ends no gateway writes to the database."""
    await connection.execute(f"SET LOCAL synchronous_commit = on; SELECT pg_advisory_xact_lock({ADMINISTRATION})")
    version = await run(connection, _applied())
    known = migrations("postgres")
    if version > known[-1].version:
        raise StoreNewer(f"(version {version}, known {known[-1].version})")
    missing = [m for m in known if m.version > version]
    if version == 0:
        await connection.execute(_RECORD)
    for migration in missing:
        await run(connection, _apply(migration, now))
    return missing


_RECORD = (
    "CREATE TABLE schema_migration (version BIGINT PRIMARY KEY, name TEXT NOT NULL, checksum TEXT NOT NULL,"
    " applied_at BIGINT NOT NULL)"
)


@asynccontextmanager
async def opened(server: Server) -> AsyncIterator[Connection]:
    """A connection for work on the whole database; what the driver raises comes out as StoreError."""
    connection = await connect(server)
    try:
        await check(connection)
        yield connection
    except ERRORS as error:
        raise _told(error) from None
    finally:
        await close(connection)


def _told(error: Exception) -> Exception:
    if getattr(error, "sqlstate", "") == "42P07":  # a table of that name
        return StoreBroken("(it has tables of these names that aren't bcc-gateway's)")
    return translated(error)


def _applied() -> Plan[int]:
    [(there,)] = yield from ask("SELECT to_regclass('schema_migration') IS NOT NULL")
    rows = (yield from ask("SELECT version, checksum FROM schema_migration ORDER BY version")) if there else ()
    return version_of([(int(version), str(checksum)) for version, checksum in rows], "postgres")


def _apply(migration: Migration, now: int) -> Plan[None]:
    for statement in migration.statements():
        yield from ask(statement)
    yield from insert(
        "schema_migration",
        version=migration.version,
        name=migration.name,
        checksum=migration.checksum,
        applied_at=now,
    )
