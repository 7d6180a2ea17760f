"""Whether anything was decided since: one looks for all who wait, however many pages are open."""

from __future__ import annotations

import asyncio
from collections import Counter

from storage import outbox, reads
from storage.errors import StoreError
from storage.interface import Store
from storage.plan import Plan
from storage.reads import Position

PATIENCE = 1.0
"""Seconds between two looks, where nobody tells that there is news."""
IDLE = 60
"""Looks after which nobody looks any more, unless somebody listens again."""


def _ends() -> Plan[tuple[Position, str]]:
    """Of decisions and of events, which admins make as well."""
    return (yield from reads.end()), (yield from outbox.last())


class News:
    """What is decided, by whichever process and in whichever account."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._next = asyncio.Event()
        self._looking: asyncio.Task[None] | None = None
        self._left = 0
        self.over = False
        """The gateway stops: nobody is to wait any more."""
        self.streams: Counter[str] = Counter()
        """Streams of each caller."""

    def listen(self) -> asyncio.Event:
        """Is set once there may be something new. It lasts a minute, and is asked for before one reads."""
        self._left = IDLE
        if self._looking is None or self._looking.done():
            self._looking = asyncio.create_task(self._look())
        return self._next

    async def close(self) -> None:
        """Lets everybody go."""
        self.over = True
        self._tell()
        if self._looking is not None:
            self._looking.cancel()
            await asyncio.gather(self._looking, return_exceptions=True)

    async def _look(self) -> None:
        try:
            place = await self._store.read(_ends())
            self._tell()  # what came before this first look
            while self._left > 0:
                self._left -= 1
                await self._store.news(PATIENCE)
                before, place = place, await self._store.read(_ends())
                if place != before:
                    self._tell()
        except StoreError:
            await asyncio.sleep(PATIENCE)
        self._tell()

    def _tell(self) -> None:
        self._next.set()
        self._next = asyncio.Event()
