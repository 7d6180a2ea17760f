"""A whole gateway under attack: real SMTP, a real database, and what has to be true of both afterwards."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from fakes.copies import asked_for
from fakes.deliveries import ANA, BOB, Delivery, mail
from fakes.gateway import Gateway, gateway
from fakes.lookups import FakeLookups
from fakes.scan import breaches
from fakes.seen import Seen, seen
from fakes.world import World, load_world
from fuzz.spoken import unheard_of

from storage.plan import ask

STRANGER = "127.0.0.99"
"""The address of a client that is no source."""


@dataclass
class Attacked:
    """The gateway, and everything that it has said."""

    running: Gateway
    path: Path
    heard: list[bytes] = field(default_factory=list)

    async def talk(self, *segments: bytes, ip: str = STRANGER) -> bytes:
        """All that the gateway says to a client that sends these one after the other, and then no more."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.running.port, local_addr=(ip, 0))
        async with asyncio.timeout(20):
            for segment in segments:
                writer.write(segment)
                await writer.drain()
                await asyncio.sleep(0)
            writer.write_eof()
            said = await reader.read()
        writer.close()
        self.heard.append(said)
        return said

    async def transaction(self, raw: bytes, to: str, mail_from: str = "", *, ip: str = STRANGER) -> list[str]:
        """The same for one message, sent as it is without dot-stuffing; the replies from that to MAIL on."""
        said = await self.talk(
            b"HELO client.example\r\nMAIL FROM:<%b>\r\nRCPT TO:<%b>\r\nDATA\r\n%b\r\n.\r\nQUIT\r\n"
            % (mail_from.encode(), to.encode(), raw),
            ip=ip,
        )
        return said.decode().splitlines()[2:]

    async def send(self, *deliveries: Delivery) -> list[int]:
        """Codes of the answers."""
        answers = [await self.running.send(delivery) for delivery in deliveries]
        self.heard += [f"{code} {text}\r\n".encode() for code, text in answers]
        return [code for code, _ in answers]

    async def decisions(self) -> list[str]:
        """Channel, outcome and reason of all there are, in order."""
        rows = await self.running.store.read(ask("SELECT channel, outcome, reason FROM decision ORDER BY id"))
        return [" ".join(map(str, row)) for row in rows]

    async def activities(self, account: str = "us") -> list[Seen]:
        """Those of an account."""
        return await self.running.store.read(seen(account))

    async def count(self, table: str) -> int:
        """Rows of a table."""
        [(number,)] = await self.running.store.read(ask(f"SELECT count(*) FROM {table}"))  # noqa: S608 - a test's own name
        assert isinstance(number, int)
        return number


@asynccontextmanager
async def attacked(
    folder: Path, template: Path, worlds: Sequence[World] = (), zone: dict[str, tuple[str, ...] | None] | None = None
) -> AsyncIterator[Attacked]:
    """Afterwards honest mail is served, the database is sound, and all that was said is in the table of replies."""
    path = folder / "gateway.db"
    worlds = worlds or (load_world(),)
    lookups = FakeLookups(zone) if zone is not None else None
    async with gateway(path, template, *worlds, lookups=(lambda: lookups) if lookups else None) as running:
        sources = {name: source for world in worlds for name, source in world.sources.items()}
        running.world = replace(running.world, sources=sources)  # where each of them connects from
        one = Attacked(running, path)
        yield one
        before = len(await one.activities())
        assert await one.send(asked_for(mail(ANA, BOB, "Honest", message_id="honest"))) == [250]
        assert len(await one.activities()) == before + 1
        assert [line for said in one.heard for line in unheard_of(said, running.world.host)] == []
    assert breaches(path) == []
