"""The PROXY protocol, versions 1 and 2: a proxy in front of us tells who its client is, ahead of all else.

https://www.haproxy.org/download/2.9/doc/proxy-protocol.txt
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from enum import Enum

_LONGEST_V1 = 107
"""Bytes, with its CRLF (§2.1)."""
_LONGEST_V2 = 1024
_SIGNATURE = b"\r\n\r\n\x00\r\nQUIT\n"
_FIXED = len(_SIGNATURE) + 4
"""Bytes of version 2 up to its addresses."""
_LOCAL, _PROXY = 0x20, 0x21
_PORT_BYTES = 2
_ADDRESS_BYTES = {0x11: 4, 0x21: 16}
"""Of TCP over IPv4 and IPv6; no other connection can come to us."""

_PORT = rb"(?:0|[1-9][0-9]{0,4})"
_V1 = re.compile(rb"PROXY TCP([46]) ([0-9A-Fa-f:.]+) ([0-9A-Fa-f:.]+) (%b) (%b)\r\n" % (_PORT, _PORT))


class Bad(Enum):
    """Why there is no header."""

    INCOMPLETE = "more bytes must come"
    MALFORMED = "no bytes can make it one that we take"


@dataclass(frozen=True, slots=True)
class Header:
    """A whole header."""

    client: str
    """Its IP address; "" where the proxy speaks for itself, as in its health checks."""
    length: int
    """Bytes of the header; what follows is the client's."""


def header(data: bytes) -> Header | Bad:
    """The header at the beginning of a connection."""
    if data.startswith(_SIGNATURE[: len(data)]):
        return _version_2(data)
    if data.startswith(b"PROXY "[: len(data)]):
        return _version_1(data)
    return Bad.MALFORMED


def _version_1(data: bytes) -> Header | Bad:
    line, end, _ = data[:_LONGEST_V1].partition(b"\n")
    if not end:
        return Bad.INCOMPLETE if len(data) < _LONGEST_V1 else Bad.MALFORMED
    match = _V1.fullmatch(line + end)
    if match is None or max(int(match[4]), int(match[5])) > 65535:
        return Bad.MALFORMED
    version = int(match[1])
    try:
        client, server = (ipaddress.ip_address(text.decode()) for text in match.group(2, 3))
    except ValueError:
        return Bad.MALFORMED
    if client.version != version or server.version != version:
        return Bad.MALFORMED
    return Header(str(client), len(match[0]))


def _version_2(data: bytes) -> Header | Bad:
    if len(data) < _FIXED:
        return Bad.INCOMPLETE
    command, family = data[12], data[13]
    length = _FIXED + int.from_bytes(data[14:16], "big")
    size = 0 if command == _LOCAL else _ADDRESS_BYTES.get(family, 0)
    if command not in (_LOCAL, _PROXY) or length > _LONGEST_V2:
        return Bad.MALFORMED
    if command == _PROXY and (not size or length < _FIXED + 2 * (size + _PORT_BYTES)):
        return Bad.MALFORMED
    if len(data) < length:
        return Bad.INCOMPLETE
    client = str(ipaddress.ip_address(data[_FIXED : _FIXED + size])) if size else ""
    return Header(client, length)
