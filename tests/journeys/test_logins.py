"""SMTP AUTH as proof of a sender, and a source that signs in: over real SMTP and TLS into the store."""

from __future__ import annotations

import asyncio
import smtplib
import socket
import ssl
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from fakes.certificates import make_pair
from fakes.deliveries import KEYED, NOON
from fakes.gateway import Clock, Gateway, counting_ids, gateway
from fakes.world import load_world

from gateway import operator_log, passwords
from gateway.smtp.limits import SmtpLimits
from gateway.smtp.listener import Listener, Tls
from gateway.smtp.server import SmtpServer
from gateway.smtp.tls import Files
from storage.administration import passwords as stored
from storage.administration import sources
from storage.administration.act import Act
from storage.plan import ask

PASSWORD = "correct horse battery"  # noqa: S105 - a fake
STRANGER = "127.0.0.99"
BORN = datetime(2000, 1, 1, tzinfo=UTC)


@pytest.fixture
async def running(tmp_path: Path, template: Path) -> AsyncIterator[tuple[Gateway, int]]:
    """A gateway, and the port where one signs in. Ana and the source “roaming” have a password."""
    async with gateway(tmp_path / "gateway.db", template, load_world()) as one:
        act, hashed = Act("test", NOON, counting_ids(Clock()), KEYED), passwords.hashed(PASSWORD)
        await one.store.change(stored.give_user(act, "us", "ana@us.example", hashed))
        await one.store.change(sources.add(act, "us", "roaming", "", ["relay"], login="roaming", vouches=True))
        await one.store.change(stored.give_source(act, "us", "roaming", hashed))
        tls = Files(*make_pair(tmp_path, "gw.log.example", BORN, 36_500)).load(datetime.now(UTC)).plain
        server = SmtpServer(one.ingest, operator_log, SmtpLimits(drain=5), "gw.log.example", tls, one.clock)
        listener = socket.create_server(("127.0.0.1", 0))
        await server.listen([listener], Listener(Tls.IMPLICIT, auth=True))
        try:
            yield one, listener.getsockname()[1]
        finally:
            await server.drain()


def deliver(port: int, login: str, sender: str, to: str) -> tuple[int, str]:
    """The answer to a mail from `sender` to a customer, of which a copy goes `to` the gateway."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    raw = (
        f"From: {sender}\r\nTo: bob@client.example\r\nSubject: Offer\r\nMessage-ID: <{login}@mail.example>\r\n\r\nx\r\n"
    )
    with smtplib.SMTP_SSL(
        "127.0.0.1", port, "client.example", timeout=20, context=context, source_address=(STRANGER, 0)
    ) as client:
        if login:
            client.login(login, PASSWORD)
        client.ehlo_or_helo_if_needed()
        client.mail(sender)
        code, text = client.rcpt(to)
        if code == 250:
            code, text = client.data(raw)
        return code, text.decode()


@pytest.mark.parametrize(
    ("login", "sender", "answer"),
    [
        ("ana@us.example", "ana@us.example", "250 logged us/ana"),
        ("ana@us.example", "ana.s@us.example", "250 logged us/ana"),
        ("ana.s@us.example", "ana@us.example", "250 logged us/ana"),
        ("ana@us.example", "zoe@us.example", "550"),
        ("", "ana@us.example", "550"),
    ],
    ids=["own", "other own address", "signed in by another", "S30 another's", "nobody"],
)
async def test_a_login_proves_the_users_own_addresses_and_no_others(
    running: tuple[Gateway, int], login: str, sender: str, answer: str
) -> None:
    one, port = running
    code, text = await asyncio.to_thread(deliver, port, login, sender, "anakey@bcc.log.example")
    rows = await one.store.read(ask("SELECT outcome, user_id FROM decision"))
    assert " ".join([str(code), *(str(value) for row in rows for value in row)]) == answer, text


async def test_a_source_that_signs_in_may_relay_and_vouches(running: tuple[Gateway, int]) -> None:
    """R01: and nobody else may."""
    one, port = running
    for login in ("", "ana@us.example"):
        refused = await asyncio.to_thread(deliver, port, login, "zoe@us.example", "officekey@relay.log.example")
        assert refused == (550, "5.7.1 Relaying denied")
    code, _ = await asyncio.to_thread(deliver, port, "roaming", "zoe@us.example", "officekey@relay.log.example")
    assert code == 250
    [(reason,)] = await one.store.read(ask("SELECT reason FROM decision"))
    assert reason == "rule.replies_only"
