"""The index of words in an SQLite file: brought up to date beside the mail; nobody who delivers waits for it."""

from __future__ import annotations

import asyncio

from gateway import operator_log
from storage import search
from storage.errors import StoreError
from storage.interface import Store

EVERY = 2.0
"""Seconds, so that what comes meanwhile is taken together."""


async def keep_up(store: Store) -> None:
    """Takes what is new into the index, and what has gone out of it, until it is cancelled."""
    while True:
        try:
            await catch_up(store)
        except StoreError as error:
            operator_log.store_failed(type(error).__name__)
        await asyncio.sleep(EVERY)


async def catch_up(store: Store) -> None:
    """All that there is to do now."""
    taken = 1
    while taken and await store.read(search.is_due()):
        taken = await store.change(search.bring_up_to_date())
    last = await store.read(search.last_gone())
    steps = await store.read(search.to_erase())
    for step in range(steps):
        await store.change(search.erase(step), erases=True)
    if steps:
        await store.change(search.erased(last), erases=True)
