"""The listeners, on sockets bound by the caller, and the orderly end of all sessions."""

from __future__ import annotations

import asyncio
import logging
import resource
import socket
import sys
from collections.abc import Callable, Iterable
from datetime import datetime
from ssl import SSLContext

from gateway.smtp.limits import SmtpLimits
from gateway.smtp.listener import PLAIN, Listener
from gateway.smtp.proxy import Proxied
from gateway.smtp.session import GatewaySMTP
from gateway.smtp.shared import Events, Journey, Shared

_BACKLOG = 512
"""Connections that the system holds until they are accepted."""
_ACCEPTED = 32
"""Connections accepted before others have their turn."""
_SPARE_DESCRIPTORS = 200


class SmtpServer:
    """SMTP on any number of listening sockets, in the running event loop."""

    def __init__(
        self,
        journey: Journey,
        events: Events,
        limits: SmtpLimits,
        hostname: str,
        tls: SSLContext | None,
        clock: Callable[[], int],
        *,
        sources_need_tls: bool = False,
        free_disk: Callable[[], int] = lambda: sys.maxsize,
    ) -> None:
        """`hostname`: for the banner; `clock`: epoch milliseconds; without `tls` STARTTLS isn't offered.

        `free_disk`: bytes free where messages are stored; asked at each MAIL.
        """
        silence_library()
        self._shared = Shared(journey, events, limits, hostname, tls, clock, sources_need_tls, free_disk)
        self._listeners: list[asyncio.Server] = []
        self.certificate_expires: datetime | None = None
        """Of the certificate in use; None without one."""

    async def listen(self, sockets: Iterable[socket.socket], listener: Listener = PLAIN) -> None:
        """Serve these bound sockets from now on, all in the same mode."""
        loop = asyncio.get_running_loop()

        def session(client: str = "") -> GatewaySMTP:
            return GatewaySMTP(self._shared, listener, client)

        def proxied() -> Proxied:
            return Proxied(self._shared, listener, session)

        for sock in sockets:
            protocol = proxied if listener.proxies else session
            self._listeners.append(await loop.create_server(protocol, sock=sock, backlog=_ACCEPTED))
            sock.listen(_BACKLOG)

    @property
    def listening(self) -> bool:
        """On all sockets."""
        return all(listener.is_serving() for listener in self._listeners)

    @property
    def connections(self) -> int:
        """That are open."""
        return self._shared.connections.total

    @property
    def in_flight(self) -> int:
        """Messages received whole and not answered yet."""
        return len(self._shared.journeys)

    def use(self, limits: SmtpLimits, *, sources_need_tls: bool) -> None:
        """Other limits for sessions that begin, and at once for what all sessions share."""
        self._shared.use(limits)
        self._shared.sources_need_tls = sources_need_tls

    def use_tls(self, context: SSLContext | None, asking: SSLContext | None = None) -> None:
        """The certificate of handshakes from now on; with None, STARTTLS is answered 454.

        `asking`: the same for listeners that ask clients for their certificates.
        """
        self._shared.tls, self._shared.tls_asking = context, asking

    async def drain(self) -> int:
        """Stop: no new connections, 421 to idle sessions, running messages get their reply, the rest is cut.

        Takes `limits.drain` seconds at most. Returns how many journeys still ran by then: none is ever cancelled here.
        """
        shared = self._shared
        shared.draining = True
        for listener in self._listeners:
            listener.close()
        for proxied in tuple(shared.proxied):
            proxied.abort()
        for session in tuple(shared.sessions):
            session.shut_down()
        end = asyncio.get_running_loop().time() + shared.limits.drain
        while (shared.sessions or shared.journeys) and asyncio.get_running_loop().time() < end:
            await asyncio.sleep(_STEP)
        for session in tuple(shared.sessions):
            session.abort()
        return len(shared.journeys)


_STEP = 0.02
"""Seconds between looks at what still runs."""


def silence_library() -> None:
    """The library's loggers write addresses, and at DEBUG every line of content."""
    for name in ("mail", "mail.log", "mail.debug"):
        logging.getLogger(name).disabled = True


def descriptor_fault(limits: SmtpLimits, others: int = 0) -> str | None:
    """Why the limit of open files is too low for the configured connections, or None. `others`: not of SMTP."""
    needed = 2 * limits.connections + others + _SPARE_DESCRIPTORS
    allowed, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if allowed == resource.RLIM_INFINITY or allowed >= needed:
        return None
    return f"{limits.connections} connections need {needed} open files, but the limit is {allowed} (ulimit -n)"
