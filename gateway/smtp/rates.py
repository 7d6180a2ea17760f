"""How often something may happen: a bucket of tokens for each name, filled again as time goes by."""

from __future__ import annotations

_NAMES_REMEMBERED = 10_000


class Rates:
    """Takes `per_minute` for each name, and `burst` at once after a quiet time."""

    def __init__(self, per_minute: int, burst: int) -> None:
        self.set(per_minute, burst)
        self._buckets: dict[str, tuple[float, float]] = {}
        """Name → tokens left, and when; the one used last stands last."""

    def set(self, per_minute: int, burst: int) -> None:
        """Others, from now on."""
        self._per_second = per_minute / 60
        self._burst = burst

    def allows(self, name: str, now: float) -> bool:
        """Is there a token left? `now`: seconds of a clock that never goes back."""
        return self._left(name, now) >= 1

    def take(self, name: str, now: float) -> None:
        """Use one up. Of very many names, the one unused for longest is forgotten: it has the fullest bucket."""
        left = self._left(name, now) - 1
        self._buckets.pop(name, None)
        self._buckets[name] = (left, now)
        if len(self._buckets) > _NAMES_REMEMBERED:
            del self._buckets[next(iter(self._buckets))]

    def _left(self, name: str, now: float) -> float:
        left, since = self._buckets.get(name, (self._burst, now))
        return min(self._burst, left + (now - since) * self._per_second)
