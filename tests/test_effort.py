"""The guard of the tests that say what mustn't grow: it sees what does."""

from __future__ import annotations

import re

import pytest
from fakes.effort import Unbounded, bounded


def _spin() -> None:
    while True:
        pass


def test_what_uses_its_time_up_is_ended() -> None:
    with pytest.raises(Unbounded), bounded(0.05):
        _spin()


def test_a_pattern_that_backtracks_is_ended_too() -> None:
    with pytest.raises(Unbounded), bounded(0.05):
        re.match("(a|a)*b", "a" * 40)


def test_what_ends_in_time_is_let_go() -> None:
    with bounded(20):
        found = re.match("a*", "a" * 40)
    assert found
