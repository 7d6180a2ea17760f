"""PROXY headers: who the client is said to be, and by whom."""

from __future__ import annotations

import ipaddress
import ssl

import pytest
from hypothesis import given
from hypothesis import strategies as st
from smtp_fakes import FakeJourney, client_context, serving, until

from gateway.core.model import Login, Peer
from gateway.smtp.listener import Listener
from gateway.smtp.proxy_header import Bad, Header, header

SIGNATURE = b"\r\n\r\n\x00\r\nQUIT\n"
BEHIND = Listener(proxies=(ipaddress.ip_network("127.0.0.0/8"),))
addresses = st.ip_addresses()
ports = st.integers(0, 65535)


def version_1(client: ipaddress.IPv4Address | ipaddress.IPv6Address, port: int) -> bytes:
    return f"PROXY TCP{client.version} {client} {client} {port} 25\r\n".encode()


def version_2(client: ipaddress.IPv4Address | ipaddress.IPv6Address, port: int, more: bytes = b"") -> bytes:
    family = b"\x11" if client.version == 4 else b"\x21"
    body = client.packed * 2 + port.to_bytes(2, "big") + b"\0\x19" + more
    return SIGNATURE + b"\x21" + family + len(body).to_bytes(2, "big") + body


@given(addresses, ports, st.binary(max_size=200), st.binary(max_size=200))
def test_a_header_says_who_the_client_is_and_where_it_ends(
    client: ipaddress.IPv4Address | ipaddress.IPv6Address, port: int, more: bytes, rest: bytes
) -> None:
    for one in (version_1(client, port), version_2(client, port, more)):
        found = header(one + rest)
        assert isinstance(found, Header)
        assert (ipaddress.ip_address(found.client), found.length) == (client, len(one))


@given(addresses, ports, st.data())
def test_a_part_of_a_header_is_no_header_yet(
    client: ipaddress.IPv4Address | ipaddress.IPv6Address, port: int, data: st.DataObject
) -> None:
    for one in (version_1(client, port), version_2(client, port)):
        assert header(one[: data.draw(st.integers(0, len(one) - 1))]) is Bad.INCOMPLETE


@given(st.binary(max_size=300), st.sampled_from([b"", b"PROXY ", b"PROXY TCP4 ", SIGNATURE, SIGNATURE + b"\x21\x11"]))
def test_any_bytes_are_judged_and_nothing_beyond_them_is_taken(rest: bytes, beginning: bytes) -> None:
    found = header(beginning + rest)
    if isinstance(found, Header):
        assert found.length <= len(beginning + rest)
        assert not found.client or ipaddress.ip_address(found.client)


@given(
    st.binary(min_size=1100, max_size=1200),
    st.sampled_from([b"PROXY ", SIGNATURE + b"\x21\x11", SIGNATURE + b"\x20\0"]),
)
def test_no_header_goes_on_for_ever(rest: bytes, beginning: bytes) -> None:
    assert header(beginning + rest.replace(b"\n", b"x")) is not Bad.INCOMPLETE


@pytest.mark.parametrize(
    "line",
    [
        *("PROXY UNKNOWN", "PROXY UNKNOWN 192.0.2.1 192.0.2.2 1 25", "PROXY UDP4 192.0.2.1 192.0.2.2 1 25"),
        *("PROXY TCP4 999.1.1.1 192.0.2.2 1 25", "PROXY TCP4 192.0.2.01 192.0.2.2 1 25", "PROXY TCP4 192.0.2.1 1 25"),
        *("PROXY TCP4 192.0.2.1 192.0.2.2 65536 25", "PROXY TCP4 192.0.2.1 192.0.2.2 01 25", "proxy TCP4 a b 1 25"),
        *("PROXY TCP6 192.0.2.1 192.0.2.2 1 25", "PROXY TCP4 2001:db8::1 2001:db8::2 1 25", "EHLO client.example"),
        *(
            "PROXY TCP6 fe80::1%eth0 2001:db8::2 1 25",
            "PROXY  TCP4 192.0.2.1 192.0.2.2 1 25",
            "PROXY TCP4 " + "1" * 200,
        ),
    ],
)
def test_what_is_no_line_of_the_first_version_is_none(line: str) -> None:
    assert header(line.encode() + b"\r\n") is Bad.MALFORMED
    assert header(b"PROXY TCP4 192.0.2.1 192.0.2.2 1 25\n") is Bad.MALFORMED


@pytest.mark.parametrize(
    "head",
    [
        *(b"\x11\x11\x00\x0c", b"\x31\x11\x00\x0c", b"\x22\x11\x00\x0c"),  # another version, another command
        *(b"\x21\x00\x00\x0c", b"\x21\x12\x00\x0c", b"\x21\x31\x00\x0c", b"\x21\x32\x00\xd8"),  # no TCP
        *(b"\x21\x11\x00\x0b", b"\x21\x21\x00\x23", b"\x21\x11\x00\x00"),  # no room for its addresses
        *(b"\x21\x11\x03\xf1", b"\x21\x11\xff\xff", b"\x20\x00\xff\xff"),  # longer than a header may be
    ],
)
def test_what_is_no_header_of_the_second_version_is_none(head: bytes) -> None:
    assert header(SIGNATURE + head + bytes(70_000)) is Bad.MALFORMED


def test_a_proxy_may_speak_for_itself_whatever_else_it_says() -> None:
    assert header(SIGNATURE + b"\x20\x31\x00\x03abcEHLO") == Header("", 19)


async def test_the_client_of_the_header_is_the_one_that_counts() -> None:
    seen: list[str] = []

    class Watching(FakeJourney):
        async def peer(self, ip: str, login: Login | None, certificate: str) -> Peer:
            seen.append(ip)
            return await super().peer(ip, login, certificate)

    async with serving(Watching(), listener=BEHIND, connections_per_ip=1, connections_per_source=1) as running:
        clients = []
        for line in (b"TCP4 192.0.2.1 192.0.2.2", b"TCP6 ::ffff:192.0.2.7 ::1", b"TCP4 192.0.2.1 192.0.2.2"):
            clients.append(await running.connect())
            await clients[-1].send(b"PROXY " + line + b" 1 25\r\n")
            await clients[-1].reply()
        assert seen == ["192.0.2.1", "192.0.2.7"]
        assert ("connection_refused", "192.0.2.1", "limit") in running.events.seen
        assert set(running.server._shared.connections._networks) == {"192.0.2.1", "192.0.2.7"}
        for client in clients:
            await client.close()


async def test_proxies_that_say_nothing_are_bounded_and_gone_when_the_server_stops() -> None:
    async with serving(listener=BEHIND, connections=2, reserved_for_sources=0) as running:
        waiting = [await running.connect(), await running.connect()]
        await until(lambda: len(running.server._shared.proxied) == 2)
        third = await running.connect()
        assert await third.rest() == b""
        assert ("connection_refused", "127.0.0.1", "limit") in running.events.seen
        assert await running.server.drain() == 0
        assert [await client.rest() for client in waiting] == [b"", b""]
        for client in (*waiting, third):
            await client.close()
    assert not running.server._shared.proxied


async def test_a_proxy_that_leaves_before_its_header_leaves_nothing() -> None:
    async with serving(listener=BEHIND) as running:
        client = await running.connect()
        await client.send(b"PROXY TCP4 ")
        await until(lambda: bool(running.server._shared.proxied))
        client.reset()
        await until(lambda: not running.server._shared.proxied)
        assert "connected" not in running.events.names()


async def test_starttls_goes_through_a_proxy(tls: ssl.SSLContext) -> None:
    async with serving(tls=tls, listener=BEHIND) as running:
        client = await running.connect()
        await client.send(version_2(ipaddress.ip_address("192.0.2.1"), 1) + b"EHLO client.example\r\n")
        await client.reply()
        await client.reply()
        await client.say("STARTTLS")
        await client.writer.start_tls(client_context())
        assert "STARTTLS" not in await client.say("EHLO client.example")
        await client.close()
