"""A gateway whose console is attacked goes on taking mail."""

from __future__ import annotations

import asyncio
import re
import smtplib
from contextlib import suppress

from fakes.deliveries import ANA, BOB, mail

from gateway.console.limits import CONNECTIONS_OF_CLIENT
from tests.running_gateway import Gateway

GIGABYTE = 1 << 30


def address(console: Gateway) -> tuple[str, int]:
    found = re.search(r'"url":\s*"http://([^":]+):(\d+)"', console.log())
    assert found, console.log()
    return found[1], int(found[2])


async def asked(console: Gateway, request: bytes, body: bytes = b"", times: int = 1) -> bytes:
    """The beginning of the answer."""
    reader, writer = await asyncio.open_connection(*address(console))
    with suppress(ConnectionError):
        writer.write(request)
        for _ in range(times):
            writer.write(body)
            await writer.drain()
    try:
        async with asyncio.timeout(20):
            return await reader.read(1000)
    except ConnectionError:
        return b""
    finally:
        writer.close()


def deliver(console: Gateway, count: int) -> list[int]:
    with smtplib.SMTP("127.0.0.1", console.port, timeout=30) as client:
        client.ehlo("client.example")
        answers = []
        for number in range(count):
            client.mail("ana@us.example")
            client.rcpt(console.addresses["bcc"])
            answers.append(client.data(mail(ANA, BOB, message_id=str(number)))[0])
        return answers


async def test_mail_is_taken_whatever_is_done_to_the_console(console: Gateway) -> None:
    host, port = address(console)
    idle = [await asyncio.open_connection(host, port) for _ in range(300)]
    delivering = asyncio.create_task(asyncio.to_thread(deliver, console, 20))
    refused = await asked(console, b"GET / HTTP/1.1\r\n")
    assert refused.startswith(b"HTTP/1.1 429")
    assert await delivering == [250] * 20
    for _, writer in idle:
        writer.close()
    await asyncio.sleep(0.5)
    head = f"POST /sign-in HTTP/1.1\r\nHost: {host}:{port}\r\n".encode()
    delivering = asyncio.create_task(asyncio.to_thread(deliver, console, 20))
    declared = await asked(console, head + f"Content-Length: {GIGABYTE}\r\n\r\n".encode(), b"x" * 65536, 64)
    assert declared.startswith(b"HTTP/1.1 413"), declared
    chunk = b"10000\r\n" + b"x" * 65536 + b"\r\n"
    counted = await asked(console, head + b"Transfer-Encoding: chunked\r\n\r\n", chunk, 64)
    assert counted.startswith(b"HTTP/1.1 413") or counted == b"", counted
    assert (await asked(console, b"\0\xff" * 50_000)).startswith(b"HTTP/1.1 400")
    assert await delivering == [250] * 20
    page = await asked(console, f"GET /sign-in HTTP/1.1\r\nHost: {host}:{port}\r\nConnection: close\r\n\r\n".encode())
    assert page.startswith(b"HTTP/1.1 200")
    assert "Traceback" not in console.log()
    assert CONNECTIONS_OF_CLIENT < 300
