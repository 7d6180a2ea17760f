"""Between a worker and the process that writes: cases go one way, what was decided comes back once it is on disk."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from enum import Enum
from itertools import count
from pathlib import Path
from typing import TypeVar

from gateway import operator_log
from gateway.core.decide import decide
from gateway.core.decision import Decision
from gateway.core.questions import Case
from gateway.keeping import Keeping, Ready
from gateway.pieces import Unpickler, Values, packed, receive, send
from storage import errors
from storage.copying import Bar, no_bar
from storage.errors import StoreError, StoreUnavailable
from storage.interface import Decide, Keeper, Store
from storage.plan import Plan

T = TypeVar("T")

_MOST = 1024**3
"""Bytes that come at once."""
_WAITING = 1024**2
"""Bytes that are read ahead."""


class Order(Enum):
    """To a worker."""

    DRAIN = "drain"
    COUNT = "count"
    """Tell what it has counted."""


@dataclass(frozen=True, slots=True)
class Renew:
    """To a worker: what holds from now on. Its certificate is to be read again, too."""

    settings: dict[str, object]
    """All that may change while it runs, changed or not: by path, as JSON has them."""


@dataclass(frozen=True, slots=True)
class Listening:
    """A worker serves."""

    process_id: int


@dataclass(frozen=True, slots=True)
class Counted:
    """What a worker has counted since it began: name, labels and value of each metric."""

    samples: tuple[tuple[str, tuple[tuple[str, str], ...], float], ...]


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a worker ends, as a sentence for the operator."""

    sentence: str
    exit_code: int
    final: bool
    """Another one must not be started: what was written last may be lost."""


@dataclass(frozen=True, slots=True)
class Settle:
    """The cases of one SMTP transaction, to be settled."""

    number: int
    cases: list[Case]
    ready: Ready | None


@dataclass(frozen=True, slots=True)
class Settled:
    """They are, and on disk."""

    number: int
    decisions: list[Decision]


@dataclass(frozen=True, slots=True)
class NotSettled:
    """They aren't, or a repeat meets them. No text, which may hold content."""

    number: int
    error: str
    """A class of storage.errors whose text is its own."""


class Line:
    """One end of the connection between the two, on which values go both ways, many at once if there are."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._unsent: list[object] = []
        self._sending: asyncio.Task[None] | None = None

    @classmethod
    async def on(cls, connection: socket.socket) -> Line:
        """This end of a pair of sockets."""
        return cls(*await asyncio.open_connection(sock=connection, limit=_WAITING))

    def send(self, value: object) -> None:
        """As soon as can be. Where the other side is gone, `receive` tells."""
        self._unsent.append(value)
        if self._sending is None or self._sending.done():
            self._sending = asyncio.create_task(self._send())

    async def receive(self, read: type[Unpickler] = Values) -> list[object]:
        """What came; values only, unless said otherwise. Raises EOFError, ConnectionError: the other side is gone."""
        values: list[object] = read(await receive(self._reader, _MOST)).load()
        return values

    async def close(self) -> None:
        """Sends what is unsent."""
        if self._sending:
            await self._sending
        self._writer.close()

    async def _send(self) -> None:
        with suppress(ConnectionError):
            while self._unsent:
                values, self._unsent = self._unsent, []
                await send(self._writer, packed(values))


class RemoteStore:
    """`storage.interface.Store` whose transactions with mail in them another process makes."""

    def __init__(self, own: Store, line: Line) -> None:
        """`own`: for all else, on the same file."""
        self._own = own
        self._line = line
        self._numbers = count()
        self._waiting: dict[int, asyncio.Future[Sequence[Decision]]] = {}
        self._gone = False
        self.failed = own.failed
        self.committed = own.committed

    async def settle(self, cases: Sequence[Case], decide: Decide, keeper: Keeper) -> Sequence[Decision]:
        assert isinstance(keeper, Keeping)  # noqa: S101 — no other can be made anew over there
        return await self._settle(list(cases), keeper.ready)

    async def read(self, plan: Plan[T]) -> T:
        return await self._own.read(plan)

    async def change(self, plan: Plan[T], *, erases: bool = False) -> T:
        result = await self._own.change(plan, erases=erases)
        await self._settle([], None)  # the writer knows whether it is still the file that everybody finds
        return result

    async def news(self, patience: float) -> None:
        await self._own.news(patience)

    async def backup(self, target: Path, bar: Bar = no_bar) -> None:
        await self._own.backup(target, bar)

    async def close(self) -> None:
        await self._own.close()

    def answered(self, answer: Settled | NotSettled) -> None:
        """What the writer said."""
        waiting = self._waiting.get(answer.number)
        if waiting is None or waiting.done():
            return  # nobody waits any more; a repeat meets it
        if isinstance(answer, Settled):
            waiting.set_result(answer.decisions)
        else:
            waiting.set_exception(_error(answer.error))

    def lost(self) -> None:
        """The writer is gone: nothing is settled any more."""
        self._gone = True
        for waiting in self._waiting.values():
            if not waiting.done():
                waiting.set_exception(StoreUnavailable())

    async def _settle(self, cases: list[Case], ready: Ready | None) -> Sequence[Decision]:
        if self._gone:
            raise StoreUnavailable
        number = next(self._numbers)
        waiting: asyncio.Future[Sequence[Decision]] = asyncio.get_running_loop().create_future()
        self._waiting[number] = waiting
        try:
            self._line.send(Settle(number, cases, ready))
            return await waiting
        finally:
            del self._waiting[number]


class Desk:
    """The writer's side of one worker."""

    def __init__(self, line: Line, store: Store, keeping: Callable[[Ready | None], Keeper]) -> None:
        self._line = line
        self._store = store
        self._keeping = keeping
        self._settling: set[asyncio.Task[None]] = set()

    def settle(self, asked: Settle) -> None:
        """Begins to; messages are decided in the order of calls."""
        task = asyncio.create_task(self._settle(asked))
        self._settling.add(task)
        task.add_done_callback(self._settling.discard)

    async def _settle(self, asked: Settle) -> None:
        answer: Settled | NotSettled
        try:
            decisions = await self._store.settle(asked.cases, decide, self._keeping(asked.ready))
            answer = Settled(asked.number, list(map(_in_brief, decisions)))
        except StoreError as error:
            answer = NotSettled(asked.number, type(error).__name__)
        except Exception as error:
            operator_log.internal_error(type(error).__name__, operator_log.raised_at(error))
            answer = NotSettled(asked.number, StoreUnavailable.__name__)
        self._line.send(answer)  # if its worker is gone, a repeat meets what was decided


def _error(name: str) -> StoreError:
    made: type[StoreError] = getattr(errors, name)
    return made()


def _in_brief(decision: Decision) -> Decision:
    """What the log line and the reply are made of."""
    activity = decision.activity and replace(
        decision.activity, subject=None, text="", participants=(), targets=(), attachments=()
    )
    return replace(
        decision,
        findings=(),
        activity=activity,
        remembered=None,
        calls=tuple(map(_in_brief, decision.calls)),
        redact=(),
        passed_over=(),
        failed=(),
    )
