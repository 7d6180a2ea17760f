"""What was kept for a while only: erased in time, as long as the clock can be believed."""

from __future__ import annotations

import asyncio
import time

from gateway import metrics, operator_log
from gateway.clock import ClockTrust, new_id, now
from gateway.core.keyed_hash import KeyedHash
from gateway.data_care import retention
from storage import dns_trouble, held, operator_mail, outbox, reads, waiting
from storage.administration.act import Act
from storage.errors import StoreError
from storage.interface import Store
from storage.plan import Plan

EVERY = 60.0
"""Seconds."""
ROUNDS = 60
"""Of these in which what accounts keep for a time is looked through once."""
DAY = 24 * 60 * 60 * 1000
"""Milliseconds, as the next."""
CONFIRMED_BY = 8 * DAY
"""How old what is on record may be to speak for the clock."""


async def erase(store: Store, keyed: KeyedHash) -> None:
    """Erases in time what was kept for a while only, as long as the clock can be believed."""
    trust: ClockTrust | None = None
    allowed = True
    rounds = 0
    while True:
        try:
            trust = trust or await trust_of(store)
            at, before = now(), allowed
            allowed = trust.allows(at, time.monotonic())
            metrics.ERASING_PAUSED.set(not allowed)
            if allowed:
                await store.change(_overdue(at))
                await expire_held(store, keyed, at)
                rounds += 1
                if rounds % ROUNDS == 1:
                    await retention.purge(store, Act("gateway", at, new_id, keyed))
            elif before:
                operator_log.erasing_paused()
        except StoreError as error:
            operator_log.store_failed(type(error).__name__)
        await asyncio.sleep(EVERY)


async def trust_of(store: Store) -> ClockTrust:
    """After a start the clock is confirmed by what is on record of the days before, if anything is that is older."""
    at = now()
    yesterday = at - DAY
    lately = await store.read(reads.recorded(at - CONFIRMED_BY, yesterday))
    confirmed = lately or not await store.read(reads.recorded(0, yesterday))
    return ClockTrust(at, time.monotonic(), confirmed=confirmed)


def _overdue(at: int) -> Plan[None]:
    yield from waiting.expire(at)
    yield from dns_trouble.expire(at)
    yield from operator_mail.expire(at)
    yield from outbox.forget(at - outbox.KEPT)


async def expire_held(store: Store, keyed: KeyedHash, at: int) -> None:
    """Erases held mail whose time is over at this moment, page by page."""
    while await store.read(held.due(at)):
        act = Act("gateway", at, new_id, keyed)
        operator_log.held_expired(await store.change(held.expire(act), erases=True))
