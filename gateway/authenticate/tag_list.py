"""Tag lists: the values of signature fields and of key records (RFC 6376 §3.2)."""

from __future__ import annotations

import base64
import binascii
import re

# Everything is possessive: a character is looked at once. Beyond ASCII only i= may go (RFC 8616 §5), unjudged here.
_TAG = re.compile(rb"[ \t\r\n]*+([A-Za-z][A-Za-z0-9_]*+)[ \t\r\n]*+=([\t\r\n -:<-~\x80-\xff]*+)(?:;|\Z)")
_WSP = re.compile(r"[ \t\r\n]+")
_B = re.compile(rb"(?:\A|;)[ \t\r\n]*+b[ \t\r\n]*+=([^;]*+)")
_DOMAIN = re.compile(
    r"(?=.{1,253}\Z)[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?(?:\.[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?)*"
)


def read(value: bytes) -> dict[str, str]:
    """The tags in their order, values without the blanks around them; {} for what is no tag list. Linear.

    A tag that stands twice spoils the list. Bytes beyond ASCII are kept as latin-1.
    """
    tags: dict[str, str] = {}
    position = 0
    while found := _TAG.match(value, position):
        name = found[1].decode("ascii")
        if name in tags:
            return {}
        tags[name] = found[2].decode("latin-1").strip(" \t\r\n")
        position = found.end()
    return {} if value[position:].strip(b" \t\r\n") else tags


def without_signature(value: bytes) -> bytes:
    """The value with nothing behind b=, the form that is signed (RFC 6376 §3.7)."""
    found = _B.search(value)
    return value[: found.start(1)] + value[found.end(1) :] if found else value


def without_blanks(value: str) -> str:
    """A value in which white space means nothing."""
    return _WSP.sub("", value)


def names(value: str) -> list[str]:
    """The parts of a colon-separated value, lower-case."""
    return [name.strip(" \t\r\n").lower() for name in value.split(":")]


def decoded(value: str) -> bytes | None:
    """What a base64 value stands for, or None."""
    try:
        return base64.b64decode(without_blanks(value), validate=True)
    except (binascii.Error, ValueError):
        return None


def domain(value: str) -> str:
    """A domain or selector, lower-case, or "" if it is none; U-labels and a dot at the end aren't allowed here."""
    name = value.lower()
    return name if _DOMAIN.fullmatch(name) else ""
