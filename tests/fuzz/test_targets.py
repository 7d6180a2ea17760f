"""The targets of fuzzing, replayed: every finding that was kept, every seed, and some random bytes each time.

`make fuzz TARGET=… MINUTES=…` looks for new ones.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from fakes.noise import ANY_BYTES
from fuzz.targets import TARGETS, findings
from hypothesis import given, settings
from hypothesis import strategies as st

KEPT = [pytest.param(name, path, id=f"{name}/{path.name}") for name in TARGETS for path in findings(name)]


@pytest.mark.parametrize(("name", "path"), KEPT)
def test_no_finding_comes_back(name: str, path: Path) -> None:
    TARGETS[name].check(path.read_bytes())


@pytest.mark.parametrize("name", TARGETS)
def test_every_seed_keeps_the_rule(name: str) -> None:
    seeds = list(TARGETS[name].seeds())
    assert seeds
    for seed in seeds:
        TARGETS[name].check(seed)


@pytest.mark.parametrize("name", TARGETS)
def test_any_bytes_keep_the_rule(name: str) -> None:
    @settings(max_examples=60, deadline=None)
    @given(st.binary(min_size=4, max_size=4), ANY_BYTES | st.lists(st.sampled_from(TARGETS[name].words)).map(b"".join))
    def check(choice: bytes, data: bytes) -> None:
        TARGETS[name].check(choice + data)

    check()
