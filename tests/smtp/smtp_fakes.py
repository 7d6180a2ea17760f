"""A journey and events that record, and a client on a real socket."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import socket
import ssl
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from gateway.core.model import Answer, Channel, Envelope, Login, OperatorMail, OperatorMailbox, Peer, Recipient, Source
from gateway.smtp.limits import SmtpLimits
from gateway.smtp.listener import PLAIN, Listener
from gateway.smtp.server import SmtpServer

KEY = "key@bcc.example"
NOW = 1_700_000_000_000
ISSUED = datetime(2030, 1, 1, tzinfo=UTC)
SOURCE = Source("s", "a", "relay", "127.0.0.0/8", frozenset(Channel), vouches=False)

PASSWORD = "correct horse"  # noqa: S105 - a fake
LOGINS = {"ana@us.example": Login("ana@us.example", "a"), "mx": Login("mx", "a")}
"""All with that password; mx is the source."""

QUICK = SmtpLimits(
    command_wait=5,
    data_silence=5,
    unknown_recipients_delay=0.01,
    linger=0.3,
    drain=2,
    tls_handshake=10,
    data_in_memory_for_sources=0,
    address_burst=10**6,
    account_burst=10**6,
)


@dataclass
class FakeJourney:
    """Accepts key@bcc.example and its like, and postmaster there.

    The local part of other addresses there says how they are refused.
    """

    source: bool = False
    answer: str = ""
    fault: BaseException | None = None
    peer_fault: Exception | None = None
    gate: asyncio.Event | None = None
    full: bool = False
    source_certificate: str = "none"
    tried: list[tuple[str, str]] = field(default_factory=list)
    """Names and passwords."""
    messages: list[tuple[Envelope, bytes]] = field(default_factory=list)
    for_operator: list[OperatorMail] = field(default_factory=list)
    begun: asyncio.Event = field(default_factory=asyncio.Event)
    finished: int = 0
    numbers: itertools.count[int] = field(default_factory=lambda: itertools.count(1))

    async def peer(self, ip: str, login: Login | None, certificate: str) -> Peer:
        if self.peer_fault:
            raise self.peer_fault
        name = login.name if login else ""
        source = self.source or name == "mx" or certificate == self.source_certificate
        return Peer(
            ip, (SOURCE,) if source else (), login=name, account_id="a" if login else "", certificate=certificate
        )

    async def login(self, name: str, password: str) -> Login | None:
        self.tried.append((name, password))
        if password == "broken":  # noqa: S105 - a fake
            raise RuntimeError(name)
        return LOGINS.get(name) if password == PASSWORD else None

    async def recipient(self, peer: Peer, address: str) -> Recipient | OperatorMailbox | str:
        local, _, domain = address.rpartition("@")
        if address in ("postmaster", "postmaster@bcc.example"):
            return OperatorMailbox(address)
        if local == "broken":
            raise RuntimeError(address)
        if domain not in ("bcc.example", "relay.example"):
            return "smtp.peer_denied"
        if not local.startswith("key"):
            return "smtp.unknown_recipient"
        passive = domain == "relay.example"
        return Recipient(address, f"hash of {local}", "", Channel.RELAY if passive else Channel.BCC, "a")

    def new_trace_id(self) -> str:
        return f"trace{next(self.numbers)}"

    async def message(self, envelope: Envelope, raw: bytes) -> Answer:
        self.messages.append((envelope, raw))
        self.begun.set()
        if self.gate is not None:
            await self.gate.wait()
        if self.fault is not None:
            raise self.fault
        self.finished += 1
        said = raw.partition(b"Answer: ")[2].partition(b"\r\n")[0].decode("ascii", "replace")
        return Answer(envelope.trace_id, self.answer or said, full=self.full)

    async def operator_mail(self, mail: OperatorMail) -> Answer:
        self.for_operator.append(mail)
        return Answer(mail.trace_id, self.answer)


class RecordingEvents:
    """Every event as a tuple: its name, then what it was told."""

    def __init__(self) -> None:
        self.seen: list[tuple[object, ...]] = []

    def names(self) -> list[object]:
        return [event[0] for event in self.seen]

    def connected(self, connection_id: str, peer: str) -> None:
        self.seen.append(("connected", peer))

    def connection_refused(self, peer: str, reason: str) -> None:
        self.seen.append(("connection_refused", peer, reason))

    def connection_closed(self, connection_id: str, reason: str) -> None:
        self.seen.append(("closed", reason))

    def bare_line_feed(self, connection_id: str) -> None:
        self.seen.append(("bare_line_feed",))

    def tls_failed(self, connection_id: str) -> None:
        self.seen.append(("tls_failed",))

    def login_refused(self, connection_id: str, peer: str, reason: str) -> None:
        self.seen.append(("login_refused", peer, reason))

    def recipient_refused(self, trace_id: str, reason: str) -> None:
        self.seen.append(("recipient_refused", trace_id, reason))

    def message_refused(self, trace_id: str, reason: str) -> None:
        self.seen.append(("message_refused", trace_id, reason))

    def message_deferred(self, trace_id: str, reason: str, error: str) -> None:
        self.seen.append(("message_deferred", trace_id, reason, error))

    def internal_error(self, error: str, location: str) -> None:
        self.seen.append(("internal_error", error))


@dataclass
class Running:
    """A server under test."""

    server: SmtpServer
    port: int
    journey: FakeJourney
    events: RecordingEvents

    async def connect(self) -> Client:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        return Client(reader, writer)

    async def greeted(self, hello: str = "EHLO client.example") -> Client:
        client = await self.connect()
        await client.reply()
        await client.say(hello)
        return client


class Client:
    """One SMTP client; replies are their lines joined by newlines, "" at the end of the connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def reply(self) -> str:
        lines: list[str] = []
        async with asyncio.timeout(10):
            while not lines or lines[-1][3:4] == "-":
                try:
                    line = await self.reader.readline()
                except ConnectionError:
                    return ""
                if not line:
                    return ""
                lines.append(line.decode("ascii").removesuffix("\r\n"))
        return "\n".join(lines)

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def say(self, text: str) -> str:
        await self.send(text.encode() + b"\r\n")
        return await self.reply()

    async def to_data(self, rcpt: str = KEY) -> None:
        for line in ("MAIL FROM:<a@example.com>", f"RCPT TO:<{rcpt}>", "DATA"):
            assert (await self.say(line))[:1] in "23"

    async def deliver(self, raw: bytes) -> str:
        await self.to_data()
        await self.send(stuffed(raw))
        return await self.reply()

    async def rest(self) -> bytes:
        """All that still comes until the server hangs up."""
        async with asyncio.timeout(10):
            try:
                return await self.reader.read()
            except ConnectionError:
                return b""

    def reset(self) -> None:
        """Drop the connection with a RST."""
        sock = self.writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")
        self.writer.transport.abort()

    async def close(self) -> None:
        self.writer.close()
        with contextlib.suppress(OSError):
            await self.writer.wait_closed()


def stuffed(raw: bytes) -> bytes:
    """As sent in DATA, with the end marker; content that does not end in CRLF gets one."""
    ended = raw if raw.endswith(b"\r\n") or not raw else raw + b"\r\n"
    return (b"\r\n" + ended).replace(b"\r\n.", b"\r\n..")[2:] + b".\r\n"


def client_context() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


def loopback_socket() -> socket.socket:
    sock = socket.socket()
    sock.bind(("127.0.0.1", 0))
    return sock


@contextlib.asynccontextmanager
async def serving(
    journey: FakeJourney | None = None,
    tls: ssl.SSLContext | None = None,
    *,
    listener: Listener = PLAIN,
    tls_asking: ssl.SSLContext | None = None,
    sources_need_tls: bool = False,
    bytes_free: Callable[[], int] = lambda: 1 << 40,
    **limits: float,
) -> AsyncIterator[Running]:
    """A server with limits fit for tests, gone without a trace afterwards."""
    journey, events = journey or FakeJourney(), RecordingEvents()
    changed = replace(QUICK, **limits)  # type: ignore[arg-type]  # names and types of the fields
    bounds = {"sources_need_tls": sources_need_tls, "free_disk": bytes_free}
    server = SmtpServer(journey, events, changed, "mx.example", tls, lambda: NOW, **bounds)  # type: ignore[arg-type]
    sock = loopback_socket()
    server.use_tls(tls, tls_asking)
    await server.listen([sock], listener)
    try:
        yield Running(server, sock.getsockname()[1], journey, events)
    finally:
        if journey.gate is not None:
            journey.gate.set()
        await server.drain()
        await until(lambda: not server._shared.sessions)


async def until(true: object, seconds: float = 30) -> None:
    """Wait until a condition of another task holds."""
    async with asyncio.timeout(seconds):
        while not true():  # type: ignore[operator]  # a callable
            await asyncio.sleep(0.005)
