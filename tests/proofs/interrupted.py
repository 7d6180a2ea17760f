"""A journey that is struck by an error at one of its waits."""

from __future__ import annotations

from collections.abc import Coroutine, Generator
from typing import Any, Generic, TypeVar

T = TypeVar("T")


class Interrupted(Generic[T]):
    """Awaits a coroutine, and raises the error within it where it waits for the `number`-th time (from 1)."""

    def __init__(self, coroutine: Coroutine[Any, Any, T], number: int, error: BaseException) -> None:
        self._coroutine = coroutine
        self._left = number
        self._error = error

    @property
    def happened(self) -> bool:
        """It waited so often."""
        return self._left <= 0

    def __await__(self) -> Generator[Any, Any, T]:
        try:
            waits_for = self._coroutine.send(None)
            while True:
                waits_for = yield from self._one(waits_for)
        except StopIteration as end:
            result: T = end.value
            return result

    def _one(self, waits_for: Any) -> Generator[Any, Any, Any]:
        """Waits, or is struck; what the coroutine waits for next."""
        self._left -= 1
        if self._left == 0:
            return self._coroutine.throw(self._error)
        try:
            given = yield waits_for
        except BaseException as error:
            return self._coroutine.throw(error)
        return self._coroutine.send(given)
