"""A migration on PostgreSQL whose connection is lost, or that meets another one: all of it or nothing is done."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import asyncpg
import pytest
from fakes.postgres import MISSING, PostgresServer

from storage.errors import StoreError
from storage.open import migrate, status
from storage.place import Server

pytestmark = pytest.mark.skipif(bool(MISSING), reason=MISSING)
AT_ONCE = 4


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    with PostgresServer() as made:
        yield made


def looks(server: PostgresServer, place: Server) -> list[list[str]]:
    """Every column of every table."""
    return server.sql(
        "SELECT table_name, column_name, data_type, is_nullable FROM information_schema.columns"
        " WHERE table_schema = 'public' ORDER BY 1, 2",
        place.url.partition("?")[0].rpartition("/")[2],
    )


class Lost:
    """The connection is lost at some statement; so it is for the server, too, where the gateway dies."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.left = 0
        for name in ("fetch", "execute"):
            monkeypatch.setattr(asyncpg.Connection, name, self._counting(getattr(asyncpg.Connection, name)))

    def _counting(self, method: Any) -> Any:
        async def counted(connection: asyncpg.Connection[asyncpg.Record], *args: Any, **kwargs: Any) -> Any:
            self.left -= 1
            if self.left == 0:
                connection.terminate()
            return await method(connection, *args, **kwargs)

        return counted


async def lose(server: PostgresServer, lost: Lost, statements: range) -> int:
    """Loses the connection before each of these statements, as far as there are so many; how many times it did."""
    whole = server.place(server.create())
    await migrate(whole, 0)
    for times, number in enumerate(statements):
        place = server.place(server.create())
        lost.left = number
        try:
            await migrate(place, 0)
        except StoreError:
            lost.left = 0
        else:
            assert lost.left > 0
            return times
        assert looks(server, place) in ([], looks(server, whole)), number
        await migrate(place, 0)
        assert looks(server, place) == looks(server, whole), number
    raise AssertionError("there is no end to its statements")


async def test_a_migration_that_loses_its_connection_has_done_all_or_nothing(
    server: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert await lose(server, Lost(monkeypatch), range(2, 1000, 29)) > 2


@pytest.mark.prove
async def test_a_migration_that_loses_its_connection_at_any_statement_has_done_all_or_nothing(
    server: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    print(f"\nlost at each of {await lose(server, Lost(monkeypatch), range(1, 1000))} statements")


async def test_of_several_at_once_one_does_it(server: PostgresServer) -> None:
    place = server.place(server.create())
    done = await asyncio.gather(*(migrate(place, 0) for _ in range(AT_ONCE)))
    assert sorted(len(applied) for applied in done) == [0] * (AT_ONCE - 1) + [(await status(place))[1]]
