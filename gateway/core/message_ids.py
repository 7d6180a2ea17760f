"""Message identifiers (RFC 5322 §3.6.4) as mail really carries them."""

from __future__ import annotations

import hashlib
import re

from . import encoded_words

_LONGEST = 998
_LONGEST_KEY = 255
_COMMENT = re.compile(r"\([^()]*\)")
_USUAL = re.compile(rf"[!#-~]{{1,{_LONGEST_KEY}}}+")
"""Without blanks, quotes and letters beyond ASCII."""
_NESTING = 4
_SEPARATORS = re.compile(r"[\s,>]+")


def all(value: str, limit: int) -> tuple[str, ...]:  # noqa: A001 - read as message_ids.all
    """The identifiers of an In-Reply-To or References field, without brackets and repetitions.

    Of more than `limit`, the first (the root) and the last ones (the nearest). Comments and blanks inside are removed.
    Without any bracket, a single word counts, or several if all hold an @. Linear, never raises.
    """
    found = list(dict.fromkeys(_ids(value)))
    if len(found) > limit:
        found = [found[0], *found[len(found) - limit + 1 :]]
    return tuple(found)


def first(value: str) -> str | None:
    """The identifier of a Message-ID field, or None if it holds none."""
    found = _ids(value)
    return found[0] if found else None


def key(message_id: str) -> str:
    """The form by which identifiers are matched: lower case, quotes of the left side removed; a long one as SHA-256."""
    if _USUAL.fullmatch(message_id):
        return message_id.lower()
    text = "".join(message_id.split())
    left, at, right = text.rpartition("@")
    if len(left) > 1 and left.startswith('"') and left.endswith('"'):
        text = re.sub(r"\\(.)", r"\1", left[1:-1]) + at + right
    data = text.lower().encode("utf-8", "replace")
    return text.lower() if len(data) <= _LONGEST_KEY else hashlib.sha256(data).hexdigest()


def _ids(value: str) -> list[str]:
    if "=?" in value and "<" not in value:
        value = encoded_words.decode(value)  # some senders encode long identifiers
    for _ in range(_NESTING if "(" in value else 0):
        value, count = _COMMENT.subn("", value)
        if not count:
            break
    if "<" not in value:
        words = [word for word in _SEPARATORS.split(value) if word]
        credible = len(words) == 1 or not [word for word in words if "@" not in word]
        return [word for word in words if len(word) <= _LONGEST] if credible else []
    inner = (piece.partition("<")[2] for piece in value.split(">")[:-1] or [value])
    squeezed = ("".join(text.split()) for text in inner)
    return [text for text in squeezed if text and "<" not in text and len(text) <= _LONGEST]
