"""The one line that names date and author of what follows, as "On <date>, <name> <address> wrote:"."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from gateway.core.quote_words import OPENINGS
from gateway.core.reply_text import introduction
from gateway.core.unwrap.labels import BETWEEN, WROTE, fold

_WINDOW = 6
_LOOKED_AT = 400
MAILBOX = re.compile(
    r"[<(\[]\s?(?:mailto:)?([^\s<>()\[\]@]{1,128}@[^\s<>()\[\]@]{1,255}?)(?:<mailto:[^<>]*>)?\s?[>)\]]"
)
_QUOTED = re.compile(r"[\"“„«']\s?([^\"“„«”»<>]{1,200}?)\s?[\"”“»']\s*$")
_OPENINGS = frozenset(fold(word.strip(".")) for word in OPENINGS)
_OF_TIME = frozenset({"am", "pm", "a.m", "p.m", "uhr"})
_DIGIT = re.compile(r"\d")


@dataclass(frozen=True, slots=True)
class AuthorLine:
    """What such a line tells. `values` holds from and date, where it names an address."""

    values: dict[str, str]
    locales: tuple[str, ...]
    end: int
    certain: bool
    """It names an address, or a quotation follows: no sentence of the writer's own."""


def read(lines: Sequence[str], start: int) -> AuthorLine | None:
    """The author line that begins here, perhaps wrapped, or None."""
    heads = [line[:_LOOKED_AT].strip() for line in lines[start : start + _WINDOW]]
    length = introduction(heads)
    if not length:
        return None
    text = " ".join(heads[:length])
    below = next((head for head in heads[length:] if head), "")
    verb = next((word for word in WROTE if word in text.lower()), "")
    mailbox = MAILBOX.search(text)
    return AuthorLine(
        values=_values(text, mailbox) if mailbox else {},
        locales=(WROTE[verb],) if verb else (),
        end=start + length,
        certain=mailbox is not None or below.startswith(">"),
    )


def _values(text: str, mailbox: re.Match[str]) -> dict[str, str]:
    left, right = text[: mailbox.start()].rstrip(), text[mailbox.end() :]
    quoted = _QUOTED.search(left)
    if quoted:
        name, before = quoted[1], left[: quoted.start()]
    else:
        words = left.split()
        first = next((i + 1 for i in range(len(words) - 1, -1, -1) if _ends_date(words[i])), 0)
        name, before = " ".join(words[first:]), " ".join(words[:first])
    date = before if _DIGIT.search(before) else right
    return {"from": f'"{name}" <{mailbox[1]}>' if name else f"<{mailbox[1]}>", "date": _date(date)}


def _ends_date(word: str) -> bool:
    return bool(_DIGIT.search(word)) or word.endswith((",", ":")) or fold(word.rstrip(".,:")) in BETWEEN


def _date(text: str) -> str:
    """Without the words of the sentence around it."""
    words = text.split()
    while words and not _DIGIT.search(words[-1]) and fold(words[-1].strip(".,:")) in BETWEEN - _OF_TIME:
        words.pop()
    known = _OPENINGS | BETWEEN
    while words and fold(words[0].strip(".,:")) in known:
        words.pop(0)
        known = BETWEEN
    return " ".join(words).strip(" ,:")
