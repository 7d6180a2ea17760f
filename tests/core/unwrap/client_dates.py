"""Dates in the shapes in which mail programs write them, for every locale of `client_dates.txt`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

_TOKEN = re.compile(r'"([^"]*)"|([A-Za-z])\2*')
_STYLES = ("full", "abbreviated", "long", "numeric")
_BUDDHIST = 543
_ENGLISH_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_ENGLISH_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


@dataclass(frozen=True)
class _Locale:
    months: list[str]
    short_months: list[str]
    days: list[str]
    short_days: list[str]
    halves: list[str]
    patterns: dict[str, str]


def _names(text: str) -> list[str]:
    return [name.replace("_", " ") for name in text.split()]


def _table() -> dict[str, _Locale]:
    text = Path(__file__).with_suffix(".txt").read_text(encoding="utf-8")
    rows = [line for line in text.split("\n") if line and not line.startswith("#")]
    table = {}
    for code, months, short, days, patterns in zip(*[iter(rows)] * 5, strict=True):
        named = [_names(cell) for cell in days.split("|")]
        shapes = dict(zip(_STYLES, (cell.strip() for cell in patterns.split("|")), strict=True))
        table[code] = _Locale(_names(months), _names(short), *named, shapes)
    return table


_LOCALES = _table()
LOCALES = tuple(_LOCALES)


def written(moment: datetime, locale: str, style: str) -> str:
    """The moment in a style of the table, or as rfc, iso or zoned (ISO with the zone), whatever the locale."""
    if style == "rfc":
        day, month = _ENGLISH_DAYS[moment.weekday()], _ENGLISH_MONTHS[moment.month - 1]
        return f"{day}, {moment.day} {month} {moment:%Y %H:%M:%S %z}"
    if style == "iso":
        return f"{moment:%Y-%m-%d %H:%M}"
    if style == "zoned":
        return f"{moment:%Y-%m-%dT%H:%M:%S%z}"
    known = _LOCALES[locale]
    return _TOKEN.sub(lambda token: _part(token, moment, known, locale, style), known.patterns[style]).replace(
        "~", "\u202f"
    )


def _part(token: re.Match[str], moment: datetime, known: _Locale, locale: str, style: str) -> str:
    if token[1] is not None:
        return token[1]
    weekday = (moment.weekday() + 1) % 7
    parts = {
        "EE": known.days[weekday],
        "EEEE": known.days[weekday],
        "E": known.short_days[weekday],
        "y": str(moment.year + (_BUDDHIST if locale == "th" and style in ("full", "long") else 0)),
        "MMMM": known.months[moment.month - 1],
        "MMM": known.short_months[moment.month - 1],
        "MM": f"{moment.month:02}",
        "M": str(moment.month),
        "dd": f"{moment.day:02}",
        "d": str(moment.day),
        "HH": f"{moment.hour:02}",
        "H": str(moment.hour),
        "h": str(moment.hour % 12 or 12),
        "mm": f"{moment.minute:02}",
        "ss": f"{moment.second:02}",
        "a": (known.halves or ["AM", "PM"])[moment.hour // 12],
        "z": "CET",
    }
    return parts.get(token[0], token[0])
