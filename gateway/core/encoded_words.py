"""Encoded words in header fields (RFC 2047, RFC 2231 §5), and raw 8-bit text beside them."""

from __future__ import annotations

import re
from binascii import a2b_base64

from . import charsets

# The text ends before a further "=?x", so that no character is looked at from two beginnings.
_WORD = re.compile(r"=\?([^?\s=*]{1,40})(?:\*[^?\s=]*)?\?([bBqQ])\?((?:[^?=]|=(?!\?[^=])|\?(?!=))*+)\?=")
_FRAGMENT = re.compile(r"=\?([^?\s]{0,40})\?([bBqQ])\?([^?\s]*+)")
_BLANKS = re.compile(r"\s*\Z")
_HEX = re.compile(rb"=([0-9A-Fa-f]{2})")
_NOT_BASE64 = re.compile(r"[^A-Za-z0-9+/=\s]")
_LINE_ENDS = re.compile(r"[\r\n]+")
_EIGHT_BIT = re.compile("[\x80-\x9f]|[\x80-\xff]{3}")


def decode(value: str) -> str:
    """The text of an unstructured value or a phrase; what is no sound encoded word stays as written.

    Neighbours of one charset are joined before they are decoded, since some senders cut a character in two. A value
    that was read as latin-1 and looks like another charset is read again. Linear, never raises.
    """
    if not value.isascii():
        value = _eight_bit(value)
    if "=?" not in value:
        return value
    out: list[str] = []
    run: list[bytes] = []
    run_charset = ""
    last = 0
    for word in _WORD.finditer(value):
        data = _bytes(word[1], word[2], word[3])
        if data is None:
            continue
        between = value[last : word.start()]
        charset = word[1].lower()
        if not (run_charset and _BLANKS.match(between)):
            out += _text(run, run_charset), between
            run = []
        elif charset != run_charset:
            out.append(_text(run, run_charset))
            run = []
        run_charset = charset
        run.append(data)
        last = word.end()
    return "".join((*out, _text(run, run_charset), value[last:]))


def fragments(value: str) -> tuple[str, ...]:
    """Whatever may be meant as an encoded word, broken or never ended, each read on its own as UTF-8 or latin-1."""
    found = (_bytes(word[1], word[2], word[3]) for word in _FRAGMENT.finditer(value))
    return tuple(_utf8_or_latin1(data) for data in found if data)


def _utf8_or_latin1(data: bytes) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode("latin-1")


def _text(run: list[bytes], charset: str) -> str:
    if not run:
        return ""
    text = charsets.decode(b"".join(run), charset)
    return _LINE_ENDS.sub(" ", text) if "\n" in text or "\r" in text else text


def _bytes(charset: str, encoding: str, text: str) -> bytes | None:
    """What a word encodes, or None if it is broken."""
    if encoding in "qQ":
        # Raw 8-bit characters inside a word: senders mean them in the word's own charset.
        wide = "utf-8" if charset.lower().startswith("utf") or any(c > "\xff" for c in text) else "latin-1"
        raw = text.replace("_", " ").encode(wide, "replace")
        return _HEX.sub(lambda m: bytes.fromhex(m[1].decode()), raw) if b"=" in raw else raw
    if _NOT_BASE64.search(text):
        return None
    letters = "".join(text.split()).replace("=", "")
    letters = letters[:-1] if len(letters) % 4 == 1 else letters
    return a2b_base64(letters + "=" * (-len(letters) % 4))


def _eight_bit(value: str) -> str:
    """A value that was no UTF-8 holds its bytes as latin-1; three of them in a row are hardly a latin word."""
    if _EIGHT_BIT.search(value) is None:
        return value
    try:
        return charsets.decode(value.encode("latin-1"), None)
    except UnicodeEncodeError:
        return value
