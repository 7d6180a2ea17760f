"""Which mail servers a client shows itself to be."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from functools import lru_cache

from gateway.core.model import Peer, Source


def shown(peer: Peer, known: Iterable[Source]) -> tuple[Source, ...]:
    """Those of the known sources that the client's address, login and certificate show it to be."""
    return tuple(source for source in known if _is(source, peer))


def _is(source: Source, peer: Peer) -> bool:
    """All that the source is known by holds of this client, and something does. A login holds in its account only."""
    return (
        any((source.network, source.login, source.certificate))
        and (not source.network or ipaddress.ip_address(peer.ip) in _network(source.network))
        and (not source.login or (source.login, source.account_id) == (peer.login, peer.account_id))
        and source.certificate in ("", peer.certificate)
    )


@lru_cache(maxsize=1024)
def _network(text: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network:
    return ipaddress.ip_network(text)
