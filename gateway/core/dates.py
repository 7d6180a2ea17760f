"""Dates of header fields (RFC 5322 §3.3 and §4.3), read leniently but never guessed."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone

from .headers import without_comments

_LONGEST = 256
_EARLIEST = 1900  # RFC 5322 §3.3
_NAMES = "january february march april may june july august september october november december"
_MONTHS = {name[:length]: number for number, name in enumerate(_NAMES.split(), 1) for length in range(3, len(name) + 1)}
_TIME = re.compile(r"(?<![\d:.])(\d{1,2}):(\d{2})(?::(\d{2})(?:[.,]\d+)?)?(?:\s*([ap])\.?m\b\.?)?", re.IGNORECASE)
_WORDS = re.compile(r"[^\W\d_]+|\d+")
_ISO = re.compile(r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})(?:\s*T)?\s*", re.IGNORECASE)
_NUMERIC = re.compile(r"(?:[^\W\d_]+,?\s+)?(\d{1,2})[-/.\s]+(\d{1,2})[-/.\s]+(\d{2}|\d{4}),?")
_OFFSET = re.compile(
    r"(?:(?:GMT|UTC?)\s*)?([+-]?)(\d{1,2}):?(\d{2})(?!\d)(?:\s|\Z)|(?:GMT|UTC?)\s*([+-])(\d{1,2})(?!\d)", re.IGNORECASE
)
_ZONE = re.compile(r"([A-Za-z]{1,8})(?:\d[A-Z]{3})?\b")
# Hours east of UTC: RFC 5322 §4.3, and such others as have one meaning in mail. Any other name is no information.
_ZONES = {
    "EST": -5, "EDT": -4, "CST": -6, "CDT": -5, "MST": -7, "MDT": -6, "PST": -8, "PDT": -7,
    "WET": 0, "WEST": 1, "CET": 1, "MET": 1, "CEST": 2, "MEST": 2, "EET": 2, "EEST": 3, "MSK": 3,
    "JST": 9, "KST": 9, "AEST": 10, "AEDT": 11, "NZST": 12, "NZDT": 13,
}  # fmt: skip


def parse(value: str) -> datetime | None:
    """The instant that a Date field names, aware, or None where it names none.

    Tolerated: comments, a wrong or missing weekday, missing seconds, two-digit years, old zone names, the orders of
    ctime and ISO 8601. A missing or unknown zone is UTC ("-0000"). Nothing impossible is bent into shape.
    """
    if len(value) > _LONGEST:
        return None
    text = " ".join(without_comments(value).partition("(")[0].rpartition(";")[2].split())
    time = _TIME.search(text.replace(" :", ":").replace(": ", ":"))
    if time is None:
        return None
    clock = _clock(time)
    day, zone = _day(time.string[: time.start()], time.string[time.end() :])
    offset = _offset(zone)
    if clock is None or day is None or offset is None or day[0] < _EARLIEST:
        return None
    try:
        found = datetime(*day, *clock, tzinfo=timezone(offset) if offset else UTC)
        found.astimezone(UTC)  # an instant beyond the calendar's ends is none
    except (ValueError, OverflowError):
        return None
    return found


def _clock(time: re.Match[str]) -> tuple[int, int, int] | None:
    hour, minute, second = int(time[1]), int(time[2]), int(time[3] or 0)
    if time[4]:
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + (12 if time[4] in "pP" else 0)
    if second == 60 and minute == 59:  # a leap second
        second = 59
    return (hour, minute, second)


def _day(before: str, after: str) -> tuple[tuple[int, int, int] | None, str]:
    """Year, month and day from the text around the time, and the text in which the zone stands."""
    iso = _ISO.fullmatch(before)
    if iso:
        return (int(iso[1]), int(iso[2]), int(iso[3])), after
    numeric = _NUMERIC.fullmatch(before.strip())
    if numeric:
        return _unambiguous(int(numeric[1]), int(numeric[2]), numeric[3]), after
    words = _WORDS.findall(before)
    month = next((_MONTHS[w.lower()] for w in words if w.lower() in _MONTHS), 0)
    if not month:
        return None, after
    numbers = [w for w in words if w.isdecimal() and w.isascii()]
    if len(numbers) == 1:  # ctime: the year comes after the time, the zone before or behind it
        year = re.search(r"(?<![\d+-])\d{4}(?!\d)", after)
        if year is None:
            return None, after
        numbers.append(year[0])
        after = f"{after[: year.start()]} {after[year.end() :]}"
    if len(numbers) != 2:
        return None, after
    first, second = (numbers[1], numbers[0]) if len(numbers[0]) == 4 else numbers
    return (_year(second), month, int(first[:3])), after


def _unambiguous(first: int, second: int, year: str) -> tuple[int, int, int] | None:
    """A date in numbers alone, where only one of the two can be the month."""
    if len(year) == 2 and int(year) <= 31:
        return None
    if first > 12 >= second:
        return _year(year), second, first
    if second > 12 >= first:
        return _year(year), first, second
    return None


def _year(text: str) -> int:
    """RFC 5322 §4.3: two digits up to 49 are of this century; three digits count from 1900."""
    year = int(text[:5])
    if len(text) == 2:
        return year + (2000 if year < 50 else 1900)
    return year + 1900 if len(text) == 3 else year if len(text) == 4 else 0


def _offset(text: str) -> timedelta | None:
    """The distance from UTC, or None for an impossible one."""
    text = text.strip(" ,")
    number = _OFFSET.match(text)
    if number:
        sign = number[1] or number[4] or "+"
        hours, minutes = int(number[2] or number[5]), int(number[3] or 0)
        if hours > 14 or minutes > 59:
            return None
        return timedelta(hours=hours, minutes=minutes) * (-1 if sign == "-" else 1)
    name = _ZONE.match(text)
    if name:
        return timedelta(hours=_ZONES.get(name[1].upper(), 0))
    return None if text else timedelta()
