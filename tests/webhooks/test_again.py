"""Attempts come further and further apart, never all at once, and end after some days."""

from random import Random

from hypothesis import given
from hypothesis import strategies as st

from gateway.webhooks.again import FIRST, LONGEST, MOST_ASKED, next_at

DAYS = 3 * 24 * 60 * 60.0
CHANCE = st.floats(0, 1)


def test_the_span_doubles_up_to_the_longest() -> None:
    spans = [next_at(0, 0, attempts, 1.0, 0, DAYS) for attempts in range(1, 16)]
    assert spans[:3] == [FIRST, 2 * FIRST, 4 * FIRST]
    assert spans[-1] == spans[-2] == LONGEST


@given(st.integers(1, 10_000), CHANCE, st.floats(0, 1e12))
def test_it_is_within_the_span_unless_more_is_asked_for(attempts: int, chance: float, asked: float) -> None:
    made = next_at(0, 0, attempts, chance, asked, DAYS)
    assert made is not None
    assert min(asked * 1000, MOST_ASKED) - 1 < made <= max(LONGEST, MOST_ASKED)


@given(st.integers())
def test_whatever_chance_says_it_ends_in_time(seed: int) -> None:
    chances = Random(seed)
    at, attempts = 0, 1
    for _ in range(5000):
        then = next_at(at, 0, attempts, chances.random(), 60, DAYS)
        if then is None:
            break
        assert at < then <= DAYS * 1000
        at, attempts = then, attempts + 1
    else:
        raise AssertionError("it goes on for ever")
    assert at >= DAYS * 1000 - 60_000


def test_who_asks_to_be_left_alone_beyond_the_last_moment_is() -> None:
    assert next_at(0, 0, 1, 0.0, DAYS + 1, 2 * MOST_ASKED / 1000) == MOST_ASKED
    assert next_at(1, 0, 1, 0.0, DAYS + 1, MOST_ASKED / 1000) is None
