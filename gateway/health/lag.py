"""How late the event loop is: whatever keeps it from turning keeps all connections waiting."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

EVERY = 0.25
"""Seconds; a block is seen but for up to so much of it."""


async def measure(
    observe: Callable[[float], None],
    clock: Callable[[], float] = time.monotonic,
    pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> None:
    """Tells again and again by how many seconds it was late, until it is cancelled."""
    while True:
        due = clock() + EVERY
        await pause(EVERY)
        observe(max(0.0, clock() - due))
