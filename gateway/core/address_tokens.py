"""Every possible reading of the addresses in a text: what the never-log list is held against."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from itertools import pairwise
from urllib.parse import unquote

from . import encoded_words
from .address_keys import IGNORABLE
from .headers import without_comments

_AT = re.compile("@|=40|%40|=\\?|[\uff20\ufe6b]")
_WIDE = str.maketrans("＠﹫，；：＜＞（）［］＂．", '@@,;:<>()[]".')
_UNSEEN = re.compile(f"[{IGNORABLE}]+")
_NAME = r'[^\s"(),:;<>@\[\]]'
# Each run of characters is read once: it must begin behind a delimiter, and the domain is only looked at.
_TOKEN = re.compile(rf"(?<!{_NAME})({_NAME}++)@(?=({_NAME}++|\[[^\]\s]{{1,60}}+\]))")
_QUOTED_TOKEN = re.compile(rf'("(?:[^"\\]|\\.){{1,128}}+")@(?=({_NAME}++))')
_PLAIN_TOKEN = re.compile(r"\w[\w.+-]*")
_MARKS = (
    r"!#-*,/:-@\[-^`{-~\u00a1-\u00a9\u00ab\u00ac\u00ae-\u00b4\u00b6-\u00b9\u00bb-\u00bf\u2010-\u2027\u2030-\u205e"
    r"\u2190-\u23ff\u3001\u3003-\u301f"
)
_PUNCTUATION = re.compile(f"[{_MARKS}]")
_SENTENCE_END = re.compile(f"[{_MARKS}\u3002]")
"""The same and a full stop that may be one of the domain's dots."""
_WRITTEN_INTO = re.compile(r"[=%!#]")
"""Between the parts of an address that was written into another's local part (SRS, VERP, source routes of old)."""
_DOT = re.compile("[.。．｡]")
_PARENTHESIS = re.compile(r"[()]")
_BLANKS = re.compile(r"\s+")
_DOMAIN_BLANKS = re.compile(r"@[^\s@<>(),;:]*+(?: ?\. ?[^\s@<>(),;:.]++)*+")
_HEX = re.compile(rb"=([0-9A-Fa-f]{2})")
_QUOTED_PRINTABLE = re.compile(r"=[0-9A-Fa-f]{2}")
_PERCENT = re.compile(r"%[0-9A-Fa-f]{2}")
_LONGEST_PART = 320
_MOST_PIECES = 8


def tokens(text: str) -> tuple[str, ...]:
    """Every address-like token of any text, as local@domain: a superset of what any reader could see in it.

    Read raw and decoded (encoded words, quoted-printable, percent signs), with and without comments, quotes and blanks
    around the @ and the dots. What isn't an address in truth does no harm in a block list. Linear, never raises.
    """
    if _AT.search(text) is None:
        return ()
    found: dict[str, None] = {}
    for view in dict.fromkeys(spelling for decoded in _decoded(text) for spelling in _spellings(decoded)):
        for local, domain in _QUOTED_TOKEN.findall(view):
            found[f"{local}@{domain.rstrip('._-')[-_LONGEST_PART:]}"] = None
        for local, domain in _TOKEN.findall(view):
            found |= dict.fromkeys(_readings(local[-_LONGEST_PART:], domain.rstrip("._-")[-_LONGEST_PART:]))
    return tuple(found)


def _readings(local: str, domain: str) -> Iterator[str]:
    """A token as it stands, without punctuation that sticks to it, and the addresses written into its local part."""
    yield f"{local}@{domain}"
    if _PLAIN_TOKEN.fullmatch(local) and _PLAIN_TOKEN.fullmatch(domain):
        return
    pieces = [p.start() + 1 for p in _PUNCTUATION.finditer(local)][-_MOST_PIECES:]
    names = dict.fromkeys(end.split(domain)[0].rstrip("._-") for end in (_PUNCTUATION, _SENTENCE_END))
    for start in (0, *pieces):
        core = local[start:].lstrip("._+-")
        yield from (f"{core}@{name}" for name in names if core and name)
    for one, other in pairwise(_WRITTEN_INTO.split(local)[-_MOST_PIECES:]):
        if _DOT.search(other):
            yield f"{one}@{other}"
            yield f"{one.rpartition('+')[2]}@{other}"
        if _DOT.search(one):
            yield f"{other}@{one.rpartition('+')[2]}"


def _decoded(text: str) -> Iterator[str]:
    yield text
    if _QUOTED_PRINTABLE.search(text):
        data = text.encode("utf-8", "replace")
        yield _HEX.sub(lambda m: bytes.fromhex(m[1].decode()), data).decode("utf-8", "replace")
    if _PERCENT.search(text):
        yield unquote(text)
    if "=?" in text or not text.isascii():
        yield encoded_words.decode(text)
        yield from encoded_words.fragments(text)


def _spellings(text: str) -> Iterator[str]:
    """A text and what remains of it without what readers may overlook."""
    if not text.isascii():
        text = unicodedata.normalize("NFC", text.translate(_WIDE))
        yield from _without_blanks(_UNSEEN.sub("", text))
    yield from _without_blanks(text)
    if "(" in text:
        for bare in (without_comments(text), _without_parentheses(text)):
            yield from _without_blanks(bare)
            yield from _without_blanks(_without_quotes(bare))
    if '"' in text or "\\" in text:
        yield from _without_blanks(_without_quotes(text))


def _without_quotes(text: str) -> str:
    return text.replace('"', "").replace("\\", "")


def _without_parentheses(text: str) -> str:
    """A text without what stands in parentheses, as who doesn't know of quotes sees it; one never closed stays."""
    text = text.replace("\\(", "").replace("\\)", "")
    opened: list[int] = []
    closed: list[tuple[int, int]] = []
    for mark in _PARENTHESIS.finditer(text):
        if mark[0] == "(":
            opened.append(mark.start())
        elif opened:
            start = opened.pop()
            while closed and closed[-1][0] > start:
                closed.pop()
            closed.append((start, mark.end()))
    ends = [0, *(end for _, end in closed)]
    starts = [*(start for start, _ in closed), len(text)]
    return "".join(text[end:start] for end, start in zip(ends, starts, strict=True))


def _without_blanks(text: str) -> Iterator[str]:
    """A text as it is, and without blanks around the @, then around the domain's dots, then around all dots."""
    yield text
    single = _BLANKS.sub(" ", text)
    closed = single.replace(" @", "@").replace("@ ", "@")
    if closed != single:
        yield closed
    if " ." in closed or ". " in closed:
        yield _DOMAIN_BLANKS.sub(lambda m: m[0].replace(" ", ""), closed)
        yield closed.replace(" .", ".").replace(". ", ".")
