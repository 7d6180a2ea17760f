"""A source is a client of whom all holds that the source is known by."""

from __future__ import annotations

import pytest

from gateway.core.model import Channel, Peer, Source
from gateway.core.sources import shown

NEAR, FAR, OURS, THEIRS = "198.51.100.7", "203.0.113.9", "ab" * 32, "cd" * 32


def source(network: str = "", login: str = "", certificate: str = "") -> Source:
    relay = frozenset({Channel.RELAY})
    return Source("1", "us", "mx", network, relay, vouches=False, login=login, certificate=certificate)


@pytest.mark.parametrize("network", ["", "198.51.100.0/24"])
@pytest.mark.parametrize("login", ["", "hub"])
@pytest.mark.parametrize("certificate", ["", OURS])
def test_a_source_is_whoever_shows_all_that_it_was_given_and_nobody_else(
    network: str, login: str, certificate: str
) -> None:
    """One that was given nothing opens no door."""
    known = source(network, login, certificate)
    whole = {"ip": NEAR, "login": "hub", "account_id": "us", "certificate": OURS}
    given = bool(network or login or certificate)
    assert shown(Peer(**whole), [known]) == ((known,) if given else ())
    for sign, other, counts in (
        ("ip", FAR, network),
        ("login", "", login),
        ("login", "cloud", login),
        ("account_id", "them", login),
        ("certificate", "", certificate),
        ("certificate", THEIRS, certificate),
    ):
        assert bool(shown(Peer(**whole | {sign: other}), [known])) is (given and not counts), (sign, other)
