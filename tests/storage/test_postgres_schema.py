"""Both databases have the same schema, made by migrations that are whole or not at all."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Iterator

import pytest
from fakes.postgres import MISSING, PostgresServer

from storage import open as opening
from storage.copying import of_index
from storage.errors import StoreBroken, StoreMissing, StoreNewer, StoreOutdated, StoreUnavailable
from storage.migrate import Migration, migrations
from storage.place import Server
from storage.postgres import migrate as on_server

pytestmark = pytest.mark.skipif(bool(MISSING), reason=MISSING)
TYPES = {"TEXT": "text", "INTEGER": "bigint", "BLOB": "bytea"}
OWN = {
    ("decision", "recorded_in", "bigint", True),
    ("outbox", "recorded_in", "bigint", True),
    ("activity", "document", "tsvector", False),
}
"""What PostgreSQL needs besides: SQLite counts its rows itself, and has its index of words in tables of its own."""

Column = tuple[str, str, str, bool]
"""Table, name, type in PostgreSQL, NOT NULL."""
Key = tuple[str, tuple[str, ...]]
"""Table, and what is unique in it."""


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    with PostgresServer() as made:
        yield made


@pytest.fixture
def place(server: PostgresServer) -> Server:
    """An empty database."""
    return server.place(server.create())


@pytest.fixture(scope="module")
def current(server: PostgresServer) -> str:
    """The name of a database with the current schema."""
    name = server.create()
    asyncio.run(opening.migrate(server.place(name), 0))
    return name


@pytest.fixture(scope="module")
def file() -> Iterator[sqlite3.Connection]:
    db = sqlite3.connect(":memory:")
    for migration in migrations():
        for statement in migration.statements():
            db.execute(statement)
    yield db
    db.close()


def tables(file: sqlite3.Connection) -> list[str]:
    named = file.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
    return [name for (name,) in named if not of_index(name)]


def test_the_tables_and_columns_are_the_same(server: PostgresServer, current: str, file: sqlite3.Connection) -> None:
    wanted: set[Column] = set()
    for table in tables(file):
        for _, name, kind, not_null, _, key in file.execute(f"PRAGMA table_info({table})"):
            wanted.add((table, name, TYPES[kind], bool(not_null or key)))
    found = server.sql(
        "SELECT c.table_name, c.column_name, c.data_type, c.is_nullable = 'NO' FROM information_schema.columns c"
        " JOIN information_schema.tables t USING (table_schema, table_name) WHERE c.table_schema = 'public'"
        " AND t.table_type = 'BASE TABLE' AND c.table_name <> 'schema_migration'",
        current,
    )
    assert {(table, name, kind, strict == "t") for table, name, kind, strict in found} == wanted | OWN


def test_what_is_unique_is_the_same(server: PostgresServer, current: str, file: sqlite3.Connection) -> None:
    wanted: set[Key] = set()
    for table in tables(file):
        primary = sorted((key, name) for _, name, _, _, _, key in file.execute(f"PRAGMA table_info({table})") if key)
        wanted |= {(table, tuple(name for _, name in primary))} if primary else set()
        for _, index, unique, *_ in file.execute(f"PRAGMA index_list({table})").fetchall():
            names = [name for _, _, name in file.execute(f"PRAGMA index_info({index})")]
            wanted |= {(table, tuple(name or "(expression)" for name in names))} if unique else set()
    found = server.sql(
        "SELECT i.indrelid::regclass, string_agg(coalesce(a.attname, '(expression)'), ' ' ORDER BY k.place)"
        " FROM pg_index i CROSS JOIN unnest(i.indkey) WITH ORDINALITY AS k (number, place)"
        " LEFT JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.number AND k.number > 0"
        " WHERE i.indisunique AND i.indrelid::regclass::text NOT LIKE 'pg_%' AND i.indrelid::regclass::text"
        " <> 'schema_migration' GROUP BY i.indexrelid, i.indrelid",
        current,
    )
    assert {(table, tuple(names.split())) for table, names in found} == wanted


def test_what_is_indexed_is_the_same(server: PostgresServer, current: str, file: sqlite3.Connection) -> None:
    wanted = {name for (name,) in file.execute("SELECT name FROM sqlite_master WHERE type = 'index' AND sql > ''")}
    found = server.sql("SELECT indexname FROM pg_indexes WHERE schemaname = 'public'", current)
    named = {name for (name,) in found if not name.endswith(("_pkey", "_key"))}
    assert named == wanted | {"decision_recorded", "activity_document", "outbox_order"}


def test_what_refers_to_what_is_the_same(server: PostgresServer, current: str, file: sqlite3.Connection) -> None:
    wanted = set()
    for table in tables(file):
        for _, _, to, name, _, _, on_delete, _ in file.execute(f"PRAGMA foreign_key_list({table})"):
            wanted.add((table, name, to, on_delete == "CASCADE"))
    found = server.sql(
        "SELECT c.conrelid::regclass, a.attname, c.confrelid::regclass, c.confdeltype = 'c' FROM pg_constraint c"
        " JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = ALL (c.conkey) WHERE c.contype = 'f'",
        current,
    )
    assert {(table, name, to, cascade == "t") for table, name, to, cascade in found} == wanted


def test_text_is_compared_byte_by_byte(server: PostgresServer, current: str) -> None:
    found = server.sql(
        "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'public'"
        " AND data_type = 'text' AND collation_name IS DISTINCT FROM 'C' AND table_name <> 'schema_migration'",
        current,
    )
    assert found == []


async def test_several_that_start_at_once_migrate_once(place: Server) -> None:
    applied = await asyncio.gather(*(opening.migrate(place, 7) for _ in range(4)))
    versions = [m.version for m in migrations("postgres")]
    assert sorted([m.version for m in one] for one in applied) == [[], [], [], versions]
    assert await opening.status(place) == (versions[-1], versions[-1])


async def test_a_migration_that_fails_leaves_nothing(
    place: Server, server: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    [*known] = migrations("postgres")
    broken = Migration(known[-1].version + 1, "broken", "CREATE TABLE half (x BIGINT); SELECT 1 / 0")
    monkeypatch.setattr(on_server, "migrations", lambda _kind: [*known, broken])
    with pytest.raises(StoreUnavailable):
        await opening.migrate(place, 0)
    assert server.sql("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'", name(place)) == [["0"]]
    assert (await opening.status(place))[0] == 0
    with pytest.raises(StoreMissing):
        await opening.check(place)


@pytest.mark.parametrize(
    ("change", "refused"),
    [
        ("UPDATE schema_migration SET checksum = 'x'", StoreBroken),
        ("DELETE FROM schema_migration WHERE version > 0", StoreMissing),
        ("INSERT INTO schema_migration VALUES (9999, 'later', 'x', 0)", StoreNewer),
    ],
)
async def test_a_schema_that_is_not_this_versions_is_refused(
    place: Server, server: PostgresServer, change: str, refused: type[Exception]
) -> None:
    await opening.migrate(place, 0)
    server.sql(change, name(place))
    with pytest.raises(refused):
        await opening.check(place)


async def test_an_older_schema_is_refused_until_it_is_migrated(place: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    await opening.migrate(place, 0)
    later = Migration(migrations("postgres")[-1].version + 1, "later", "CREATE TABLE later (x BIGINT)")
    monkeypatch.setattr(on_server, "migrations", lambda kind: [*migrations(kind), later])
    with pytest.raises(StoreOutdated):
        await opening.check(place)
    assert await opening.migrate(place, 0) == [later]
    await opening.check(place)


async def test_tables_of_somebody_else_are_left_alone(place: Server, server: PostgresServer) -> None:
    server.sql("CREATE TABLE message (words TEXT)", name(place))
    with pytest.raises(StoreBroken, match="tables of these names"):
        await opening.migrate(place, 0)
    assert server.sql("SELECT tablename FROM pg_tables WHERE schemaname = 'public'", name(place)) == [["message"]]


def name(place: Server) -> str:
    return str(place).rpartition("/")[2]
