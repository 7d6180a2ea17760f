"""A real store for each test, one kind after the other."""

from collections.abc import AsyncIterator, Awaitable, Callable
from itertools import count
from pathlib import Path

import pytest

from gateway.core.ids import Ids
from gateway.core.keyed_hash import KeyedHash
from storage.administration import accounts
from storage.administration.act import Act
from storage.interface import Store
from storage.migrate import migrate
from storage.open import open_store
from storage.plan import Rows, Value, ask
from storage.sealing import Sealing

KEY = bytes(range(32))
NOW = 1_767_225_600_000  # 2026-01-01

Look = Callable[..., Awaitable[Rows]]


async def sqlite(folder: Path, new_id: Callable[[], str]) -> Store:
    path = folder / "gateway.db"
    migrate(path, NOW)
    return await open_store(path, KEY, new_id)


STORES = {"sqlite": sqlite}

Open = Callable[[Path, Act], Awaitable[Store]]


def new_act() -> Act:
    chance = count()
    return Act("cli:tester", NOW, Ids(lambda: NOW, lambda: next(chance)), KeyedHash(KEY))


@pytest.fixture(scope="session", params=list(STORES))
def open_empty(request: pytest.FixtureRequest) -> Open:
    """Opens an empty store of each kind in a folder: `await open_empty(folder, act)`."""
    kind = STORES[request.param]

    async def opened(folder: Path, act: Act) -> Store:
        return await kind(folder, act.new_id)

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
async def account(store: Store, act: Act) -> str:
    """The id of an account whose own domain is us.example."""
    return await store.change(accounts.create(act, "us", ["us.example"]))


@pytest.fixture
def sealing() -> Sealing:
    """Seals with the same key; its randomness counts, so that it never repeats."""
    numbers = count(1)
    return Sealing(KEY, lambda size: next(numbers).to_bytes(size, "big"))
