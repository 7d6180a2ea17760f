"""IP addresses as they are compared and counted."""

from __future__ import annotations

import ipaddress
from functools import lru_cache


@lru_cache
def canonical_ip(ip: str) -> str:
    """Without zone; an IPv4 address that came mapped into IPv6 as IPv4."""
    address = ipaddress.ip_address(ip.partition("%")[0])
    return str(getattr(address, "ipv4_mapped", None) or address)


@lru_cache
def network_of(ip: str) -> str:
    """What limits by address count: one IPv4 address, or the /64 of an IPv6 address."""
    return str(ipaddress.ip_network((ip, 64), strict=False)) if ":" in ip else ip
