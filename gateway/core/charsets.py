"""Bytes to text: the declared charset if it is one we know, else what the bytes look like."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

import chardet

# By the label that `_label` makes of a name. A codec that is no charset of mail (punycode, rot13, zlib) isn't
# here. Where senders mean a superset, that is what is read: latin-1 is windows-1252 in practice (WHATWG Encoding §4.2).
_CODECS: dict[str, tuple[str, ...]] = {
    "utf-8": ("utf-8",),
    "us-ascii": ("ascii",),
    "utf-7": ("utf-7",),
    "utf-16": ("utf-16",),
    "utf-16le": ("utf-16-le",),
    "utf-16be": ("utf-16-be",),
    "iso-8859-1": ("cp1252", "latin-1"),
    "iso-8859-9": ("cp1254", "iso8859-9"),
    "iso-8859-11": ("cp874",),
    **{f"iso-8859-{n}": (f"iso8859-{n}",) for n in (2, 3, 4, 5, 6, 7, 8, 10, 13, 14, 15, 16)},
    **{f"windows-125{n}": (f"cp125{n}",) for n in (0, 1, 3, 4, 5, 6, 7, 8)},
    "windows-1252": ("cp1252", "latin-1"),
    "windows-437": ("cp437",),
    "windows-850": ("cp850",),
    "windows-852": ("cp852",),
    "windows-866": ("cp866",),
    "windows-874": ("cp874",),
    "macintosh": ("mac-roman",),
    "koi8-r": ("koi8-r",),
    "koi8-u": ("koi8-u",),
    "iso-2022-jp": ("iso2022_jp_2", "iso2022_jp_ext"),
    "iso-2022-kr": ("iso2022_kr",),
    "windows-932": ("cp932", "shift_jis_2004"),
    "euc-jp": ("euc_jp", "euc_jis_2004"),
    "windows-949": ("cp949",),
    "gb18030": ("gb18030",),
    "hz-gb-2312": ("hz",),
    "big5": ("cp950", "big5hkscs"),
    "big5-hkscs": ("big5hkscs",),
}
_ALIASES = {
    "utf8": "utf-8",
    "unicode-1-1-utf-8": "utf-8",
    "unicode-1-1-utf-7": "utf-7",
    "ascii": "us-ascii",
    "ansi-x3.4-1968": "us-ascii",
    "latin1": "iso-8859-1",
    "latin-1": "iso-8859-1",
    "tis-620": "windows-874",
    "koi8-ru": "koi8-u",
    "iso-2022-jp-1": "iso-2022-jp",
    "iso-2022-jp-2": "iso-2022-jp",
    "shift-jis": "windows-932",
    "sjis": "windows-932",
    "ms-kanji": "windows-932",
    "windows-31j": "windows-932",
    "eucjp": "euc-jp",
    "euc-kr": "windows-949",
    "euckr": "windows-949",
    "ks-c-5601-1987": "windows-949",
    "ks-c-5601": "windows-949",
    "ksc5601": "windows-949",
    "uhc": "windows-949",
    "gb2312": "gb18030",
    "gb-2312": "gb18030",
    "gb-2312-80": "gb18030",
    "gbk": "gb18030",
    "euc-cn": "gb18030",
    "windows-936": "gb18030",
    "windows-950": "big5",
    "big-5": "big5",
}
_GUESSES = (
    "windows-1250", "windows-1251", "windows-1252", "windows-1253", "windows-1254", "windows-1255", "windows-1256",
    "windows-1257", "iso-8859-2", "koi8-r", "windows-874", "cp932", "euc-jp", "cp949", "gb18030", "big5",
)  # fmt: skip
_CONFIDENT = 0.04  # of a short field the guess is never sure of itself, but nearly always right
_SAMPLE = 8192
_JIS = re.compile(rb"\x1b(?:\$[@B]|\([BJ])")
_HIGH = re.compile(rb"[\x80-\xff]")
_SURROGATES = re.compile("[\ud800-\udfff]")


class GuessNeeded(Exception):
    """A charset must be guessed, and that isn't wanted here."""


_may_guess = ContextVar("may_guess", default=True)


def prepare() -> None:
    """Loads what the first guess would wait for: models of 25 MB, for a tenth of a second."""
    decode("Grüße".encode("latin-1"), None)


@contextmanager
def without_guesses() -> Iterator[None]:
    """Inside, `decode` raises GuessNeeded instead of guessing."""
    before = _may_guess.set(False)
    try:
        yield
    finally:
        _may_guess.reset(before)


def decode(data: bytes, declared: str | None) -> str:
    """Text of any bytes, without NUL, byte order mark and lone surrogates; never raises, linear.

    The declared charset first, then strict UTF-8, then either of them with a few damaged places, then what the bytes
    look like, then windows-1252 with U+FFFD for the rest.
    """
    if declared is None and data.isascii() and b"\x1b" not in data:
        return _storable(data.decode("ascii"))
    tries = (*_codecs(data, _label(declared or "")), "utf-8")
    for codec in tries:
        text = _strictly(data, codec)
        if text is not None:
            return _storable(text)
    for codec in tries:
        text = data.decode(codec, "replace")
        if _mostly_readable(text):
            return _storable(text)
    for codec in _CODECS.get(_label(_looks_like(data)), ()):
        text = _strictly(data, codec)
        if text is not None:
            return _storable(text)
    return _storable(data.decode("cp1252", "replace"))


def _label(name: str) -> str:
    label = name[:40].strip(" \t\"'").lower().replace("_", "-").removeprefix("x-").removeprefix("cs")
    label = re.sub(r"^iso-?(8859|2022)-?(\w+)(?:-[ei]|:\d+)?$", r"iso-\1-\2", label)
    label = re.sub(r"^(?:windows|win|cp|ms|ibm|dos)-?(\d{3,4})$", r"windows-\1", label)
    return _ALIASES.get(label, label)


def _codecs(data: bytes, label: str) -> tuple[str, ...]:
    """The codecs to try for what was declared."""
    if label in ("", "us-ascii", "utf-8") and b"\x1b" in data and _JIS.search(data):
        return _CODECS["iso-2022-jp"]
    if label == "utf-16" and not data.startswith((b"\xff\xfe", b"\xfe\xff")):
        high, low = data[0::2].count(0), data[1::2].count(0)
        return () if high == low == 0 else ("utf-16-be",) if high > low else ("utf-16-le",)
    return _CODECS.get(label, ()) if label != "us-ascii" else ()


def _strictly(data: bytes, codec: str) -> str | None:
    try:
        return data.decode(codec)
    except UnicodeError:
        return None


def _mostly_readable(text: str) -> bool:
    """A text cut or damaged in a few places, as against one in another charset."""
    bad = text.count("\ufffd")
    return bad * 4 <= len(text) - len(text.encode("ascii", "ignore"))


def _looks_like(data: bytes) -> str:
    """The charset that the first bytes beyond ASCII suggest, or ""."""
    if not _may_guess.get():
        raise GuessNeeded
    first = _HIGH.search(data)
    start = max(0, first.start() - 512) if first else 0
    found = chardet.detect(data[start : start + _SAMPLE], include_encodings=_GUESSES)
    return (found["encoding"] or "") if (found["confidence"] or 0) >= _CONFIDENT else ""


def without_surrogates(text: str, instead: str) -> str:
    """The text with something instead of each lone surrogate, which UTF-8 hasn't."""
    try:
        text.encode()  # many times as quick as a look at each character
    except UnicodeEncodeError:
        return _SURROGATES.sub(instead, text)
    return text


def _storable(text: str) -> str:
    return without_surrogates(text.removeprefix("\ufeff").replace("\0", ""), "")
