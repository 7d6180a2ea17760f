"""The dialogue under random bytes: a script is what a client sends, with marks for all else that may happen."""

from __future__ import annotations

import asyncio
import ipaddress
import re
from collections.abc import Sequence

from fuzz.dialogue_model import Model
from fuzz.spoken import nameless, unheard_of
from fuzz.virtual_smtp import ROOMY, VirtualClient, VirtualLoop, VirtualServer
from smtp.smtp_fakes import FakeJourney

from gateway.core.model import Answer, Envelope, OperatorMail
from gateway.smtp.listener import Listener, Tls

SEGMENT, TIME, HALF_CLOSE, LEAVE, DRAIN, GATE, STALL, ANOTHER, FAULT = range(0x80, 0x89)
"""Marks; the byte behind TIME says how many seconds pass, that behind ANOTHER which client goes on."""
_MARK = re.compile(rb"[\x81\x87].|[\x80\x82-\x86\x88]|\Z", re.DOTALL)

SOURCE, TLS, BROKEN_TLS, NEED_TLS, AUTH, PROXY, TLS_FIRST = 1, 2, 4, 8, 16, 32, 64
"""Bits of the first byte of a script."""

_PROXIES = (ipaddress.ip_network("192.0.2.0/31"),)
_MOST_HELD = 200_000
"""Bytes of a session besides its message: two full command buffers and the replies to what was in them."""
_MOST_CLIENTS = 8


class Collecting(FakeJourney):
    """Takes every message; `taken` holds those to captures and to the operator in their order."""

    def __init__(self) -> None:
        super().__init__()
        self.taken: list[bytes] = []

    async def message(self, envelope: Envelope, raw: bytes) -> Answer:
        self.taken.append(raw)
        return Answer(envelope.trace_id)

    async def operator_mail(self, mail: OperatorMail) -> Answer:
        self.taken.append(mail.raw)
        return Answer(mail.trace_id)


_loop: VirtualLoop | None = None


def loop() -> VirtualLoop:
    """One for all scripts: what a script leaves behind on it is a fault."""
    global _loop  # noqa: PLW0603 - as the docstring says
    if _loop is None:
        _loop = VirtualLoop()
        asyncio.set_event_loop(_loop)
    return _loop


def play(script: bytes) -> VirtualServer:
    """Plays a script to its end and asserts that nothing of it lasts. Gives the server, with all that was said."""
    flags, script = script[0] if script else 0, script[1:]
    virtual = loop()
    virtual.broken_handshakes = bool(flags & BROKEN_TLS)
    gate = asyncio.Event()
    gate.set()
    journey = FakeJourney(source=bool(flags & SOURCE), gate=gate)
    server = VirtualServer(
        virtual,
        journey,
        tls=bool(flags & TLS),
        sources_need_tls=bool(flags & NEED_TLS),
        listener=Listener(
            tls=Tls.IMPLICIT if flags & TLS_FIRST else Tls.OFFERED,
            auth=bool(flags & AUTH),
            proxies=_PROXIES if flags & PROXY else (),
        ),
    )
    try:
        _play(server, server.connect(), script)
    finally:
        server.end()
        virtual.faults.clear()
    return server


def _play(server: VirtualServer, client: VirtualClient, script: bytes) -> None:
    at = 0
    while at < len(script):
        mark = _MARK.search(script, at)
        assert mark is not None
        if mark.start() > at:
            client.send(script[at : mark.start()])
        client = _happen(server, client, mark[0])
        _look(server)
        at = max(mark.end(), at + 1)


def _happen(server: VirtualServer, client: VirtualClient, mark: bytes) -> VirtualClient:
    what, number = mark[0] if mark else SEGMENT, mark[1] if len(mark) > 1 else 0
    gate = server.journey.gate
    assert gate is not None
    if what == TIME:
        server.loop.pass_time(number / 2)
    elif what == HALF_CLOSE:
        client.half_close()
    elif what == LEAVE:
        client.leave()
    elif what == DRAIN:
        server.drain()
    elif what == GATE:
        gate.clear() if gate.is_set() else gate.set()
        server.loop.pass_time(0)
    elif what == STALL:
        client.stall()
    elif what == FAULT:
        server.journey.fault = None if server.journey.fault else ValueError("secret")
    elif what == ANOTHER:
        return _another(server, number)
    return client


def _another(server: VirtualServer, number: int) -> VirtualClient:
    if number < len(server.clients):
        return server.clients[number]
    if len(server.clients) < _MOST_CLIENTS and server.draining is None:
        return server.connect(f"192.0.2.{number % 4}")
    return server.clients[-1]


def _look(server: VirtualServer) -> None:
    """What holds at any moment."""
    assert not server.loop.faults, server.loop.faults
    shared = server.shared
    assert 0 <= shared.budget.used <= server.limits.data_in_memory
    assert len(shared.sessions) <= server.limits.connections
    for client in server.clients:
        assert client.held <= _MOST_HELD, client.held


def check(script: bytes) -> None:
    """Replies of the table only, no exception but those that the script makes, nothing left behind."""
    server = play(script)
    for client in server.clients:
        assert unheard_of(client.said, "mx.example") == [], client.said
    raised = {event[1] for event in server.events.seen if event[0] == "internal_error"}
    assert raised <= {"RuntimeError", "ValueError"}, raised
    accepted = sum(client.said.count(b" Accepted ") for client in server.clients)
    assert accepted <= server.journey.finished + len(server.journey.for_operator)


def heard(segments: Sequence[bytes], *, at_once: bool = False) -> tuple[bytes, list[bytes]]:
    """What the server says to a client that sends these and half-closes, and which messages it takes, in order.

    With `at_once`, the client sends all of it before the server has done anything.
    """
    journey = Collecting()
    server = VirtualServer(loop(), journey, limits=ROOMY)
    try:
        client = server.connect()
        for segment in [b"".join(segments)] if at_once else segments:
            client.send(segment, last=at_once)
        server.loop.pass_time(ROOMY.unknown_recipients_delay)
        client.half_close()
        server.loop.pass_time(ROOMY.unknown_recipients_delay)
        server.loop.pass_time(ROOMY.linger)
        assert client.wire.closed or not client.ended, "the server waits for a client that says no more"
    finally:
        server.end()
    return nameless(client.said), journey.taken


def check_model(data: bytes) -> None:
    """The dialogue is that of the model, in the segments that the marks make."""
    segments = data.split(bytes([SEGMENT]))
    model = Model(ROOMY)
    model.hear(b"".join(segments))
    for at_once in (False, True):
        said, messages = heard(segments, at_once=at_once)
        assert said == model.said, (said, model.said)
        assert messages == model.messages
