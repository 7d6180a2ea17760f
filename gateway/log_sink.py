"""Where the lines of the operator's log go."""

from __future__ import annotations

import os
import select
import threading
from collections import deque
from collections.abc import Callable
from itertools import accumulate, islice, takewhile

QUEUE_EVENTS = 10_000


class Sink:
    """Writes lines to a file descriptor from a thread of its own, so that a full pipe never holds up the mail.

    When `capacity` lines wait, the oldest is dropped and counted.
    """

    def __init__(self, descriptor: int, tell_dropped: Callable[[int], None], capacity: int = QUEUE_EVENTS) -> None:
        """`tell_dropped` is called from the thread, with the number lost, once lines can be written again."""
        self.dropped = 0
        self._tell_dropped = tell_dropped
        self._descriptor = descriptor
        self._lines: deque[bytes] = deque()
        self._capacity = capacity
        self._closing = False
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._write_all, name="operator-log", daemon=True)
        self._thread.start()

    def msg(self, line: str) -> None:
        with self._changed:
            if len(self._lines) == self._capacity:
                self._lines.popleft()
                self.dropped += 1
            self._lines.append(line.encode() + b"\n")
            self._changed.notify()

    debug = info = warning = error = critical = msg

    def close(self, timeout: float) -> None:
        """Writes what waits, for at most `timeout` seconds."""
        with self._changed:
            self._closing = True
            self._changed.notify()
        self._thread.join(timeout)

    def _write_all(self) -> None:
        told = 0
        while lines := self._next():
            try:
                _write(self._descriptor, b"".join(lines))
            except OSError:  # the reader is gone; told when one is back
                with self._changed:
                    self.dropped += len(lines)
                continue
            if self.dropped > told:
                count, told = self.dropped - told, self.dropped
                self._tell_dropped(count)

    def _next(self) -> list[bytes]:
        """The next lines to write, waiting for them; none once closed and empty."""
        with self._changed:
            self._changed.wait_for(lambda: self._lines or self._closing)
            return [self._lines.popleft() for _ in range(max(1, self._fitting()))] if self._lines else []

    def _fitting(self) -> int:
        """So many that a pipe takes them as one, whatever else other processes write to it."""
        sizes = accumulate(map(len, islice(self._lines, select.PIPE_BUF)))
        return sum(1 for _ in takewhile(lambda size: size <= select.PIPE_BUF, sizes))


def _write(descriptor: int, data: bytes) -> None:
    while data:
        try:
            data = data[os.write(descriptor, data) :]
        except BlockingIOError:  # a descriptor that someone made non-blocking
            select.select([], [descriptor], [])
