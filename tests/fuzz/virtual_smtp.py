"""The SMTP server without sockets and without real time: thousands of sessions a second, each as its script says."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import replace
from typing import Any, TypeVar

from smtp.smtp_fakes import NOW, QUICK, FakeJourney, RecordingEvents

from gateway.smtp.limits import SmtpLimits
from gateway.smtp.listener import PLAIN, Listener
from gateway.smtp.proxy import Proxied
from gateway.smtp.server import SmtpServer
from gateway.smtp.session import GatewaySMTP

T = TypeVar("T")

LIMITS = replace(
    QUICK,
    connections=6,
    reserved_for_sources=1,
    connections_per_ip=3,
    connections_per_source=4,
    messages=4,
    messages_from_source=6,
    commands_base=40,
    errors=10,
    unknown_recipients=4,
    unknown_recipients_delay=0.5,
    command_line=512,
    recipients=3,
    address_burst=5,
    account_burst=8,
    message_size=2_000,
    message_size_from_source=4_000,
    data_in_memory=9_000,
    data_in_memory_per_ip=6_000,
    data_in_memory_for_sources=1_000,
    data_silence=20,
    data_grace=20,
    data_rate=20,
    command_wait=60,
    linger=3,
)
"""Small, so that short scripts reach them."""

ROOMY = replace(
    LIMITS,
    connections=50,
    connections_per_ip=50,
    connections_per_source=50,
    address_burst=10**6,
    account_burst=10**6,
    data_in_memory=10**6,
    data_in_memory_per_ip=10**6,
)
"""Nothing that sessions share runs out, so that each of them depends on its own client alone."""

_SEGMENT = 65_536
_ROUNDS = 5_000
"""Of the loop, after which it is no more believed to come to rest."""


class VirtualLoop(asyncio.SelectorEventLoop):
    """A loop whose time passes only when told to. `faults` are the errors that nobody caught."""

    def __init__(self) -> None:
        self.now = 0.0
        super().__init__()
        self.faults: list[dict[str, Any]] = []
        self.broken_handshakes = False
        self.set_exception_handler(lambda _, context: self.faults.append(context))

    def time(self) -> float:
        return self.now

    async def start_tls(self, transport: Any, *_: Any, **__: Any) -> Any:
        """A handshake that is over at once, one way or the other."""
        if self.broken_handshakes:
            raise ConnectionResetError
        return transport

    def finish(self, what: Coroutine[Any, Any, T]) -> T:
        """Run this, and all that follows from it without any time passing."""
        return self.run_until_complete(self._at_rest(what))

    async def _at_rest(self, what: Coroutine[Any, Any, T]) -> T:
        result = await what
        quiet = 0
        for _ in range(_ROUNDS):
            await asyncio.sleep(0)
            quiet = 0 if self._ready else quiet + 1  # type: ignore[attr-defined]  # private to the base class
            if quiet == 3:
                return result
        raise AssertionError("the loop never comes to rest")

    def pass_time(self, seconds: float) -> None:
        self.now += seconds
        self.finish(asyncio.sleep(0))


class Wire(asyncio.Transport):
    """The server's end of a connection. `said` is all that it wrote."""

    def __init__(self, loop: VirtualLoop, ip: str, more: Callable[[], None]) -> None:
        super().__init__({"peername": (ip, 25)})
        self.more = more
        self.loop = loop
        self.said = bytearray()
        self.reading = True
        self.closed = False
        self.protocol: asyncio.BaseProtocol

    def write(self, data: Any) -> None:
        if not self.closed:
            self.said += data

    def pause_reading(self) -> None:
        self.reading = False

    def resume_reading(self) -> None:
        self.reading = True
        self.loop.call_soon(self.more)

    def is_reading(self) -> bool:
        return self.reading

    def can_write_eof(self) -> bool:
        return True

    def write_eof(self) -> None:
        pass

    def is_closing(self) -> bool:
        return self.closed

    def close(self) -> None:
        if not self.closed:
            self.closed = True
            self.loop.call_soon(self.protocol.connection_lost, None)

    def abort(self) -> None:
        self.close()

    def get_write_buffer_size(self) -> int:
        return 0

    def get_protocol(self) -> asyncio.BaseProtocol:
        return self.protocol

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        self.protocol = protocol


class VirtualClient:
    """One connection, as its client sees it."""

    def __init__(self, loop: VirtualLoop, connect: Callable[[], asyncio.Protocol], ip: str) -> None:
        self.loop = loop
        self.wire = Wire(loop, ip, self._pump)
        self.unread = b""
        self.last = self.told = False
        self.stalled = self.left = False
        self.loop.finish(self._connect(connect))

    async def _connect(self, connect: Callable[[], asyncio.Protocol]) -> None:
        protocol = connect()
        self.wire.protocol = protocol
        protocol.connection_made(self.wire)

    @property
    def protocol(self) -> asyncio.Protocol:
        """The server's end: a session, or before it what reads the header of a proxy."""
        assert isinstance(self.wire.protocol, asyncio.Protocol)
        return self.wire.protocol

    @property
    def held(self) -> int:
        """Bytes that the session holds besides its message."""
        if not isinstance(self.protocol, GatewaySMTP) or self.wire.closed:
            return 0
        return len(self.protocol._unsent) + len(self.protocol._lines._buffer)

    @property
    def said(self) -> bytes:
        """All that the server has said so far."""
        return bytes(self.wire.said)

    def send(self, segment: bytes, *, last: bool = False) -> None:
        """What the server doesn't read now it reads later. With `last`, half-closes at the same moment."""
        if not self.last:
            self.unread += segment
            self.last = last
            self.loop.call_soon(self._pump)
            self.loop.finish(asyncio.sleep(0))

    def half_close(self) -> None:
        """Send no more."""
        self.send(b"", last=True)

    @property
    def ended(self) -> bool:
        """The server has all that was sent, and knows that nothing more comes."""
        return self.last and not self.unread

    def _pump(self) -> None:
        if self.wire.closed or not self.wire.reading:
            return
        segment, self.unread = self.unread[:_SEGMENT], self.unread[_SEGMENT:]
        if segment:
            self.protocol.data_received(segment)
        if self.unread:
            self.loop.call_soon(self._pump)
        elif self.last and not self.told and not self.protocol.eof_received():
            self.wire.close()
        self.told = self.ended

    def stall(self) -> None:
        """Read no more, or read again."""
        if not self.wire.closed:
            self.stalled = not self.stalled
            (self.protocol.pause_writing if self.stalled else self.protocol.resume_writing)()
            self.loop.finish(asyncio.sleep(0))

    def leave(self) -> None:
        """Drop the connection."""
        self.left = True
        if not self.wire.closed:
            self.wire.close()
            self.loop.finish(asyncio.sleep(0))


class VirtualServer:
    """A server under test. With `tls`, STARTTLS is offered."""

    def __init__(
        self,
        loop: VirtualLoop,
        journey: FakeJourney,
        *,
        tls: bool = False,
        sources_need_tls: bool = False,
        limits: SmtpLimits = LIMITS,
        listener: Listener = PLAIN,
    ) -> None:
        self.loop = loop
        self.listener = listener
        self.journey = journey
        self.events = RecordingEvents()
        self.limits = limits
        context: Any = object() if tls else None
        self.server = SmtpServer(
            journey, self.events, limits, "mx.example", context, lambda: NOW, sources_need_tls=sources_need_tls
        )
        self.shared = self.server._shared
        self.clients: list[VirtualClient] = []
        self.draining: asyncio.Task[int] | None = None

    def connect(self, ip: str = "192.0.2.1") -> VirtualClient:
        client = VirtualClient(self.loop, self._proxied if self.listener.proxies else self._session, ip)
        self.clients.append(client)
        return client

    def _session(self, client: str = "") -> GatewaySMTP:
        return GatewaySMTP(self.shared, self.listener, client)

    def _proxied(self) -> Proxied:
        return Proxied(self.shared, self.listener, self._session)

    def drain(self) -> None:
        if self.draining is None:
            self.draining = self.loop.create_task(self.server.drain())
            self.loop.finish(asyncio.sleep(0))

    def end(self) -> None:
        """All clients leave, all journeys end; nothing is left of any of them."""
        for client in self.clients:
            client.leave()
        if self.journey.gate is not None:
            self.journey.gate.set()
        self.loop.pass_time(self.limits.linger + self.limits.drain + self.limits.unknown_recipients_delay)
        left = asyncio.all_tasks(self.loop)
        assert not left, left
        assert not self.loop.faults, self.loop.faults
        shared = self.shared
        assert (shared.sessions, shared.proxied, shared.journeys, shared.budget.used) == (set(), set(), set(), 0)
        assert shared.budget._networks == {}
        assert (shared.connections.total, shared.connections._strangers, shared.connections._networks) == (0, 0, {})
