"""A real store for each test, one kind after the other."""

from collections.abc import AsyncIterator, Callable, Iterator
from itertools import count
from pathlib import Path

import pytest
from fakes.gates import BeforeTheAccount, Gate, InTheWriter
from fakes.gateway import empty_database
from fakes.postgres import KINDS, Databases
from fakes.scan import breaches_of, found, values_with
from fakes.stores import Breaches, Columns, Kept, Look, Open

from gateway.core.ids import Ids
from gateway.core.keyed_hash import KeyedHash
from storage.administration import accounts
from storage.administration.act import Act
from storage.interface import Store
from storage.open import open_store
from storage.plan import Rows, Value, ask
from storage.sealing import Sealing
from storage.sqlite.store import SqliteStore

KEY = bytes(range(32))
NOW = 1_767_225_600_000  # 2026-01-01


def new_act() -> Act:
    chance = count()
    return Act("cli:tester", NOW, Ids(lambda: NOW, lambda: next(chance)), KeyedHash(KEY))


@pytest.fixture(autouse=True)
def _databases_are_given_back(databases: Databases) -> Iterator[None]:
    yield
    databases.give_back()


@pytest.fixture(scope="session", params=KINDS)
def open_empty(
    request: pytest.FixtureRequest, databases: Databases, tmp_path_factory: pytest.TempPathFactory
) -> Open:
    """Opens an empty store of each kind in a folder: `await open_empty(folder, act)`; the same again opens it again."""

    async def opened(folder: Path, act: Act) -> Store:
        if request.param == "postgres":
            return await open_store(await databases.of(folder), KEY, act.new_id)
        path = folder / "gateway.db"
        if not path.exists():
            empty_database(path, tmp_path_factory.getbasetemp() / "template.db")
        return await open_store(path, KEY, act.new_id)

    return opened


@pytest.fixture(scope="session")
def make_act() -> Callable[[], Act]:
    """Makes acts, for a test that needs one for each of its examples."""
    return new_act


@pytest.fixture
def act() -> Act:
    """An admin at a fixed moment, with ids that count."""
    return new_act()


@pytest.fixture
async def store(open_empty: Open, tmp_path: Path, act: Act) -> AsyncIterator[Store]:
    """An empty store."""
    opened = await open_empty(tmp_path, act)
    try:
        yield opened
    finally:
        await opened.close()


@pytest.fixture
def look(store: Store) -> Look:
    """Reads rows: `await look("SELECT … WHERE id = $1", value)`."""

    async def rows(sql: str, *values: Value) -> Rows:
        return await store.read(ask(sql, *values))

    return rows


@pytest.fixture
async def gate(store: Store, databases: Databases, tmp_path: Path) -> Gate:
    """Shut: work that is decided in the account "us" waits there."""
    if isinstance(store, SqliteStore):
        return InTheWriter()
    return await BeforeTheAccount.shut(await databases.of(tmp_path))


@pytest.fixture
def kept(store: Store, open_empty: Open, tmp_path: Path, act: Act) -> Kept:
    """`await kept(*markers)`: those that stand anywhere in the folder of a file, or in any value on a server."""

    async def traces(*markers: str) -> set[str]:
        if isinstance(store, SqliteStore):
            return found(tmp_path, *markers)
        look = await open_empty(tmp_path, act)  # the store may be closed by now
        try:
            return await look.read(values_with(*markers))
        finally:
            await look.close()

    return traces


@pytest.fixture
def breaches(store: Store) -> Breaches:
    """`await breaches()`: what the shipped script says of the store."""
    return lambda: store.read(breaches_of("sqlite" if isinstance(store, SqliteStore) else "postgres"))


@pytest.fixture
def columns(store: Store) -> Columns:
    """`await columns(table)`: the names of its columns."""
    catalogue = (
        "SELECT name FROM pragma_table_info($1)"
        if isinstance(store, SqliteStore)
        else "SELECT CAST(column_name AS text) FROM information_schema.columns WHERE table_name = $1"
    )

    async def names(table: str) -> list[str]:
        return [name for (name,) in await store.read(ask(catalogue, table))]

    return names


@pytest.fixture
async def account(store: Store, act: Act) -> str:
    """The id of an account whose own domain is us.example."""
    return await store.change(accounts.create(act, "us", ["us.example"]))


@pytest.fixture
def sealing() -> Sealing:
    """Seals with the same key; its randomness counts, so that it never repeats."""
    numbers = count(1)
    return Sealing(KEY, lambda size: next(numbers).to_bytes(size, "big"))
