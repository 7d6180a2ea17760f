"""The listeners, on sockets bound by the caller, and the orderly end of all sessions."""

from __future__ import annotations

import asyncio
import logging
import resource
import socket
import sys
from collections.abc import Callable, Iterable
from ssl import SSLContext

from gateway.smtp.limits import SmtpLimits
from gateway.smtp.session import GatewaySMTP
from gateway.smtp.shared import Events, Journey, Shared

_BACKLOG = 512
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

    async def listen(self, sockets: Iterable[socket.socket]) -> None:
        """Serve these bound sockets from now on."""
        loop = asyncio.get_running_loop()
        for sock in sockets:
            listener = await loop.create_server(lambda: GatewaySMTP(self._shared), sock=sock, backlog=_BACKLOG)
            self._listeners.append(listener)

    def use_tls(self, context: SSLContext | None) -> None:
        """The certificate of sessions from now on; with None, STARTTLS is answered 454."""
        self._shared.tls = context

    async def drain(self) -> int:
        """Stop: no new connections, 421 to idle sessions, running messages get their reply, the rest is cut.

        Takes `limits.drain` seconds at most. Returns how many journeys still ran by then: none is ever cancelled here.
        """
        shared = self._shared
        shared.draining = True
        for listener in self._listeners:
            listener.close()
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


def descriptor_fault(limits: SmtpLimits) -> str | None:
    """Why the limit of open files is too low for the configured connections, or None."""
    needed = 2 * limits.connections + _SPARE_DESCRIPTORS
    allowed, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if allowed == resource.RLIM_INFINITY or allowed >= needed:
        return None
    return f"{limits.connections} connections need {needed} open files, but the limit is {allowed} (ulimit -n)"
