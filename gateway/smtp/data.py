"""The bytes between DATA and its end marker (RFC 5321 §4.1.1.4, §4.5.2), block by block.

Memory is bounded by the bytes received, whatever the lines look like, and the end marker is CRLF.CRLF only. All other
bytes of the content, bare CR, bare LF and NUL among them, pass untouched: what becomes of them depends on the channel.
"""

from __future__ import annotations

from gateway.smtp import replies
from gateway.smtp.replies import Reply

_END = b"\r\n.\r\n"
_DOT_LINE = b"\r\n."
_CUT_AT = 4
"""Times the limit: a client that still sends after that many bytes is not going to stop."""


class Budget:
    """Bytes that all sessions together may hold in memory."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.used = 0

    def take(self, size: int) -> bool:
        """Count `size` more bytes, if they fit."""
        if self.used + size > self.limit:
            return False
        self.used += size
        return True

    def give_back(self, size: int) -> None:
        """Those bytes are no longer held."""
        self.used -= size


class DataReader:
    """Collects one message. What it held of the budget stays taken until `release`."""

    def __init__(self, limit: int, budget: Budget) -> None:
        self._limit = limit
        # A message of dots alone is a third longer on the wire than in itself (SIZE counts without stuffing, RFC 1870).
        self._wire_limit = limit + limit // 3 + len(_END)
        self._budget = budget
        self._held = 0
        self._buffer = bytearray(b"\r\n")  # the line end before the first line, so that a dot there is like any other
        self._stuffed = False
        self.received = 0
        self.refusal: Reply | None = None
        """Why the message can't be taken, known for certain once it has ended."""

    @property
    def endless(self) -> bool:
        """More came than any honest client sends after the limit."""
        return self.received > _CUT_AT * self._limit

    def feed(self, chunk: bytes) -> bytes | None:
        """Take what was received: None while the message goes on, else the bytes that follow its end marker."""
        self.received += len(chunk)
        buffer = self._buffer
        start = max(len(buffer) - len(_END) + 1, 0)
        buffer += chunk
        end = self._find_end(start)
        if end >= 0:
            rest = bytes(memoryview(buffer)[end + len(_END) :])
            del buffer[end + 2 :]
            self._account()
            return rest
        self._account()
        return None

    def _find_end(self, start: int) -> int:
        """Where the end marker begins, or -1. Looks for a lone dot first: most attachments have none."""
        dot = self._buffer.find(b".", start)
        if dot < 0:
            return -1
        first = self._buffer.find(_DOT_LINE, max(dot - 2, start))
        if first < 0:
            return -1
        end = self._buffer.find(_END, first)
        self._stuffed = self._stuffed or end != first
        return end

    def _account(self) -> None:
        size = len(self._buffer)
        if self.refusal is None:
            if size > self._wire_limit:
                self.refusal = replies.TOO_LARGE
            elif size <= self._held:
                return
            elif self._budget.take(size - self._held):
                self._held = size
            else:
                self.refusal = replies.NO_STORAGE
        if self.refusal is not None:
            del self._buffer[: 1 - len(_END)]  # the tail may hold the beginning of the end marker
            self.release()

    def content(self) -> bytes | Reply:
        """The whole message with its stuffing removed, or why it can't be taken. Ends the use of this reader."""
        if self.refusal is None:
            buffer = self._buffer.replace(_DOT_LINE, b"\r\n") if self._stuffed else self._buffer
            if len(buffer) - 2 <= self._limit:
                self._buffer = bytearray()
                return bytes(memoryview(buffer)[2:])
            self.refusal = replies.TOO_LARGE
        self.release()
        return self.refusal

    def release(self) -> None:
        """Give the budget back what this message held of it."""
        self._budget.give_back(self._held)
        self._held = 0
