"""A source that has gone silent is told of once, and once when it is back, on each kind of store."""

from __future__ import annotations

import pytest

from gateway import operator_log, silence
from storage import figures
from storage import silence as plans
from storage.administration import sources
from storage.administration.act import Act
from storage.errors import Refused
from storage.interface import Store
from storage.silence import HOUR, Change


async def noted(store: Store, at: int) -> list[Change]:
    """What `note` finds, which `is_due` must have foretold."""
    due = await store.read(plans.is_due(at))
    found = list(await store.change(plans.note(at)))
    assert bool(found) is due
    return found


async def test_it_is_silent_after_its_hours_and_the_one_by_which_it_is_known(
    store: Store, act: Act, account: str
) -> None:
    source = await store.change(sources.add(act, account, "mx", "192.0.2.1", ["relay"], silence_hours=4))
    await store.change(sources.seen([source.id], act.at))
    assert await noted(store, act.at + 5 * HOUR) == []
    late = act.at + 5 * HOUR + 1
    assert await noted(store, late) == [Change(source.id, 4, silent=True)]
    assert await noted(store, late + HOUR) == []  # once
    [listed] = await store.read(sources.listed(account))
    assert (listed.seen_at, listed.silence_hours, listed.silent_at, listed.name) == (act.at, 4, late, "mx")
    [figure] = (await store.read(figures.figures())).sources
    assert (figure.id, figure.seen_at, figure.silent) == (source.id, act.at, True)


async def test_it_is_back_with_its_next_mail_and_may_fall_silent_again(store: Store, act: Act, account: str) -> None:
    source = await store.change(sources.add(act, account, "mx", "192.0.2.1", ["relay"], silence_hours=1))
    await store.change(sources.seen([source.id], act.at))
    first = act.at + 3 * HOUR
    assert await noted(store, first) == [Change(source.id, 1, silent=True)]
    await store.change(sources.seen([source.id], first + 1))
    assert await noted(store, first + 2) == [Change(source.id, 1, silent=False)]
    assert await noted(store, first + 2) == []
    assert await noted(store, first + 3 * HOUR) == [Change(source.id, 1, silent=True)]


async def test_what_a_clock_that_was_ahead_has_noted_is_forgotten(store: Store, act: Act, account: str) -> None:
    later = act.at + 10_000 * HOUR
    one, two = [
        await store.change(sources.add(act, account, name, net, ["relay"], silence_hours=1))
        for name, net in (("one", "192.0.2.1"), ("two", "192.0.2.2"))
    ]
    await store.change(sources.seen([one.id, two.id], act.at))
    assert {c.source_id for c in await noted(store, later)} == {one.id, two.id}
    await store.change(sources.seen([two.id], later + 1))
    assert await noted(store, later + 1) == [Change(two.id, 1, silent=False)]
    assert await store.read(plans.is_due(act.at + HOUR))
    assert await store.change(plans.note(act.at + HOUR)) == []
    listed = {s.id: (s.seen_at, s.silent_at) for s in await store.read(sources.listed(account))}
    assert listed == {one.id: (act.at, None), two.id: (act.at + HOUR, None)}
    assert await noted(store, act.at + 3 * HOUR) == [Change(one.id, 1, silent=True)]
    assert await noted(store, act.at + 4 * HOUR) == [Change(two.id, 1, silent=True)]


async def test_without_hours_or_without_any_mail_yet_nobody_is_told(store: Store, act: Act, account: str) -> None:
    quiet = await store.change(sources.add(act, account, "quiet", "192.0.2.1", ["relay"]))
    await store.change(sources.add(act, account, "new", "192.0.2.2", ["relay"], silence_hours=1))
    await store.change(sources.seen([quiet.id], act.at))
    assert await noted(store, act.at + 1000 * HOUR) == []


async def test_other_hours_are_looked_at_anew(store: Store, act: Act, account: str) -> None:
    source = await store.change(sources.add(act, account, "mx", "192.0.2.1", ["relay"], silence_hours=1))
    await store.change(sources.seen([source.id], act.at))
    assert await noted(store, act.at + 3 * HOUR) == [Change(source.id, 1, silent=True)]
    await store.change(sources.set_silence(act, account, "mx", 24))
    assert await noted(store, act.at + 4 * HOUR) == []
    assert [one.silent_at for one in await store.read(sources.listed(account))] == [None]
    await store.change(sources.set_silence(act, account, "mx", 0))
    assert await noted(store, act.at + 400 * HOUR) == []


@pytest.mark.parametrize("hours", [-1, sources.MOST_HOURS + 1])
async def test_hours_are_within_bounds(store: Store, act: Act, account: str, hours: int) -> None:
    with pytest.raises(Refused, match="Hours of silence"):
        await store.change(sources.add(act, account, "mx", "192.0.2.1", ["relay"], silence_hours=hours))


class Enough(Exception):
    """Ends the watch."""


async def test_the_log_has_it_by_id_once_an_hour_has_passed_since_the_start(
    store: Store, act: Act, account: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = await store.change(sources.add(act, account, "mx", "192.0.2.1", ["relay"], silence_hours=1))
    await store.change(sources.seen([source.id], act.at))
    told, pauses, at = list[object](), list[float](), act.at + 3 * HOUR
    monkeypatch.setattr(operator_log, "source_silent", lambda *what: told.append(what))
    monkeypatch.setattr(operator_log, "source_back", lambda *what: told.append(what))

    async def pause(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) == 3:
            await store.change(sources.seen([source.id], at + 1))
        if len(pauses) == 4:
            raise Enough

    with pytest.raises(Enough):
        await silence.watch(store, lambda: at, pause)
    assert pauses == [silence.AFTER_START, *[silence.EVERY] * 3]
    assert told == [(source.id, 1), (source.id,)]
