"""Dates as people's mail programs write them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.core.unwrap import labels, locale_dates

_ZONE = timezone(timedelta(hours=1))
_OUTER = datetime(2025, 6, 1, 12, 0, tzinfo=_ZONE)
_MORNING = datetime(2025, 3, 4, 10, 12, tzinfo=_ZONE)


@pytest.mark.parametrize(
    ("locale", "text"),
    [
        ("en", "Tue, Mar 4, 2025 at 10:12\u202fAM"),
        ("en", "Tuesday, March 4th, 2025 at 10:12 AM"),
        ("en", "4 March 2025 at 10:12:00 EST"),
        ("en", "10:12 AM, March 4, 2025"),
        ("en", "Tue Mar  4 10:12:00 2025"),
        ("en", "3/4/2025 10:12 AM"),
        ("en", "04-Mar-25 10:12"),
        ("de", "Di., 4. März 2025 um 10:12 Uhr"),
        ("fr", "mar. 4 mars 2025 à 10:12"),
        ("fr", "mardi 4 mars 2025 10h12"),
        ("fr", "04/03/2025 10:12"),
        ("es", "mar, 4 mar 2025 a las 10:12"),
        ("es", "4 mar 2025 a la(s) 10:12 a. m."),
        ("pt-BR", "ter., 4 de mar. de 2025 às 10:12"),
        ("pt-PT", "4 de março de 2025 10:12:00 WET"),
        ("it", "mar 4 mar 2025 alle ore 10:12"),
        ("nl", "di 4 mrt 2025 om 10:12"),
        ("sv", "den 4 mars 2025 10:12"),
        ("no", "tir. 4. mars 2025 kl. 10:12"),
        ("da", "4. marts 2025 kl. 10.12.00 CET"),
        ("fi", "ti 4. maalisk. 2025 klo 10.12"),
        ("pl", "wt., 4 mar 2025 o 10:12"),
        ("cs", "út 4. 3. 2025 v 10:12"),
        ("cs", "4. března 2025 v 10:12:00 SEČ"),
        ("sk", "ut 4. 3. 2025 o 10:12"),
        ("hu", "2025. márc. 4., K 10:12"),
        ("ro", "mar., 4 mar. 2025, 10:12"),
        ("ru", "вт, 4 мар. 2025 г. в 10:12"),
        ("ru", "10:12, 4 марта 2025 г."),
        ("uk", "4 березня 2025 р. о 10:12"),
        ("tr", "4 Mar 2025 Sal, 10:12"),
        ("hr", "uto, 4. ožu 2025. u 10:12"),
        ("et", "K, 4. märts 2025 kell 10:12"),
        ("ja", "2025年3月4日(火) 10:12"),
        ("ja", "２０２５年３月４日 １０時１２分"),
        ("zh-Hans", "2025年3月4日 上午10:12"),
        ("zh-Hant", "2025年3月4日 星期二 上午10:12"),
        ("ko", "2025년 3월 4일 (화) 오전 10:12"),
        ("ar", "الثلاثاء، ٤ مارس ٢٠٢٥ في ١٠:١٢ ص"),
        ("he", "יום ג׳, 4 במרץ 2025 ב-10:12"),
        ("th", "อ. 4 มี.ค. 2568 เวลา 10:12"),
        ("el", "Τρίτη, 4 Μαρτίου 2025 10:12 πμ"),
        ("bg", "вт, 4.03.2025 г. в 10:12"),
        ("vi", "Thứ Ba, 4 Tháng Ba 2025 10:12 SA"),
        ("ko", "25/3/4 오전 10:12"),
        ("th", "4/3/68 10:12"),
    ],
)
def test_a_locale_s_own_shape_is_read_in_the_zone_of_the_forward(locale: str, text: str) -> None:
    assert locale_dates.read(text, (locale,), _OUTER) == (_MORNING, True)


@pytest.mark.parametrize(
    ("text", "hours"),
    [
        ("Tue, 4 Mar 2025 10:12:00 -0700", -7),
        ("4 March 2025 10:12:00 GMT-07:00", -7),
        ("4 March 2025 at 10:12:00 UTC+3", 3),
        ("4 March 2025 10:12 GMT", 0),
        ("March 4, 2025 10:12 AM (GMT+02:00)", 2),
        ("2025年3月4日 GMT+8 10:12:00", 8),
        ("٤ مارس ٢٠٢٥ في ١٠:١٢:٠٠ ص غرينتش+٣", 3),
    ],
)
def test_an_offset_is_believed_and_nothing_assumed(text: str, hours: int) -> None:
    moment = locale_dates.read(text, ("en", "zh-Hans", "ar"), _OUTER)

    assert moment.date is not None
    assert moment.date.utcoffset() == timedelta(hours=hours)
    assert not moment.assumed


@pytest.mark.parametrize(
    ("locale", "text", "month", "day"),
    [
        ("fr", "mar. 8 avr. 2025 à 10:12", 4, 8),  # a Tuesday, not a March
        ("hu", "2025. márc. 5., Sze 10:12", 3, 5),  # a Wednesday, not a September
        ("fi", "Tue, 4 Mar 2025 10:12:00 +0100", 3, 4),  # RFC 5322 in a Finnish header, not a November
        ("en", "04/03/2025 10:12", 4, 3),
        ("en", "13/03/2025 10:12", 3, 13),
        ("en", "Tue 04/03/2025 10:12", 3, 4),
        ("en", "Thursday, 04/03/2025 10:12", 4, 3),
        ("en", "Sunday, 04/03/2025 10:12", 4, 3),  # neither is one
        ("en", "4-3-2025 10:12", 3, 4),  # in no English country
        ("pl", "10:12 Wtorek 2025-03-04", 3, 4),
        ("sv", "3 maj 2025 10:12:00 +0100", 5, 3),
        ("fr", "04/03/2025 10:12", 3, 4),
    ],
)
def test_what_looks_like_another_date_is_not_taken_for_it(locale: str, text: str, month: int, day: int) -> None:
    date = locale_dates.read(text, (locale,), _OUTER).date

    assert date is not None
    assert (date.month, date.day) == (month, day)


def test_numbers_in_doubtful_order_are_read_so_that_the_date_is_not_later_than_the_forward() -> None:
    outer = datetime(2025, 3, 6, 8, 0, tzinfo=_ZONE)

    assert locale_dates.read("04/03/2025 10:12", ("en",), outer) == (_MORNING, True)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "tomorrow",
        "4 March 2025",
        "4 March 1989 10:12",
        "Sun, 1 Jun 2025 12:00:01 +0100",
        "31 February 2025 10:12",
        "99999999999 March 2025",
        "4 March 2025 25:12",
    ],
)
def test_what_names_no_possible_moment_is_dated_as_the_forward(text: str) -> None:
    assert locale_dates.read(text, ("en",), _OUTER) == (_OUTER, True)


def test_the_afternoon_is_read_in_words_before_or_behind_the_time() -> None:
    for locale, text in (
        ("en", "4 Mar 2025 1:05 PM"),
        ("ko", "2025년 3월 4일 오후 1:05"),
        ("el", "4 Μαρ 2025 1:05 μ.μ."),
    ):
        date = locale_dates.read(text, (locale,), _OUTER).date
        assert date is not None
        assert date.hour == 13


@given(st.text(max_size=300), st.sampled_from(labels.LOCALES))
def test_no_text_raises_and_no_date_is_later_than_the_forward_allows(text: str, locale: str) -> None:
    moment = locale_dates.read(text, (locale,), _OUTER)

    assert moment.date is not None
    assert datetime(1990, 1, 1, tzinfo=UTC) <= moment.date <= _OUTER + timedelta(hours=14)


def test_without_a_dated_forward_the_zone_is_utc() -> None:
    assert locale_dates.read("4 March 2025 10:12", ("en",), None) == (datetime(2025, 3, 4, 10, 12, tzinfo=UTC), True)
    assert locale_dates.read("soon", ("en",), None) == (None, True)
