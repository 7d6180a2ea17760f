"""Free space on the disk that takes the mail."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

_SECONDS_BELIEVED = 1.0


class FreeDisk:
    """Asks the system once a second at most, however many clients come."""

    def __init__(self, measure: Callable[[], int], clock: Callable[[], float]) -> None:
        """`measure`: bytes free; `clock`: seconds that never go back."""
        self._measure = measure
        self._clock = clock
        self._free = 0
        self._until = float("-inf")

    def __call__(self) -> int:
        """Bytes free. Raises what `measure` raises."""
        now = self._clock()
        if now >= self._until:
            self._free = self._measure()
            self._until = now + _SECONDS_BELIEVED
        return self._free


def bytes_free(folder: Path) -> int:
    """What an unprivileged process may still write on the disk of this folder."""
    disk = os.statvfs(folder)
    return disk.f_bavail * disk.f_frsize
