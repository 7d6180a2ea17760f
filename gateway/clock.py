"""The process's clock and its source of ids: handed to whatever needs them, never read from within."""

from __future__ import annotations

import secrets
import time

from gateway.core.ids import Ids


def now() -> int:
    """Epoch milliseconds, UTC."""
    return time.time_ns() // 1_000_000


new_id = Ids(now, lambda: secrets.randbits(80))

LEAP = 15 * 60 * 1000
"""Milliseconds by which the wall clock may get ahead of the time that has passed."""
STEADY = 24 * 60 * 60.0
"""Seconds after which a clock that has leapt further is believed again: time enough to put it right."""


class ClockTrust:
    """Whether something may be erased for good because its time is over by the wall clock.

    To a clock that is ahead everything looks overdue. So one that leaps ahead isn't believed until it has been steady
    for a day; nor is it after a start, unless it is confirmed.
    """

    def __init__(self, wall: int, elapsed: float, *, confirmed: bool) -> None:
        """`wall`: epoch milliseconds; `elapsed`: seconds of a clock that nobody sets."""
        self._lead = wall - elapsed * 1000
        self._since = elapsed - STEADY if confirmed else elapsed

    def allows(self, wall: int, elapsed: float) -> bool:
        """To erase now, as far as the clock is concerned. Sees leaps between two calls."""
        lead = wall - elapsed * 1000
        if lead > self._lead + LEAP:
            self._lead, self._since = lead, elapsed
        self._lead = min(self._lead, lead)
        return elapsed - self._since >= STEADY
