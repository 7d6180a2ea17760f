"""The listener for probes and for Prometheus: a few constant answers over HTTP, with nothing private in them."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable
from typing import Any, TypeAlias

import orjson
from prometheus_client import CONTENT_TYPE_LATEST

from gateway.console.connections import limited
from gateway.console.embedded import Embedded
from gateway.health.checks import Checks, Readiness
from gateway.health.figures import Figures

CONNECTIONS, OF_ONE = 20, 8
"""At a time: of all but this machine's own, and of one IP address."""
PATIENCE = 10.0
"""Seconds within which a whole request must come."""

_JSON = "application/json"
_TEXT = "text/plain; charset=utf-8"
_HELP = b"bcc-gateway: /healthz (it lives), /readyz (it can take mail), /metrics (for Prometheus)\n"

Answer: TypeAlias = tuple[int, str, bytes]
"""Status, content type and body."""
_Message: TypeAlias = dict[str, Any]  # Any: as ASGI has it


class Health:
    """Serves the answers until it is stopped."""

    def __init__(self, sock: socket.socket, checks: Checks, figures: Figures) -> None:
        """`sock`: bound."""
        self._checks = checks
        self._figures = figures
        self.address: tuple[str, int] = sock.getsockname()[:2]
        self._answers: dict[str, Callable[[], Awaitable[Answer]]] = {
            "/": _help,
            "/healthz": _alive,
            "/readyz": self._ready,
            "/metrics": self._metrics,
        }
        self._server = Embedded(self._app, sock, limited(OF_ONE, PATIENCE, CONNECTIONS))

    async def stop(self) -> None:
        await self._server.stop()

    async def _ready(self) -> Answer:
        found = await self._checks.look()
        return 200 if found.ready else 503, _JSON, orjson.dumps(_told(found), option=orjson.OPT_APPEND_NEWLINE)

    async def _metrics(self) -> Answer:
        return 200, CONTENT_TYPE_LATEST, await self._figures.page()

    async def _app(
        self,
        scope: _Message,
        _receive: Callable[[], Awaitable[_Message]],
        send: Callable[[_Message], Awaitable[None]],
    ) -> None:
        """As ASGI calls it."""
        if scope["type"] != "http":
            return
        answer = self._answers.get(scope["path"])
        if answer is None:
            status, kind, body = 404, _TEXT, _HELP
        elif scope["method"] not in ("GET", "HEAD"):
            status, kind, body = 405, _TEXT, b"GET only\n"
        else:
            status, kind, body = await answer()
        headers = {"content-type": kind, "content-length": str(len(body)), "connection": "close", "allow": "GET, HEAD"}
        named = [(name.encode(), value.encode()) for name, value in headers.items()]
        await send({"type": "http.response.start", "status": status, "headers": named})
        await send({"type": "http.response.body", "body": body if scope["method"] != "HEAD" else b""})


async def _help() -> Answer:
    return 200, _TEXT, _HELP


async def _alive() -> Answer:
    """Whoever reads this was served by the event loop."""
    await asyncio.sleep(0)
    return 200, _JSON, b'{"status":"alive"}\n'


def _told(found: Readiness) -> dict[str, object]:
    checks = {name: {"status": one.status, "sentence": one.sentence} for name, one in found.checks.items()}
    return {"status": found.status, "checks": checks}
