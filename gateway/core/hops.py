"""Whether a message was inside the account's own mail servers all its way, as its Received fields tell (RFC 5321 §4.4).

A client names itself as it likes. So the address that the receiving host saw counts: a private one, one of the source's
own, or one that stands behind a name which that host looked up, as in "(mail.us.example [192.0.2.7])".
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Collection, Iterable

from gateway.core.model import Message, Source

_Address = ipaddress.IPv4Address | ipaddress.IPv6Address
_Network = ipaddress.IPv4Network | ipaddress.IPv6Network

_SEEN = re.compile(r"(?:\(([^\s()\[\]@]+) )?[\[(](?:IPv6:)?([0-9A-Fa-f:.]{2,45})(?:%\w{1,16})?[\])]", re.IGNORECASE)
"""An address in brackets, and the name that was looked up for it."""
_PRIVATE = tuple(
    map(
        ipaddress.ip_network,
        ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "127.0.0.0/8", "::1/128", "fe80::/10", "fc00::/7"),
    )
)
_MOST = 100
"""Received fields that are looked at; more of them count as coming from outside."""


def from_outside(messages: Iterable[Message], domains: Collection[str], sources: Collection[Source]) -> bool:
    """Whether some hop took one of the messages from a host that isn't known to be the account's or the source's."""
    settings = [text for source in sources for text in (source.network, *source.hosts) if text]
    networks = (*_PRIVATE, *(ipaddress.ip_network(text) for text in settings if "/" in text))
    names = (*domains, *(text for text in settings if "/" not in text))
    hops = [value for message in messages for value in message.all("received")]
    return len(hops) > _MOST or not all(_inside(hop, names, networks) for hop in hops)


def _inside(received: str, names: Collection[str], networks: Collection[_Network]) -> bool:
    words = " ".join(received.split())
    if not words.lower().startswith("from "):
        return True  # handed over within one host
    client, found, _ = words[5:].rpartition(" by ")  # the last one: a client may put another into its name
    client = client if found else words[5:]
    forged = "may be forged" in client
    name = client.split(" ")[0].rstrip(".").lower()
    seen = [(looked_up.rstrip(".").lower(), ip) for looked_up, text in _SEEN.findall(client) if (ip := _address(text))]
    if ip := _address(name):
        seen.append(("", ip))
    for looked_up, ip in seen:
        known = any(ip in network for network in networks)
        if not known and (forged or not _is_ours(looked_up, names)):
            return False
    if name.startswith("[") or _address(name):
        return bool(seen)
    return _is_ours(name, names) or (bool(seen) and "." not in name)


def _address(text: str) -> _Address | None:
    try:
        ip = ipaddress.ip_address(text)
    except ValueError:
        return None
    mapped = ip.ipv4_mapped if isinstance(ip, ipaddress.IPv6Address) else None
    return mapped or ip


def _is_ours(name: str, names: Collection[str]) -> bool:
    return any(name == one or name.endswith(f".{one}") for one in names)
