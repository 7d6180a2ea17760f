"""The second net of the never-log list: address-like tokens that no mailbox of the message holds."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from gateway.core import addresses, headers, mime, wire
from gateway.core.limits import ReadingLimits
from gateway.core.model import HeaderField

JOINED_FIELDS = frozenset({"from", "to", "cc", "bcc"})
"""Address fields that are read together where there are several."""
SINGLE_FIELDS = frozenset({"sender", "reply-to"})
"""Address fields of which the first is read."""

_NO_ADDRESSES = re.compile(
    r"(?:.*-)?message-id|in-reply-to|references|content-.*|dkim-.*|domainkey-.*|arc-.*|authentication-results|list-.*"
    r"|thread-.*|mime-version|x-google-.*-signature"
)
"""Fields of ids, host names and signatures."""
_RECEIVED_ADDRESS = re.compile(r"\b(?:for|from)\s+<?([^\s<>;()]+@[^\s<>;()]+)", re.IGNORECASE)
_MOST_ENCODED = 10
"""Levels of attached messages inside base64, which RFC 2046 §5.2.1 forbids and mail programs write."""


def of_header(fields: Sequence[HeaderField]) -> Iterator[tuple[str, str]]:
    """(lower-case field name, token) of every field that isn't read as mailboxes."""
    read: set[str] = set()
    for field in fields:
        if "@" not in field.value and "=?" not in field.value:
            continue
        name = field.name.lower()
        if name in JOINED_FIELDS or (name in SINGLE_FIELDS and name not in read):
            read.add(name)
            continue
        for token in _tokens(name, field.value):
            yield name, token


def of_messages(raw: bytes, tree: mime.Tree, limits: ReadingLimits) -> Iterator[tuple[str, str]]:
    """("inner:" + name, token) of every header block inside the message, whose mailboxes nobody else reads."""
    waiting = [(raw, tree, 0)]
    while waiting:
        raw, tree, level = waiting.pop()
        for part in tree.everywhere():
            if part.message:
                yield from _inner(part.children[0].fields)
            elif part.encoded_message and level < _MOST_ENCODED:
                content = wire.repair(part.content(raw))
                block = headers.split(content, limits)
                yield from _inner(block.fields)
                waiting.append((content, mime.walk(content, block.fields, block.body, limits), level + 1))


def _inner(fields: Sequence[HeaderField]) -> Iterator[tuple[str, str]]:
    for field in fields:
        name = field.name.lower()
        if "@" in field.value or "=?" in field.value:
            for token in _tokens(name, field.value):
                yield f"inner:{name}", token


def _tokens(name: str, value: str) -> Iterator[str]:
    if name == "received":  # it names a recipient beside its ids
        for address in _RECEIVED_ADDRESS.findall(value):
            yield from addresses.tokens(address)
    elif not _NO_ADDRESSES.fullmatch(name):
        yield from addresses.tokens(value)
