"""The stream of command lines of one connection."""

from __future__ import annotations

import asyncio

_BUFFER = 32 * 1024
"""Bytes of a line, or of pipelined commands, that are kept before it is too long, or reading pauses."""
_ENDLESS = 1024 * 1024
"""Bytes of one line after which nobody waits for its end."""


class CommandReader:
    """The stream of command lines. DATA takes what lies behind its command and is fed the rest by the protocol."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._transport: asyncio.Transport | None = None
        self._buffer = bytearray()
        self._searched = 0
        """Up to here the buffer has no line end."""
        self._ended = self._paused = False
        self._waiter: asyncio.Future[None] | None = None

    def switch_to(self, transport: asyncio.Transport) -> None:
        """Reading is paused and resumed on this transport from now on."""
        self._transport = transport
        self._paused = False

    def feed(self, data: bytes) -> None:
        """What was received."""
        self._buffer += data
        self._wake()
        if len(self._buffer) > 2 * _BUFFER and not self._paused and self._transport is not None:
            self._paused = True
            self._transport.pause_reading()

    def feed_eof(self) -> None:
        """Nothing more comes."""
        self._ended = True
        self._wake()

    def at_eof(self) -> bool:
        """Nothing more comes, and nothing is left."""
        return self._ended and not self._buffer

    def has_line(self) -> bool:
        """Another command is already here, so that replies may wait for its own (RFC 2920 §3.2)."""
        return b"\n" in self._buffer

    def take(self) -> bytes:
        """Everything received and not yet read."""
        return self._cut(len(self._buffer))

    async def line(self) -> bytes:
        """The next line with its end; of one longer than the buffer only some beginning.

        Raises IncompleteReadError at the end of the stream, and for a line that has none.
        """
        beginning, passed = b"", 0
        while (end := self._buffer.find(b"\n", self._searched)) < 0:
            self._searched = len(self._buffer)
            if self._searched > _BUFFER:
                passed += self._searched
                beginning = self.take()
            if self._ended or passed > _ENDLESS:
                raise asyncio.IncompleteReadError(b"", None)
            self._waiter = self._loop.create_future()
            await self._waiter
        return beginning + self._cut(end + 1)

    def _cut(self, length: int) -> bytes:
        cut = bytes(self._buffer[:length])
        del self._buffer[:length]
        self._searched = 0
        if self._paused and len(self._buffer) <= _BUFFER and self._transport is not None:
            self._paused = False
            self._transport.resume_reading()
        return cut

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)
