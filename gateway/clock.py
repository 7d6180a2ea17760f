"""The process's clock and its source of ids: handed to whatever needs them, never read from within."""

from __future__ import annotations

import secrets
import time

from gateway.core.ids import Ids


def now() -> int:
    """Epoch milliseconds, UTC."""
    return time.time_ns() // 1_000_000


new_id = Ids(now, lambda: secrets.randbits(80))
