"""One attempt against servers of every kind: what is sent, where it goes, and what is made of what comes back."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from fakes.certificates import make_pair
from standardwebhooks import Webhook

from gateway.clock import now
from gateway.webhooks.limits import WebhookLimits
from gateway.webhooks.post import Answer, Post

SECRETS = ("whsec_bmV3", "whsec_b2xk")
BODY = b'{"subject": "\xc3\xa9"}'
LIMITS = WebhookLimits(loopback=True, timeout=10)
SHORT = replace(LIMITS, timeout=0.3)
Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def saying(answer: bytes) -> tuple[Serve, list[bytes]]:
    """A server that says this to whatever it is told, and what it was told."""
    told: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        length = next(int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length"))
        told.append(head + await reader.readexactly(length))
        writer.write(answer)

    return serve, told


def status(line: str, *headers: str) -> bytes:
    return "\r\n".join([f"HTTP/1.1 {line}", *headers, "Content-Length: 0", "", ""]).encode()


@asynccontextmanager
async def served(serve: Serve, context: ssl.SSLContext | None = None) -> AsyncIterator[int]:
    """Its port on loopback."""

    async def client(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await serve(reader, writer)
        except (OSError, asyncio.IncompleteReadError):
            pass  # whoever asked is gone
        finally:
            writer.close()

    server = await asyncio.start_server(client, "127.0.0.1", 0, ssl=context)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()


async def post(url: str, limits: WebhookLimits = LIMITS, *found: str) -> Answer:
    async def look_up(_: str, __: int) -> Sequence[str]:
        return found or ["127.0.0.1"]

    return await Post(limits, look_up).send(url, "event", BODY, SECRETS, now())


# --- what is sent ---


async def test_it_is_signed_so_that_its_own_library_accepts_it() -> None:
    serve, told = saying(status("204 No Content"))
    async with served(serve) as port:
        assert await post(f"http://crm.example:{port}/hook?a=b") == Answer("")
    head, _, body = told[0].partition(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    headers = dict(line.split(": ", 1) for line in lines)
    assert (first, headers["Host"]) == ("POST /hook?a=b HTTP/1.1", f"crm.example:{port}")
    assert (body, headers["Webhook-Id"], headers["Content-Type"]) == (BODY, "event", "application/json")
    for secret in SECRETS:
        assert Webhook(secret).verify(body, headers) == {"subject": "é"}
    with pytest.raises(Exception, match="signature"):
        Webhook("whsec_ZXZl").verify(body, headers)


# --- what comes back ---


@pytest.mark.parametrize("code", ["200 OK", "201 Created", "299 Fine"])
async def test_any_2xx_is_a_delivery(code: str) -> None:
    async with served(saying(status(code))[0]) as port:
        assert await post(f"http://crm.example:{port}/") == Answer("")


@pytest.mark.parametrize("code", ["301 Moved", "302 Found", "307 Temporary", "308 Permanent"])
async def test_a_redirect_is_a_failure_and_followed_by_nobody(code: str) -> None:
    elsewhere, asked = saying(status("200 OK"))
    async with served(elsewhere) as other:
        leads = status(code, f"Location: http://127.0.0.1:{other}/")
        async with served(saying(leads)[0]) as port:
            assert await post(f"http://crm.example:{port}/") == Answer(f"http.{code[:3]}")
    assert asked == []


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        *(("120", 120), ("Wed, 21 Oct 2015 07:28:00 GMT", 0), ("soon", 0), ("-5", 0), ("9" * 40, 1e40), ("", 0)),
        *(("Mon, 01 Jan 99999999999 00:00:00 GMT", 0), ("Mon, 99999999999999999999 Jan 2030 00:00:00 GMT", 0)),
        *(("Mon, 01 Jan 2015 99999999999:00:00 GMT", 0), ("Mon, 01 Jan 2015 00:00:00 +99999999999999", 0)),
        ("Mon, 01 Jan 0001 00:00:00 +1400", 0),
    ],
)
async def test_it_is_read_how_long_it_wants_to_be_left_alone(header: str, seconds: float) -> None:
    async with served(saying(status("503 No", f"Retry-After: {header}"))[0]) as port:
        assert await post(f"http://crm.example:{port}/") == Answer("http.503", pytest.approx(seconds))


async def test_one_that_is_gone_says_so() -> None:
    async with served(saying(status("410 Gone"))[0]) as port:
        assert (await post(f"http://crm.example:{port}/")).gone


async def hangs(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
    await reader.read()


async def dribbles(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")
    while True:
        writer.write(b"H")
        await writer.drain()
        await asyncio.sleep(0.01)


async def closes(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")
    writer.write(b"HTTP/1.1 2")


async def babbles(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")
    while True:
        writer.write(b"220 mail.example ESMTP\r\n" * 1000)
        await writer.drain()


async def never_ends_its_header(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")
    writer.write(b"HTTP/1.1 200 OK\r\n")
    while True:
        writer.write(b"X-A: " + b"a" * 10_000 + b"\r\n")
        await writer.drain()


@pytest.mark.parametrize(
    ("serve", "failure"),
    [
        (hangs, "timeout"),
        (dribbles, "timeout"),
        (closes, "connection.broken"),
        (babbles, "connection.broken"),
        (never_ends_its_header, "connection.broken"),
    ],
)
async def test_whatever_else_it_does_is_a_failure_in_time(serve: Serve, failure: str) -> None:
    async with served(serve) as port, asyncio.timeout(60):
        limits = SHORT if failure == "timeout" else LIMITS
        assert await post(f"http://crm.example:{port}/", limits) == Answer(failure)


async def test_of_an_endless_answer_nothing_is_read_but_the_status() -> None:
    sent = 0

    async def endless(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            writer.write(b"a" * 65536)
            await writer.drain()
            sent += 65536

    async with served(endless) as port:
        assert await post(f"http://crm.example:{port}/") == Answer("")
    assert sent < 20 * 1024 * 1024  # what the sockets hold


async def test_where_nobody_listens_it_is_refused() -> None:
    async with served(hangs) as port:
        pass
    assert await post(f"http://crm.example:{port}/") == Answer("connection.refused")


# --- where it goes ---


async def test_it_goes_to_the_address_that_was_vetted_whatever_the_name_means_a_moment_later() -> None:
    """C13: the name is looked up once, and the connection made to what was found then."""
    serve, told = saying(status("200 OK"))
    asked: list[str] = []

    async def changing(host: str, _: int) -> Sequence[str]:
        asked.append(host)
        return ["127.0.0.1"] if len(asked) == 1 else ["169.254.169.254"]

    async with served(serve) as port:
        made = Post(LIMITS, changing)
        url = f"http://crm.example:{port}/"
        assert await made.send(url, "event", BODY, SECRETS, now()) == Answer("")
        assert (asked, len(told)) == (["crm.example"], 1)
        assert await made.send(url, "event", BODY, SECRETS, now()) == Answer("address.refused")
    assert (len(asked), len(told)) == (2, 1)


@pytest.mark.parametrize("found", [("10.0.0.1",), ("127.0.0.1", "10.0.0.1"), ("169.254.169.254", "8.8.8.8"), ("::1",)])
async def test_one_address_that_is_not_allowed_is_enough(found: tuple[str, ...]) -> None:
    serve, told = saying(status("200 OK"))
    async with served(serve) as port:
        strict = replace(LIMITS, loopback=False)
        assert await post(f"https://crm.example:{port}/", strict, *found) == Answer("address.refused")
        if "127.0.0.1" in found:
            assert await post(f"http://crm.example:{port}/", LIMITS, *found) == Answer("address.refused")
    assert told == []


async def test_a_proxy_in_the_environment_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    proxy, asked = saying(status("200 OK"))
    serve, told = saying(status("200 OK"))
    async with served(proxy) as between, served(serve) as port:
        for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{between}")
        assert await post(f"http://crm.example:{port}/") == Answer("")
    assert (asked, len(told)) == ([], 1)


async def test_a_name_that_has_no_address_or_is_slow_to_be_found_is_a_failure() -> None:
    async def none(_: str, __: int) -> Sequence[str]:
        raise OSError

    async def slow(_: str, __: int) -> Sequence[str]:
        await asyncio.Event().wait()
        return ()

    assert await Post(SHORT, none).send("http://x.example/", "e", BODY, SECRETS, 0) == Answer("lookup.failed")
    assert await Post(SHORT, slow).send("http://x.example/", "e", BODY, SECRETS, 0) == Answer("timeout")


async def test_the_systems_own_look_up_knows_this_machine() -> None:
    serve, told = saying(status("200 OK"))
    async with served(serve) as port:
        made = Post(LIMITS)
        assert await made.send(f"http://127.0.0.1:{port}/", "event", BODY, SECRETS, now()) == Answer("")
        assert await made.send("http://nothing.invalid/", "event", BODY, SECRETS, now()) == Answer("lookup.failed")
    assert len(told) == 1


# --- certificates ---


async def test_a_certificate_counts_for_its_name_and_by_an_authority_that_is_believed(tmp_path: Path) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*make_pair(tmp_path, "crm.example", datetime.now(UTC) - timedelta(days=1), 9, issued=True))
    limits = replace(LIMITS, ca_file=tmp_path / "ca.pem")
    serve, told = saying(status("200 OK"))
    async with served(serve, context) as port:
        assert await post(f"https://crm.example:{port}/", limits) == Answer("")
        assert await post(f"https://other.example:{port}/", limits) == Answer("tls.failed")
        assert await post(f"https://crm.example:{port}/") == Answer("tls.failed")
        lost = replace(LIMITS, ca_file=tmp_path / "lost.pem")
        assert await post(f"https://crm.example:{port}/", lost) == Answer("ca_file.unreadable")
    assert len(told) == 1


async def test_where_there_is_no_tls_nothing_is_told() -> None:
    heard = b""

    async def says_no(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal heard
        heard += await reader.read(5000)
        writer.write(status("400 Bad Request"))

    async with served(says_no) as port:
        assert await post(f"https://crm.example:{port}/") == Answer("tls.failed")
    async with served(hangs) as port:
        assert await post(f"https://crm.example:{port}/", replace(LIMITS, timeout=3)) == Answer("timeout")
    assert heard
    assert b"subject" not in heard
