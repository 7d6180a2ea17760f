"""Every golden case through the pure core, on a store of plain dicts."""

from __future__ import annotations

import pytest
from fakes.deliveries import KEYED, cases, deliver
from fakes.memory_store import MemoryStore
from journeys.golden import UPDATING, Golden, golden_cases

from gateway.core.decide import decide
from gateway.core.explain import explain


@pytest.mark.parametrize("case", golden_cases(), ids=lambda case: case.name)
def test_the_explanation_is_the_expected_one(case: Golden) -> None:
    text = "\n".join(map(explain, deliver(MemoryStore(KEYED, case.world), case.world, *case.deliveries)))
    if UPDATING:
        case.update(text)
    assert text == case.expected


@pytest.mark.parametrize("case", golden_cases(), ids=lambda case: case.name)
def test_deciding_twice_says_the_same(case: Golden) -> None:
    store = MemoryStore(KEYED, case.world)
    deliver(store, case.world, *case.deliveries[:-1])
    for last in cases(case.world, case.deliveries[-1]):
        assert decide(last, store.facts(last)) == decide(last, store.facts(last))
