"""Ids sort in the order in which they were made."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from gateway.core.ids import ALPHABET, Ids

MOST = (1 << 80) - 1


@given(st.lists(st.tuples(st.integers(0, (1 << 47)), st.integers(0, MOST)), min_size=1, max_size=30))
def test_ids_grow_whatever_the_clock_and_chance_do(steps: list[tuple[int, int]]) -> None:
    moments, chances = iter([m for m, _ in steps]), iter([c for _, c in steps])
    new_id = Ids(lambda: next(moments), lambda: next(chances))
    made = [new_id() for _ in steps]
    assert made == sorted(set(made))


def test_an_id_is_26_letters_that_nobody_confuses() -> None:
    made = Ids(lambda: 1_741_089_600_000, lambda: MOST)()
    assert len(made) == 26
    assert set(made) <= set(ALPHABET)
    assert not set("ilou") & set(ALPHABET)


def test_ids_of_two_machines_sort_by_time() -> None:
    assert Ids(lambda: 1, lambda: MOST)() < Ids(lambda: 2, lambda: 0)()
