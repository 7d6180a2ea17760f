"""Nobody logs in another's name, and nobody who is himself is turned away (S01 to S31)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import islice

import pytest
from hostile.senders import Sent, decided, forged, honest

from gateway.core.model import Outcome
from gateway.core.results import Direction

EVERY_FORGED, EVERY_HONEST, EVERY_OF_THE_LONG_RUN = 61, 13, 5
"""Of all forgeries and all honest mail, each so manieth is tried; no length of a list is a multiple of it."""


async def misattributed(messages: Iterable[Sent]) -> tuple[list[str], Counter[str]]:
    """Those that were logged in anybody's name, and how all ended."""
    wrong, ends = [], Counter[str]()
    for sent in messages:
        decision = await decided(sent)
        ends[f"{decision.outcome} {decision.reason}"] += 1
        if decision.activity is not None or decision.outcome in (Outcome.LOGGED, Outcome.MERGED, Outcome.DEFERRED):
            wrong.append(f"{sent.name}: {decision.outcome} {decision.reason}")
    return wrong, ends


async def turned_away(messages: Iterable[Sent]) -> tuple[list[str], Counter[str]]:
    """Those that weren't logged in their author's name."""
    wrong, ends = [], Counter[str]()
    for sent in messages:
        decision = await decided(sent)
        ends[f"{decision.outcome} {decision.reason}"] += 1
        activity = decision.activity
        direction = Direction.IN if sent.name.startswith("forward:") else Direction.OUT
        if activity is None or (activity.attribution.user_id, activity.direction) != ("us/ana", direction):
            wrong.append(f"{sent.name}: {decision.outcome} {decision.reason}")
    return wrong, ends


async def test_no_forgery_is_logged_in_anybodys_name() -> None:
    wrong, ends = await misattributed(islice(forged(), 0, None, EVERY_FORGED))
    assert wrong == []
    assert sum(ends.values()) > 150


async def test_nobody_who_is_himself_is_turned_away() -> None:
    wrong, ends = await turned_away(islice(honest(), 0, None, EVERY_HONEST))
    assert wrong == []
    assert sum(ends.values()) > 150


@pytest.mark.prove
async def test_no_forgery_of_all_and_nobody_of_all() -> None:
    """Thousands of both, and how they ended."""
    some = islice(forged(), 0, None, EVERY_OF_THE_LONG_RUN)
    for about, judge, messages in (("forged", misattributed, some), ("honest", turned_away, honest())):
        wrong, ends = await judge(messages)
        print(f"\n{about}: {sum(ends.values())}, wrong: {len(wrong)}")
        for end, count in ends.most_common():
            print(f"  {count:>6}  {end}")
        assert wrong == [], "\n".join(_first(wrong))


def _first(names: Sequence[str]) -> Sequence[str]:
    return names[:20]
