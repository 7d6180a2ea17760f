"""Each check of /readyz fails for the thing it is named after, and for nothing else."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from gateway.clock import new_id
from gateway.health.checks import (
    BELIEVED,
    Check,
    Checks,
    Found,
    Status,
    certificate_check,
    count_check,
    disk_check,
    listeners_check,
    schema_check,
    store_check,
)
from storage.interface import Store
from storage.migrate import migrate
from storage.open import open_store

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


@asynccontextmanager
async def opened(path: Path) -> AsyncIterator[Store]:
    migrate(path, 0)
    store = await open_store(path, bytes(32), new_id, busy_timeout=0.1)
    try:
        yield store
    finally:
        await store.close()


async def test_a_store_that_answers_is_ready(tmp_path: Path) -> None:
    async with opened(tmp_path / "gateway.db") as store:
        assert (await store_check(store)()).status is Status.OK
        assert (await schema_check(store, "sqlite")()).status is Status.OK


async def test_a_database_that_somebody_holds_is_not_ready(tmp_path: Path) -> None:
    """It can still be read, but no mail could be taken."""
    async with opened(tmp_path / "gateway.db") as store:
        with sqlite3.connect(tmp_path / "gateway.db") as other:
            other.execute("BEGIN IMMEDIATE")
            found = await store_check(store)()
            other.rollback()
        assert (found.status, "can't take" in found.sentence) == (Status.FAILED, True)
        assert (await store_check(store)()).status is Status.OK


async def test_a_store_that_is_silent_is_not_ready(tmp_path: Path) -> None:
    async with opened(tmp_path / "gateway.db") as store:
        assert (await store_check(store, patience=0)()).status is Status.FAILED


async def test_a_store_that_is_closed_is_not_ready(tmp_path: Path) -> None:
    async with opened(tmp_path / "gateway.db") as store:
        pass
    assert (await store_check(store)()).status is Status.FAILED


async def test_a_database_that_was_migrated_under_the_program_is_not_ready(tmp_path: Path) -> None:
    async with opened(tmp_path / "gateway.db") as store:
        with sqlite3.connect(tmp_path / "gateway.db") as other:
            other.execute("INSERT INTO schema_migration VALUES (9999, 'later', 'x', 0)")
        found = await schema_check(store, "sqlite")()
        assert (found.status, "9999" in found.sentence) == (Status.FAILED, True)


@pytest.mark.parametrize(("free", "expected"), [(99, Status.FAILED), (100, Status.OK)])
async def test_the_disk_is_ready_down_to_its_limit(free: int, expected: Status) -> None:
    assert (await disk_check(lambda: free, lambda: 100)()).status is expected


async def test_a_disk_that_is_gone_is_not_ready() -> None:
    def gone() -> int:
        raise FileNotFoundError(2, "No such file or directory")

    assert (await disk_check(gone, lambda: 1)()).status is Status.FAILED


@pytest.mark.parametrize(
    ("left", "expected"),
    [
        (timedelta(days=14), Status.OK),
        (timedelta(days=14, seconds=-1), Status.WARNING),
        (timedelta(), Status.WARNING),
        (timedelta(seconds=-1), Status.FAILED),
        (None, Status.OK),
    ],
)
async def test_a_certificate_warns_two_weeks_before_it_fails(left: timedelta | None, expected: Status) -> None:
    end = NOON + left if left is not None else None
    assert (await certificate_check(lambda: end, lambda: NOON)()).status is expected


@pytest.mark.parametrize(("running", "expected"), [(0, Status.FAILED), (1, Status.WARNING), (2, Status.OK)])
async def test_too_few_processes_warn_and_none_fails(running: int, expected: Status) -> None:
    assert (await count_check(lambda: running, 2, "parser processes")()).status is expected


@pytest.mark.parametrize(("listening", "expected"), [(False, Status.FAILED), (True, Status.OK)])
async def test_listeners_are_all_open_or_not_ready(*, listening: bool, expected: Status) -> None:
    assert (await listeners_check(lambda: listening)()).status is expected


class Probe:
    """A check that counts how often it is made."""

    def __init__(self, status: Status = Status.OK) -> None:
        self.status = status
        self.made = 0

    async def __call__(self) -> Found:
        self.made += 1
        await asyncio.sleep(0)
        return Found(self.status, "")


@pytest.mark.parametrize(
    ("statuses", "draining", "told"),
    [
        ([Status.OK, Status.OK], False, ("ready", True)),
        ([Status.OK, Status.WARNING], False, ("ready", True)),
        ([Status.OK, Status.FAILED], False, ("not ready", False)),
        ([Status.OK, Status.OK], True, ("draining", False)),
    ],
)
async def test_one_failure_is_enough_and_a_warning_is_none(
    statuses: list[Status], *, draining: bool, told: tuple[str, bool]
) -> None:
    checks: dict[str, Check] = {str(number): Probe(status) for number, status in enumerate(statuses)}
    found = await Checks(checks, lambda: draining).look()
    assert (found.status, found.ready) == told


async def test_many_who_ask_at_once_cost_one_look_a_second() -> None:
    now, probe = 100.0, Probe()
    checks = Checks({"one": probe}, lambda: False, lambda: now)
    await asyncio.gather(*(checks.look() for _ in range(50)))
    assert probe.made == 1
    now += BELIEVED
    await checks.look()
    assert probe.made == 2


async def test_draining_is_told_at_once() -> None:
    draining = False
    checks = Checks({"one": Probe()}, lambda: draining, lambda: 100.0)
    assert (await checks.look()).ready
    draining = True
    assert not (await checks.look()).ready
