"""HTTP connections within limits: so many of one client, and none that is slow to say what it wants."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import ClassVar

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from gateway.console.limits import CONNECTIONS, LOOPBACK, PATIENCE

_PLAIN = b"HTTP/1.1 %s\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
_BUSY, _SLOW = _PLAIN % b"429 Too Many Requests", _PLAIN % b"408 Request Timeout"


class _Limited(H11Protocol):
    """uvicorn's protocol, which has no such limits."""

    most: ClassVar[int | None]
    together: ClassVar[int]
    patience: ClassVar[float]
    open: ClassVar[Counter[str]]
    """Connections of each IP address."""
    _host = ""
    _waiting: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        super().connection_made(transport)
        self._host = self.client[0] if self.client else ""
        self.open[self._host] += 1
        of_client = self.most is not None and self.open[self._host] > self.most
        apart = self.most is not None and self._host in LOOPBACK  # others can't keep this machine's own out
        if of_client or (self.open.total() > self.together and not apart):
            transport.write(_BUSY)
            transport.close()
        else:
            self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        self.open[self._host] -= 1
        if not self.open[self._host]:
            del self.open[self._host]
        self._stop_waiting()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._waiting is None and self.conn.their_state is h11.IDLE:
            self._wait()
        super().data_received(data)
        if self.conn.their_state not in (h11.IDLE, h11.SEND_BODY):
            self._stop_waiting()

    def _wait(self) -> None:
        self._waiting = self.loop.call_later(self.patience, self._too_slow)

    def _stop_waiting(self) -> None:
        if self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None

    def _too_slow(self) -> None:
        if self.conn.our_state in (h11.IDLE, h11.SEND_RESPONSE):
            self.transport.write(_SLOW)
        self.transport.close()


def limited(most: int | None, patience: float = PATIENCE, together: int = CONNECTIONS) -> type[H11Protocol]:
    """The protocol of one server. `most`: of one client; None where all come through one proxy. `together`: of all, but
    for this machine's own where clients are told apart.
    """
    limits: dict[str, object] = {"most": most, "together": together, "patience": patience, "open": Counter()}
    return type("Limited", (_Limited,), limits)
