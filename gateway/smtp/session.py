# ruff: noqa: N802 - smtp_MAIL and its like are the names of the base class
"""One SMTP connection: the command loop, the DATA reader, the timers, STARTTLS.

Built on aiosmtpd's protocol class, pinned to one version since private names of it are used. It gives the stream, the
connection's life and the plain commands; what reads hostile bytes or decides how long and how much is ours.
"""

from __future__ import annotations

import asyncio
import math
import ssl
from collections.abc import Awaitable, Callable
from typing import cast

from aiosmtpd.smtp import SMTP

from gateway.smtp import replies
from gateway.smtp.data import DataReader
from gateway.smtp.handler import Handler
from gateway.smtp.replies import Reply
from gateway.smtp.shared import Place, Shared
from gateway.smtp.stream import CommandReader


class GatewaySMTP(SMTP):
    """One connection. The reply to a command may wait for the next commands of the same packet; 421 and 221 end it."""

    transport: asyncio.Transport | None
    _handle_hooks: dict[str, Callable[..., object]] = {}  # noqa: RUF012 - stays empty: commands ask our Handler

    def __init__(self, shared: Shared) -> None:
        # Not SMTP.__init__: it looks itself and its handler over for hooks at every connection. This is what the
        # inherited methods need.
        self.loop = asyncio.get_running_loop()
        self._reader: CommandReader = CommandReader(self.loop)
        asyncio.StreamReaderProtocol.__init__(self, self._reader, loop=self.loop)
        self.hostname = shared.hostname
        self.session = None
        self.envelope = None
        self.transport = None
        self._original_transport = None
        self._handler_coroutine = None
        self._timeout_handle: asyncio.TimerHandle | None = None

        self._shared = shared
        self._limits = shared.limits
        self._handler: Handler
        self._place: Place | None = None
        self._started = self._deadline = self.loop.time()
        self._commands = self._errors = self._unknown = 0
        self._bare_line_feeds = False
        self._unsent = b""
        self._ended = False
        self._why = "lost"
        self._busy = False
        """From DATA to its reply."""
        self._data: DataReader | None = None
        self._data_started = 0.0
        self._data_ended: asyncio.Future[None]

    # The connection's life

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Count the client before anything is spent on it."""
        connection = cast(asyncio.Transport, transport)
        peername = connection.get_extra_info("peername")
        if peername is None:  # it is gone already
            connection.abort()
            return
        self._handler = Handler(self._shared, peername[0])
        self._place = self._shared.connections.enter(self._handler.network)
        if self._place is None:
            connection.write(replies.TOO_MUCH.wire)
            connection.close()
            self._shared.events.closed("limit")
            return
        self._shared.sessions.add(self)
        super().connection_made(connection)

    def connection_lost(self, error: Exception | None) -> None:
        """Nothing of the session remains, but a journey that it started goes on."""
        if self._place is None:
            return
        self._shared.connections.leave(self._place)
        self._shared.sessions.discard(self)
        self._shared.events.closed(self._why)
        if self._timeout_handle is not None:
            self._timeout_handle.cancel()
        asyncio.StreamReaderProtocol.connection_lost(self, error)
        if self._handler_coroutine is not None:
            self._handler_coroutine.cancel()
        self.transport = None

    def eof_received(self) -> bool:
        """The client sends no more, but may read on: what it sent before is still executed and answered."""
        if self._ended or self._data is not None or self._handler.tls:
            return False
        self._reader.feed_eof()
        return True

    async def _handle_client(self) -> None:
        try:
            await self._greet()
            while not self._ended:
                if self._shared.draining:
                    await self.push(replies.SHUTTING_DOWN)
                    break
                self._reset_timeout()
                await self._execute(await self._reader.line())
        except (OSError, asyncio.IncompleteReadError):
            pass  # the client is gone
        finally:
            self._hang_up()

    async def _greet(self) -> None:
        assert self._place is not None  # noqa: S101 - for the type checker
        self._reset_timeout()
        await self._handler.identify()
        source = self._handler.from_source
        if not source and not self._shared.connections.confirm_stranger(self._place):
            await self.push(replies.TOO_MUCH)
            return
        self._shared.events.connected(source=source)
        await self.push(replies.greeting(self.hostname))

    async def _execute(self, line: bytes) -> None:
        limits = self._limits
        self._commands += 1
        if self.loop.time() > self._session_end():
            await self.push(replies.TIMEOUT)
        elif self._commands > limits.commands_base + limits.commands_per_message * self._handler.messages:
            await self.push(replies.TOO_MUCH)
        elif len(line) > limits.command_line:
            await self.push(replies.SYNTAX)
        else:
            await self._execute_command(line)

    async def _execute_command(self, line: bytes) -> None:
        if line.endswith(b"\r\n"):
            line = line[:-2]
        else:
            line = line[:-1]
            if not self._bare_line_feeds:
                self._bare_line_feeds = True
                self._shared.events.bare_line_feed()
        verb, _, argument = line.partition(b" ")
        command = COMMANDS.get(verb.upper())
        if command is None:
            self._unknown += 1
            await self.push(replies.SYNTAX if self._unknown <= self._limits.unknown_commands else replies.TOO_MUCH)
            return
        try:
            await command(self, argument.strip(b" ").decode("utf-8", "surrogateescape"))
        except (ConnectionError, asyncio.IncompleteReadError):
            raise
        except Exception as error:
            await self.push(await self.handle_exception(error))

    async def handle_exception(self, error: Exception) -> Reply:  # type: ignore[override]  # replies are no text here
        """Our own fault is temporary, and says nothing of itself."""
        self._shared.events.internal_error(type(error).__name__)
        return replies.TEMPORARY

    # Replies

    async def push(self, status: Reply | str | bytes) -> None:
        """Send a reply; one of the library's own words is replaced by ours."""
        reply = status if isinstance(status, Reply) else replies.built_in(str(status))
        if reply.code in replies.PROTOCOL_ERRORS:
            self._errors += 1
            if self._errors > self._limits.errors:
                reply = replies.TOO_MUCH
        if reply in replies.LAST_WORDS:
            self._hang_up(reply)
            return
        self._unsent += reply.wire
        if not self._reader.has_line():
            await self._flush()

    async def _flush(self) -> None:
        if self.transport is None:
            return
        self.transport.write(self._unsent)
        self._unsent = b""
        await self._drain_helper()  # type: ignore[attr-defined]  # private to the base class

    def _hang_up(self, last_words: Reply | None = None) -> None:
        """Say why, and read on without heeding until the client has hung up too, lest a reset overtake our words."""
        transport = self.transport
        if transport is None or self._ended:
            return
        self._ended = True
        if last_words is not None:
            self._unsent += last_words.wire
            self._why = replies.LAST_WORDS.get(last_words, "limit")
        transport.write(self._unsent)
        self._reader.take()
        if last_words is None or self._handler.tls or self._reader.at_eof():
            transport.close()
        else:
            transport.write_eof()
        if self._timeout_handle is not None:
            self._timeout_handle.cancel()
        self._timeout_handle = self.loop.call_later(self._limits.linger, transport.abort)

    def _cut(self, last_words: Reply) -> None:
        """Hang up from outside the command loop."""
        self._hang_up(last_words)
        if self._handler_coroutine is not None:
            self._handler_coroutine.cancel()

    def shut_down(self) -> None:
        """The server stops: leave, unless a message is on its way."""
        if not self._busy:
            self._cut(replies.SHUTTING_DOWN)

    def abort(self) -> None:
        """Drop the connection without a word."""
        if self.transport is not None:
            self.transport.abort()

    # Time. One timer, armed again only when it fires too early or would fire too late.

    def _session_end(self) -> float:
        limits = self._limits
        return self._started + limits.session + (limits.data if self._handler.transaction else 0)

    def _reset_timeout(self, duration: float | None = None) -> None:
        now = self.loop.time()
        if duration is None:
            crowded = self._shared.connections.crowded
            wait = self._limits.command_wait_busy if crowded else self._limits.command_wait
            duration = min(wait, self._session_end() - now)
        self._deadline = now + duration
        if self._timeout_handle is None or self._deadline < self._timeout_handle.when():
            self._arm()

    def _arm(self) -> None:
        if self._timeout_handle is not None:
            self._timeout_handle.cancel()
        self._timeout_handle = self.loop.call_at(self._deadline, self._timeout_cb)

    def _suspend_timeout(self) -> None:
        """What runs now keeps its own time."""
        self._deadline = math.inf

    def _timeout_cb(self) -> None:
        self._timeout_handle = None
        if self._deadline == math.inf:
            return
        if self.loop.time() < self._deadline:
            self._arm()
        else:
            self._cut(replies.TIMEOUT)

    # DATA

    def data_received(self, data: bytes) -> None:
        """Bytes go to the message while there is one, else to the command loop; after our last words, nowhere."""
        if self._ended:
            return
        if self._data is None:
            super().data_received(data)
        else:
            self._feed(self._data, data)

    def _feed(self, message: DataReader, chunk: bytes) -> None:
        rest = message.feed(chunk)
        if rest is not None:
            self._data = None
            self._data_ended.set_result(None)
            super().data_received(rest)
        elif message.endless:
            self._cut(replies.TOO_LARGE)
        elif self._too_slow(message):
            self._cut(replies.TIMEOUT)
        else:
            self._reset_timeout(self._limits.data_silence)

    def _too_slow(self, message: DataReader) -> bool:
        limits, elapsed = self._limits, self.loop.time() - self._data_started
        return elapsed > limits.data or message.received < limits.data_rate * (elapsed - limits.data_grace)

    async def smtp_DATA(self, arg: str) -> None:
        """Read a message and answer it."""
        transaction = self._handler.transaction
        if transaction is None or not transaction.recipients:
            await self.push(replies.SEQUENCE)
        elif arg:
            await self.push(replies.ARGUMENT)
        else:
            self._busy = True
            await self._receive(DataReader(self._handler.size_limit, self._shared.budget))
            self._busy = False

    async def _receive(self, message: DataReader) -> None:
        await self.push(replies.SEND_DATA)
        await self._flush()
        self._data = message
        self._data_ended = self.loop.create_future()
        self._data_started = self.loop.time()
        self._reset_timeout(self._limits.data_silence)
        try:
            self._feed(message, self._reader.take())
            await self._data_ended
        except asyncio.CancelledError:
            message.release()
            raise
        self._suspend_timeout()
        reply = await self._handler.message(message)
        self._reset_timeout()
        await self.push(reply)

    # The other commands

    async def smtp_EHLO(self, hostname: str) -> None:
        """The extensions; ENHANCEDSTATUSCODES and PIPELINING hold for every reply and command."""
        if not self._greeted(hostname, extended=True):
            await self.push(replies.ARGUMENT)
            return
        starttls = ("STARTTLS",) if self._shared.tls and not self._handler.tls else ()
        size = f"SIZE {self._handler.size_limit}"
        extensions = (size, "8BITMIME", "SMTPUTF8", "PIPELINING", "ENHANCEDSTATUSCODES", *starttls, "HELP")
        await self.push(replies.hello(self.hostname, *extensions))

    async def smtp_HELO(self, hostname: str) -> None:
        """The hostname alone."""
        known = self._greeted(hostname, extended=False)
        await self.push(replies.hello(self.hostname) if known else replies.ARGUMENT)

    def _greeted(self, hostname: str, *, extended: bool) -> bool:
        if not hostname or self.session is None:
            return False
        self._set_rset_state()
        self.session.host_name = hostname
        self.session.extended_smtp = extended
        return True

    def _set_rset_state(self) -> None:
        self._handler.transaction = None

    async def smtp_MAIL(self, arg: str | None) -> None:
        """Open a transaction."""
        if self.session is None or not self.session.host_name:
            await self.push(replies.SEQUENCE)
        else:
            await self.push(await self._handler.mail(arg or "", extended=self.session.extended_smtp))

    async def smtp_RCPT(self, arg: str | None) -> None:
        """Add a recipient."""
        extended = self.session is not None and self.session.extended_smtp
        await self.push(await self._handler.rcpt(arg or "", extended=extended))

    async def smtp_STARTTLS(self, arg: str) -> None:
        """RFC 3207: nothing said in clear is remembered, and nothing sent with the command is executed after it."""
        if arg:
            await self.push(replies.ARGUMENT)
        elif self._handler.tls:
            await self.push(replies.SEQUENCE)
        elif self._shared.tls is None:
            await self.push(replies.NO_TLS)
        else:
            await self._start_tls(self._shared.tls)

    async def _start_tls(self, context: ssl.SSLContext) -> None:
        self._reader.take()
        await self.push(replies.READY_FOR_TLS)
        self._reader.take()
        self._suspend_timeout()
        assert self.transport is not None  # noqa: S101 - for the type checker
        try:
            transport = await self.loop.start_tls(
                self.transport, self, context, server_side=True, ssl_handshake_timeout=self._limits.tls_handshake
            )
        except OSError:
            transport = None
        if transport is None:
            self._shared.events.tls_failed()
            self.abort()
            raise ConnectionError
        self.transport = transport
        self._reader.switch_to(transport)
        self._handler.tls = True
        self._set_rset_state()
        self.session = self._create_session()

    async def smtp_QUIT(self, arg: str) -> None:
        """End the session."""
        await self.push(replies.ARGUMENT if arg else replies.BYE)

    async def smtp_VRFY(self, arg: str) -> None:
        """Tell nothing about any address."""
        await self.push(replies.CANNOT_VERIFY if arg else replies.ARGUMENT)

    async def smtp_HELP(self, arg: str) -> None:
        """Point to the standard."""
        await self.push(replies.HELP)

    async def smtp_AUTH(self, arg: str) -> None:
        """Not offered."""
        await self.push(replies.NOT_IMPLEMENTED)


COMMANDS: dict[bytes, Callable[[GatewaySMTP, str], Awaitable[None]]] = {
    b"AUTH": GatewaySMTP.smtp_AUTH,
    b"DATA": GatewaySMTP.smtp_DATA,
    b"EHLO": GatewaySMTP.smtp_EHLO,
    b"EXPN": GatewaySMTP.smtp_EXPN,
    b"HELO": GatewaySMTP.smtp_HELO,
    b"HELP": GatewaySMTP.smtp_HELP,
    b"MAIL": GatewaySMTP.smtp_MAIL,
    b"NOOP": GatewaySMTP.smtp_NOOP,
    b"QUIT": GatewaySMTP.smtp_QUIT,
    b"RCPT": GatewaySMTP.smtp_RCPT,
    b"RSET": GatewaySMTP.smtp_RSET,
    b"STARTTLS": GatewaySMTP.smtp_STARTTLS,
    b"VRFY": GatewaySMTP.smtp_VRFY,
}
