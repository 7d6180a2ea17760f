"""Builds that break the promise, each in one way. A proof that doesn't notice them proves nothing."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, nullcontext
from typing import Any

from gateway.core.keyed_hash import KeyedHash
from gateway.core.model import Answer, Envelope, Outcome
from gateway.ingest import Ingest
from gateway.parser import Parser
from gateway.smtp.handler import Handler
from gateway.smtp.server import SmtpServer
from storage.plan import Plan, ask
from storage.sqlite.connection import Connection, run
from storage.sqlite.store import SqliteStore
from tests.proofs.moments import wrapped


def without_parser() -> None:
    """No fault, but for messages that are read in the loop only."""

    async def start(_: Parser) -> None:
        pass

    wrapped("gateway.parser:Parser.start", lambda _: start)


def answers_early() -> None:
    """The 250 goes out before the commit."""
    journeys: set[asyncio.Task[Answer]] = set()  # strong references

    def wrapper(message: Callable[..., Any]) -> Callable[..., Any]:
        async def early(self: Ingest, envelope: Envelope, raw: bytes) -> Answer:
            journeys.add(asyncio.create_task(message(self, envelope, raw)))
            return Answer(envelope.trace_id, outcomes=(Outcome.LOGGED,) * len(envelope.recipients))

        return early

    wrapped("gateway.ingest:Ingest.message", wrapper)


def forgets_retries() -> None:
    """A repeat is not recognised: neither by the look-up of its retry key nor by the unique index on it."""

    def wrapper(keyed: Callable[..., str]) -> Callable[..., str]:
        def forgetful(self: KeyedHash, purpose: str, *values: str | bytes) -> str:
            return secrets.token_hex(16) if purpose == "retry" else keyed(self, purpose, *values)

        return forgetful

    wrapped("gateway.core.keyed_hash:KeyedHash.__call__", wrapper)


def interleaves() -> None:
    """Each task executes its statements as they come, on one connection that all of them share."""
    wrapped("storage.sqlite.store:SqliteStore._do", lambda _: step_by_step(nullcontext))


def drops_the_shield() -> None:
    """The journey ends with its client, in the middle of a transaction that is made step by step."""
    wrapped("storage.sqlite.store:SqliteStore._do", lambda _: step_by_step(asyncio.Lock))

    def wrapper(message: Callable[..., Any]) -> Callable[..., Any]:
        async def cancelled_with_client(self: Handler, *args: Any) -> Any:
            before = set(self._shared.journeys)
            try:
                return await message(self, *args)
            except asyncio.CancelledError:
                for journey in self._shared.journeys - before:
                    journey.cancel()
                raise

        return cancelled_with_client

    wrapped("gateway.smtp.handler:Handler.message", wrapper)


def step_by_step(new_lock: Callable[[], AbstractAsyncContextManager[None]]) -> Callable[..., Any]:
    """For `SqliteStore._do`: transactions give way to other tasks between two statements, under a lock or not."""
    locks: list[AbstractAsyncContextManager[None]] = []

    async def do(self: SqliteStore, plan: Callable[[], Plan[Any]], *_: object) -> Any:
        if not locks:
            locks.append(new_lock())
        async with locks[0]:
            return await _stepped(self._writer, plan())

    return do


async def _stepped(writer: Connection, plan: Plan[Any]) -> Any:
    if not await writer.work(lambda db: db.in_transaction):
        await writer.work(run, ask("BEGIN IMMEDIATE"))
    try:
        statement = next(plan)
        while True:
            statement = plan.send(await writer.work(run, ask(statement.sql, *statement.values)))
    except StopIteration as end:
        if await writer.work(lambda db: db.in_transaction):
            await writer.work(run, ask("COMMIT"))
        return end.value


def does_not_wait() -> None:
    """Told to stop, it doesn't care who is there."""

    async def drain(_: SmtpServer) -> int:
        return 0

    wrapped("gateway.smtp.server:SmtpServer.drain", lambda _: drain)


def hangs_at_the_end() -> None:
    """The store is never closed, and the time for that is short."""

    async def close(_: SqliteStore) -> None:
        await asyncio.Event().wait()

    wrapped("storage.sqlite.store:SqliteStore.close", lambda _: close)
    wrapped("gateway.app:STOP_WITHIN", lambda _: 0.2)


def never_hangs_up() -> None:
    """Nothing is done where a client has ended its stream."""

    def hang_up(*_: object) -> None:
        pass

    wrapped("gateway.smtp.connection:Connection._hang_up", lambda _: hang_up)


def believes_the_clock() -> None:
    """What is overdue by the clock is erased, whatever the clock does."""
    wrapped("gateway.clock:ClockTrust.allows", lambda _: lambda *_: True)


BUILDS = {
    "answers early": answers_early,
    "forgets retries": forgets_retries,
    "no shield": drops_the_shield,
    "interleaves": interleaves,
    "does not wait": does_not_wait,
    "hangs at the end": hangs_at_the_end,
    "never hangs up": never_hangs_up,
    "believes the clock": believes_the_clock,
}
