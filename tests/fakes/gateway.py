"""A whole gateway on loopback: SMTP, the journey, and a database of its own."""

from __future__ import annotations

import asyncio
import itertools
import shutil
import smtplib
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from fakes.deliveries import KEY, KEYED, NOON, Delivery
from fakes.world import World, seed

from gateway import operator_log
from gateway.authenticate import Authenticator
from gateway.authenticate.dns import Lookups
from gateway.core.cases import Setting
from gateway.core.ids import Ids
from gateway.core.limits import DkimLimits, ReadingLimits
from gateway.ingest import Ingest
from gateway.smtp.limits import SmtpLimits
from gateway.smtp.server import SmtpServer
from storage import migrate
from storage.interface import Store
from storage.open import open_store
from storage.sealing import Sealing


class Clock:
    """Epoch milliseconds, set by hand."""

    def __init__(self) -> None:
        self.at = NOON

    def __call__(self) -> int:
        return self.at


def counting_ids(clock: Callable[[], int]) -> Ids:
    numbers = itertools.count(1)
    return Ids(clock, lambda: next(numbers))


@dataclass
class Gateway:
    """One that runs. `send` gives the code and the text of the answer to the message."""

    store: Store
    ingest: Ingest
    world: World
    port: int
    clock: Clock

    async def send(self, delivery: Delivery) -> tuple[int, str]:
        self.clock.at = delivery.at
        ip = self.world.sources[delivery.source].network.partition("/")[0]
        return await asyncio.to_thread(_send, self.port, ip, delivery)


def _send(port: int, ip: str, delivery: Delivery) -> tuple[int, str]:
    with smtplib.SMTP("127.0.0.1", port, "client.example", timeout=20, source_address=(ip, 0)) as client:
        client.ehlo_or_helo_if_needed()
        client.mail(delivery.mail_from)
        for address in delivery.to:
            code, text = client.rcpt(address)
            if code != 250:
                return code, text.decode()
        code, text = client.data(delivery.raw)
        return code, text.decode()


def empty_database(path: Path, template: Path) -> None:
    """A migrated database at `path`; the first one made is the template of the others."""
    if not template.exists():
        migrate.migrate(template, 0)
    shutil.copyfile(template, path)


@asynccontextmanager
async def gateway(
    path: Path, template: Path, *worlds: World, lookups: Callable[[], Lookups] | None = None
) -> AsyncIterator[Gateway]:
    """A gateway whose database at `path` holds these worlds; the first one's domain and sources count.

    `lookups`: what it knows of DNS; without, only the session speaks for a sender.
    """
    empty_database(path, template)
    clock = Clock()
    new_id = counting_ids(clock)
    store = await open_store(path, KEY, new_id)
    try:
        for world in worlds:
            await store.change(seed(world, KEYED))
        world = worlds[0]
        setting = Setting(world.domain, world.host, KEYED, ReadingLimits())
        authenticator = Authenticator(lookups, DkimLimits())
        ingest = Ingest(store, setting, Sealing(KEY), authenticator, 30, new_id, clock)
        server = SmtpServer(ingest, operator_log, SmtpLimits(drain=5), world.host, None, clock)
        listener = socket.create_server(("127.0.0.1", 0))
        await server.listen([listener])
        try:
            yield Gateway(store, ingest, world, listener.getsockname()[1], clock)
        finally:
            await server.drain()
    finally:
        await store.close()
