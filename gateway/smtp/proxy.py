"""Connections from proxies: each begins with a header that says who its client is."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import cast

from gateway import metrics
from gateway.core.networks import canonical_ip
from gateway.smtp.listener import Listener
from gateway.smtp.proxy_header import Bad, Header, header
from gateway.smtp.shared import Shared


class Proxied(asyncio.Protocol):
    """A connection until its header is read; then a session takes it over.

    What is no header, comes from somebody else or takes too long is closed without a word.
    """

    def __init__(self, shared: Shared, listener: Listener, session: Callable[[str], asyncio.Protocol]) -> None:
        """`session` makes the one for a client's IP address."""
        self._shared = shared
        self._listener = listener
        self._session = session
        self._read = b""
        self._proxy = ""
        self._transport: asyncio.Transport
        self._timer: asyncio.TimerHandle

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Nobody but a proxy may say who a client is."""
        shared = self._shared
        self._transport = cast(asyncio.Transport, transport)
        self._timer = asyncio.get_running_loop().call_later(shared.limits.proxy_header, self._transport.abort)
        peername = self._transport.get_extra_info("peername")
        self._proxy = canonical_ip(peername[0]) if peername else ""
        if not self._proxy or not self._listener.is_proxy(self._proxy):
            self._refuse("proxy")
        elif len(shared.proxied) >= shared.limits.connections:
            self._refuse("limit")
        else:
            shared.proxied.add(self)

    def connection_lost(self, error: Exception | None) -> None:
        """Also of a connection that never said anything."""
        self._timer.cancel()
        self._shared.proxied.discard(self)

    def data_received(self, data: bytes) -> None:
        """The header, or a part of it, perhaps with what the client said behind it."""
        self._read += data
        found = header(self._read)
        if found is Bad.MALFORMED:
            self._refuse("proxy")
        elif isinstance(found, Header):
            self._hand_over(self._session(found.client or self._proxy), self._read[found.length :])

    def _hand_over(self, session: asyncio.Protocol, rest: bytes) -> None:
        self.connection_lost(None)
        self._transport.set_protocol(session)
        session.connection_made(self._transport)
        if rest and not self._transport.is_closing():
            session.data_received(rest)

    def _refuse(self, reason: str) -> None:
        metrics.CONNECTIONS_REFUSED.labels(reason).inc()
        self._shared.events.connection_refused(self._proxy, reason)
        self.abort()

    def abort(self) -> None:
        """Drop the connection without a word."""
        self._transport.abort()
