"""A person who is to be erased: where a message names them, and what is left of it without that."""

from __future__ import annotations

import html
from collections.abc import Collection, Iterator
from re import Pattern

from gateway.core import encoded_words
from gateway.core.limits import ReadingLimits
from gateway.core.message import Reading, read_parts
from gateway.core.redact import leaves_out_body_of, redact

_MOST_NESTED = 3


def names_them(raw: bytes, who: Pattern[str], limits: ReadingLimits) -> bool:
    """Whether a message names them: in its header, its texts, its attachments as far as these are text.

    One whose structure can't be read does, for all that anybody knows.
    """
    return _names_them(read_parts(raw, limits), who, limits)


def without(raw: bytes, who: Pattern[str], addresses: Collection[str], limits: ReadingLimits) -> bytes | None:
    """The message without the header fields that name them; None where something else in it does as well."""
    message = read_parts(raw, limits).message
    if leaves_out_body_of(message, addresses):
        return None
    left = redact(raw, message, addresses)
    return None if names_them(left, who, limits) else left


def _names_them(reading: Reading, who: Pattern[str], limits: ReadingLimits, depth: int = 0) -> bool:
    if reading.tree.broken or depth > _MOST_NESTED:
        return True
    if any(who.search(text) for text in _texts(reading)):
        return True
    inside = (part.content(reading.raw) for part in reading.tree.everywhere() if part.encoded_message)
    return any(_names_them(read_parts(raw, limits), who, limits, depth + 1) for raw in inside)


def _texts(reading: Reading) -> Iterator[str]:
    """Everything in it that can be read."""
    yield reading.raw.decode("utf-8", "replace")
    yield reading.message.text
    for field in reading.message.fields:
        yield encoded_words.decode(field.value)
    for part in reading.tree.everywhere():
        yield part.name
        yield from (encoded_words.decode(field.value) for field in part.fields)
        if not part.children:
            content = part.content(reading.raw)
            read = part.text(reading.raw, len(content)) if part.content_type.startswith("text/") else ""
            yield html.unescape(read or content.decode("utf-8", "replace"))
