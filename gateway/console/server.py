"""HTTP beside SMTP: uvicorn in the gateway's own event loop, on a socket that the gateway has bound."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Iterator

import uvicorn

from gateway.console.application import application
from gateway.console.connections import limited
from gateway.console.limits import CONNECTIONS_OF_CLIENT, PATIENCE
from gateway.console.office import Office

GRACE = 5
"""Seconds that requests have to end when the gateway stops."""


class _Embedded(uvicorn.Server):
    """Signals are the gateway's."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class Server:
    """Serves the console until it is stopped."""

    def __init__(self, sock: socket.socket, office: Office, patience: float = PATIENCE) -> None:
        config = uvicorn.Config(
            application(office),
            http=limited(None if office.proxied else CONNECTIONS_OF_CLIENT, patience),
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            date_header=False,
            proxy_headers=False,
            timeout_graceful_shutdown=GRACE,
            timeout_keep_alive=30,
            h11_max_incomplete_event_size=16 * 1024,
        )
        self._server = _Embedded(config)
        self._serving = asyncio.create_task(self._server.serve(sockets=[sock]))

    async def stop(self) -> None:
        """No new connections; running requests end."""
        self._server.should_exit = True
        await self._serving
