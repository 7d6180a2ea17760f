"""Whether the wall clock may have something erased."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from gateway.clock import LEAP, STEADY, ClockTrust

NOON = 1_767_268_800_000
LOOK = 60.0
YEARS = 10 * 365 * 86_400_000


def test_a_steady_clock_that_is_confirmed_is_believed_at_once_and_for_good() -> None:
    trust = ClockTrust(NOON, 500, confirmed=True)
    assert all(trust.allows(NOON + n * 60_000, 500 + n * LOOK) for n in range(2 * 1440))


def test_one_that_nothing_confirms_is_believed_after_a_day() -> None:
    trust = ClockTrust(NOON, 500, confirmed=False)
    seen = [trust.allows(NOON + n * 60_000, 500 + n * LOOK) for n in range(1441)]
    assert seen == [False] * 1440 + [True]


def test_a_leap_ahead_is_not_believed_for_a_day() -> None:
    for leap in (LEAP + 1, 3_600_000, YEARS):
        trust = ClockTrust(NOON, 0, confirmed=True)
        assert trust.allows(NOON + 60_000, LOOK)
        assert not trust.allows(NOON + 120_000 + leap, 2 * LOOK)
        assert not trust.allows(NOON + leap + int(STEADY) * 1000, STEADY)
        assert trust.allows(NOON + 120_000 + leap + int(STEADY) * 1000, 2 * LOOK + STEADY)


def test_small_steps_do_not_add_up() -> None:
    trust = ClockTrust(NOON, 0, confirmed=True)
    seen = [trust.allows(NOON + n * (60_000 + LEAP // 3), n * LOOK) for n in range(5)]
    assert seen == [True, True, True, True, False]


def test_a_step_back_is_harmless_and_one_ahead_after_it_is_seen() -> None:
    trust = ClockTrust(NOON, 0, confirmed=True)
    assert trust.allows(NOON - YEARS, LOOK)
    assert not trust.allows(NOON, 2 * LOOK)


@given(st.lists(st.tuples(st.integers(0, 200_000), st.integers(-YEARS, YEARS)), max_size=40))
def test_what_is_erased_is_never_younger_than_it_seems_by_more_than_a_leap(steps: list[tuple[int, int]]) -> None:
    """Within a day of looks the clock is believed at most one leap beyond the earliest that it was seen at."""
    trust, elapsed = ClockTrust(NOON, 0, confirmed=True), 0
    leads = [NOON]
    for passed, step in steps:
        elapsed += passed
        lead = leads[-1] + step
        leads.append(lead)
        if trust.allows(lead + elapsed * 1000, elapsed) and elapsed < STEADY:
            assert lead <= min(leads) + LEAP
