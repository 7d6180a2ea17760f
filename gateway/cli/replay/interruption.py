"""Ending long work in good order when a person or the system asks for it."""

from __future__ import annotations

import signal
from types import FrameType


class Interruption:
    """Ctrl-C and its like while the block runs: the first one asks for the end, the second one forces it."""

    def __init__(self) -> None:
        self.number = 0
        """Of the signal that came, or 0."""
        self.waits = False
        """Whether the end may come at once: nothing is being written."""
        self._count = 0

    def __enter__(self) -> Interruption:
        numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
        self._before = {n: signal.signal(n, self._on_signal) for n in numbers if signal.getsignal(n) != signal.SIG_IGN}
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _on_signal(self, number: int, _frame: FrameType | None) -> None:
        self.number = number
        self._count += 1
        # A third one must not disturb what the second one makes the block undo.
        if self._count == 2 or (self._count == 1 and self.waits):
            raise KeyboardInterrupt
