"""The PostgreSQL store: many gateways on one database, each with one writer and group commit, readers apart.

Whatever is queued while a commit runs is settled in the next one, each piece of work in a savepoint of its own. Locks
keep the order that one writer has on a file: within an account one batch at a time, of whichever gateway, and an
administrator's change while nothing is settled.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

from gateway.core.decision import Decision
from gateway.core.keyed_hash import KeyedHash
from gateway.core.questions import Case
from storage.batch import Transaction, settle_all
from storage.copying import Bar, no_bar
from storage.errors import StoreError, StoreStandby, StoreUnavailable
from storage.interface import Committed, Decide, Keeper, Recorder, unheeded
from storage.migrate import fitting
from storage.place import Server
from storage.plan import Plan, ask
from storage.postgres.connection import (
    ERRORS,
    Connection,
    check,
    close,
    connect,
    end_transaction,
    given_up_after,
    run,
    translated,
    worth_another_try,
)
from storage.postgres.copying import back_up
from storage.postgres.locks import ADMINISTRATION, lock_number
from storage.postgres.migrate import versions
from storage.postgres.news import CHANNEL, Listener
from storage.postgres.rounds import run_rounds
from storage.settle import settle
from storage.work import MAX_BATCH, Work, answer, answer_in_turns, queued, wanted

T = TypeVar("T")

TOLD_EVERY = 0.1
"""Seconds between two notices that something was recorded."""
ANSWER, ANSWER_EACH = 6.0, 0.2
"""Seconds that a batch may take behind its locks, and those for each piece in it."""
CHANGE = 60.0
"""Seconds that a change may take: it may be a page of an import, line by line."""


class PostgresStore:
    """`storage.interface.Store` on a PostgreSQL database. Made by `open_postgres`."""

    def __init__(
        self, server: Server, first: Sequence[Connection], keyed: KeyedHash, new_id: Callable[[], str], patience: float
    ) -> None:
        """`first`: connections for the writer and one reader. `patience`: seconds that a batch waits for its locks."""
        self._server = server
        self._writer, reader = first
        self._readers: list[Connection | None] = [reader, *[None] * (server.connections - 2)]
        self._keyed = keyed
        self._new_id = new_id
        self._patience = patience
        self._queue: deque[Work] = deque()
        self._queued = asyncio.Event()
        self._closing = False
        self._reads: list[Work] = []
        self._reading: list[asyncio.Task[None] | None] = [None] * len(self._readers)
        self._telling: asyncio.Task[None] | None = None
        self._listener: Listener | None = None
        self._writing = asyncio.create_task(self._write())
        self.committed: Committed = unheeded
        self.failed = asyncio.Event()
        """Never set: a server whose disk fails ends by itself."""

    async def settle(self, cases: Sequence[Case], decide: Decide, keeper: Keeper) -> Sequence[Decision]:
        recorder = Recorder(self._new_id, self._keyed, keeper)
        return await self._do(lambda: settle(cases, decide, recorder), Transaction(cases, decide, recorder))

    async def change(self, plan: Plan[T], *, erases: bool = False) -> T:  # no log that could be begun anew
        return await self._do(lambda: plan)

    async def read(self, plan: Plan[T]) -> T:
        if self._closing:
            raise StoreUnavailable
        work = queued(lambda: plan)
        self._reads.append(work)
        for number, task in enumerate(self._reading):
            if task is None or task.done():
                self._reading[number] = asyncio.create_task(self._read(number))
                break
        result: T = await work.done
        return result

    async def news(self, patience: float) -> None:
        self._listener = self._listener or Listener(self._server)
        await self._listener.wait(patience)

    async def backup(self, target: Path, bar: Bar = no_bar) -> None:
        await back_up(self._server, target, bar)

    async def close(self) -> None:
        """Ends the queued work first."""
        self._closing = True
        self._queued.set()
        await self._writing
        for task in (*self._reading, self._telling):
            if task is not None:
                with suppress(StoreError):
                    await task
        if self._listener:
            await self._listener.close()
        for connection in (self._writer, *self._readers):
            if connection is not None:
                await close(connection)

    async def _do(self, plan: Callable[[], Plan[T]], transaction: Transaction | None = None) -> T:
        """Queues work and waits for its commit. A caller who stops waiting withdraws work that has not begun."""
        if self._closing:
            raise StoreUnavailable
        work = queued(plan, transaction)
        self._queue.append(work)
        self._queued.set()
        result: T = await work.done
        return result

    # --- writing ---

    async def _write(self) -> None:
        while self._queue or not self._closing:
            batch = self._take()
            if not batch:
                self._queued.clear()
                if not self._closing:
                    await self._queued.wait()
                continue
            started = time.monotonic()
            try:
                await self._commit(batch)
                self._tell()
            except Exception as error:
                for work in batch:
                    work.error = work.error or error
            self.committed(len(batch), time.monotonic() - started, len(self._queue))
            answer(batch)

    def _take(self) -> list[Work]:
        """What is queued now, up to a batch; a change is alone in it."""
        batch: list[Work] = []
        while self._queue and len(batch) < MAX_BATCH and not (batch and not self._queue[0].transaction):
            work = self._queue.popleft()
            if work.done.done():
                continue
            batch.append(work)
            if not work.transaction:
                break
        return batch

    async def _commit(self, batch: Sequence[Work]) -> None:
        """One transaction for the batch, made once more where another one was in its way. Raises StoreError."""
        patience = self._patience + _longest(batch)
        for last in (not batch[0].transaction, True):
            if self._writer.is_closed():
                self._writer = await connect(self._server)
            try:
                with given_up_after(patience, self._writer):
                    await _commit(self._writer, batch, self._patience)
            except ERRORS as error:
                await self._recover(error)
                if last or not worth_another_try(error):
                    raise translated(error) from None
            except BaseException:
                self._writer.terminate()
                raise
            else:
                return

    async def _recover(self, error: Exception) -> None:
        """A server that has become a standby is left: another one may have taken its place."""
        if isinstance(translated(error), StoreStandby):
            self._writer.terminate()
        elif not self._writer.is_closed():
            await end_transaction(self._writer)

    def _tell(self) -> None:
        if self._telling is None or self._telling.done():
            self._telling = asyncio.create_task(self._tell_soon())

    async def _tell_soon(self) -> None:
        """Outside the transaction: those that notify commit one after the other."""
        await asyncio.sleep(TOLD_EVERY)
        with suppress(StoreError):
            await self.read(ask("SELECT pg_notify($1, '')", CHANNEL))

    # --- reading ---

    async def _read(self, number: int) -> None:
        """What is asked while others are answered is answered together: in a crowd nobody waits for each one's turn."""
        while self._reads:
            batch = wanted(self._reads[:MAX_BATCH])
            del self._reads[:MAX_BATCH]
            await self._look(number, batch)
            await answer_in_turns(batch)

    async def _look(self, number: int, batch: Sequence[Work]) -> None:
        left = deque(batch)
        try:
            connection = self._readers[number]
            if connection is None or connection.is_closed():
                connection = self._readers[number] = await connect(self._server)
            with given_up_after(ANSWER + ANSWER_EACH * len(batch), connection):
                while left:
                    await _on_snapshot(connection, left)
        except Exception as error:
            told = error if isinstance(error, StoreError) else translated(error)
            for work in left:
                work.error = told


async def _commit(connection: Connection, batch: Sequence[Work], patience: float) -> None:
    """A piece that fails undoes itself only; a failed COMMIT fails all."""
    await connection.execute(_begin(batch, patience))
    if len(batch) == 1 or not await _settle_all(connection, batch):
        for number, work in enumerate(batch):
            if number:
                await connection.execute("RELEASE work; SAVEPOINT work")
            await _try(connection, work)
    # While it waits for a standby no time-out may end it: that would pass for success.
    if await connection.execute("SET LOCAL statement_timeout = 0; COMMIT") != "COMMIT":
        raise StoreUnavailable


async def _settle_all(connection: Connection, batch: Sequence[Work]) -> bool:
    """Side by side; False where something failed half-way. Then nothing is written, and each is to be tried alone."""
    try:
        results = await run_rounds(connection, settle_all([work.transaction for work in batch if work.transaction]))
    except ERRORS as error:
        if connection.is_closed() or worth_another_try(error):
            raise
    except Exception:  # noqa: S110 — whose it is, and what it says, shows when each is tried alone
        pass
    else:
        for work, result in zip(batch, results, strict=True):
            work.error, work.result = (result, None) if isinstance(result, Exception) else (None, result)
        return True
    await connection.execute("ROLLBACK TO work")
    return False


async def _try(connection: Connection, work: Work) -> None:
    work.error = None
    try:
        work.result = await run(connection, work.plan())
    except ERRORS as error:
        if connection.is_closed() or worth_another_try(error):
            raise
        work.error = translated(error)
    except Exception as error:
        if connection.is_closed():  # given up in the middle of a call
            raise StoreUnavailable from None
        work.error = error
    if work.error:
        await connection.execute("ROLLBACK TO work")


def _longest(batch: Sequence[Work]) -> float:
    """Seconds that a batch may take when it has its locks."""
    return ANSWER + ANSWER_EACH * len(batch) if batch[0].transaction else CHANGE


def _begin(batch: Sequence[Work], patience: float) -> str:
    """All that opens a transaction, to be sent in one go. The server ends one whose gateway is gone."""
    accounts = {c.asked.account_id for work in batch if work.transaction for c in work.transaction.cases}
    locks = [f"_shared({ADMINISTRATION})" if accounts else f"({ADMINISTRATION})"]
    locks += [f"({number})" for number in sorted(map(lock_number, accounts))]
    longest = int(1000 * (patience + _longest(batch)))
    return "; ".join(
        (
            "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE",
            f"SET LOCAL lock_timeout = {int(1000 * patience)}",
            f"SET LOCAL statement_timeout = {longest}",
            f"SET LOCAL idle_in_transaction_session_timeout = {longest}",
            "SET LOCAL synchronous_commit = on",
            *(f"SELECT pg_advisory_xact_lock{lock}" for lock in locks),
            "SAVEPOINT work",
        )
    )


async def _on_snapshot(connection: Connection, left: deque[Work]) -> None:
    """Answers what is left on one snapshot, up to a piece that the server refuses: that ends the transaction."""
    await connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
    while left:
        try:
            left[0].result = await run(connection, left[0].plan())
        except ERRORS as error:
            if connection.is_closed():
                raise
            left.popleft().error = translated(error)
            await connection.execute("ROLLBACK")
            return
        except Exception as error:
            if connection.is_closed():
                raise StoreUnavailable from None
            left[0].error = error
        left.popleft()
    await connection.execute("COMMIT")


async def open_postgres(
    server: Server, keyed: KeyedHash, new_id: Callable[[], str], patience: float, *, serving: bool
) -> PostgresStore:
    """The store on a database whose schema is current. Raises StoreError with what to do."""
    opened: list[Connection] = []
    try:
        opened.append(await connect(server))
        opened.append(await connect(server))
        await check(opened[0])
        fitting(*await versions(opened[0]), str(server))
        if serving:
            for table in ("decision", "outbox"):
                await opened[0].execute(_FROM_ELSEWHERE.format(table=table))
    except BaseException as error:
        for connection in opened:
            connection.terminate()
        raise (translated(error) if isinstance(error, ERRORS) else error) from None
    return PostgresStore(server, opened, keyed, new_id, patience)


# What was restored from a dump counts the transactions of another server; those to come must stand behind it.
_FROM_ELSEWHERE = "UPDATE {table} SET recorded_in = 0 WHERE recorded_in > pg_current_xact_id()::text::bigint"
