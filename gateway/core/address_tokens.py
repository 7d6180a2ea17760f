"""Every possible reading of the addresses in a text: what the never-log list is held against."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import unquote

from . import encoded_words

_AT = re.compile("@|=40|%40|=\\?|[\uff20\ufe6b]")
_WIDE = str.maketrans("＠﹫，；：＜＞（）［］＂．", '@@,;:<>()[]".')
_IGNORABLE = re.compile("[\u00ad\u034f\u061c\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff]+")
_NAME = r'[^\s"(),:;<>@\[\]]'
# Each run of characters is read once: it must begin behind a delimiter, and the domain is only looked at.
_TOKEN = re.compile(rf"(?<!{_NAME})({_NAME}++)@(?=({_NAME}++|\[[^\]\s]{{1,60}}+\]))")
_QUOTED_TOKEN = re.compile(rf'("(?:[^"\\]|\\.){{1,128}}+")@(?=({_NAME}++))')
_PLAIN_TOKEN = re.compile(r"[\w.+-]+")
_PUNCTUATION = re.compile(r"[!#$%&'*/=?^`{|}~\\“”„‘’«»、。]")
_INNER_COMMENT = re.compile(r"\([^()]*+\)")
_BLANKS = re.compile(r"\s+")
_DOMAIN_BLANKS = re.compile(r"@[^\s@<>(),;:]*+(?: ?\. ?[^\s@<>(),;:.]++)*+")
_HEX = re.compile(rb"=([0-9A-Fa-f]{2})")
_NESTING = 8
_LONGEST_PART = 320


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
            found[f"{local}@{domain.rstrip('.')[-_LONGEST_PART:]}"] = None
        for local, domain in _TOKEN.findall(view):
            found[f"{local[-_LONGEST_PART:]}@{domain.rstrip('.')[-_LONGEST_PART:]}"] = None
            if not (_PLAIN_TOKEN.fullmatch(local) and _PLAIN_TOKEN.fullmatch(domain)):
                core = _PUNCTUATION.split(local)[-1][-_LONGEST_PART:]
                name = _PUNCTUATION.split(domain)[0].rstrip(".")[-_LONGEST_PART:]
                if core and name:
                    found[f"{core}@{name}"] = None
    return tuple(found)


def _decoded(text: str) -> Iterator[str]:
    yield text
    if "=?" in text or not text.isascii():
        yield encoded_words.decode(text)
        yield from encoded_words.fragments(text)
    if "=40" in text:
        data = text.encode("utf-8", "replace")
        yield _HEX.sub(lambda m: bytes.fromhex(m[1].decode()), data).decode("utf-8", "replace")
    if "%40" in text:
        yield unquote(text)


def _spellings(text: str) -> Iterator[str]:
    """A text and what remains of it without what readers may overlook."""
    if not text.isascii():
        text = text.translate(_WIDE)
        yield from _without_blanks(_IGNORABLE.sub("", text))
    yield from _without_blanks(text)
    if "(" in text:
        bare = text.replace("\\(", "").replace("\\)", "")
        for _ in range(_NESTING):
            bare, count = _INNER_COMMENT.subn("", bare)
            if not count:
                break
        yield from _without_blanks(bare)
        yield from _without_blanks(bare.replace('"', "").replace("\\", ""))
    if '"' in text or "\\" in text:
        yield from _without_blanks(text.replace('"', "").replace("\\", ""))


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
