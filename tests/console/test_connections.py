"""Connections to the console: how many of one client, how long each may take, and what it is told by a proxy."""

from __future__ import annotations

import asyncio
import resource
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest
from fakes.desk import HOST, Desk
from starlette.requests import Request

from config.settings import Console, Settings
from gateway.app import FaultError, checked
from gateway.console.callers import client
from gateway.console.limits import CONNECTIONS, CONNECTIONS_OF_CLIENT
from gateway.console.server import Server
from gateway.smtp.limits import SmtpLimits

Open = Callable[[], Awaitable[tuple[asyncio.StreamReader, asyncio.StreamWriter]]]


@asynccontextmanager
async def served(desk: Desk, patience: float = 30) -> AsyncIterator[Open]:
    sock = socket.create_server(("127.0.0.1", 0))
    server = Server(sock, desk.office, patience)
    writers: list[asyncio.StreamWriter] = []

    async def connect() -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        reader, writer = await asyncio.open_connection(*sock.getsockname())
        writers.append(writer)
        return reader, writer

    await asyncio.sleep(0.1)  # uvicorn tells nobody that it has begun
    try:
        yield connect
    finally:
        for writer in writers:
            writer.close()
        await server.stop()


@pytest.mark.parametrize(
    "begun", [b"", b"GET /sign-in HTTP/1.1\r\nHo", b"POST /sign-in HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nab"]
)
async def test_who_is_slow_to_ask_is_sent_away(desk: Desk, begun: bytes) -> None:
    async with served(desk, patience=0.2) as connect:
        reader, writer = await connect()
        writer.write(begun)
        async with asyncio.timeout(10):
            answer = await reader.read()
        assert answer.startswith((b"HTTP/1.1 408", b"HTTP/1.1 421"))


async def test_who_asked_in_time_may_wait_for_the_answer_as_long_as_it_takes(desk: Desk) -> None:
    async with served(desk, patience=0.2) as connect:
        reader, writer = await connect()
        session = f"Cookie: __Host-session={desk.secrets['ana']}\r\n"
        writer.write(f"GET /api/v1/events HTTP/1.1\r\nHost: {HOST}\r\n{session}\r\n".encode())
        await reader.readuntil(b"retry:")
        await asyncio.sleep(0.5)
        assert not reader.at_eof()


async def test_one_client_has_so_many_connections_and_no_more(desk: Desk) -> None:
    async with served(desk) as connect:
        for _ in range(CONNECTIONS_OF_CLIENT):
            await connect()
        await asyncio.sleep(0.1)
        reader, _ = await connect()
        async with asyncio.timeout(10):
            assert (await reader.read()).startswith(b"HTTP/1.1 429")


async def test_what_a_client_says_of_its_address_counts_only_from_a_proxy_of_ours(desk: Desk) -> None:
    told = [(b"x-forwarded-for", b"198.51.100.9"), (b"x-forwarded-for", b"203.0.113.5, 192.0.2.7")]
    for proxied, expected in ((False, "127.0.0.1"), (True, "192.0.2.7")):
        state = {"office": replace(desk.office, proxied=proxied)}
        scope = {"type": "http", "headers": told, "client": ("127.0.0.1", 1), "state": state}
        assert client(Request(scope)) == expected


async def test_streams_end_at_once_when_the_gateway_stops(desk: Desk) -> None:
    async with served(desk) as connect:
        reader, writer = await connect()
        session = f"Cookie: __Host-session={desk.secrets['ana']}\r\n"
        writer.write(f"GET /api/v1/events HTTP/1.1\r\nHost: {HOST}\r\n{session}\r\n".encode())
        await reader.readuntil(b"retry:")
        await desk.office.news.close()
        async with asyncio.timeout(10):
            assert await reader.readuntil(b"\r\n0\r\n\r\n")


def test_their_number_is_counted_among_the_open_files(monkeypatch: pytest.MonkeyPatch) -> None:
    needed = 2 * SmtpLimits().connections + 200 + CONNECTIONS
    monkeypatch.setattr(resource, "getrlimit", lambda _: (needed - 1, needed - 1))
    assert checked(Settings(domain="log.example")) == (None, None)
    with pytest.raises(FaultError, match=f"need {needed} open files"):
        checked(Settings(domain="log.example", console=Console(listen="127.0.0.1:8025")))
    monkeypatch.setattr(resource, "getrlimit", lambda _: (needed, needed))
    assert checked(Settings(domain="log.example", console=Console(listen="127.0.0.1:8025"))) == (None, None)
