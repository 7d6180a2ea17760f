"""What a server may say at all: the table of replies, and the few words in it that change."""

from __future__ import annotations

import re

from gateway.smtp import replies
from gateway.smtp.replies import Reply

CONSTANT = frozenset(value.wire for value in vars(replies).values() if isinstance(value, Reply))
_ACCEPTED = re.compile(rb"250 2\.0\.0 Accepted [0-9A-Za-z-]+\r\n")
_EXTENSION = re.compile(rb"SIZE [0-9]+|8BITMIME|SMTPUTF8|PIPELINING|ENHANCEDSTATUSCODES|STARTTLS|AUTH [A-Z -]+|HELP")
_NAME = re.compile(rb"(?:220 ([a-z.]+) ESMTP|250[ -]([a-z.]+))\r\n")
_TRACE = re.compile(rb"(?<=Accepted )[0-9A-Za-z-]+")


def unheard_of(said: bytes, hostname: str) -> list[bytes]:
    """The lines that are not of the table."""
    lines = said.splitlines(keepends=True)
    return [line for line in lines if not _known(line, hostname.encode())]


def _known(line: bytes, hostname: bytes) -> bool:
    if line in CONSTANT or _ACCEPTED.fullmatch(line):
        return True
    if line[:3] == b"250" and _EXTENSION.fullmatch(line[4:].removesuffix(b"\r\n")):
        return True
    name = _NAME.fullmatch(line)
    return name is not None and hostname in name.groups()


def nameless(said: bytes) -> bytes:
    """The same without trace ids."""
    return _TRACE.sub(b"trace", said)
