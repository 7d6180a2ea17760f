"""Waiting for what other programs do."""

from __future__ import annotations

import time
from collections.abc import Callable

_SECONDS = 20


def until(happened: Callable[[], bool], told: Callable[[], str]) -> None:
    """Until it has happened; if it never does, the test fails with what is told."""
    end = time.monotonic() + _SECONDS
    while not happened():
        assert time.monotonic() < end, told()
        time.sleep(0.05)
