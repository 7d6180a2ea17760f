"""Whether mail can be taken now: one check for each thing that it takes."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TypeAlias

from storage import reads
from storage.errors import StoreError
from storage.interface import Store
from storage.migrate import migrations
from storage.plan import ask

PATIENCE = 2.0
"""Seconds that the store has to answer."""
BELIEVED = 1.0
"""Seconds that what was found is told again, however many ask."""
SOON = timedelta(days=14)
"""Before its end a certificate is warned of."""


class Status(StrEnum):
    """Of one check."""

    OK = "ok"
    WARNING = "warning"
    """Mail is taken, but somebody should look."""
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Found:
    """What a check found, as a sentence without anything private."""

    status: Status
    sentence: str


Check: TypeAlias = Callable[[], Awaitable[Found]]


@dataclass(frozen=True, slots=True)
class Readiness:
    """All checks at one moment."""

    draining: bool
    checks: Mapping[str, Found]

    @property
    def ready(self) -> bool:
        return not self.draining and all(found.status is not Status.FAILED for found in self.checks.values())

    @property
    def status(self) -> str:
        if self.draining:
            return "draining"
        return "ready" if self.ready else "not ready"


class Checks:
    """All checks of one gateway, made together."""

    def __init__(
        self, checks: Mapping[str, Check], draining: Callable[[], bool], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._checks = checks
        self._draining = draining
        self._clock = clock
        self._until = float("-inf")
        self._found: dict[str, Found] = {}
        self._looking = asyncio.Lock()

    async def look(self) -> Readiness:
        """What is so now, or was a moment ago: askers can't wear out the store."""
        async with self._looking:
            if self._clock() >= self._until:
                found = await asyncio.gather(*(check() for check in self._checks.values()))
                self._found = dict(zip(self._checks, found, strict=True))
                self._until = self._clock() + BELIEVED
        return Readiness(self._draining(), self._found)


def store_check(store: Store, patience: float = PATIENCE) -> Check:
    """It answers in a transaction that could write, as each message needs one."""

    async def check() -> Found:
        return await _asked(store.change(ask("SELECT 1")), "The database takes transactions.", patience)

    return check


def schema_check(store: Store, kind: str, patience: float = PATIENCE) -> Check:
    """Its schema is the one that this version knows. `kind`: sqlite or postgres."""
    known = migrations(kind)[-1].version

    async def version() -> None:
        found = await store.read(reads.schema_version())
        if found != known:
            raise _Other(f"The database is at version {found}, and this program knows {known}; start its own version.")

    async def check() -> Found:
        return await _asked(version(), f"The database is at version {known}.", patience)

    return check


def disk_check(free: Callable[[], int], needed: Callable[[], int]) -> Check:
    """Both in bytes; below `needed`, MAIL is answered 452."""

    async def check() -> Found:
        try:
            left = free()
        except OSError as error:
            return Found(Status.FAILED, f"The database's disk can't be looked at: {error.strerror}.")
        least = needed()
        told = f"{left >> 20} MiB are free on the database's disk; below {least >> 20} MiB no mail is taken."
        return Found(Status.FAILED if left < least else Status.OK, told)

    return check


def certificate_check(expires: Callable[[], datetime | None], now: Callable[[], datetime]) -> Check:
    """The certificate in use, if there is one; what expires soon is a warning."""

    async def check() -> Found:
        end, at = expires(), now()
        if end is None:
            return Found(Status.OK, "No TLS certificate is in use.")
        if at > end:
            return Found(Status.FAILED, f"The TLS certificate expired on {end:%Y-%m-%d}.")
        return Found(
            Status.WARNING if end - at < SOON else Status.OK, f"The TLS certificate expires on {end:%Y-%m-%d}."
        )

    return check


def count_check(running: Callable[[], int], wanted: int, what: str) -> Check:
    """So many run; fewer are a warning, none at all is a failure. `what`: of what, in the plural."""

    async def check() -> Found:
        count = running()
        status = Status.OK if count >= wanted else Status.WARNING if count else Status.FAILED
        return Found(status, f"{count} of {wanted} {what} run.")

    return check


def listeners_check(listening: Callable[[], bool]) -> Check:
    """All sockets of SMTP are listened on."""

    async def check() -> Found:
        if listening():
            return Found(Status.OK, "All SMTP listeners are open.")
        return Found(Status.FAILED, "Not all SMTP listeners are open.")

    return check


class _Other(StoreError):
    """Another version."""

    def __init__(self, sentence: str) -> None:
        Exception.__init__(self, sentence)


async def _asked(answer: Awaitable[object], well: str, patience: float) -> Found:
    try:
        async with asyncio.timeout(patience):
            await answer
    except TimeoutError:
        return Found(Status.FAILED, f"The database didn't answer within {patience:g} seconds.")
    except _Other as error:
        return Found(Status.FAILED, str(error))
    except StoreError as error:
        return Found(Status.FAILED, str(error.__doc__))  # without its details, which name files and hosts
    return Found(Status.OK, well)
