"""The bytes between DATA and its end marker (RFC 5321 §4.1.1.4, §4.5.2), block by block.

Memory is bounded by the bytes received, whatever the lines look like, and the end marker is CRLF.CRLF only. All other
bytes of the content, bare CR, bare LF and NUL among them, pass untouched: what becomes of them depends on the channel.
"""

from __future__ import annotations

from collections.abc import Callable

from gateway.smtp import replies
from gateway.smtp.limits import SmtpLimits
from gateway.smtp.replies import Reply

_END = b"\r\n.\r\n"
_DOT_LINE = b"\r\n."
_BLOCK = 256 * 1024
"""Bytes whose stuffing is removed at a time, so that nobody waits for a message made of dots."""
_CROWD = 16 << 20
"""Bytes held at a time after which memory is left in pieces."""


class Budget:
    """Bytes that all sessions together may hold in memory, and how many of them the networks of strangers hold."""

    def __init__(self, limits: SmtpLimits, crowd_gone: Callable[[], object] = lambda: None) -> None:
        """`crowd_gone`: called when much was held and nothing is any more."""
        self.limits = limits
        self._crowd_gone = crowd_gone
        self._most = 0
        self._networks: dict[str, int] = {}
        self._strangers = 0
        self.used = 0

    @property
    def crowded(self) -> bool:
        """Above 80 % of the bytes."""
        return self.used > 0.8 * self.limits.data_in_memory

    def take(self, network: str, size: int) -> bool:
        """Count `size` more bytes, if they fit. `network`: of a stranger; "" for a source."""
        limits = self.limits
        if self.used + size > limits.data_in_memory or (network and not self._fits_strangers(network, size)):
            return False
        self._count(network, size)
        return True

    def _fits_strangers(self, network: str, size: int) -> bool:
        limits = self.limits
        share = limits.data_in_memory - limits.data_in_memory_for_sources
        here = self._networks.get(network, 0)
        return self._strangers + size <= share and here + size <= limits.data_in_memory_per_ip

    def give_back(self, network: str, size: int) -> None:
        """Those bytes are no longer held."""
        self._count(network, -size)
        if not self.used:
            crowd, self._most = self._most > _CROWD, 0
            if crowd:
                self._crowd_gone()

    def _count(self, network: str, size: int) -> None:
        self.used += size
        self._most = max(self._most, self.used)
        if network:
            self._strangers += size
            self._networks[network] = self._networks.get(network, 0) + size
            if not self._networks[network]:
                del self._networks[network]


class Holding:
    """What one transaction holds of the budget: the size that it declared, or the bytes it sent where they are more."""

    def __init__(self, budget: Budget, network: str) -> None:
        self._budget = budget
        self._network = network
        self._held = 0

    def cover(self, size: int) -> bool:
        """Hold `size` bytes at least, if they fit."""
        if size <= self._held:
            return True
        if not self._budget.take(self._network, size - self._held):
            return False
        self._held = size
        return True

    def release(self, down_to: int = 0) -> None:
        """Give back all but `down_to` bytes; again, nothing more."""
        if self._held > down_to:
            self._budget.give_back(self._network, self._held - down_to)
            self._held = down_to


class DataReader:
    """Collects one message. What it held of the budget stays taken until `release`."""

    def __init__(self, limit: int, holding: Holding, read_at_most: int = 4) -> None:
        """`limit`: bytes of the message; `read_at_most`: times that, to find the end of one too large."""
        self._limit = limit
        # A message of dots alone is a third longer on the wire than in itself (SIZE counts without stuffing, RFC 1870).
        self._wire_limit = limit + limit // 3 + len(_END)
        self._cut_at = max(read_at_most * limit, self._wire_limit)
        self._holding = holding
        self._buffer = bytearray(b"\r\n")  # the line end before the first line, so that a dot there is like any other
        self._plain = 0
        """Up to here the buffer holds the message itself, behind it what came over the wire."""
        self._stuffed = False
        """A dot that is too many may stand behind that."""
        self.received = 0
        self.refusal: Reply | None = None
        """Why the message can't be taken, known for certain once it has ended."""

    @property
    def endless(self) -> bool:
        """More came than any honest client sends after the limit."""
        return self.received > self._cut_at

    def feed(self, chunk: bytes) -> bytes | None:
        """Take what was received: None while the message goes on, else the bytes that follow its end marker."""
        self.received += len(chunk)
        buffer = self._buffer
        start = max(len(buffer) - len(_END) + 1, 0)
        buffer += chunk
        end = self._find_end(start)
        if end >= 0:
            rest = bytes(memoryview(buffer)[end + len(_END) :])
            self.received -= len(rest)
            del buffer[end + 2 :]
            self._unstuff(end + 2)
            self._account()
            return rest
        if len(buffer) > self._plain + _BLOCK:
            self._unstuff(self._safe_cut())
        self._account()
        return None

    def _safe_cut(self) -> int:
        """Where the buffer can be cut so that the end marker isn't, nor a dot from the line end before it."""
        cut = len(self._buffer) - len(_END) + 1
        before = self._buffer[cut - 2 : cut]
        return cut - (2 if before == b"\r\n" else before.endswith(b"\r"))

    def _unstuff(self, end: int) -> None:
        """Remove the stuffing up to `end` (RFC 5321 §4.5.2)."""
        if self._stuffed:
            block = self._buffer[self._plain : end].replace(_DOT_LINE, b"\r\n")
            self._buffer[self._plain : end] = block
            end = self._plain + len(block)
            self._stuffed = self._buffer.find(_DOT_LINE, end) >= 0
        self._plain = end

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
            elif not self._holding.cover(size):
                self.refusal = replies.NO_STORAGE
        if self.refusal is not None:
            del self._buffer[: 1 - len(_END)]  # the tail may hold the beginning of the end marker
            self._plain = 0
            self.release()

    def content(self) -> bytes | Reply:
        """The whole message with its stuffing removed, or why it can't be taken. Ends the use of this reader."""
        if self.refusal is None:
            buffer = self._buffer
            if len(buffer) - 2 <= self._limit:
                self._buffer = bytearray()
                self._holding.release(down_to=len(buffer))
                return bytes(memoryview(buffer)[2:])
            self.refusal = replies.TOO_LARGE
        self.release()
        return self.refusal

    def release(self) -> None:
        """Give the budget back what this message held of it."""
        self._holding.release()
