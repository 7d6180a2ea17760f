"""A database as a copy of another, from a file to a server and back: equal in every row, or not there at all."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, nullcontext
from dataclasses import replace
from itertools import count
from pathlib import Path

import asyncpg
import pytest
from fakes.copies import LAWYER, attached, ids, journalled, relayed
from fakes.deliveries import ANA, BCC, BOB, KEY, KEYED, Delivery, cases, keeper, mail
from fakes.postgres import MISSING, Pooler, PostgresServer
from fakes.world import load_world, seed
from hypothesis import given, settings
from test_oracle import Real, arrivals

from gateway.core.decide import decide
from storage import copying
from storage.copying import Copied, Sum, no_bar
from storage.errors import CopyDiffers, Refused, StoreBroken, StoreError, StoreNewer, StoreOutdated, StoreUnavailable
from storage.interface import Store
from storage.migrate import migrate
from storage.open import copy_to_server, open_store
from storage.open import migrate as migrate_any
from storage.place import Place, Server
from storage.plan import Plan, Row, ask, insert
from storage.postgres import copying as on_server
from storage.reads import Filter, newest, since
from storage.sqlite.connection import connect

pytestmark = pytest.mark.skipif(bool(MISSING), reason=MISSING)
US = load_world().with_settings(late_parent_hours=48)
ANY = Filter()
Dump = dict[str, list[Row]]


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    with PostgresServer() as made:
        made.sql("CREATE ROLE owner LOGIN")
        yield made


@pytest.fixture
def place(server: PostgresServer) -> Server:
    """A new database of somebody who is no superuser."""
    name = server.create()
    server.sql(f"ALTER DATABASE {name} OWNER TO owner")
    return Server(server.place(name).url.replace("gateway@", "owner@"))


@pytest.fixture
async def file(tmp_path: Path) -> Path:
    """A database with rows in every table, and in every column."""
    path = tmp_path / "gateway.db"
    migrate(path, 0)
    store = await opened(path)
    try:
        await store.change(seed(US, KEYED))
        for delivery in mails():
            await store.settle(cases(US, delivery), decide, keeper(delivery, US))
        await store.change(rest())
    finally:
        await store.close()
    return path


def mails() -> Sequence[Delivery]:
    """Logged, skipped, held, waiting, withdrawn; repeated, answered and forwarded."""
    first = mail(ANA, BOB, Cc="new@lead.example", message_id="one")
    answer = mail(BOB, ANA, "Re: Offer", message_id="two", In_Reply_To=ids("one"))
    late = mail(BOB, ANA, "Re: Lunch?", message_id="late", In_Reply_To=ids("nobody"))
    private = mail(ANA, BOB, "Secret", message_id="private")
    found = [
        Delivery(first, [BCC], ANA),
        Delivery(first, [BCC], ANA),
        relayed(answer),
        relayed(late),
        attached(answer),
        Delivery(mail("m@evil.example", BOB, message_id="x"), [BCC], "m@evil.example"),
        Delivery(private, [BCC], ANA),
        journalled(private, ANA, (f"To: {BOB}", f"Bcc: {LAWYER}")),
    ]
    return [replace(one, trace_id=f"t{number}") for number, one in enumerate(found)]


def rest() -> Plan[None]:
    """What those don't leave, circles of references, and values at the edges."""
    yield from ask("UPDATE decision SET superseded_by = (SELECT max(id) FROM decision) WHERE trace_id = 't5'")
    yield from ask("UPDATE decision SET entry_id = 'e', message_id_hash = NULL WHERE trace_id = 't5'")
    yield from ask("UPDATE activity SET forward_of = (SELECT max(id) FROM activity)")
    yield from ask("UPDATE contact SET merged_into = (SELECT min(id) FROM contact), removed_at = 1")
    yield from ask("UPDATE source SET login = 'office', certificate = 'c', authserv_id = 'a' WHERE id = 'us/office'")
    yield from ask("UPDATE source SET silence_hours = 1, silent_at = 2 WHERE id = 'us/office'")
    yield from ask("UPDATE contact_address SET approved_at = $1", 2**63 - 1)
    yield from ask("UPDATE capture_address SET key_sealed = $1, retires_at = $2", bytes(range(256)), -(2**63))
    yield from ask("INSERT INTO attachment SELECT id, 1, 'plan', 'text/plain', 1, '', 0 FROM activity")
    yield from insert("dns_trouble", retry_hash="", since=0)
    yield from insert("audit", id="1", account_id=None, at=0, who="\u202e\U0001f511'\"\\\t\n", action="", detail="é")
    yield from insert("password", user_id="us/ana", account_id="us", hash="h", changed_at=0)
    yield from insert("password", source_id="us/office", account_id="us", hash="h", changed_at=0)
    yield from insert("session", hash="h", user_id="us/ana", begun_at=0, seen_at=0)
    yield from insert("setup_link", hash="h", user_id="us/ana", expires_at=0)
    yield from insert("request_key", hash="h", made="m", at=0)
    token = {"hash": "h", "name": "crm", "scopes": "read", "created_by": "us/ana"}
    webhook = {"name": "crm", "url": "u", "types": "", "secret_sealed": b"s", "created_at": 0, "reached": ""}
    yield from insert("webhook", id="w", account_id="us", **webhook)
    yield from insert("delivery", webhook_id="w", event_id="e", begun_at=0, next_at=2**62)
    yield from insert("api_token", id="t", account_id="us", created_at=0, **token)
    for number in range(3):
        yield from insert(
            "operator_mail",
            id=str(number),
            trace_id="t",
            at=0,
            recipient="",
            mail_from="",
            peer="",
            size=1,
            encoding="",
            content=bytes([number]) * (number * copying.BYTES),
            retry_hash=str(number),
        )


async def opened(place: Place, *, serving: bool = False) -> Store:
    """Its ids don't follow each other: nothing may rest on that."""
    numbers = count(2 if serving else 1, 2)
    return await open_store(place, KEY, lambda: f"{next(numbers) * 7919 % 100_003:08}", serving=serving)


async def copy(file: Path, place: Server, step: Callable[[int], None] = lambda _: None) -> Sequence[Copied]:
    return await copy_to_server(file, place, 0, lambda _: nullcontext(step), busy_timeout=0.1)


def dump(file: Path) -> Dump:
    """All rows of a file, with those of a table in some fixed order."""
    with closing(sqlite3.connect(file)) as db:
        return {
            name: sorted(db.execute(f"SELECT {', '.join(columns)} FROM {name}"), key=repr)  # noqa: S608 — its own names
            for name, columns in shape(db).items()
        }


def shape(db: sqlite3.Connection) -> dict[str, list[str]]:
    """The columns of each table."""
    named = "SELECT name FROM sqlite_master WHERE type = 'table' AND name <> 'schema_migration'"
    names = [name for (name,) in db.execute(named) if not copying.of_index(name)]
    return {name: [c for _, c, *_ in db.execute(f"PRAGMA table_info({name})")] for name in names}


async def dump_of(place: Server, file: Path) -> Dump:
    """The same of a server, in a file's columns."""
    with closing(sqlite3.connect(file)) as db:
        columns = shape(db)
    connection = await asyncpg.connect(place.url)
    try:
        return {
            name: sorted(map(tuple, await connection.fetch(f"SELECT {', '.join(some)} FROM {name}")), key=repr)  # noqa: S608 — its own names
            for name, some in columns.items()
        }
    finally:
        await connection.close()


async def tables_of(place: Server) -> list[str]:
    connection = await asyncpg.connect(place.url)
    try:
        return [name for (name,) in await connection.fetch("SELECT tablename FROM pg_tables WHERE schemaname='public'")]
    finally:
        await connection.close()


# --- equal ---


async def test_every_row_arrives_as_it_is_and_comes_back_so(file: Path, place: Server, tmp_path: Path) -> None:
    before = dump(file)
    assert [name for name, rows in before.items() if not rows] == [], "a table that isn't tried"
    told = await copy(file, place)
    assert await dump_of(place, file) == before == dump(file)
    assert {one.table: one.rows for one in told} == {name: len(rows) for name, rows in before.items()}
    await on_server.back_up(place, tmp_path / "back.db", no_bar)
    assert dump(tmp_path / "back.db") == before
    decisions = "SELECT id FROM decision ORDER BY rowid"
    with closing(sqlite3.connect(file)) as there, closing(sqlite3.connect(tmp_path / "back.db")) as back:
        assert back.execute(decisions).fetchall() == there.execute(decisions).fetchall()


@settings(max_examples=4, deadline=None)
@given(arrivals())
def test_whatever_came_is_the_same_on_both(server: PostgresServer, found: list[Delivery]) -> None:
    real = Real(US)
    path = server.folder / "any.db"
    place = server.place(server.create())
    try:
        for delivery in found:
            real.settle(delivery)
        migrate(path, 0)
        with closing(sqlite3.connect(path)) as db:
            db.execute("PRAGMA foreign_keys = OFF")
            for name, columns in shape(db).items():
                rows = real.rows(f"SELECT {', '.join(columns)} FROM {name}")  # noqa: S608 — its own names
                db.executemany(f"INSERT INTO {name} VALUES ({', '.join('?' * len(columns))})", rows)  # noqa: S608 — the same
            db.commit()
        asyncio.run(copy(path, place))
        assert asyncio.run(dump_of(place, path)) == dump(path)
    finally:
        real.db.close()
        for name in path.parent.glob("any.db*"):
            name.unlink()
        server.sql(f"DROP DATABASE {str(place).rpartition('/')[2]}")


async def test_the_schema_is_that_of_a_new_database(file: Path, place: Server, server: PostgresServer) -> None:
    """References are there again, each under its name."""
    fresh = server.create()
    await migrate_any(server.place(fresh), 0)
    await copy(file, place)
    constraints = "SELECT conrelid::regclass, conname, pg_get_constraintdef(oid) FROM pg_constraint ORDER BY 1::text, 2"
    assert server.sql(constraints, name_of(place)) == server.sql(constraints, fresh)
    assert len(server.sql(constraints, fresh)) > 50


async def test_the_gateway_goes_on_with_what_it_knew(file: Path, place: Server) -> None:
    """A repeat is known as one, a thread goes on, and old decisions stand before new ones in their order."""
    here = await opened(file)
    old, _ = await here.read(newest(100, ANY))
    await here.close()
    await copy(file, place)
    store = await opened(place, serving=True)
    try:
        seen, last = await store.read(newest(100, ANY))
        assert [d.id for d in seen] == [d.id for d in old]
        [again] = await store.settle(*_work(replace(mails()[0], trace_id="again")))
        assert again.reason == "dedupe.retry"
        reply = mail(ANA, BOB, "Re: Offer", message_id="three", In_Reply_To=ids("two"))
        [decision] = await store.settle(*_work(replace(relayed(reply, ANA), trace_id="reply")))
        assert decision.reason == "thread.logged"
        shown, _ = await store.read(since(last, ANY))
        assert [d.trace_id for d in shown] == ["reply"]
        every, _ = await store.read(newest(100, ANY))
        assert [d.trace_id for d in every] == [*(d.trace_id for d in old), "reply"]
    finally:
        await store.close()


def _work(delivery: Delivery) -> tuple[object, ...]:
    return cases(US, delivery), decide, keeper(delivery, US)


async def test_it_works_behind_a_pooler(file: Path, server: PostgresServer) -> None:
    name = server.create()
    with Pooler(server) as pooler:
        await copy(file, pooler.place(name))
    assert await dump_of(server.place(name), file) == dump(file)


# --- found ---


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ((1,), ("1",)),
        (("1",), (b"1",)),
        ((None,), ("",)),
        (("",), (b"",)),
        (("ab", "c"), ("a", "bc")),
        ((None, 0), (0, None)),
        ((1, 12), (11, 2)),
    ],
)
def test_rows_of_other_values_have_other_checksums(one: Row, other: Row) -> None:
    assert _sum([one]) != _sum([other])
    assert _sum([one, one]) != _sum([other, other])


def test_the_order_of_rows_makes_no_difference() -> None:
    assert _sum([("a",), ("b",), ("b",)]) == _sum([("b",), ("a",), ("b",)]) != _sum([("a",), ("a",), ("b",)])


def _sum(rows: Sequence[Row]) -> Copied:
    total = Sum()
    for row in rows:
        total.add([row])
    return total.of(copying.Table("t", (), ()))


@pytest.mark.parametrize(
    "changed",
    [
        "NEW.name := NEW.name || ' '; RETURN NEW;",
        "NEW.removed_at := NULL; RETURN NEW;",
        "NEW.merged_into := NEW.id; RETURN NEW;",
        "IF NEW.id = 'us/bob' THEN RETURN NULL; END IF; RETURN NEW;",
    ],
)
async def test_what_arrives_otherwise_is_found_and_taken_back(
    file: Path, place: Server, server: PostgresServer, changed: str
) -> None:
    await migrate_any(place, 0)
    function = f"CREATE FUNCTION other() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN {changed} END$$"
    server.sql(function, name_of(place))
    server.sql("CREATE TRIGGER other BEFORE INSERT ON contact FOR EACH ROW EXECUTE FUNCTION other()", name_of(place))
    with pytest.raises((CopyDiffers, StoreBroken)):
        await copy(file, place)
    assert not any((await dump_of(place, file)).values())


async def test_a_backup_that_differs_is_none(
    file: Path, place: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await copy(file, place)
    monkeypatch.setattr(on_server, "_insert", lambda *_: None)
    with pytest.raises(CopyDiffers):
        await on_server.back_up(place, tmp_path / "back.db", no_bar)
    assert not (tmp_path / "back.db").exists()


# --- refused ---


async def test_a_target_with_anything_in_it_is_left_alone(file: Path, place: Server) -> None:
    await copy(file, place)
    with pytest.raises(Refused, match="isn't empty"):
        await copy(file, place)
    assert await dump_of(place, file) == dump(file)


@pytest.mark.parametrize(
    ("change", "error"),
    [("DELETE FROM schema_migration", StoreOutdated), ("UPDATE schema_migration SET version = 1000", StoreNewer)],
)
async def test_a_target_of_another_version_is_left_alone(
    file: Path, place: Server, server: PostgresServer, change: str, error: type[StoreError]
) -> None:
    await migrate_any(place, 0)
    server.sql(f"{change} WHERE version IN (SELECT max(version) FROM schema_migration)", name_of(place))  # noqa: S608 — our own
    with pytest.raises(error):
        await copy(file, place)
    assert not any((await dump_of(place, file)).values())


async def test_a_reference_to_nothing_is_no_copy(file: Path, place: Server) -> None:
    with closing(sqlite3.connect(file)) as db:
        db.execute("UPDATE repeat SET decision_id = 'nobody'")
        db.commit()
    with pytest.raises(StoreBroken):
        await copy(file, place)
    assert await tables_of(place) == []


async def test_a_text_that_the_server_cannot_hold_is_named_by_its_table(file: Path, place: Server) -> None:
    with closing(sqlite3.connect(file)) as db:
        db.execute("UPDATE audit SET detail = 'a' || char(0)")
        db.commit()
    with pytest.raises(Refused, match="The table audit has a text with a NUL"):
        await copy(file, place)
    assert await tables_of(place) == []


async def test_nobody_writes_to_the_file_meanwhile(file: Path, place: Server) -> None:
    tried: list[str] = []

    def write(_: int) -> None:
        with closing(sqlite3.connect(file, timeout=0)) as db:
            try:
                db.execute("UPDATE account SET name = 'changed'")
            except sqlite3.OperationalError as error:
                tried.append(str(error))

    await copy(file, place, write)
    assert (set(tried), len(tried) > 20) == ({"database is locked"}, True)


# --- interrupted ---


async def test_whatever_step_it_ends_at_the_target_stays_empty(file: Path, place: Server) -> None:
    """Cancelled, as by Ctrl-C, or without its connection; then it succeeds all the same."""
    number = 0

    async def ended_at(step: int) -> bool:
        left = iter(range(step))

        def one(_: int) -> None:
            if next(left, None) is None:
                task.cancel()

        task = asyncio.create_task(copy(file, place, one))
        try:
            await task
        except asyncio.CancelledError:
            return True
        return False

    while await ended_at(number):
        assert await tables_of(place) == [], number
        number += 11
    assert number > 20
    assert await dump_of(place, file) == dump(file)


async def test_a_server_that_goes_away_leaves_nothing(file: Path, place: Server, server: PostgresServer) -> None:
    def cut(_: int) -> None:
        server.sql(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name_of(place)}'")  # noqa: S608 — its own

    with pytest.raises(StoreUnavailable):
        await copy(file, place, cut)
    assert await tables_of(place) == []


# --- memory ---


async def test_rows_come_by_their_bytes(file: Path, place: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """Never more than one beyond the limit at a time, from either side."""
    await copy(file, place)
    monkeypatch.setattr(copying, "BYTES", 1000)
    table = copying.Table("operator_mail", ("id", "content"), ("content",))
    audit = copying.Table("finding", ("sentence", "evidence"), ("sentence", "evidence"))
    connection = await asyncpg.connect(place.url)
    there = await connect(file, 1, read_only=True)
    try:
        async with connection.transaction():
            for one in (table, audit):
                here = [some async for some in copying.file_batches(there, one)]
                far = [some async for some in on_server._batches(connection, one)]
                for batches in (here, far):
                    assert all(sum(map(copying.weight, some[:-1])) < 1000 for some in batches)
                    assert sum(map(len, batches)) > len(batches) - 1 > 0
    finally:
        await connection.close()
        await there.close()


def name_of(place: Server) -> str:
    return str(place).rpartition("/")[2].partition("?")[0]


