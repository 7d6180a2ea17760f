"""A program that settles messages in a real store and acknowledges each: what a test records, and lets fail.

It answers requests, one JSON object a line, each in a child of its own; the answer is that child's exit code: 0, the
store's own when it gave up or refused, 1 for anything that nobody expects.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import socket
import sys
import traceback
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from fakes.deliveries import ANA, BCC, BOB, EVE, KEY, KEYED, KIM, NOON, RELAY, Delivery, cases, keeper, mail
from fakes.world import load_world, seed

from gateway.clock import new_id
from gateway.core.decide import decide
from storage.errors import StoreError, StoreFailed
from storage.migrate import migrate
from storage.open import open_store
from storage.plan import ask
from storage.sqlite.store import SqliteStore

DATABASE = "gateway.db"
_WORLD = load_world()


@dataclass(frozen=True)
class Request:
    """One run. The same seed and messages are the same bytes, so a second run repeats the first."""

    folder: str
    messages: int
    seed: int
    run: str = "a"
    """Part of the trace ids."""
    at_once: int = 4
    checkpoint: int = 1000
    """Pages in the log after which SQLite begins it anew; 1000 is its default, which the gateway leaves."""
    synchronous: str = ""
    """A build that says less than FULL."""
    early: bool = False
    """A build that answers before the commit."""
    leave: bool = False
    """End without closing, as a kill would: the log stays."""
    damaged: bool = False
    """The file may say anything: an exception is 451, as the gateway's handler has it."""


def deliveries(request: Request) -> list[Delivery]:
    """Explicit mail, large mail, second copies, repeats, and mail that never-log keeps out."""
    chance, made = random.Random(request.seed), list[Delivery]()
    for number in range(request.messages):
        trace, at = f"{request.run}-{number}", NOON + number * 1000
        what = chance.random()
        before = chance.choice(made) if made else None
        if before and what < 0.05:
            made.append(Delivery(before.raw, before.to, before.mail_from, at=at, trace_id=trace))
            continue
        if before and what < 0.15:
            made.append(Delivery(before.raw, [RELAY], before.mail_from, at=at, trace_id=trace))
            continue
        to = EVE if what < 0.2 else chance.choice((BOB, KIM, f"c{chance.randrange(1000)}@client.example"))
        size = chance.randrange(20_000, 60_000) if what > 0.95 else chance.randrange(10, 2_000)
        text = chance.randbytes(size // 2).hex()
        raw = mail(ANA, to, f"number {number}", message_id=f"{request.seed}.{number}", text=text)
        made.append(Delivery(raw, [BCC, RELAY] if what > 0.9 else [BCC], ANA, at=at, trace_id=trace))
    return made


def prepare(folder: Path) -> None:
    """A database that knows the world of the cases."""
    folder.mkdir(exist_ok=True)
    migrate(folder / DATABASE, NOON)

    async def fill() -> None:
        store = await open_store(folder / DATABASE, KEY, new_id)
        await store.change(seed(_WORLD, KEYED))
        await store.close()

    asyncio.run(fill())


async def _run(request: Request) -> int:
    store = await open_store(Path(request.folder) / DATABASE, KEY, new_id, serving=True)
    try:
        assert isinstance(store, SqliteStore)
        [(size,)] = await store.read(ask("PRAGMA mmap_size"))
        assert size == 0, "what is written through memory is on no record"
        await store._writer.execute(f"PRAGMA wal_autocheckpoint = {request.checkpoint}")
        if request.synchronous:
            await store._writer.execute(f"PRAGMA synchronous = {request.synchronous}")
        ours, _theirs = socket.socketpair()
        waiting = deliveries(request)[::-1]
        await asyncio.gather(*(_client(store, ours, waiting, request) for _ in range(request.at_once)))
        if request.leave:
            os._exit(0)
    finally:
        await store.close()
    return StoreFailed.exit_code if store.failed.is_set() else 0


async def _client(store: SqliteStore, reply: socket.socket, waiting: list[Delivery], request: Request) -> None:
    while waiting:
        delivery = waiting.pop()
        accepted = f"250 2.0.0 Accepted {delivery.trace_id}\r\n".encode()
        if request.early:
            reply.send(accepted)
        try:
            await store.settle(cases(_WORLD, delivery), decide, keeper(delivery, _WORLD))
        except StoreError:
            continue
        except Exception:
            if not request.damaged:
                raise
            continue
        if not request.early:
            reply.send(accepted)


def _answer(request: Request) -> int:
    try:
        return asyncio.run(_run(request))
    except StoreError as error:
        return error.exit_code
    except BaseException:
        traceback.print_exc()
        return 1


def main(lines: Sequence[str] | None = None) -> None:
    """Answers requests until there are no more."""
    for line in lines or sys.stdin:
        child = os.fork()
        if not child:
            os._exit(_answer(Request(**json.loads(line))))
        _, status = os.waitpid(child, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)


if __name__ == "__main__":
    main()
