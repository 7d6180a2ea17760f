"""Dates as mail programs write them for people, in every locale of the label table."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from typing import NamedTuple

from gateway.core.unwrap import months

_WEEKDAYS_TOO = frozenset(months.WEEKDAYS_TOO.split())
_LONGEST = 200
_EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)
_BUDDHIST_FROM, _BUDDHIST = 2400, 543
_BUDDHIST_SHORT_FROM, _BUDDHIST_SHORT = 33, 1957
"""From which year of two digits Thai ones are Buddhist, for else they would lie before 1990; what they lack."""
_ZONE_MAY_ADD = timedelta(hours=14)

_ACCENTS = re.compile("[\u0300-\u036f\u064b-\u065f\u200b-\u200f\u061c\u202a-\u202e\u2066-\u2069]")
_RFC_5322 = re.compile(r"(?:[a-z]{3}, )?\d{1,2} [a-z]{3} \d{4} \d\d:\d\d(?::\d\d)? [+-]\d{4}(?!\d)")
_EAST_ASIAN = re.compile(r"(\d{4})\s?[年년]\s?(\d{1,2})\s?[月월]\s?(\d{1,2})\s?[日일]")
_YEAR_FIRST = re.compile(r"(?<!\d)(\d{4})\s?([-/.])\s?(\d{1,2})\s?\2\s?(\d{1,2})(?!\d)")
_SHORT_YEAR_FIRST = re.compile(r"(?<![\d:])(\d{2})\s?([-/.])\s?(\d{1,2})\s?\2\s?(\d{1,2})(?![\d:])")
_YEAR_FIRST_LANGUAGES = frozenset({"ja", "zh", "ko", "hu"})
_YEAR_LAST = re.compile(r"(?<![\d:])(\d{1,2})\s?([-/.])\s?(\d{1,2})\s?\2\s?(\d{4}|\d{2})(?![\d:])")
_WORD = re.compile(r"[^\W\d_][^\s\d,;:()/]{0,30}")
_YEAR = re.compile(r"(?<![\d:+])(?<![\s\d]-)(\d{4})(?![\d:])")
_SHORT_YEAR = re.compile(r"(?<=-)(\d{2})(?![\d:])")
_TIME = re.compile(r"(?<![\d.:+])(?<![^א-ת]-)(\d{1,2})\s?(?:[:h]|h\s)\s?(\d{2})(?::(\d{2}))?(?![\d:])")
_EAST_ASIAN_TIME = re.compile(r"(?<!\d)(\d{1,2})\s?[時时시点點]\s?(\d{1,2})(?:\s?[分분]\s?(\d{1,2}))?(?!\d)")
_DOTTED_TIME = re.compile(r"(?<![\d.])(\d{1,2})\.(\d{2})(?:\.(\d{2}))?(?![\d.])")
_GREENWICH = re.compile(r"\b(?:gmt|utc)\s?[+-]\s?\d{1,2}(?::?\d{2})?(?!\d)")
_OFFSET = re.compile(
    r"(?:(?:gmt|utc)\s?([+-])\s?(\d{1,2})(?::?(\d{2}))?|(?<!\d)([+-])(\d{2}):?(\d{2}))(?!\d)|\b(?:gmt|utc)\b"
)


class _Day(NamedTuple):
    year: int
    month: int
    day: int
    rest: str
    """The text without them."""
    doubtful: bool = False
    """Day and month could be the other way round."""


class Moment(NamedTuple):
    """A date as read. `assumed`: its zone or all of it is the outer message's, or the order of its numbers a guess."""

    date: datetime | None
    assumed: bool


def read(text: str, locales: Iterable[str], outer: datetime | None) -> Moment:
    """The moment that a quoted header's date names, by its own offset or else in the zone of `outer`.

    `locales` are those of the header's labels, the likeliest first. A text that names none, one before 1990 or one
    later than `outer` gives `outer`.
    """
    plain = _plain(text[:_LONGEST])
    languages = tuple(dict.fromkeys(name.partition("-")[0] for name in locales))
    codes = ("en", *languages) if _RFC_5322.match(plain) else languages
    for found in _read(plain, codes, outer.tzinfo if outer else None):
        late = outer is not None and found.date - outer > (_ZONE_MAY_ADD if found.assumed else timedelta())
        if found.date >= _EARLIEST and not late:
            return Moment(found.date, found.assumed)
    return Moment(outer, assumed=True)


def _plain(text: str) -> str:
    """Folded, with ASCII digits, and without accents and direction marks."""
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    folded = unicodedata.normalize("NFC", _ACCENTS.sub("", unicodedata.normalize("NFD", folded)))
    folded = folded.replace("ı", "i").replace("’", "'")
    digits = "".join(str(unicodedata.decimal(c)) if c.isdecimal() else c for c in folded)
    return " ".join(_GREENWICH_NAMES.sub("gmt", digits.replace("−", "-")).split())


_GREENWICH_NAMES = re.compile("|".join(months.ZONES.split()))


def _month_table() -> dict[str, list[list[str]]]:
    table: dict[str, list[list[str]]] = {}
    for row in re.split(r"\n(?=\S)", months.MONTHS.strip()):
        locale, *names = row.split()
        table[locale] = [[_plain(form.replace("-", " ")) for form in month.split("/")] for month in names]
    return table


_NAMES = _month_table()
_HALVES = {
    _plain(word): 12 * half
    for half, listed in enumerate((months.FORENOON, months.AFTERNOON))
    for word in listed.split()
}
_VIETNAMESE_NAMES = {
    _plain(form.replace("-", " ")): number
    for number, forms in enumerate(months.VIETNAMESE.split(), start=1)
    for form in forms.split("/")
}
_VIETNAMESE = re.compile(
    rf"(?<!\d)(\d{{1,2}})\s(?:thang|thg)\s(\d{{1,2}}|{'|'.join(sorted(_VIETNAMESE_NAMES, key=len, reverse=True))})"
    r"(?:,|\snam)?\s(\d{4})(?!\d)"
)
_WEEKDAYS = tuple(months.WEEKDAYS.split())
_OWN_HALVES = {
    language: {_plain(forenoon): 0, _plain(afternoon): 12}
    for language, forenoon, afternoon in (row.split() for row in months.OWN_HALVES.strip().split("\n"))
}


class _Known(NamedTuple):
    date: datetime
    assumed: bool


def _read(text: str, codes: tuple[str, ...], zone: tzinfo | None) -> Iterator[_Known]:
    """What the text may mean, the likeliest first."""
    found = _day(text, codes)
    clock = _clock(found.rest, codes) if found else None
    if found is None or clock is None:
        return
    hour, minute, second, after = clock
    before = _GREENWICH.search(found.rest)
    offset = _offset(after) or (_offset(before[0]) if before else None)
    year = found.year - (_BUDDHIST if "th" in codes and found.year >= _BUDDHIST_FROM else 0)
    orders = [(found.month, found.day), (found.day, found.month)]
    if found.doubtful and (weekday := _weekday(text)) is not None:
        orders.sort(key=lambda order: date(year, *order).weekday() != weekday)
    for month, day in orders if found.doubtful else orders[:1]:
        try:
            moment = datetime(year, month, day, hour, minute, second, tzinfo=offset or zone or UTC)
            moment.astimezone(UTC)
        except (ValueError, OverflowError):
            continue
        yield _Known(moment, offset is None or found.doubtful)


def _weekday(text: str) -> int | None:
    """The English weekday that the text names, Monday being 0."""
    words = (word[0][:3] for word in _WORD.finditer(text))
    return next((_WEEKDAYS.index(word) for word in words if word in _WEEKDAYS), None)


def _day(text: str, codes: tuple[str, ...]) -> _Day | None:
    numbers = _EAST_ASIAN.search(text)
    if numbers:
        return _Day(int(numbers[1]), int(numbers[2]), int(numbers[3]), _without(text, numbers))
    numbers = _VIETNAMESE.search(text)
    if numbers:
        month = _VIETNAMESE_NAMES.get(numbers[2]) or int(numbers[2])
        return _Day(int(numbers[3]), month, int(numbers[1]), _without(text, numbers))
    numbers = _YEAR_FIRST.search(text)
    if numbers:
        return _Day(int(numbers[1]), int(numbers[3]), int(numbers[4]), _without(text, numbers))
    numbers = _SHORT_YEAR_FIRST.search(text) if not _YEAR_FIRST_LANGUAGES.isdisjoint(codes[:1]) else None
    if numbers and int(numbers[1]) > 12:
        return _Day(2000 + int(numbers[1]), int(numbers[3]), int(numbers[4]), _without(text, numbers))
    numbers = _YEAR_LAST.search(text)
    if numbers is None or len(numbers[4]) == 2:  # two digits may be the seconds of a time
        named = _named_day(text, codes)
        if named or numbers is None:
            return named
    first, second, year = int(numbers[1]), int(numbers[3]), int(numbers[4])
    if codes[:1] == ("th",) and _BUDDHIST_SHORT_FROM <= year < 100:
        year += _BUDDHIST_SHORT
    else:
        year += 2000 if year < 70 else 1900 if year < 100 else 0
    rest = _without(text, numbers)
    english = codes[:1] == ("en",) and numbers[2] == "/"
    if second > 12 or (english and first <= 12):
        doubtful = english and second <= 12 and first != second and min(first, second, year) > 0
        return _Day(year, first, second, rest, doubtful)
    return _Day(year, second, first, rest)


def _without(text: str, match: re.Match[str]) -> str:
    return f"{text[: match.start()]} ; {text[match.end() :]}"


def _named_day(text: str, codes: tuple[str, ...]) -> _Day | None:
    named = _month(text, codes)
    if named is None:
        return None
    month, start, end = named
    year = _YEAR.search(text, end) or _YEAR.search(text) or _SHORT_YEAR.match(text, end)
    day = re.search(r"(?<![\d:.])(\d{1,2})(?:[.,ºª°]|er|st|nd|rd|th|-)?\s?(?:de|of|d')?$", text[:start].rstrip(" -/"))
    behind = re.match(r"[^\d]{0,6}?(\d{1,2})(?![\d:h])", text[end:])
    if year is None or not (day or behind):
        return None
    if day and not (behind and int(day[1]) > 31):
        number, span = int(day[1]), (day.start(), end)
    else:
        assert behind is not None  # noqa: S101 - one of the two there is
        number, span = int(behind[1]), (start, end + behind.end())
    outside = [(span[0], span[1]), year.span()]
    rest = "".join(" ; " if any(a <= i < b for a, b in outside) else c for i, c in enumerate(text))
    return _Day(int(year[1]) + (2000 if len(year[1]) == 2 else 0), month, number, rest)


def _month(text: str, codes: tuple[str, ...]) -> tuple[int, int, int] | None:
    """The month that a word of the text names, and where the word stands."""
    for code in dict.fromkeys((*codes, "en")):
        found = [
            (month, word.start(), word.end())
            for word in _WORD.finditer(text)
            if (month := _named(word[0].removeprefix("d'").rstrip(".-'׳॰"), _NAMES.get(code, [])))
        ]
        certain = [(m, start, end) for m, start, end in found if text[start:end].rstrip(".") not in _WEEKDAYS_TOO]
        if found:
            return (certain or found)[-1]
    return None


def _named(word: str, months: list[list[str]]) -> int:
    """The number of the month whose name this is or begins, 0 if it is none's or several's."""
    exact = [n for n, forms in enumerate(months, 1) if word in forms]
    begun = [n for n, forms in enumerate(months, 1) if any(form.startswith(word) for form in forms)]
    return exact[0] if exact else begun[0] if len(begun) == 1 and len(word) >= 3 else 0


def _clock(text: str, codes: tuple[str, ...]) -> tuple[int, int, int, str] | None:
    """Hour, minute and second, and the text behind them."""
    time = _TIME.search(text) or _EAST_ASIAN_TIME.search(text) or _DOTTED_TIME.search(text)
    if time is None:
        return None
    hour, minute, second = int(time[1]), int(time[2]), int(time[3] or 0)
    before, after = text[: time.start()].rstrip(), text[time.end() :]
    beside = re.match(r"\s?([^\s\d,;()]{1,9}(?:\s[^\s\d,;()]\.)?)", after)
    words = [beside[1].replace(" ", "").rstrip(".")] if beside else []
    words += [before[-2:].strip(), *before[-5:].split()[-1:]]
    halves = _HALVES | {word: half for code in codes for word, half in _OWN_HALVES.get(code, {}).items()}
    for word in words:
        if word in halves and hour <= 12:
            hour = hour % 12 + halves[word]
            break
    return hour, minute, second, after


def _offset(text: str) -> timezone | None:
    """The zone that the text names as a distance from UTC; names that several zones share are none."""
    found = _OFFSET.search(text)
    if found is None:
        return None
    sign = found[1] or found[4]
    hours, minutes = int(found[2] or found[5] or 0), int(found[3] or found[6] or 0)
    if hours > 14 or minutes > 59:
        return None
    return timezone(timedelta(hours=hours, minutes=minutes) * (-1 if sign == "-" else 1)) if sign else UTC
