"""A clock that can be set while the gateway runs."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

from gateway import clock, expiry


def install(path: str) -> None:
    """The wall clock of this process is ahead by the milliseconds that the file holds, or behind.

    It looks often for what is to be erased.
    """
    ahead = Path(path)
    time_ns = clock.time.time_ns

    def shifted() -> int:
        return time_ns() + int(ahead.read_text(encoding="ascii") or 0) * 1_000_000

    clock.time = SimpleNamespace(time_ns=shifted)  # type: ignore[assignment]  # all of it that the clock uses
    expiry.EVERY = 0.1  # it sees each jump


def set_ahead(path: Path, milliseconds: int) -> None:
    """In one step, so that nobody reads half a number."""
    fresh = path.with_suffix(".new")
    fresh.write_text(str(milliseconds), encoding="ascii")
    fresh.replace(path)


HOUR = 3_600_000
"""Milliseconds, as the others."""
DAY = 24 * HOUR
YEARS = 10 * 365 * DAY
"""Ten."""

