"""Time-ordered identifiers: 48 bits of milliseconds, 80 bits of chance, 26 letters of base32."""

from __future__ import annotations

from collections.abc import Callable

ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"  # Crockford's: no i, l, o, u
_PAIRS = [first + second for first in ALPHABET for second in ALPHABET]
_CHANCE = (1 << 80) - 1


class Ids:
    """Makes ids that sort in the order of making, within a millisecond and when the clock steps back too."""

    def __init__(self, now: Callable[[], int], chance: Callable[[], int]) -> None:
        """`now` gives epoch milliseconds, `chance` 80 random bits."""
        self._now = now
        self._chance = chance
        self._last = 0

    def __call__(self) -> str:
        now = self._now() & (1 << 48) - 1
        # Chance is drawn once a millisecond: it keeps machines apart, and one id from the next is the counting.
        self._last = now << 80 | self._chance() & _CHANCE if now > self._last >> 80 else self._last + 1
        return _spelled(self._last)


def lowest(at: int) -> str:
    """The lowest id that can be made at this moment, in epoch milliseconds."""
    return _spelled(at << 80)


def _spelled(number: int) -> str:
    return "".join(_PAIRS[number >> shift & 1023] for shift in range(120, -1, -10))
