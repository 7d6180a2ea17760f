"""Word from any gateway on the database that it has recorded something."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from storage.errors import StoreError
from storage.place import Server
from storage.postgres.connection import ERRORS, Connection, close, connect

CHANNEL = "recorded"


class Listener:
    """A connection of its own that listens, where there can be one: behind a pooler nothing is heard."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._connection: Connection | None = None
        self._heard = asyncio.Event()

    async def wait(self, patience: float) -> None:
        """Returns when something was heard since the last time, or after `patience` seconds."""
        if self._server.prepared_statements and (self._connection is None or self._connection.is_closed()):
            await self._listen()
        with suppress(TimeoutError):
            async with asyncio.timeout(patience):
                await self._heard.wait()
        self._heard.clear()

    async def close(self) -> None:
        if self._connection:
            await close(self._connection)

    async def _listen(self) -> None:
        with suppress(StoreError, *ERRORS):
            self._connection = await connect(self._server)
            await self._connection.add_listener(CHANNEL, lambda *_: self._heard.set())
