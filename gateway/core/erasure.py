"""A person who is to be erased: where a message names them, and what is left of it without that."""

from __future__ import annotations

import html
from collections.abc import Collection, Iterator

from gateway.core import encoded_words
from gateway.core.limits import ReadingLimits
from gateway.core.message import Reading, read_parts
from gateway.core.redact import leaves_out_body_of, redact
from gateway.core.spellings import Spellings

_MOST_NESTED = 3


def names_them(raw: bytes, who: Spellings, limits: ReadingLimits) -> bool:
    """Whether a message names them, as far as it can be read: in its header, its texts, attachments that are text."""
    return _names_them(read_parts(raw, limits), who, limits, in_doubt=False)


def without(raw: bytes, who: Spellings, addresses: Collection[str], limits: ReadingLimits) -> bytes | None:
    """The message without the header fields that name them.

    None where something else in it does as well, or may: where its structure can't be read, nobody knows.
    """
    message = read_parts(raw, limits).message
    if leaves_out_body_of(message, addresses):
        return None
    left = redact(raw, message, addresses)
    return None if _names_them(read_parts(left, limits), who, limits, in_doubt=True) else left


def _names_them(
    reading: Reading, who: Spellings, limits: ReadingLimits, depth: int = 0, *, in_doubt: bool
) -> bool:
    if any(who.search(text) for text in _texts(reading)):
        return True
    if reading.tree.broken or depth > _MOST_NESTED:
        return in_doubt
    inside = (part.content(reading.raw) for part in reading.tree.everywhere() if part.encoded_message)
    return any(_names_them(read_parts(raw, limits), who, limits, depth + 1, in_doubt=in_doubt) for raw in inside)


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
