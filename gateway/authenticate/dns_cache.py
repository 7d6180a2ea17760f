"""What name servers said, for as long as it may be believed."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

Question: TypeAlias = tuple[str, str]
"""Name in lower case without a final dot, and kind of record."""
Records: TypeAlias = tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Remembered:
    records: Records | None
    """None for a failure."""
    until: float
    size: int


class Cache:
    """Bounded in names and in bytes; what was used longest ago goes first."""

    def __init__(self, names: int, size: int, clock: Callable[[], float]) -> None:
        self._names = names
        self._size = size
        self._clock = clock
        self._kept: OrderedDict[Question, Remembered] = OrderedDict()
        self._used = 0

    def get(self, question: Question) -> Remembered | None:
        found = self._kept.get(question)
        if found is None:
            return None
        if found.until <= self._clock():
            self._drop(question)
            return None
        self._kept.move_to_end(question)
        return found

    def put(self, question: Question, records: Records | None, seconds: float) -> None:
        if question in self._kept:
            self._drop(question)
        size = len(question[0]) + sum(map(len, records or ()))
        self._kept[question] = Remembered(records, self._clock() + seconds, size)
        self._used += size
        while len(self._kept) > self._names or self._used > self._size:
            self._drop(next(iter(self._kept)))

    def _drop(self, question: Question) -> None:
        self._used -= self._kept.pop(question).size
