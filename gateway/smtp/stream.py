"""The stream of command lines of one connection."""

from __future__ import annotations

import asyncio

_BUFFER = 32 * 1024
"""Bytes of pipelined commands held before reading pauses."""
_ENDLESS = 1024 * 1024
"""Bytes of one line after which nobody waits for its end."""


class CommandReader(asyncio.StreamReader):
    """The stream of command lines. DATA takes what lies behind its command and is fed the rest by the protocol."""

    _buffer: bytearray
    _eof: bool
    _transport: asyncio.BaseTransport | None

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(limit=_BUFFER, loop=loop)

    def has_line(self) -> bool:
        """Another command is already here, so that replies may wait for its own (RFC 2920 §3.2)."""
        return b"\n" in self._buffer

    def take(self) -> bytes:
        """Everything received and not yet read."""
        taken = bytes(self._buffer)
        self._buffer.clear()
        self._maybe_resume_transport()  # type: ignore[attr-defined]  # private to the base class
        return taken

    def put_back(self, rest: bytes) -> None:
        """What lay behind a message; the client may have ended its stream meanwhile."""
        ended, self._eof = self._eof, False
        self.feed_data(rest)
        self._eof = ended

    def switch_to(self, transport: asyncio.BaseTransport) -> None:
        """Reading is paused and resumed on this transport from now on."""
        self._transport = transport

    async def line(self) -> bytes:
        """The next line with its end; of one longer than the buffer only some beginning.

        Raises IncompleteReadError at the end of the stream, and for a line that has none.
        """
        try:
            return await self.readuntil()
        except asyncio.LimitOverrunError as error:
            beginning = await self.read(error.consumed)
        passed = len(beginning)
        while passed < _ENDLESS:
            try:
                await self.readuntil()
            except asyncio.LimitOverrunError as error:
                passed += len(await self.read(error.consumed))
            else:
                return beginning
        raise asyncio.IncompleteReadError(b"", None)
