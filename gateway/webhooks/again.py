"""When an attempt that failed is made again: exponential backoff with full jitter, for some days."""

from __future__ import annotations

FIRST, LONGEST = 10_000, 8 * 60 * 60 * 1000
"""Milliseconds within which the second attempt is made, and any later one."""
MOST_ASKED = 24 * 60 * 60 * 1000
"""How long a webhook may ask to be left alone for."""


def next_at(
    now: int, begun_at: int, attempts: int, chance: float, asked: float, give_up_after: float
) -> int | None:
    """The moment of the next attempt; None where it would be too late. `chance`: 0 to 1; `asked`: seconds that the
    webhook asks to be left alone for. Moments in epoch milliseconds.
    """
    within = min(LONGEST, FIRST * 2 ** min(attempts - 1, 30))
    delay = max(int(chance * within), min(int(asked * 1000), MOST_ASKED))
    return now + delay if now + delay - begun_at <= give_up_after * 1000 else None
