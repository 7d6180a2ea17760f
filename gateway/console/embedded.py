"""HTTP beside SMTP: uvicorn in the gateway's own event loop, on a socket that the gateway has bound."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Callable, Iterator
from typing import Any

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

GRACE = 5
"""Seconds that requests have to end when the gateway stops."""


class _Server(uvicorn.Server):
    """Signals are the gateway's."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class Embedded:
    """Serves an application until it is stopped."""

    def __init__(self, application: Callable[..., Any], sock: socket.socket, protocol: type[H11Protocol]) -> None:
        config = uvicorn.Config(
            application,
            interface="asgi3",
            http=protocol,
            lifespan="off",
            log_config=None,
            log_level="error",  # not a line for each request that isn't HTTP
            access_log=False,
            server_header=False,
            date_header=False,
            proxy_headers=False,
            timeout_graceful_shutdown=GRACE,
            timeout_keep_alive=30,
            h11_max_incomplete_event_size=16 * 1024,
        )
        sock.listen()  # whoever comes before it serves waits
        self._server = _Server(config)
        self._serving = asyncio.create_task(self._server.serve(sockets=[sock]))

    async def stop(self) -> None:
        """No new connections; running requests end."""
        self._server.should_exit = True
        await self._serving
