"""Who follows decisions misses none and sees none twice, in whatever order they are committed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import asyncpg
import pytest
from fakes.deliveries import ANA, BCC, BOB, KEY, KEYED, Delivery, cases, keeper, mail
from fakes.postgres import MISSING, Databases
from fakes.world import load_world, seed

from gateway.core.decide import decide
from storage.administration.act import Act
from storage.interface import Store
from storage.open import open_store
from storage.place import Server
from storage.plan import ask
from storage.reads import Filter, newest, since

US = load_world()
ANY = Filter()
needs_postgres = pytest.mark.skipif(bool(MISSING), reason=MISSING)


@pytest.fixture
async def database(store: Store) -> Store:
    await store.change(seed(US, KEYED))
    return store


async def settle(store: Store, number: int) -> None:
    delivery = Delivery(mail(ANA, BOB, message_id=f"m{number}"), [BCC], ANA, trace_id=f"t{number}")
    await store.settle(cases(US, delivery), decide, keeper(delivery, US))


async def test_the_latest_are_shown_then_those_that_follow(database: Store) -> None:
    for number in range(3):
        await settle(database, number)
    seen, last = await database.read(newest(2, ANY))
    assert [d.trace_id for d in seen] == ["t1", "t2"]
    assert await database.read(since(last, ANY)) == ([], last)
    for number in range(3, 6):
        await settle(database, number)
    seen, last = await database.read(since(last, ANY, limit=2))
    assert [d.trace_id for d in seen] == ["t3", "t4"]
    seen, last = await database.read(since(last, ANY, limit=2))
    assert [d.trace_id for d in seen] == ["t5"]


async def test_what_is_not_wanted_is_passed_once(database: Store) -> None:
    _, start = await database.read(newest(0, ANY))
    await settle(database, 0)
    seen, last = await database.read(since(start, replace(ANY, outcome="held")))
    assert (seen, last > start) == ([], True)
    assert await database.read(since(last, ANY)) == ([], last)


# Of two transactions the one that began first, with lower ids, may end last.

_BEGIN = (
    "INSERT INTO decision (id, trace_id, account_id, channel, at, outcome, reason, size_class, retry_hash, flags,"
    " stages) VALUES ('{0}', '{0}', 'us', 'bcc', 0, 'skipped', 'x', 1, '{0}', '[]', '[]')"
)


@pytest.fixture
async def server(databases: Databases, tmp_path: Path) -> Server:
    return await databases.of(tmp_path)


@pytest.fixture
async def on_server(server: Server, act: Act) -> AsyncIterator[Store]:
    """A gateway's store; a file has one writer at a time."""
    made = await open_store(server, KEY, act.new_id)
    await made.change(seed(US, KEYED))
    yield made
    await made.close()


@pytest.fixture
async def writers(server: Server) -> AsyncIterator[list[asyncpg.Connection[asyncpg.Record]]]:
    """Two that write beside the store."""
    made = [await asyncpg.connect(server.url) for _ in range(2)]
    yield made
    for one in made:
        await one.close()


@needs_postgres
async def test_what_is_committed_late_is_not_missed(
    on_server: Store, writers: list[asyncpg.Connection[asyncpg.Record]]
) -> None:
    first, second = writers
    _, last = await on_server.read(newest(0, ANY))
    await first.execute(f"BEGIN; {_BEGIN.format('a')}")
    await second.execute(f"BEGIN; {_BEGIN.format('b')}; COMMIT")
    shown = []
    for step in ("SELECT 1", "COMMIT"):
        await first.execute(step)
        new, last = await on_server.read(since(last, ANY))
        shown += [d.id for d in new]
    assert shown == ["a", "b"]


@needs_postgres
async def test_by_id_alone_it_would_be_missed(
    on_server: Store, writers: list[asyncpg.Connection[asyncpg.Record]]
) -> None:
    """The control."""
    first, second = writers
    await first.execute(f"BEGIN; {_BEGIN.format('a')}")
    await second.execute(f"BEGIN; {_BEGIN.format('b')}; COMMIT")
    assert await on_server.read(ask("SELECT id FROM decision ORDER BY id DESC LIMIT 1")) == [("b",)]
    await first.execute("COMMIT")
    assert await on_server.read(ask("SELECT id FROM decision WHERE id > 'b'")) == []


@needs_postgres
async def test_many_gateways_at_once_are_followed_without_a_gap(
    on_server: Store, server: Server, act: Act
) -> None:
    others = [await open_store(server, KEY, act.new_id) for _ in range(2)]
    shown: list[str] = []
    _, last = await on_server.read(newest(0, ANY))
    writing = asyncio.gather(*(settle(others[n % 2], n) for n in range(30)))
    while len(shown) < 30:
        await on_server.news(0.5)
        new, last = await on_server.read(since(last, ANY, limit=7))
        shown += [d.trace_id for d in new]
    await writing
    assert sorted(shown) == sorted(f"t{n}" for n in range(30))
    for other in others:
        await other.close()


@needs_postgres
async def test_word_of_another_gateways_decision_comes_at_once(
    on_server: Store, server: Server, act: Act
) -> None:
    """Well before who waits would look by himself."""
    other = await open_store(server, KEY, act.new_id)
    await on_server.news(0)  # from now on it listens
    await settle(other, 1)
    async with asyncio.timeout(60):
        await on_server.news(3600)
    await other.close()


async def test_without_word_it_is_looked_all_the_same(database: Store) -> None:
    await database.news(0.01)


@needs_postgres
async def test_what_was_restored_from_another_server_stands_before_what_comes(
    on_server: Store, server: Server, act: Act
) -> None:
    """A dump brings the numbers of its server's transactions along."""
    await settle(on_server, 1)
    await on_server.change(ask("UPDATE decision SET recorded_in = 4000000000000"))
    assert (await on_server.read(newest(5, ANY)))[0] == []
    serving = await open_store(server, KEY, act.new_id, serving=True)
    seen, last = await serving.read(newest(5, ANY))
    assert ([d.trace_id for d in seen], last[0]) == (["t1"], 0)
    await settle(serving, 2)
    seen, _ = await serving.read(since(last, ANY))
    assert [d.trace_id for d in seen] == ["t2"]
    await serving.close()
