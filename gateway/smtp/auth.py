"""SMTP AUTH (RFC 4954) with the mechanisms PLAIN (RFC 4616) and LOGIN: what a client says of who it is.

Nothing here knows whether it is true, and no reply tells more than that it isn't.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TypeAlias

from gateway.smtp import replies
from gateway.smtp.replies import Reply

MECHANISMS = ("PLAIN", "LOGIN")

Ask: TypeAlias = Callable[[Reply], Awaitable[bytes | Reply]]
"""Sends a 334 and gives the line that answers it, without its end; a reply where it is too long."""

_CANCEL = b"*"
_EMPTY = b"="
"""An initial response of no bytes (RFC 4954 §4)."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """A name and its password, as the client gave them."""

    name: str
    password: str = field(repr=False)


async def credentials(argument: str, ask: Ask) -> Credentials | Reply:
    """What the rest of the dialogue says after "AUTH …", or the reply that ends it."""
    mechanism, _, initial = argument.partition(" ")
    match mechanism.upper():
        case "PLAIN":
            return await _plain(initial.encode("utf-8", "surrogateescape"), ask)
        case "LOGIN":
            return await _login(initial.encode("utf-8", "surrogateescape"), ask)
        case _:
            return replies.NO_MECHANISM


async def _plain(initial: bytes, ask: Ask) -> Credentials | Reply:
    """[authorization identity] NUL name NUL password. Nobody acts for anybody else: who tries goes without a name."""
    response = _decoded(initial) if initial else await _answer(replies.AUTH_PLAIN, ask)
    if isinstance(response, Reply):
        return response
    try:
        identity, name, password = response.decode().split("\0")
    except ValueError:  # or UnicodeDecodeError, which is one
        return replies.ARGUMENT
    if not name or not password:
        return replies.ARGUMENT
    return Credentials(name if identity in ("", name) else "", password)


async def _login(initial: bytes, ask: Ask) -> Credentials | Reply:
    name = _decoded(initial) if initial else await _answer(replies.AUTH_NAME, ask)
    if isinstance(name, Reply):
        return name
    password = await _answer(replies.AUTH_PASSWORD, ask)
    if isinstance(password, Reply):
        return password
    if not name or not password or b"\0" in name + password:
        return replies.ARGUMENT
    try:
        return Credentials(name.decode(), password.decode())
    except UnicodeDecodeError:
        return replies.ARGUMENT


async def _answer(question: Reply, ask: Ask) -> bytes | Reply:
    line = await ask(question)
    if isinstance(line, Reply):
        return line
    return replies.ARGUMENT if line == _CANCEL else _decoded(line)


def _decoded(line: bytes) -> bytes | Reply:
    if line == _EMPTY:
        return b""
    try:
        return base64.b64decode(line, validate=True)
    except binascii.Error:
        return replies.ARGUMENT
