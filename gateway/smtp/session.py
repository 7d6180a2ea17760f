# ruff: noqa: N802 - smtp_MAIL and its like are the names of the base class
"""The dialogue of one connection: the command loop, the DATA reader, STARTTLS and the plain commands."""

from __future__ import annotations

import asyncio
import hashlib
import ssl
from collections.abc import Awaitable, Callable

from gateway import metrics
from gateway.operator_log import raised_at
from gateway.smtp import auth, replies
from gateway.smtp.connection import Connection
from gateway.smtp.data import DataReader
from gateway.smtp.listener import PLAIN, Listener, Tls
from gateway.smtp.replies import Reply
from gateway.smtp.shared import Shared

_LONGEST_DOMAIN = 255
"""Bytes (RFC 5321 §4.5.3.1.2)."""

_TURN = 8
"""Commands after which other sessions have theirs."""


class GatewaySMTP(Connection):
    """One SMTP session."""

    def __init__(self, shared: Shared, listener: Listener = PLAIN, client: str = "") -> None:
        super().__init__(shared, listener, client)
        self._greeted = False
        self._extended = False
        """The greeting was EHLO."""
        self._commands = 0
        self._login_failures = 0
        self._unknown = 0
        self._bare_line_feeds = False
        self._message: DataReader | None = None
        self._message_started = 0.0
        self._message_ended: asyncio.Future[None]

    async def _handle_client(self) -> None:
        try:
            if await self._let_in():
                await self._greet()
            while not self._ended:
                if self._shared.draining:
                    await self.push(replies.SHUTTING_DOWN)
                    break
                self._reset_timeout()
                await self._execute(await self._lines.line())
                if self._commands % _TURN == 0 and self._lines.has_line():  # had without waiting
                    await self._flush()
                    await asyncio.sleep(0)
        except (OSError, asyncio.IncompleteReadError):
            pass  # the client is gone
        finally:
            self._hang_up()

    async def _let_in(self) -> bool:
        """Whether there is a place for this client; a handshake takes one like a session."""
        assert self._place is not None  # noqa: S101 - for the type checker
        self._reset_timeout()
        await self._handler.identify()
        if not self._shared.connections.confirm(self._place, source=self._handler.from_source):
            metrics.CONNECTIONS_REFUSED.labels("limit").inc()
            self._shared.events.connection_refused(self._handler.ip, "limit")
            self._why = "limit"
            self._hang_up(None if self._listener.tls is Tls.IMPLICIT else replies.TOO_MUCH)
            if self.transport is not None:
                self.transport.close()  # not after the usual patience: others need its place
            return False
        metrics.CONNECTIONS_OPENED.inc()
        self._shared.events.connected(self._id, self._handler.ip)
        return True

    async def _greet(self) -> None:
        if self._listener.tls is Tls.IMPLICIT:
            await self._start_tls(self._tls)
        await self.push(replies.greeting(self.hostname))

    async def _execute(self, line: bytes) -> None:
        refusal = self._why_not_read(line)
        if refusal:
            await self.push(refusal)
        else:
            await self._execute_command(self._without_end(line))

    def _why_not_read(self, line: bytes) -> Reply | None:
        limits = self._limits
        self._commands += 1
        if self._commands > limits.commands_base + limits.commands_per_message * self._handler.messages:
            return replies.TOO_MUCH
        return replies.SYNTAX if len(line) > limits.command_line else None

    def _without_end(self, line: bytes) -> bytes:
        if line.endswith(b"\r\n"):
            return line[:-2]
        if not self._bare_line_feeds:
            self._bare_line_feeds = True
            self._shared.events.bare_line_feed(self._id)
        return line[:-1]

    async def _execute_command(self, line: bytes) -> None:
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
        self._shared.events.internal_error(type(error).__name__, raised_at(error))
        return replies.TEMPORARY

    # DATA

    def data_received(self, data: bytes) -> None:
        """Bytes go to the message while there is one, else to the command loop; after our last words, nowhere."""
        if self._ended:
            return
        if self._message is None:
            self._lines.feed(data)
        else:
            self._feed(self._message, data)

    def eof_received(self) -> bool:
        """A message that can't be finished any more ends the connection at once."""
        return super().eof_received() and self._message is None

    def _feed(self, message: DataReader, chunk: bytes) -> None:
        rest = message.feed(chunk)
        if message.endless:
            self._cut(replies.TOO_LARGE)
        elif rest is not None:
            self._message = None
            self._message_ended.set_result(None)
            self._lines.feed(rest)
        elif self._too_slow(message):
            self._cut(replies.TIMEOUT)
        else:
            self._reset_timeout(self._limits.data_silence)

    def _too_slow(self, message: DataReader) -> bool:
        limits, elapsed = self._limits, self.loop.time() - self._message_started
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
            try:
                await self._receive(
                    DataReader(self._handler.size_limit, transaction.holding, self._limits.read_at_most)
                )
            finally:
                self._busy = False

    async def _receive(self, message: DataReader) -> None:
        self._say(replies.SEND_DATA)
        await self._flush()
        self._message = message
        self._message_ended = self.loop.create_future()
        self._message_started = self.loop.time()
        self._reset_timeout(self._limits.data_silence)
        try:
            if behind := self._lines.take():
                self._feed(message, behind)
            if self._message is not None and self._lines.at_eof():
                self._message_ended.set_exception(ConnectionError())  # it can't be finished any more
            await self._message_ended
        except (asyncio.CancelledError, ConnectionError):
            message.release()
            raise
        self._suspend_timeout()
        metrics.spent("receive", self.loop.time() - self._message_started)
        reply = await self._handler.message(message)
        self._reset_timeout()
        await self.push(reply)

    # The other commands

    async def smtp_EHLO(self, hostname: str) -> None:
        """The extensions; ENHANCEDSTATUSCODES and PIPELINING hold for every reply and command."""
        if not self._greet_back(hostname, extended=True):
            await self.push(replies.ARGUMENT)
            return
        handler = self._handler
        starttls = ("STARTTLS",) if self._tls and not handler.tls else ()
        login = (f"AUTH {' '.join(auth.MECHANISMS)}",) if self._listener.auth and handler.tls else ()
        size = f"SIZE {handler.size_limit}"
        extensions = (size, "8BITMIME", "SMTPUTF8", "PIPELINING", "ENHANCEDSTATUSCODES", *starttls, *login, "HELP")
        await self.push(replies.hello(self.hostname, *extensions))

    async def smtp_HELO(self, hostname: str) -> None:
        """The hostname alone."""
        known = self._greet_back(hostname, extended=False)
        await self.push(replies.hello(self.hostname) if known else replies.ARGUMENT)

    def _greet_back(self, hostname: str, *, extended: bool) -> bool:
        if not hostname or len(hostname) > _LONGEST_DOMAIN:
            return False
        self._set_rset_state()
        self._greeted, self._extended = True, extended
        return True

    def _set_rset_state(self) -> None:
        self._handler.end_transaction()

    async def smtp_MAIL(self, arg: str) -> None:
        """Open a transaction."""
        await self.push(await self._handler.mail(arg, extended=self._extended) if self._greeted else replies.SEQUENCE)

    async def smtp_RCPT(self, arg: str) -> None:
        """Add a recipient."""
        await self.push(await self._handler.rcpt(arg, extended=self._extended))

    # TLS

    @property
    def _tls(self) -> ssl.SSLContext | None:
        """The certificate that is in use now; sessions under TLS keep theirs."""
        return self._shared.tls_asking if self._listener.client_certificates else self._shared.tls

    async def smtp_STARTTLS(self, arg: str) -> None:
        """RFC 3207: nothing said in clear is remembered, and nothing sent with the command is executed after it."""
        if arg:
            await self.push(replies.ARGUMENT)
        elif self._handler.tls:
            await self.push(replies.SEQUENCE)
        elif self._tls is None:
            await self.push(replies.NO_TLS)
        else:
            self._say(replies.READY_FOR_TLS)
            await self._flush()
            await self._start_tls(self._tls)
            self._set_rset_state()
            self._greeted = self._extended = False

    async def _start_tls(self, context: ssl.SSLContext | None) -> None:
        """The handshake. Raises ConnectionError if nothing came of it."""
        self._lines.take()
        self._suspend_timeout()
        transport = await self._shake_hands(context)
        if transport is None:
            self._shared.events.tls_failed(self._id)
            self.abort()
            self.connection_lost(None)  # the event loop doesn't tell us after every kind of failure
            raise ConnectionError
        self.transport = transport
        self._lines.switch_to(transport)
        self._handler.tls = True
        if self._listener.client_certificates:
            self._handler.certificate = _fingerprint(transport)
        if self._handler.certificate:
            await self._handler.identify()

    async def _shake_hands(self, context: ssl.SSLContext | None) -> asyncio.Transport | None:
        if context is None or self.transport is None:
            return None
        self._shaking_hands = True
        try:
            return await self.loop.start_tls(
                self.transport, self, context, server_side=True, ssl_handshake_timeout=self._limits.tls_handshake
            )
        except OSError:
            return None
        finally:
            self._shaking_hands = False

    # AUTH

    async def smtp_AUTH(self, arg: str) -> None:
        """RFC 4954, under TLS alone: a name and its password."""
        handler = self._handler
        if not self._listener.auth:
            await self.push(replies.NOT_IMPLEMENTED)
        elif not handler.tls:
            await self.push(replies.ENCRYPTION_REQUIRED)
        elif handler.login or handler.transaction or not self._extended:
            await self.push(replies.SEQUENCE)
        else:
            given = await auth.credentials(arg, self._ask)
            await self.push(given if isinstance(given, Reply) else await self._log_in(given))

    async def _ask(self, question: Reply) -> bytes | Reply:
        await self.push(question)
        self._reset_timeout()
        line = await self._lines.line()
        return self._why_not_read(line) or self._without_end(line)

    async def _log_in(self, given: auth.Credentials) -> Reply:
        """An attempt counts before it is known to fail, lest many be made at once; one that succeeds is taken back."""
        shared, handler = self._shared, self._handler
        if self._login_failures >= self._limits.auth_attempts:
            return self._refuse_login("limit")
        if shared.login_failures.count(handler.network, self.loop.time()):
            shared.login_failures.forget(handler.network)
            return self._refuse_login("limit")
        self._suspend_timeout()
        try:
            handler.login = await shared.journey.login(given.name, given.password)
        except Exception:
            shared.login_failures.forget(handler.network)
            raise
        if handler.login is None:
            self._login_failures += 1
            return self._refuse_login("wrong")
        shared.login_failures.forget(handler.network)
        await handler.identify()
        return replies.AUTHENTICATED

    def _refuse_login(self, reason: str) -> Reply:
        self._shared.events.login_refused(self._id, self._handler.ip, reason)
        return replies.AUTH_FAILED if reason == "wrong" else replies.TOO_MUCH

    # The rest

    async def smtp_QUIT(self, arg: str) -> None:
        """End the session."""
        await self.push(replies.ARGUMENT if arg else replies.BYE)

    async def smtp_VRFY(self, arg: str) -> None:
        """Tell nothing about any address."""
        await self.push(replies.CANNOT_VERIFY if arg else replies.ARGUMENT)

    async def smtp_HELP(self, arg: str) -> None:
        """Point to the standard."""
        await self.push(replies.HELP)


def _fingerprint(transport: asyncio.BaseTransport) -> str:
    """SHA-256 of the client's certificate, if it showed one; the handshake has verified it."""
    shown = transport.get_extra_info("ssl_object").getpeercert(binary_form=True)
    return hashlib.sha256(shown).hexdigest() if shown else ""


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
