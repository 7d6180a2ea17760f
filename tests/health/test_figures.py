"""What /metrics tells of an installation, and when the store has nothing to say."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from gateway import metrics
from gateway.clock import new_id
from gateway.health.checks import Check, Checks, Found, Status
from gateway.health.figures import Figures
from gateway.health.lag import EVERY, measure
from storage.errors import StoreUnavailable
from storage.migrate import migrate
from storage.open import open_store


def values(text: bytes) -> dict[str, float]:
    """By name and labels."""
    samples = (each for family in text_string_to_metric_families(text.decode()) for each in family.samples)
    return {" ".join((each.name, *each.labels.values())): each.value for each in samples}


def found(status: Status) -> Check:
    async def check() -> Found:
        return Found(status, "")

    return check


async def test_what_a_check_found_is_a_number(tmp_path: Path) -> None:
    migrate(tmp_path / "gateway.db", 0)
    store = await open_store(tmp_path / "gateway.db", bytes(32), new_id)
    checks = Checks({"one": found(Status.WARNING), "two": found(Status.FAILED)}, lambda: False)
    told = values(await Figures(store, checks, lambda: 12345).page())
    await store.close()
    assert told["bcc_gateway_ready"] == 0
    assert (told["bcc_gateway_check one"], told["bcc_gateway_check two"]) == (1, 0)
    assert told["bcc_gateway_disk_free_bytes"] == 12345
    assert (told["bcc_gateway_held_messages"], told["bcc_gateway_never_log_entries"]) == (0, 0)
    assert math.isnan(told["bcc_gateway_held_oldest_timestamp_seconds"])


async def test_a_store_that_does_not_answer_leaves_no_old_figures_on_the_page(tmp_path: Path) -> None:
    migrate(tmp_path / "gateway.db", 0)
    store = await open_store(tmp_path / "gateway.db", bytes(32), new_id)
    figures = Figures(store, Checks({}, lambda: False), None)
    metrics.SOURCE_SEEN.labels("gone").set(1)
    assert "bcc_gateway_source_last_seen_timestamp_seconds gone" not in values(await figures.page())
    assert values(await figures.page())["bcc_gateway_held_messages"] == 0
    await store.close()
    silent = Figures(Silent(), Checks({}, lambda: False), None)  # type: ignore[arg-type]  # all that is asked of it
    assert math.isnan(values(await silent.page())["bcc_gateway_held_messages"])


class Silent:
    """A store that is down."""

    async def read(self, _plan: object) -> None:
        raise StoreUnavailable


def disk_gone() -> int:
    raise FileNotFoundError(2, "No such file or directory")


async def test_a_disk_that_is_gone_is_no_number(tmp_path: Path) -> None:
    migrate(tmp_path / "gateway.db", 0)
    store = await open_store(tmp_path / "gateway.db", bytes(32), new_id)
    told = values(await Figures(store, Checks({}, lambda: False), disk_gone).page())
    await store.close()
    assert math.isnan(told["bcc_gateway_disk_free_bytes"])


class Stop(Exception):
    """Ends an endless task."""


@pytest.mark.parametrize(("late", "told"), [(0.0, 0.0), (1.5, 1.5)])
async def test_a_blocked_event_loop_is_seen_as_late(late: float, told: float) -> None:
    now, seen = 100.0, list[float]()

    def observe(seconds: float) -> None:
        seen.append(seconds)
        raise Stop

    async def pause(seconds: float) -> None:
        nonlocal now
        assert seconds == EVERY
        now += seconds + late

    with pytest.raises(Stop):
        await measure(observe, lambda: now, pause)
    assert seen == pytest.approx([told])
