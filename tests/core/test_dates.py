"""Dates are read leniently and never guessed."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.core.dates import parse

NOON = datetime(2024, 11, 21, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    "written",
    [
        "Thu, 21 Nov 2024 12:00:00 +0000",
        "Thu, 21 Nov 2024 13:00:00 +0100",
        "Mon, 21 Nov 2024 12:00:00 +0000",
        "21 Nov 2024 12:00 GMT",
        "21 Nov 24 07:00:00 EST",
        "thu, 21 NOV 2024 04:00:00 pst",
        "Thu,21 Nov 2024 12:00:00 Z",
        "Thu, 21 Nov 2024 12:00:00 -0000",
        "Thu, 21 Nov 2024 12:00:00",
        "Thu, 21 Nov 2024 12:00:00 XYZ",
        "Thu, 21 Nov 2024 12:00:00 +0000 (GMT)",
        "Thu, 21 Nov 2024 12:00:00 +0000 (GMT",
        "Thu (x), 21(y) Nov 2024 (a (b)) 12:00:00 +0000",
        "Thu, 21 November 2024 12:00:00 UT",
        "Thu, 21-Nov-2024 12:00:00 UTC",
        "Thu, Nov 21 2024 12:00:00 GMT",
        "Thu Nov 21 12:00:00 2024",
        "Thu Nov 21 13:00:00 CET 2024",
        "Thu Nov 21 13:00:00 2024 +0100",
        "2024-11-21 12:00:00",
        "2024-11-21T14:00:00+02:00",
        "2024-11-21T12:00:00.123Z",
        "21 Nov 2024 14:00:00 GMT+2",
        "21 Nov 2024 12:00:00 PM GMT",
        "21.11.2024 12:00",
        "21 Nov 2024 12 : 00 : 00 +0000",
        "by mx.example with ESMTP id 1; Thu, 21 Nov 2024 12:00:00 +0000",
    ],
)
def test_one_instant_in_many_spellings(written: str) -> None:
    assert parse(written) == NOON


@pytest.mark.parametrize(
    "written",
    [
        "",
        "yesterday",
        "Thu, 21 Nov 2024",
        "Thu, 21 Nov 2024 25:00:00 +0000",
        "Thu, 21 Nov 2024 24:00:00 +0000",
        "Thu, 21 Nov 2024 12:60:00 +0000",
        "Thu, 21 Nov 2024 12:00:61 +0000",
        "Thu, 31 Feb 2024 12:00:00 +0000",
        "Thu, 21 Foo 2024 12:00:00 +0000",
        "Thu, 21 Nov 2024 12:00:00 +1500",
        "Thu, 21 Nov 2024 12:00:00 +0199",
        "Thu, 21 Nov 2024 12:00:00 +9999999",
        "Thu, 21 Nov 99999999999 12:00:00 +0000",
        "Thu, 21 Nov 1812 12:00:00 +0000",
        "31 Dec 9999 23:59:59 -1200",
        "03/04/2025 10:00",
        "4 8 15 16 23 42",
        "21 Nov 2024 13:00:00 PM GMT",
        "1" * 4096,
        "Thu, 21 Nov 2024 12:00:00 +0000" + " " * 300,
    ],
)
def test_what_names_no_instant_is_none(written: str) -> None:
    assert parse(written) is None


@pytest.mark.parametrize(("digits", "year"), [("00", 2000), ("49", 2049), ("50", 1950), ("99", 1999), ("103", 2003)])
def test_short_years_are_those_of_the_standard(digits: str, year: int) -> None:
    found = parse(f"21 Nov {digits} 12:00:00 +0000")
    assert found is not None
    assert found.year == year


def test_a_leap_second_is_the_last_second_of_its_minute() -> None:
    assert parse("31 Dec 2016 23:59:60 +0000") == datetime(2016, 12, 31, 23, 59, 59, tzinfo=UTC)


def test_the_offset_is_kept() -> None:
    found = parse("21 Nov 2024 12:00:00 -0330")
    assert found is not None
    assert found.utcoffset() == timedelta(hours=-3, minutes=-30)


@given(st.text(max_size=60) | st.text("0123456789 :+-,;()JanFebZT/.", max_size=40))
def test_any_text_gives_an_aware_instant_or_none(written: str) -> None:
    found = parse(written)
    assert found is None or (found.tzinfo is not None and found.astimezone(UTC).year >= 1899)


@given(st.datetimes(min_value=datetime(1970, 1, 2), max_value=datetime(9999, 12, 30)), st.integers(-14 * 60, 14 * 60))  # noqa: DTZ001 - the zone is drawn beside it
def test_a_standard_date_comes_back(naive: datetime, minutes: int) -> None:
    sign, (hours, rest) = "-" if minutes < 0 else "+", divmod(abs(minutes), 60)
    month = "JanFebMarAprMayJunJulAugSepOctNovDec"[naive.month * 3 - 3 : naive.month * 3]
    written = f"{naive.day} {month} {naive.year} {naive:%H:%M:%S} {sign}{hours:02}{rest:02}"
    found = parse(written)
    assert found is not None
    assert found.replace(tzinfo=None) == naive.replace(microsecond=0)
    assert found.utcoffset() == timedelta(minutes=minutes)
