"""Sends events to webhooks, beside the mail: nobody who delivers waits for it, no transaction for the network."""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from contextlib import suppress

from gateway import operator_log
from gateway.core.keyed_hash import KeyedHash
from gateway.webhooks.again import next_at
from gateway.webhooks.payload import payload
from gateway.webhooks.post import Answer, Post
from storage import deliveries, events
from storage.administration.act import Act
from storage.administration.webhooks import unsealed
from storage.deliveries import Due, Ended
from storage.errors import StoreBroken, StoreError
from storage.events import Event
from storage.interface import Store
from storage.plan import Plan
from storage.sealing import Sealing

EVERY = 1.0
"""Seconds between two looks, where nobody tells that there is news."""
PAUSE = 0.2
"""Seconds between two turns, so that what ends meanwhile is noted together: a change holds others up for a moment."""
AT_ONCE, ALL_AT_ONCE = 50, 500
"""Attempts leased for one webhook, and for all."""
LEASE = 3
"""Times the time of one attempt."""


class Sender:
    """Takes events up, posts them and notes what came of it, until it is cancelled."""

    def __init__(
        self,
        store: Store,
        post: Post,
        sealing: Sealing,
        keyed: KeyedHash,
        new_id: Callable[[], str],
        now: Callable[[], int],
        chance: Callable[[], float],
    ) -> None:
        """`now`: epoch milliseconds; `chance`: 0 to 1."""
        self._store = store
        self._post = post
        self._sealing = sealing
        self._keyed = keyed
        self._new_id = new_id
        self._now = now
        self._chance = chance
        limits = post.limits
        self._slots = asyncio.Semaphore(limits.concurrent)
        self._lanes: defaultdict[str, asyncio.Semaphore] = defaultdict(
            lambda: asyncio.Semaphore(limits.concurrent_per_webhook)
        )
        self._taken: Counter[str] = Counter()
        """Attempts in hand, by webhook."""
        self._under_way: Counter[str] = Counter()
        """Those of them that are being made."""
        self._failing: set[str] = set()
        """Webhooks whose latest attempt failed: each has one at a time, lest those that hang take all slots."""
        self._running: set[asyncio.Task[None]] = set()
        self._ended: list[Ended] = []
        self._wake = asyncio.Event()

    async def run(self) -> None:
        """Never ends by itself; what has ended when it is cancelled is noted first."""
        try:
            while True:
                try:
                    await self.turn()
                except StoreError as error:
                    operator_log.store_failed(type(error).__name__)
                await self._something_new()
        finally:
            for task in self._running:
                task.cancel()
            await asyncio.gather(*self._running, return_exceptions=True)
            with suppress(StoreError):
                if self._ended:
                    await self._store.change(deliveries.end(self._act(), self._ended))

    async def turn(self) -> None:
        """Notes what has ended, and begins what is to be done now."""
        self._wake.clear()
        busy = await self._store.read(deliveries.busy(self._now()))
        wanted = [webhook for webhook, is_due in busy.items() if not is_due or self._room(webhook)]
        if not wanted and not self._ended:
            return
        ended, self._ended = self._ended, []
        until = self._now() + int(LEASE * self._post.limits.timeout * 1000)
        try:
            due = await self._store.change(self._noted_and_leased(ended, wanted, until))
        except BaseException:
            self._ended += ended
            raise
        for one in due:
            self._taken[one.webhook_id] += 1
            task = asyncio.create_task(self._attempt(one))
            self._running.add(task)
            task.add_done_callback(self._running.discard)

    async def idle(self) -> None:
        """Returns when nothing is under way."""
        while self._running:
            await asyncio.wait(self._running)

    def _noted_and_leased(self, ended: Sequence[Ended], webhooks: Sequence[str], until: int) -> Plan[list[Due]]:
        now = self._now()
        yield from deliveries.end(self._act(), ended)
        yield from deliveries.take_up(now)
        due: list[Due] = []
        for webhook in sorted(webhooks, key=lambda one: self._taken[one]):
            if room := min(self._room(webhook), ALL_AT_ONCE - self._taken.total() - len(due)):
                due += yield from deliveries.lease(webhook, now, until, room)
        return due

    def _room(self, webhook: str) -> int:
        most = 1 if webhook in self._failing else AT_ONCE
        return max(0, min(most - self._taken[webhook], ALL_AT_ONCE - self._taken.total()))

    async def _attempt(self, due: Due) -> None:
        """In its turn, and noted by the next one."""
        try:
            async with self._lanes[due.webhook_id], self._slots:
                ended = await self._made(due) if self._timely(due) else Ended(due, untried=True)
        finally:
            self._taken -= Counter([due.webhook_id])
        self._ended.append(ended)  # no await in between: the list is another one after each turn
        self._wake.set()

    def _timely(self, due: Due) -> bool:
        """Whether there is time before somebody else takes it, and the webhook isn't found failing meanwhile."""
        in_time = self._now() + self._post.limits.timeout * 1000 < due.until
        return in_time and not (due.webhook_id in self._failing and self._under_way[due.webhook_id])

    async def _made(self, due: Due) -> Ended:
        """Whatever goes wrong: no delivery is tried for ever."""
        self._under_way[due.webhook_id] += 1
        try:
            return await self._sent(due)
        except StoreError as error:
            operator_log.store_failed(type(error).__name__)
            return Ended(due, untried=True)
        except Exception as error:  # a fault of our own: noted as a failure, like any other
            operator_log.internal_error(type(error).__name__, operator_log.raised_at(error))
            return self._judged(due, Answer("internal.failed"))
        finally:
            self._under_way -= Counter([due.webhook_id])

    async def _sent(self, due: Due) -> Ended:
        told = await self._store.read(_told(due))
        if not told:
            return Ended(due, dropped=True)
        body = payload(told[0]).model_dump_json().encode()
        now = self._now()
        try:
            secrets = unsealed(
                self._sealing, due.webhook_id, due.secret, due.old_secret, due.old_retires_at, now
            )
        except StoreBroken:
            return self._judged(due, Answer("secret.unreadable"))
        return self._judged(due, await self._post.send(due.url, due.event_id, body, secrets, now))

    def _judged(self, due: Due, answer: Answer) -> Ended:
        """What comes of an answer, with a line in the log."""
        if not answer.failure:
            self._failing.discard(due.webhook_id)
            operator_log.webhook_delivered(due.webhook_id, due.event_id, due.attempts)
            return Ended(due)
        self._failing.add(due.webhook_id)
        give_up = self._post.limits.give_up_after
        again = next_at(self._now(), due.begun_at, due.attempts, self._chance(), answer.retry_after, give_up)
        operator_log.webhook_failed(due.webhook_id, due.event_id, answer.failure, due.attempts)
        if answer.gone:
            operator_log.webhook_disabled(due.webhook_id, answer.failure)
        elif again is None:
            operator_log.webhook_given_up(due.webhook_id, due.event_id, due.attempts)
        return Ended(due, answer.failure, again, gone=answer.gone)

    async def _something_new(self) -> None:
        await asyncio.sleep(PAUSE)
        waiting = [asyncio.create_task(self._wake.wait()), asyncio.create_task(self._store.news(EVERY))]
        try:
            await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in waiting:
                task.cancel()

    def _act(self) -> Act:
        return Act("gateway", self._now(), self._new_id, self._keyed)


def _told(due: Due) -> Plan[list[Event]]:
    return (yield from events.render((yield from deliveries.events([due]))))
