"""The stream of decisions: whose it is, that nothing is left out, and that many listeners cost the store no more."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager

import pytest
from fakes.deliveries import ANA, BOB, mail
from fakes.desk import Desk
from starlette.requests import Request

from gateway.console.api.events import _events
from gateway.console.callers import COOKIE, caller
from storage import reads
from storage.errors import StoreUnavailable
from storage.reads import Position


def request(desk: Desk, name: str) -> Request:
    cookie = f"{COOKIE}={desk.secrets[name]}".encode()
    state = {"office": desk.office}
    return Request({"type": "http", "method": "GET", "headers": [(b"cookie", cookie)], "state": state})


@asynccontextmanager
async def listening(desk: Desk, name: str, last: Position | None = None) -> AsyncIterator[AsyncGenerator[str, None]]:
    asked = request(desk, name)
    stream = _events(asked, desk.office, await caller(asked, desk.office), last)
    assert (await anext(stream)).startswith("retry")
    yield stream
    await stream.aclose()


async def next_decision(stream: AsyncIterator[str]) -> dict[str, object]:
    async with asyncio.timeout(20):
        async for event in stream:
            if event.startswith("event: decision"):
                found: dict[str, object] = json.loads(event.partition("data: ")[2])
                return found
    raise AssertionError


async def test_each_decision_is_told_once_and_in_order(desk: Desk) -> None:
    async with listening(desk, "ana") as stream:
        for number in range(3):
            await desk.receive(mail(ANA, BOB, message_id=str(number)))
        told = [await next_decision(stream) for _ in range(3)]
    found = await desk.store.read(reads.page(desk.account_ids["us"], reads.Filter()))
    assert [one["id"] for one in told] == [decision.id for decision in reversed(found)]


async def test_who_comes_back_hears_what_was_decided_meanwhile(desk: Desk) -> None:
    await desk.receive(mail(ANA, BOB, message_id="1"))
    first = (await desk.store.read(reads.page(desk.account_ids["us"], reads.Filter())))[0]
    await desk.receive(mail(ANA, BOB, message_id="2"))
    place = await desk.store.read(reads.position(desk.account_ids["us"], first.id))
    assert place is not None
    async with listening(desk, "ana", last=place) as stream:
        assert (await next_decision(stream))["id"] != first.id


async def test_another_accounts_decision_is_no_place_to_go_on_from(desk: Desk) -> None:
    await desk.receive(mail(ANA, BOB))
    [decision] = await desk.store.read(reads.page(desk.account_ids["us"], reads.Filter()))
    assert await desk.store.read(reads.position(desk.account_ids["them"], decision.id)) is None


async def test_a_session_that_was_ended_hears_nothing_more(desk: Desk) -> None:
    async with desk.client("dan") as dan, listening(desk, "dan") as stream:
        await dan.post("/sign-out")
        await desk.receive(mail(ANA, BOB))
        async with asyncio.timeout(20):
            assert [event async for event in stream if event.startswith("event")] == []


async def test_a_stream_ends_where_the_store_is_gone(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    async def gone(*_: object) -> None:
        raise StoreUnavailable

    async with listening(desk, "ana") as stream:
        monkeypatch.setattr(desk.store, "read", gone)
        async with asyncio.timeout(20):
            assert [event async for event in stream] == []
    assert desk.office.news.streams[desk.ids["ana"]] == 0


async def test_one_looks_for_all_who_wait(desk: Desk) -> None:
    looks = 0
    news = desk.store.news

    async def counted(patience: float) -> None:
        nonlocal looks
        looks += 1
        await news(patience / 20)

    desk.store.news = counted  # type: ignore[method-assign]
    for _ in range(100):
        desk.office.news.listen()
    await asyncio.sleep(0.3)
    assert 0 < looks < 20
