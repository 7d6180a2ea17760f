"""The SQLite store: one writer with group commit, readers apart.

Whatever is queued while a commit runs is settled in the next one, each piece of work in a savepoint of its own: many
messages share one fsync, and none sees half of another.
"""

from __future__ import annotations

import asyncio
import os
import sqlite3
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

from gateway.core.decision import Decision
from gateway.core.keyed_hash import KeyedHash
from gateway.core.questions import Case
from storage.batch import Transaction
from storage.copying import Bar, no_bar
from storage.durable import sync_folder
from storage.errors import StoreError, StoreFailed, StoreMoved, StoreReadOnly, StoreUnavailable
from storage.interface import Committed, Decide, Keeper, Recorder, unheeded
from storage.plan import Plan
from storage.settle import settle
from storage.sqlite import damage
from storage.sqlite.connection import Connection, connect, run, translated
from storage.sqlite.lock import claimed
from storage.sqlite.log import make_durable
from storage.work import MAX_BATCH, Work, answer, answer_in_turns, queued, wanted

T = TypeVar("T")


class SqliteStore:
    """`storage.interface.Store` on one SQLite file. Made by `open_store`."""

    def __init__(self, writer: Connection, reader: Connection, keyed: KeyedHash, new_id: Callable[[], str]) -> None:
        self._writer = writer
        self._reader = reader
        self._keyed = keyed
        self._new_id = new_id
        self._queue: asyncio.Queue[Work | None] = asyncio.Queue()
        self._reads: list[Work] = []
        self._reading: asyncio.Task[None] | None = None
        self._writing = asyncio.create_task(self._write())
        self.failed = asyncio.Event()
        """Set when the disk failed. A later success would prove nothing about what was lost: the process must end."""
        self.committed: Committed = unheeded
        self._erased = False
        """What was erased still stands in the write-ahead log."""
        self._lock: int | None = None
        self._path: Path | None = None
        self._files: list[tuple[int, int]] = []

    async def settle(self, cases: Sequence[Case], decide: Decide, keeper: Keeper) -> Sequence[Decision]:
        recorder = Recorder(self._new_id, self._keyed, keeper)

        def plan() -> Plan[list[Decision]]:
            decisions = yield from settle(cases, decide, recorder)
            self._erased = self._erased or any(d.keeps_out for d in decisions)
            return decisions

        return await self._do(plan, Transaction(cases, decide, recorder))

    async def change(self, plan: Plan[T], *, erases: bool = False) -> T:
        def noted() -> Plan[T]:
            result = yield from plan
            self._erased = self._erased or erases
            return result

        return await self._do(noted)

    async def read(self, plan: Plan[T]) -> T:
        work = queued(lambda: plan)
        self._reads.append(work)
        if self._reading is None or self._reading.done():
            self._reading = asyncio.create_task(self._read())
        result: T = await work.done
        return result

    async def news(self, patience: float) -> None:
        await asyncio.sleep(patience)  # whoever else writes to the file says nothing

    async def backup(self, target: Path, bar: Bar = no_bar) -> None:
        await self._reader.work(_backup, target, bar)

    async def close(self) -> None:
        """Ends the queued work first; order matters, an open connection would keep the process alive."""
        if not self._writing.done():
            self._queue.put_nowait(None)
            await self._writing
        if self._reading is not None:
            await self._reading
        if self._erased:  # the log may outlive this process, where another one has the database open
            with suppress(StoreError):
                await self._writer.work(_log_is_kept, patient=True)
        await self._reader.close()
        await self._writer.close()
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    async def claim(self, path: Path) -> None:
        """Makes this process the one that serves from the file, on what is surely there. Raises StoreError."""
        if not os.access(path, os.W_OK):  # SQLite would open it all the same
            raise StoreReadOnly(f"({path})")
        self._lock = claimed(path)
        await self._writer.work(make_durable, path)
        await self._writer.work(damage.look)
        self._path, self._files = path, _files(path)

    async def _do(self, plan: Callable[[], Plan[T]], transaction: Transaction | None = None) -> T:
        """Queues work and waits for its commit. A caller who stops waiting withdraws work that has not begun."""
        if self._writing.done():
            raise StoreUnavailable
        work = queued(plan, transaction)
        self._queue.put_nowait(work)
        result: T = await work.done
        return result

    async def _read(self) -> None:
        """What is asked while others are answered is answered together: in a crowd nobody waits for each one's turn."""
        while self._reads:
            batch = wanted(self._reads[:MAX_BATCH])
            del self._reads[:MAX_BATCH]
            try:
                await self._reader.work(_in_snapshot, batch)
            except Exception as error:
                for work in batch:
                    work.error = error
            await answer_in_turns(batch)

    async def _write(self) -> None:
        while await self._write_next():  # a call of its own, so that no message stays here while this waits
            pass

    async def _write_next(self) -> bool:
        """Waits for work and commits it; whether there may be more."""
        first = await self._queue.get()
        if first is None:
            return False
        batch, closing = self._take(first)
        if not batch:
            return not closing
        started = time.monotonic()
        try:
            await self._writer.work(_commit, batch)
            self._check_files()
            if self._erased:
                self._erased = await self._writer.work(_log_is_kept)
        except Exception as error:
            for work in batch:
                work.error = error
        self.committed(len(batch), time.monotonic() - started, self._queue.qsize())
        answer(batch)
        if any(isinstance(work.error, StoreFailed) for work in batch):
            self._give_up()
            return False
        return not closing

    def _check_files(self) -> None:
        """Raises StoreMoved where the commit went to a file that nobody will find."""
        if self._path and _files(self._path) != self._files:
            raise StoreMoved

    def _give_up(self) -> None:
        self.failed.set()
        while not self._queue.empty():
            if work := self._queue.get_nowait():
                work.error = StoreFailed()
                answer([work])

    def _take(self, first: Work) -> tuple[list[Work], bool]:
        """What is queued now, up to a batch; the flag says that `close` asked for the end."""
        batch = [first]
        while len(batch) < MAX_BATCH and not self._queue.empty():
            work = self._queue.get_nowait()
            if work is None:
                return wanted(batch), True
            batch.append(work)
        return wanted(batch), False


def _files(path: Path) -> list[tuple[int, int]]:
    """Which files stand under the names of the database and its log. Raises StoreMoved."""
    try:
        found = [os.stat(name) for name in (path, f"{path}-wal")]
    except OSError:
        raise StoreMoved from None
    return [(file.st_dev, file.st_ino) for file in found]


def _commit(db: sqlite3.Connection, batch: Sequence[Work]) -> None:
    """One transaction for the batch. A piece that fails undoes itself only; a failed COMMIT fails all."""
    try:
        db.execute("BEGIN IMMEDIATE")
        if not _together(db, batch):
            if db.in_transaction:
                db.execute("ROLLBACK")
            db.execute("BEGIN IMMEDIATE")
            _apart(db, batch)
        db.execute("COMMIT")
    except BaseException:
        with suppress(sqlite3.Error):
            if db.in_transaction:
                db.execute("ROLLBACK")
        raise


def _together(db: sqlite3.Connection, batch: Sequence[Work]) -> bool:
    """Without savepoints, for which each page is copied. False: one can't be made again, or failed after it wrote."""
    if not all(work.transaction for work in batch):
        return False
    for work in batch:
        changes = db.total_changes
        _try(db, work)
        if work.error and (db.total_changes != changes or not db.in_transaction):
            return False
    return True


def _apart(db: sqlite3.Connection, batch: Sequence[Work]) -> None:
    for work in batch:
        db.execute("SAVEPOINT work")
        _try(db, work)
        if work.error:
            db.execute("ROLLBACK TO work")
        db.execute("RELEASE work")


def _log_is_kept(db: sqlite3.Connection, *, patient: bool = False) -> bool:
    """Begins the write-ahead log anew; True where a reader needs the old one, which only who is `patient` waits for."""
    [(patience,)] = db.execute("PRAGMA busy_timeout").fetchall()
    db.execute(f"PRAGMA busy_timeout = {patience if patient else 0}")
    try:
        [(busy, *_)] = db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    finally:
        db.execute(f"PRAGMA busy_timeout = {patience}")
    return bool(busy)


def _in_snapshot(db: sqlite3.Connection, batch: Sequence[Work]) -> None:
    """All of it on one snapshot. A piece that fails harms no other."""
    db.execute("BEGIN")
    try:
        for work in batch:
            _try(db, work)
    finally:
        db.execute("ROLLBACK")


def _try(db: sqlite3.Connection, work: Work) -> None:
    work.error = None
    try:
        work.result = run(db, work.plan())
    except sqlite3.Error as error:
        work.error = translated(error)
    except Exception as error:
        work.error = error


def _backup(db: sqlite3.Connection, target: Path, bar: Bar) -> None:
    """SQLite's online backup into a file that must not exist yet, readable by its owner only."""
    os.close(os.open(target, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    copy = sqlite3.connect(target)
    try:
        _copy_pages(db, copy, bar)
    except BaseException:
        target.unlink()  # half a backup must not pass for one
        raise
    finally:
        copy.close()
    sync_folder(target.parent)


def _copy_pages(db: sqlite3.Connection, copy: sqlite3.Connection, bar: Bar) -> None:
    """Of one snapshot: without that it would begin anew after each commit of others."""
    db.execute("BEGIN")
    try:
        [(pages,)] = db.execute("SELECT page_count FROM pragma_page_count").fetchall()
        db.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchall()
        with bar(pages) as step:
            left = pages

            def progress(_: int, remaining: int, __: int) -> None:
                nonlocal left
                step(left - remaining)
                left = remaining

            db.backup(copy, pages=_PAGES, progress=progress, sleep=0)
    finally:
        db.execute("ROLLBACK")


_PAGES = 1024
"""Copied between two looks at how far it is."""


async def open_sqlite(
    path: Path, keyed: KeyedHash, new_id: Callable[[], str], busy_timeout: float = 5.0
) -> SqliteStore:
    """The store on a file whose schema is current; `storage.open` checks that first."""
    writer = await connect(path, busy_timeout)
    try:
        reader = await connect(path, busy_timeout, read_only=True)
    except BaseException:
        await writer.close()
        raise
    return SqliteStore(writer, reader, keyed, new_id)
