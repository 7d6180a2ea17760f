"""Sources that send nothing any more: the operator hears of each, once, if its hours of silence are set."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from gateway import operator_log
from gateway.clock import now
from storage import silence
from storage.errors import StoreError
from storage.interface import Store

AFTER_START = 60 * 60.0
"""Seconds in which whoever waited for this gateway comes again."""
EVERY = 60.0
"""Seconds."""


async def watch(
    store: Store, clock: Callable[[], int] = now, pause: Callable[[float], Awaitable[None]] = asyncio.sleep
) -> None:
    """Looks again and again, until it is cancelled."""
    await pause(AFTER_START)
    while True:
        try:
            at = clock()
            changes = await store.change(silence.note(at)) if await store.read(silence.is_due(at)) else ()
        except StoreError as error:
            operator_log.store_failed(type(error).__name__)
        else:
            for change in changes:
                if change.silent:
                    operator_log.source_silent(change.source_id, change.hours)
                else:
                    operator_log.source_back(change.source_id)
        await pause(EVERY)
