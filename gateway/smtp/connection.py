"""One connection: its place among all, its timer, its replies and its end.

Built on aiosmtpd's protocol class, pinned to one version since private names of it are used.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable
from typing import cast

from aiosmtpd.smtp import SMTP

from gateway import metrics
from gateway.smtp import replies
from gateway.smtp.handler import Handler
from gateway.smtp.listener import PLAIN, Listener, Tls
from gateway.smtp.replies import Reply
from gateway.smtp.shared import Place, Shared
from gateway.smtp.stream import CommandReader

_LOOK_AGAIN = 5
"""Seconds between two looks at the deadline."""


class Connection(SMTP):
    """Everything but the commands, which `GatewaySMTP` adds. A reply of `LAST_WORDS` ends the connection."""

    transport: asyncio.Transport | None
    _handle_hooks: dict[str, Callable[..., object]] = {}  # noqa: RUF012 - stays empty: commands ask our Handler

    def __init__(self, shared: Shared, listener: Listener = PLAIN, client: str = "") -> None:
        """`client`: IP address of the client behind a proxy; "" where it is the transport's."""
        # Not SMTP.__init__: it looks itself and its handler over for hooks at every connection. This is what the
        # inherited methods need.
        self.loop = asyncio.get_running_loop()
        asyncio.StreamReaderProtocol.__init__(self, None, loop=self.loop)  # type: ignore[arg-type]  # ours is no StreamReader
        self._lines = CommandReader(self.loop)
        self.hostname = shared.hostname
        self.transport = None
        self._handler_coroutine: asyncio.Task[None] | None = None
        self._timeout_handle: asyncio.TimerHandle | None = None

        self._shared = shared
        self._listener = listener
        self._client = client
        self._limits = shared.limits
        self._id = shared.next_connection_id()
        self._handler: Handler
        self._place: Place | None = None
        self._started = self._deadline = self.loop.time()
        self._errors = 0
        self._unsent = b""
        self._ended = False
        self._why = "lost"
        self._busy = False
        """From DATA to its reply."""
        self._shaking_hands = False

    # Life

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Count the client before anything is spent on it."""
        connection = cast(asyncio.Transport, transport)
        peername = connection.get_extra_info("peername")
        if peername is None:  # it is gone already
            connection.abort()
            return
        required = self._listener.tls is not Tls.OFFERED
        self._handler = Handler(self._shared, self._client or peername[0], tls_required=required)
        self._place = self._shared.connections.enter(self._handler.network)
        if self._place is None:
            if self._listener.tls is not Tls.IMPLICIT:  # there, nothing is said in clear
                connection.write(replies.TOO_MUCH.wire)
                metrics.replied(replies.TOO_MUCH.code, replies.TOO_MUCH.status)
            connection.close()
            metrics.CONNECTIONS_REFUSED.labels("limit").inc()
            self._shared.events.connection_refused(self._handler.ip, "limit")
            return
        self._shared.sessions.add(self)
        self.transport = connection
        self._lines.switch_to(connection)
        self._handler_coroutine = self.loop.create_task(self._handle_client())
        if self._listener.tls is Tls.IMPLICIT:
            connection.pause_reading()  # until the handshake begins

    def connection_lost(self, error: Exception | None) -> None:
        """Nothing of the session remains, but a journey that it started goes on. A second call changes nothing."""
        if self._place is None or self._place.released:
            return
        self._shared.connections.leave(self._place)
        self._handler.end_transaction()
        self._shared.sessions.discard(self)
        self._shared.events.connection_closed(self._id, self._why)
        if self._timeout_handle is not None:
            self._timeout_handle.cancel()
        asyncio.StreamReaderProtocol.connection_lost(self, error)
        if self._handler_coroutine is not None:
            self._handler_coroutine.cancel()
        self.transport = None

    def eof_received(self) -> bool:
        """The client sends no more, but may read on: what it sent before is still executed and answered."""
        self._lines.feed_eof()
        return not (self._ended or self._handler.tls)

    # Replies

    async def push(self, status: Reply | str) -> None:  # type: ignore[override]  # our commands speak in replies
        """Send a reply, once no further command waits; what the library says in its own words is said in ours."""
        reply = replies.built_in(status) if isinstance(status, str) else status
        if reply.code in replies.PROTOCOL_ERRORS:
            self._errors += 1
            if self._errors > self._limits.errors:
                reply = replies.TOO_MUCH
        if reply.code in replies.CLOSING:
            self._hang_up(reply)
            return
        self._say(reply)
        if not self._lines.has_line():
            await self._flush()

    def _say(self, reply: Reply) -> None:
        self._unsent += reply.wire
        metrics.replied(reply.code, reply.status)

    async def _flush(self) -> None:
        if self.transport is None or self._ended:
            return
        self.transport.write(self._unsent)
        self._unsent = b""
        if self._paused:  # type: ignore[attr-defined]  # private to the base class, as is what waits
            await self._drain_helper()  # type: ignore[attr-defined]

    def _hang_up(self, last_words: Reply | None = None) -> None:
        """Say why, and read on without heeding until the client has hung up too, lest a reset overtake our words."""
        transport = self.transport
        if transport is None or self._ended:
            return
        self._ended = True
        if last_words is not None:
            self._say(last_words)
            self._why = replies.LAST_WORDS.get(last_words, "limit")
        transport.write(self._unsent)
        self._lines.take()
        if last_words is None or self._handler.tls or self._lines.at_eof():
            transport.close()
        else:
            try:
                transport.write_eof()
            except OSError:  # the client was faster
                transport.abort()
        self._reset_timeout(self._limits.linger)

    def _cut(self, last_words: Reply) -> None:
        """Hang up from outside the command loop."""
        self._hang_up(last_words)
        if self._handler_coroutine is not None:
            self._handler_coroutine.cancel()

    def shut_down(self) -> None:
        """The server stops: leave, unless a message is on its way."""
        if self._shaking_hands:
            self.abort()
        elif not self._busy:
            self._cut(replies.SHUTTING_DOWN)

    def abort(self) -> None:
        """Drop the connection without a word."""
        if self.transport is not None:
            self.transport.abort()

    # Time. One timer, which looks again and again whether the deadline has passed: most come and go without one.

    def _reset_timeout(self, duration: float | None = None) -> None:
        """`duration`: seconds from now; without it, as long as a command may take to come."""
        now, limits = self.loop.time(), self._limits
        if duration is None:
            end = self._started + limits.session + (limits.data if self._handler.transaction else 0)
            wait = limits.command_wait_busy if self._shared.crowded else limits.command_wait
            self._deadline = min(now + wait, end)
        else:
            self._deadline = now + duration
        timer = self._timeout_handle
        if timer is None or self._deadline < timer.when():
            if timer is not None:
                timer.cancel()
            self._look_later(now)

    def _look_later(self, now: float) -> None:
        self._timeout_handle = self.loop.call_at(min(self._deadline, now + _LOOK_AGAIN), self._timeout_cb)

    def _suspend_timeout(self) -> None:
        """What runs now keeps its own time."""
        self._deadline = math.inf

    def _timeout_cb(self) -> None:
        now = self.loop.time()
        self._timeout_handle = None
        if now < self._deadline:
            self._look_later(now)
        elif self._ended:
            self.abort()
        else:
            self._cut(replies.TIMEOUT)
