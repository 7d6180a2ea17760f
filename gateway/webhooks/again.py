"""When an attempt that failed is made again: exponential backoff with full jitter, for some days."""

from __future__ import annotations

FIRST, LONGEST = 10_000, 8 * 60 * 60 * 1000
"""Milliseconds within which the second attempt is made, and any later one."""
MOST_ASKED = 24 * 60 * 60 * 1000
"""How long a webhook may ask to be left alone for."""


def next_at(
    now: int, begun_at: int, attempts: int, chance: float, asked: float, give_up_after: float
) -> int | None:
    """The moment of the next attempt, the last one `give_up_after` seconds after `begun_at`; None where that is over,
    or the webhook asks for longer. `chance`: 0 to 1; `asked`: seconds that it asks to be left alone for. Moments in
    epoch milliseconds.
    """
    within = min(LONGEST, FIRST * 2 ** min(attempts - 1, 30))
    earliest, last = now + min(int(asked * 1000), MOST_ASKED), begun_at + int(give_up_after * 1000)
    if now >= last or earliest > last:
        return None
    return min(max(now + int(chance * within), earliest), last)
