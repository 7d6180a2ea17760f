"""The second net of the never-log list: address-like tokens that no mailbox of the message holds."""

from __future__ import annotations

import re
from binascii import a2b_base64
from collections.abc import Iterator, Sequence
from functools import lru_cache

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
_HEADER_TYPES = frozenset(
    {
        "text/rfc822-headers",
        "text/rfc822-header",
        "message/global-headers",
        "message/delivery-status",
        "message/global-delivery-status",
        "message/disposition-notification",
        "message/global-disposition-notification",
    }
)
"""Parts that are header blocks, of a message or about one."""
_BASE64 = re.compile(r"(?:[A-Za-z0-9+/_-]{12,}+[ \t]*+)++")
_BLANKS_AND_URL_SAFE = str.maketrans("-_", "+/", " \t")
_MOST_TOKENS = 50_000
"""Of messages inside, a few hundred times what any has."""
_MOST_ENCODED = 10
"""Levels of attached messages inside base64, which RFC 2046 §5.2.1 forbids and mail programs write."""


def of_header(fields: Sequence[HeaderField]) -> Iterator[tuple[str, str]]:
    """(lower-case field name, token) of every field that isn't read as mailboxes."""
    read: set[str] = set()
    for field in fields:
        name = field.name.lower()
        if name in JOINED_FIELDS or (name in SINGLE_FIELDS and name not in read):
            read.add(name)
            continue
        for token in _tokens(name, field.value):
            yield name, token


def of_messages(raw: bytes, tree: mime.Tree, limits: ReadingLimits) -> tuple[list[tuple[str, str]], bool]:
    """("inner:" + name, token) of every header block inside the message, whose mailboxes nobody else reads.

    And whether that is all: where a limit was met, somebody may be named who wasn't seen.
    """
    tokens: list[tuple[str, str]] = []
    waiting, complete = [(raw, tree, 0)], True
    while waiting:
        raw, tree, level = waiting.pop()
        complete = complete and not tree.broken
        for part in tree.everywhere():
            if len(tokens) > _MOST_TOKENS:
                return tokens, False
            if part.message:
                tokens += _inner(part.children[0].fields)
            elif part.content_type in _HEADER_TYPES:
                most = 4 * limits.header_block
                content = part.content(raw, most).replace(b"\r\n", b"\n")
                complete = complete and part.end - part.start <= most
                for text in content.split(b"\n\n"):
                    block = headers.split(text, limits)
                    tokens += _inner(block.fields)
                    complete = complete and headers.CUT.isdisjoint(block.breaches)
            elif part.encoded_message:
                content = wire.repair(part.content(raw))
                block = headers.split(content, limits)
                tokens += _inner(block.fields)
                complete = complete and headers.CUT.isdisjoint(block.breaches) and level < _MOST_ENCODED
                if level < _MOST_ENCODED:
                    waiting.append((content, mime.walk(content, block.fields, block.body, limits), level + 1))
    return tokens, complete


def of_value(value: str) -> Iterator[str]:
    """Every token of a field's value, what stands in it as base64 included."""
    yield from addresses.tokens(value)
    for run in _BASE64.findall(value):
        letters = run.translate(_BLANKS_AND_URL_SAFE)
        letters = letters[: len(letters) - (len(letters) % 4 == 1)]
        try:
            text = a2b_base64(letters + "=" * (-len(letters) % 4)).decode("utf-8")
        except UnicodeDecodeError:
            continue
        yield from addresses.tokens(text)


def _inner(fields: Sequence[HeaderField]) -> Iterator[tuple[str, str]]:
    for field in fields:
        name = field.name.lower()
        for token in _tokens(name, field.value):
            yield f"inner:{name}", token


def _tokens(name: str, value: str) -> Iterator[str]:
    if name == "received":  # it names a recipient beside its ids
        for address in _RECEIVED_ADDRESS.findall(value) if "@" in value else ():
            yield from addresses.tokens(address)
    elif _names_people(name):
        yield from of_value(value)


@lru_cache(maxsize=1024)
def _names_people(name: str) -> bool:
    return _NO_ADDRESSES.fullmatch(name) is None
