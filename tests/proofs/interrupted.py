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
        step, given = self._coroutine.send, None  # what the coroutine is given next, and how
        while True:
            try:
                waits_for = step(given)
            except StopIteration as end:
                result: T = end.value
                return result
            self._left -= 1
            step, given = self._coroutine.throw, self._error
            if self._left:
                try:
                    step, given = self._coroutine.send, (yield waits_for)
                except BaseException as error:
                    given = error
