"""Work that stops half-way in the writer of a store, so that what comes meanwhile is queued behind it."""

from __future__ import annotations

import asyncio
import threading
from typing import Protocol

from gateway.core.decide import decide
from gateway.core.decision import Decision
from gateway.core.facts import Facts
from gateway.core.questions import Case
from storage.place import Server
from storage.postgres.connection import Connection, connect
from storage.postgres.locks import lock_number


class Gate(Protocol):
    """Shut at first."""

    def decide(self, case: Case, facts: Facts) -> Decision:
        """As it is decided anyway; who is decided by this has to come through the gate."""
        ...

    async def reached(self) -> None:
        """Somebody stands before it."""
        ...

    async def open(self) -> None: ...


class InTheWriter:
    """Of SQLite: its writer is a thread of its own, which waits in the decision."""

    def __init__(self) -> None:
        self._reached = threading.Event()
        self._opened = threading.Event()

    def decide(self, case: Case, facts: Facts) -> Decision:
        self._reached.set()
        assert self._opened.wait(20)
        return decide(case, facts)

    async def reached(self) -> None:
        await asyncio.to_thread(self._reached.wait, 20)

    async def open(self) -> None:
        self._opened.set()


class BeforeTheAccount:
    """Of PostgreSQL: another gateway seems to settle in the account."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    @classmethod
    async def shut(cls, server: Server, account: str = "us") -> BeforeTheAccount:
        connection = await connect(server)
        await connection.execute(f"SELECT pg_advisory_lock({lock_number(account)})")
        return cls(connection)

    def decide(self, case: Case, facts: Facts) -> Decision:
        return decide(case, facts)

    async def reached(self) -> None:
        while not await self._connection.fetchval("SELECT count(*) FROM pg_locks WHERE NOT granted"):
            await asyncio.sleep(0.01)

    async def open(self) -> None:
        await self._connection.close()
