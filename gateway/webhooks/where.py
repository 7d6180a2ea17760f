"""Where webhooks may be: so that whoever sets one up can't make the gateway call what only it can reach."""

from __future__ import annotations

import re
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

import httpx2

from gateway.webhooks.limits import Network, WebhookLimits
from storage.errors import Refused

_URL = re.compile(r"https?://[!-~]{1,2000}", re.IGNORECASE)
_NAME = re.compile(r"[a-z0-9_]([a-z0-9_.-]*[a-z0-9_.])?")
_LOOPBACK = (ip_network("127.0.0.0/8"), ip_network("::1/128"))
# Besides what the registries call not global: addresses that stand for others, and one cloud's metadata.
_NEVER = tuple(
    ip_network(network)
    for network in (
        "::/96",  # IPv4-compatible (RFC 4291 §2.5.5.1)
        "64:ff9b::/96",  # NAT64 (RFC 6052)
        "64:ff9b:1::/48",
        "2001::/32",  # Teredo
        "2002::/16",  # 6to4
        "fec0::/10",  # site-local
        "192.0.0.0/24",  # IETF protocols, and another cloud's metadata
        "192.88.99.0/24",  # 6to4 relays
        "168.63.129.16/32",
    )
)


def fit(url: str, limits: WebhookLimits) -> httpx2.URL:
    """The address of a webhook, as far as it can be judged without a look-up. Raises Refused."""
    try:
        found = httpx2.URL(url) if _URL.fullmatch(url) else None
    except httpx2.InvalidURL:
        found = None
    literal = _literal(found.host) if found else None
    named = found and (literal or _NAME.fullmatch(name(found)))
    if found is None or not named or (found.port is not None and not 0 < found.port < 65536):
        raise Refused("A webhook's address must be one such as https://crm.example/hook.")
    if found.userinfo or found.fragment:
        raise Refused("A webhook's address must have no user name, password or #fragment in it.")
    if found.scheme == "http" and not limits.loopback:
        raise Refused("A webhook's address must begin with https://.")
    if literal and not allowed(literal, limits, found.scheme):
        raise Refused("{address} isn't a public address, and webhooks.networks doesn't allow it.", address=literal)
    return found


def name(url: httpx2.URL) -> str:
    """The host in ASCII, as DNS and certificates have it."""
    return url.raw_host.decode("ascii").rstrip(".")


def allowed(address: str, limits: WebhookLimits, scheme: str) -> bool:
    """Whether a webhook of this scheme may be at this IP address."""
    given = ip_address(address.partition("%")[0])
    found = (given.ipv4_mapped or given) if isinstance(given, IPv6Address) else given
    if limits.loopback and _in(found, _LOOPBACK):
        return True
    if scheme != "https":
        return False
    if _in(found, limits.networks):
        return True
    return found.is_global and not found.is_multicast and not found.is_reserved and not _in(found, _NEVER)


def _in(address: IPv4Address | IPv6Address, networks: tuple[Network, ...]) -> bool:
    return any(address.version == network.version and address in network for network in networks)


def _literal(host: str) -> str:
    try:
        return str(ip_address(host))
    except ValueError:
        return ""
