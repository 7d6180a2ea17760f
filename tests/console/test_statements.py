"""What a page asks of the store doesn't grow with what is in it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TypeVar

from console.test_pages import PAGES
from fakes.deliveries import ANA, BOB, mail
from fakes.desk import Desk

from storage.plan import Plan

T = TypeVar("T")
MORE = 30
SHOWN = ("/activities/{activity}", "/decisions/{decision}", "/contacts/{contact}", "/users/{user}", "/held/{held}")
API = ("activities", "decisions", "contacts", "users", "held", "overview", "never-log", "audit", "sources", "tokens")


class Counter:
    """The statements of a store's reads and changes."""

    def __init__(self) -> None:
        self.count = 0

    def counted(self, plan: Plan[T]) -> Plan[T]:
        try:
            statement = next(plan)
            while True:
                self.count += "pg_notify" not in statement.sql  # the store's own, whenever it likes
                statement = plan.send((yield statement))
        except StopIteration as end:
            result: T = end.value
            return result


@asynccontextmanager
async def counting(desk: Desk) -> AsyncIterator[Counter]:
    counter, read = Counter(), desk.store.read
    desk.store.read = lambda plan: read(counter.counted(plan))  # type: ignore[method-assign]
    yield counter
    desk.store.read = read  # type: ignore[method-assign]


async def statements(desk: Desk, paths: list[str]) -> dict[str, int]:
    """How many each path takes."""
    found = {}
    async with counting(desk) as counter, desk.client("ana") as ana:
        for path in paths:
            counter.count = 0
            assert (await ana.get(path)).status_code == 200, path
            found[path] = counter.count
    return found


async def fill(desk: Desk, first: int, count: int) -> None:
    """Logged and held messages, each with a contact of its own, and entries, users and sources."""
    async with desk.client("ana") as ana:
        for number in range(first, first + count):
            await desk.receive(mail(ANA, f"c{number}@client.example", cc=BOB, message_id=f"l{number}"))
            held = mail(ANA, "somebody", text="nothing forwarded in here", message_id=f"h{number}")
            await desk.receive(held, "forward")
            await ana.post("/api/v1/never-log", json={"pattern": f"*@private{number}.example"})
            await ana.post("/api/v1/users", json={"name": f"U{number}", "address": f"u{number}@us.example"})
            source = {"name": f"mx{number}", "network": f"198.51.100.{number}", "channels": ["relay"]}
            await ana.post("/api/v1/sources", json=source)
            await ana.post("/api/v1/tokens", json={"name": f"t{number}", "scopes": ["read"]})


async def paths(desk: Desk) -> list[str]:
    async with desk.client("ana") as ana:

        async def first(kind: str) -> str:
            found = (await ana.get(f"/api/v1/{kind}")).json()
            return str((found if isinstance(found, list) else found["items"])[0]["id"])

        places = {name: await first(kind) for name, kind in zip(PLACES, KINDS, strict=True)}
    return [*PAGES, *(path.format(**places) for path in SHOWN), *(f"/api/v1/{name}" for name in API)]


PLACES = ("activity", "decision", "contact", "user", "held")
KINDS = ("activities", "decisions", "contacts", "users", "held")


async def test_a_page_takes_as_many_statements_however_much_there_is(desk: Desk) -> None:
    await fill(desk, 0, 2)
    same = await paths(desk)
    before = await statements(desk, same)
    await fill(desk, 2, MORE)
    assert await statements(desk, same) == before
    assert max(before.values()) < 30, before
