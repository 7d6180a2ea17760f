"""/metrics: what was counted, and what is looked up now because somebody asks."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Awaitable, Callable, Sequence
from importlib.metadata import version

from gateway import metrics
from gateway.health import merging
from gateway.health.checks import PATIENCE, Checks, Status
from gateway.health.merging import Samples
from storage import figures
from storage.errors import StoreError
from storage.interface import Store

_OF_STORE = (
    *(metrics.HELD_MESSAGES, metrics.HELD_OLDEST, metrics.NEVER_LOG_ENTRIES),
    *(metrics.WEBHOOK_DELIVERIES, metrics.WEBHOOK_DEAD_LETTERS, metrics.EVENTS_HELD_BACK),
)


async def alone() -> Sequence[Samples]:
    """No other process counts."""
    return ()


class Figures:
    """Makes the page. What the store is asked is asked once, however many ask for the page at once."""

    def __init__(
        self,
        store: Store,
        checks: Checks,
        disk: Callable[[], int] | None,
        others: Callable[[], Awaitable[Sequence[Samples]]] = alone,
    ) -> None:
        """`disk`: bytes free; None where the database's is somewhere else. `others`: of other processes."""
        self._store = store
        self._checks = checks
        self._disk = disk
        self._others = others
        self._looking = asyncio.Lock()
        metrics.BUILD.labels(version("bcc-gateway")).set(1)

    async def page(self) -> bytes:
        """As Prometheus reads it."""
        async with self._looking:
            others, _, _ = await asyncio.gather(self._others(), self._look_at_checks(), self._look_at_store())
            if self._disk:
                metrics.DISK_FREE.set(self._free(self._disk))
            return merging.page(others)

    async def _look_at_checks(self) -> None:
        found = await self._checks.look()
        metrics.READY.set(found.ready)
        for name, one in found.checks.items():
            metrics.CHECK.labels(name).set(one.status is not Status.FAILED)

    async def _look_at_store(self) -> None:
        """A store that doesn't answer has no figures: what it said before would pass for the truth."""
        try:
            async with asyncio.timeout(PATIENCE):
                found = await self._store.read(figures.figures())
        except (StoreError, TimeoutError):
            for gauge in _OF_STORE:
                gauge.set(math.nan)
            self._show_sources(())
        else:
            metrics.HELD_MESSAGES.set(found.held)
            metrics.HELD_OLDEST.set(_moment(found.held_since))
            metrics.NEVER_LOG_ENTRIES.set(found.never_log_entries)
            metrics.WEBHOOK_DELIVERIES.set(found.deliveries)
            metrics.WEBHOOK_DEAD_LETTERS.set(found.dead_letters)
            metrics.EVENTS_HELD_BACK.set(_moment(found.held_back_since))
            self._show_sources(found.sources)

    @staticmethod
    def _show_sources(sources: Sequence[figures.SourceFigures]) -> None:
        metrics.SOURCE_SEEN.clear()  # some may have been removed
        metrics.SOURCE_SILENT.clear()
        for source in sources:
            metrics.SOURCE_SEEN.labels(source.id).set(source.seen_at / 1000)
            metrics.SOURCE_SILENT.labels(source.id).set(source.silent)

    @staticmethod
    def _free(disk: Callable[[], int]) -> float:
        try:
            return disk()
        except OSError:
            return math.nan


def _moment(at: int | None) -> float:
    """Epoch milliseconds as Prometheus has them."""
    return math.nan if at is None else at / 1000
