"""What the words around a forwarded message mean, by locale: tables made of `words`, which is data.

A program's language decides about its labels, and programs mix in English ones.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping

from gateway.core.unwrap import words

_MARKS = re.compile("[\u0307\u0640\u064b-\u065f\u0670\u061c\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")
"""The dot of the Turkish i, Arabic vowel signs, and what turns letters round or joins them."""
_TURNING = re.compile("[\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff]")
_ACCENTS = re.compile("[\u0300-\u036f]")
_ALIKE = str.maketrans("ıșț’ʼ‐‑–—−ёأإآیىک", "işţ''-----еاااييك")
"""Letters and signs that stand for each other."""
_FEWEST_PLAIN = 4


def fold(text: str) -> str:
    """A form in which words compare equal whatever the case, the width, the blanks and the keyboard."""
    if text.isascii():
        return " ".join(text.lower().split())
    text = _MARKS.sub("", unicodedata.normalize("NFKC", text).casefold())
    text = _MARKS.sub("", unicodedata.normalize("NFKC", text)).translate(_ALIKE)
    return " ".join(text.split())


def unmarked(text: str) -> str:
    """A text without what turns letters round."""
    return text if text.isascii() else _TURNING.sub("", text)


def _spellings(word: str) -> tuple[str, ...]:
    """A word folded, as it is and without accents, as old programs write it."""
    folded = fold(word)
    plain = unicodedata.normalize("NFC", _ACCENTS.sub("", unicodedata.normalize("NFD", folded))).replace("ł", "l")
    return (folded, plain) if len(plain) >= _FEWEST_PLAIN else (folded,)


def _rows(table: str) -> Iterator[list[str]]:
    """The cells of each row; a line that begins with a blank goes on with the row above."""
    for row in re.split(r"\n(?=\S)", table.strip()):
        yield [cell.strip() for cell in " ".join(row.split()).split("|")]


def _words(cell: str) -> list[str]:
    return [word.strip().replace(";", ",") for word in re.split(r",\s", f"{cell} ") if word.strip()]


def _listed(lines: str) -> list[str]:
    return [word.rstrip(",") for line in lines.strip().split("\n") for word in _words(line)]


def _label_table() -> tuple[list[str], dict[str, dict[str, str]], dict[str, list[tuple[str, str]]]]:
    header, *rows = _rows(words.LABELS)
    locales = [row[0] for row in rows]
    roles: dict[str, dict[str, str]] = {}
    written: dict[str, list[tuple[str, str]]] = {}
    for locale, *cells in rows:
        for role, cell in zip(header[1:], cells, strict=True):
            for word in _words(cell):
                written.setdefault(locale, []).append((word, role))
                for spelling in _spellings(word):
                    roles.setdefault(spelling, {}).setdefault(locale, role)
    for role, cell in _rows(words.ANY_LOCALE):
        for word in _words(cell):
            roles.setdefault(fold(word), {}).update(dict.fromkeys(locales, role))
    return locales, roles, written


def _kinds(cells: Iterable[str], kind: str, colon: str = "") -> dict[str, str]:
    return {f"{spelling}{colon}": kind for cell in cells for word in _words(cell) for spelling in _spellings(word)}


def _markers() -> dict[str, str]:
    _, *rows = _rows(words.MARKERS)
    _, forwarded, above, original = zip(*rows, strict=True)
    kinds = _kinds(original, "original") | _kinds(forwarded, "forwarded")
    return kinds | _kinds((*forwarded, *above), "forwarded", ":")


LOCALES: list[str]
ROLES: Mapping[str, Mapping[str, str]]
"""Folded label → locale → role: from, date, to, cc, bcc, subject, reply_to, message_id or other."""
WRITTEN: Mapping[str, list[tuple[str, str]]]
"""Locale → its labels as programs write them, with their roles."""
LOCALES, ROLES, WRITTEN = _label_table()

MARKERS: Mapping[str, str] = _markers()
"""Folded words → forwarded or original; those that stand without dashes end in a colon."""
ALONE = frozenset(map(fold, _listed(words.ALONE)))
"""Folded lines above a forwarded message that need neither dashes nor a colon."""
FORWARDED_BY = tuple(fold(word) + " " for word in _listed(words.FORWARDED_BY))
"""How folded words between dashes begin that name the author or the forwarder."""
BEGINS = frozenset(map(fold, _listed(words.BEGINS)))
"""Folded words between dashes that part the header from the text."""
ENDS = frozenset(map(fold, _listed(words.ENDS)))
"""Folded words between dashes below a forwarded message."""

DIRECTIONS: Mapping[str, Mapping[str, str]] = {
    prefix: {locale: kind for cell, kind in ((forward, "forward"), (reply, "reply")) for locale in cell.split()}
    for prefix, forward, reply in _rows(words.DIRECTIONS)
}
"""Prefix of a subject whose meaning the language decides → locale → forward or reply."""

ON_BEHALF_OF = tuple(_listed(words.ON_BEHALF_OF))
"""What stands between who sent a message and its author."""
VIA = tuple(_listed(words.VIA))
"""What stands between a message's author and who passed it on."""

WROTE: Mapping[str, tuple[str, ...]] = {
    word: tuple(locales.split()) for locales, cell in _rows(words.WROTE) for word in _words(cell)
}
"""What the line says that names date and author of what follows → the languages it may say it in."""
OPENINGS = tuple(_listed(words.OPENINGS))
"""How such a line begins, if not with the date itself."""
PRELUDES = tuple(_listed(words.PRELUDES))
"""What stands in such a line before the author, where the line begins with him."""
BETWEEN = frozenset(map(fold, (*_listed(words.BETWEEN), *WROTE)))
"""What stands in such a line between the date and the author."""
