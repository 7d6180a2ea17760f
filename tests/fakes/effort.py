"""A guard for work that must not grow faster than its input: what does takes minutes here, and is ended."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


class Unbounded(AssertionError):
    """The work within used up its time of the processor."""


@contextmanager
def bounded(seconds: float = 20) -> Iterator[None]:
    """Ends what uses more time of the processor, however slow or busy the machine is. In the main thread only."""

    def on_alarm(_number: int, _frame: FrameType | None) -> None:
        raise Unbounded

    before = signal.signal(signal.SIGVTALRM, on_alarm)
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)
