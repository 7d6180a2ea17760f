"""A proxy before a PostgreSQL server that lets a COMMIT, or the answer to it, go astray."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from enum import Enum
from pathlib import Path

from storage.place import Server

PORT = 7000
_SETTLED = b"; COMMIT"
"""How the end of a writer's transaction is told from a reader's."""
_LEAVE = b"X\0\0\0\4"


class Astray(Enum):
    """What becomes of one COMMIT."""

    COMMIT = "it never arrives"
    ANSWER = "it is done, and the answer is lost"
    LATE = "it is done, and the answer comes when nobody waits for it any more"


class CommitProxy:
    """Speaks as much of the protocol as it takes to see a COMMIT. `next` is what becomes of the next one, once."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.next: Astray | None = None
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> CommitProxy:
        self._server = await asyncio.start_unix_server(self._serve, self._folder / f".s.PGSQL.{PORT}")
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def place(self, database: str) -> Server:
        return Server(f"postgresql://gateway@/{database}?host={self._folder}&port={PORT}")

    async def _serve(self, client: asyncio.StreamReader, to_client: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        server, to_server = await asyncio.open_unix_connection(str(self._folder / ".s.PGSQL.5432"))
        answers = asyncio.create_task(_pass_on(server, to_client))
        try:
            # TLS isn't spoken over a socket, so the first message is the start-up: it has no type.
            to_server.write(await _message(client, b""))
            while True:
                message = await _message(client, await client.readexactly(1))
                if self.next and message.startswith(b"Q") and _SETTLED in message:
                    how, self.next = self.next, None
                    answers.cancel()
                    await asyncio.gather(answers, return_exceptions=True)
                    if how is not Astray.COMMIT:
                        to_server.write(message + _LEAVE)
                        await server.read()  # to the end: the server has done it, and has gone
                    if how is Astray.LATE:
                        await client.read()  # until nobody waits any more
                    return
                to_server.write(message)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            answers.cancel()
            for writer in (to_server, to_client):
                writer.transport.abort()


async def _message(source: asyncio.StreamReader, kind: bytes) -> bytes:
    length = await source.readexactly(4)
    return kind + length + await source.readexactly(int.from_bytes(length, "big") - 4)


async def _pass_on(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError):
        while some := await source.read(65536):
            target.write(some)
        target.close()
