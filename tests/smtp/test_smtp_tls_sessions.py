"""TLS in the session: handshakes that fail, certificates of clients, and certificates that change."""

from __future__ import annotations

import asyncio
import hashlib
import socket
import ssl
import warnings
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest
from fakes.certificates import make_pair
from smtp_fakes import ISSUED, Client, FakeJourney, Running, client_context, serving, until

from gateway.smtp.listener import Listener, Tls
from gateway.smtp.tls import Contexts, Files

IMPLICIT = Listener(Tls.IMPLICIT)
ASKING = Listener(Tls.IMPLICIT, client_certificates=True)


async def secure(running: Running, context: ssl.SSLContext | None = None) -> Client:
    """A client behind its handshake."""
    address = ("127.0.0.1", running.port)
    reader, writer = await asyncio.open_connection(*address, ssl=context or client_context())
    return Client(reader, writer)


def showing(certificate: Path, key: Path) -> ssl.SSLContext:
    context = client_context()
    context.load_cert_chain(certificate, key)
    return context


def fingerprint(certificate: Path) -> str:
    return hashlib.sha256(ssl.PEM_cert_to_DER_cert(certificate.read_text())).hexdigest()


def server_certificate(client: Client) -> bytes:
    return client.writer.get_extra_info("ssl_object").getpeercert(binary_form=True)


@pytest.mark.parametrize("listener", [IMPLICIT, ASKING], ids=["implicit", "asking"])
@pytest.mark.parametrize(
    "said", [b"EHLO client.example\r\n", b"\x16\x03\x01\xff\xff" + b"x" * 300, b"GET / HTTP/1.0\r\n\r\n"]
)
async def test_what_is_no_handshake_is_closed_with_one_event(
    contexts: Contexts, listener: Listener, said: bytes
) -> None:
    """P07."""
    async with serving(tls=contexts.plain, tls_asking=contexts.asking, listener=listener) as running:
        client = await running.connect()
        await client.send(said)
        assert b"ESMTP" not in await client.rest()
        await client.close()
        await until(lambda: not running.server._shared.sessions)
        assert running.events.names().count("tls_failed") == 1
        assert "internal_error" not in running.events.names()


@pytest.mark.parametrize("leave", ["close", "reset"])
async def test_who_leaves_before_the_handshake_leaves_nothing(tls: ssl.SSLContext, leave: str) -> None:
    async with serving(tls=tls, listener=IMPLICIT) as running:
        client = await running.connect()
        await client.send(b"\x16\x03\x01")
        await until(lambda: bool(running.server._shared.sessions))
        client.reset()
        if leave == "close":
            await client.close()
        await until(lambda: not running.server._shared.sessions)
        assert running.events.names().count("tls_failed") == 1


async def test_a_handshake_that_never_goes_on_is_closed_in_time(tls: ssl.SSLContext) -> None:
    """P05."""
    async with serving(tls=tls, listener=IMPLICIT, tls_handshake=0.1) as running:
        client = await running.connect()
        assert await client.rest() == b""
        assert ("tls_failed",) in running.events.seen
        await client.close()


async def test_handshakes_have_their_places_like_sessions(tls: ssl.SSLContext) -> None:
    """P16. Whoever finds none hears nothing, since nothing is said in clear here."""
    async with serving(tls=tls, listener=IMPLICIT, connections_per_ip=2, connections_per_source=2) as running:
        stalled = [await running.connect(), await running.connect()]
        await until(lambda: len(running.server._shared.sessions) == 2)
        third = await running.connect()
        assert await third.rest() == b""
        assert ("connection_refused", "127.0.0.1", "limit") in running.events.seen
        for client in (*stalled, third):
            await client.close()


async def test_handshakes_of_strangers_leave_the_share_of_sources(tls: ssl.SSLContext) -> None:
    async with serving(tls=tls, listener=IMPLICIT, connections=3, reserved_for_sources=1) as running:
        stalled = [await running.connect(), await running.connect()]
        await until(lambda: running.events.names().count("connected") == 2)
        third = await running.connect()
        assert await third.rest() == b""
        assert ("closed", "limit") in running.events.seen
        running.journey.source = True
        source = await secure(running)
        assert await source.reply() == "220 mx.example ESMTP"
        for client in (*stalled, third, source):
            await client.close()


async def test_a_server_that_stops_waits_for_no_handshake_and_says_nothing_in_clear(tls: ssl.SSLContext) -> None:
    async with serving(tls=tls, listener=IMPLICIT, tls_handshake=30) as running:
        client = await running.connect()
        await until(lambda: bool(running.server._shared.sessions))
        assert await asyncio.wait_for(running.server.drain(), 1) == 0
        assert await client.rest() == b""
        await client.close()


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1])
async def test_old_versions_of_tls_are_refused(tls: ssl.SSLContext, version: ssl.TLSVersion) -> None:
    """P16."""
    old = client_context()
    old.set_ciphers("ALL:@SECLEVEL=0")  # the client would take them
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        old.minimum_version = ssl.TLSVersion.TLSv1
        old.maximum_version = version
    async with serving(tls=tls, listener=IMPLICIT) as running:
        with pytest.raises((ssl.SSLError, ConnectionResetError)):
            await secure(running, old)
        assert running.events.names().count("tls_failed") == 1
        old.maximum_version = ssl.TLSVersion.TLSv1_2
        client = await secure(running, old)
        assert await client.reply() == "220 mx.example ESMTP"
        await client.close()


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
async def test_a_client_is_known_by_the_certificate_that_it_shows(
    contexts: Contexts, client_pair: tuple[Path, Path], version: ssl.TLSVersion
) -> None:
    shown = showing(*client_pair)
    shown.maximum_version = version
    journey = FakeJourney(source_certificate=fingerprint(client_pair[0]))
    async with serving(journey, contexts.plain, tls_asking=contexts.asking, listener=ASKING) as running:
        client = await secure(running, shown)
        assert await client.reply() == "220 mx.example ESMTP"
        assert "SIZE 52428800" in await client.say("EHLO client.example")
        await client.deliver(b"Subject: x\r\n")
        peer = journey.messages[0][0].peer
        assert (peer.certificate, len(peer.sources)) == (fingerprint(client_pair[0]), 1)
        await client.close()


@pytest.mark.parametrize("listed", ["cert.pem", "ca.pem"])
async def test_a_certificate_that_an_authority_issued_may_be_listed_itself_or_by_its_authority(
    certificate: tuple[Path, Path], tmp_path: Path, listed: str
) -> None:
    issued = make_pair(tmp_path, "client.example", datetime(2000, 1, 1, tzinfo=UTC), 36_500, issued=True)
    contexts = Files(*certificate, tmp_path / listed).load(ISSUED)
    async with serving(tls=contexts.plain, tls_asking=contexts.asking, listener=ASKING) as running:
        client = await secure(running, showing(*issued))
        await client.reply()
        await client.say("EHLO client.example")
        await client.deliver(b"Subject: x\r\n")
        assert running.journey.messages[0][0].peer.certificate == fingerprint(issued[0])
        await client.close()


async def test_a_certificate_shown_at_starttls_counts_from_then_on(
    contexts: Contexts, client_pair: tuple[Path, Path]
) -> None:
    journey = FakeJourney(source_certificate=fingerprint(client_pair[0]))
    mode = Listener(client_certificates=True)
    async with serving(journey, contexts.plain, tls_asking=contexts.asking, listener=mode) as running:
        client = await running.greeted()
        assert "SIZE 26214400" in await client.say("EHLO client.example")
        await client.say("STARTTLS")
        await client.writer.start_tls(showing(*client_pair))
        assert "SIZE 52428800" in await client.say("EHLO client.example")
        await client.close()


async def test_a_client_needs_no_certificate(contexts: Contexts) -> None:
    async with serving(tls=contexts.plain, tls_asking=contexts.asking, listener=ASKING) as running:
        client = await secure(running)
        assert await client.reply() == "220 mx.example ESMTP"
        await client.say("EHLO client.example")
        await client.deliver(b"Subject: x\r\n")
        assert running.journey.messages[0][0].peer.certificate == ""
        await client.close()


async def test_a_certificate_that_nobody_listed_is_refused(contexts: Contexts, certificate: tuple[Path, Path]) -> None:
    async with serving(tls=contexts.plain, tls_asking=contexts.asking, listener=ASKING) as running:
        client = await secure(running, showing(*certificate))  # with TLS 1.3 the client is told only later
        with suppress(ssl.SSLError):
            assert await client.rest() == b""
        await client.close()
        await until(lambda: running.events.names().count("tls_failed") == 1)


async def test_other_listeners_take_no_notice_of_certificates(
    contexts: Contexts, certificate: tuple[Path, Path]
) -> None:
    async with serving(tls=contexts.plain, tls_asking=contexts.asking, listener=IMPLICIT) as running:
        client = await secure(running, showing(*certificate))
        assert await client.reply() == "220 mx.example ESMTP"
        await client.close()


async def test_a_new_certificate_is_for_new_handshakes_and_running_sessions_go_on(
    contexts: Contexts, client_pair: tuple[Path, Path]
) -> None:
    """On every kind of listener; the other pair plays the new certificate."""
    new = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    new.load_cert_chain(*client_pair)
    renewed = ssl.PEM_cert_to_DER_cert(client_pair[0].read_text())
    async with serving(tls=contexts.plain, tls_asking=contexts.asking, listener=IMPLICIT) as running:
        sockets = [socket.socket(), socket.socket()]
        for sock, mode in zip(sockets, (Listener(), ASKING), strict=True):
            sock.bind(("127.0.0.1", 0))
            await running.server.listen([sock], mode)
        ports = [running.port, sockets[1].getsockname()[1]]
        old = await secure(running)
        await old.reply()
        clear = Client(*await asyncio.open_connection(*sockets[0].getsockname()))
        await clear.reply()
        await clear.say("EHLO client.example")
        assert server_certificate(old) != renewed
        running.server.use_tls(new, new)
        for port in ports:
            fresh = Client(*await asyncio.open_connection("127.0.0.1", port, ssl=client_context()))
            assert server_certificate(fresh) == renewed
            await fresh.close()
        await clear.say("STARTTLS")
        await clear.writer.start_tls(client_context())
        assert server_certificate(clear) == renewed
        await old.say("EHLO client.example")
        assert (await old.deliver(b"Subject: x\r\n")).startswith("250 ")
        await old.close()
        await clear.close()


async def test_without_a_certificate_a_listener_of_tls_alone_closes(tls: ssl.SSLContext) -> None:
    async with serving(tls=tls, listener=IMPLICIT) as running:
        running.server.use_tls(None)
        client = await running.connect()
        assert await client.rest() == b""
        assert ("tls_failed",) in running.events.seen
        await client.close()
