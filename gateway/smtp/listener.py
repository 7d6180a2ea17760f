"""What a listener asks of its clients and offers them."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from enum import Enum
from typing import TypeAlias

Network: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network


class Tls(Enum):
    """When the TLS handshake is done."""

    OFFERED = "offered"
    """With STARTTLS, if the client wants."""
    REQUIRED = "required"
    """With STARTTLS, before MAIL."""
    IMPLICIT = "implicit"
    """Before the first word (RFC 8314 §3.3)."""


@dataclass(frozen=True, slots=True)
class Listener:
    """The mode of one listening socket."""

    tls: Tls = Tls.OFFERED
    auth: bool = False
    """SMTP AUTH is offered, under TLS only."""
    client_certificates: bool = False
    """Clients are asked for a certificate; one that has none may go on, one that can't be verified may not."""
    proxies: tuple[Network, ...] = ()
    """Whose connections begin with a PROXY header and come from nobody else; () for a listener that has no proxy."""

    def is_proxy(self, ip: str) -> bool:
        """`ip` in canonical form."""
        address = ipaddress.ip_address(ip)
        return any(address in network for network in self.proxies)


PLAIN = Listener()
"""Nothing is asked, and what is offered is STARTTLS."""
