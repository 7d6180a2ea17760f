"""Which hops are inside: what the receiving host saw counts, not how a client calls itself."""

from __future__ import annotations

import pytest
from fakes.effort import bounded
from hypothesis import given
from hypothesis import strategies as st

from gateway.core import hops
from gateway.core.message import read
from gateway.core.model import Channel, Source

SOURCE = Source(
    "s",
    "us",
    "mx",
    "198.51.100.7/32",
    frozenset({Channel.JOURNAL}),
    vouches=True,
    hosts=frozenset({"cloud.example", "203.0.113.0/24", "2001:db8:7::/48"}),
)


def outside(*received: str, source: Source | None = SOURCE) -> bool:
    message = read("".join(f"Received: {value}\r\n" for value in received).encode() + b"From: a@us.example\r\n\r\nx")
    return hops.from_outside((message,), {"us.example"}, (source,) if source else ())


INSIDE = [
    "from mx.us.example (mx.us.example [192.0.2.7]) by hub.us.example; x",
    "from mx.us.example (mx.us.example. [IPv6:2001:db8::7]) by hub.us.example; x",
    "from HUB.US.EXAMPLE (10.1.2.3) by mx.us.example with SMTP; x",
    "from hub.us.example ([fe80::1%12]) by mx.us.example; x",
    "from hub.us.example by mx.us.example; x",
    "from [10.1.2.3] by mx.us.example; x",
    "from [IPv6:fd00::1] (unknown [172.16.0.9]) by mx.us.example; x",
    "from laptop (laptop [192.168.1.2]) by mx.us.example; x",
    "from localhost (localhost [127.0.0.1]) by mx.us.example; x",
    "from 10.0.0.9 by mx.us.example; x",
    "from mx.us.example (198.51.100.7) by hub.us.example; x",
    "by mx.us.example with local; x",
    "(from ana@localhost) by mx.us.example; x",
]
IN_THE_CLOUD = [
    "from h1.cloud.example (203.0.113.9) by h2.cloud.example (203.0.113.10) with SMTP; x",
    "from h1.cloud.example (2001:db8:7::1) by h2.cloud.example (2001:db8:7::2) with SMTP; x",
    "from h1.cloud.example (h1.cloud.example [192.0.2.9]) by mx.us.example; x",
]
OUTSIDE = [
    "from evil.example (evil.example [192.0.2.66]) by mx.us.example; x",
    "from mx.us.example (evil.example [192.0.2.66]) by mx.us.example; x",
    "from mx.us.example (unknown [192.0.2.66]) by mx.us.example; x",
    "from mx.us.example ([192.0.2.66]) by mx.us.example; x",
    "from mx.us.example (192.0.2.66) by mx.us.example; x",
    "from mx.us.example (mx.us.example [192.0.2.66] (may be forged)) by mx.us.example; x",
    "from [10.0.0.1] (evil.example [192.0.2.66]) by mx.us.example; x",
    "from [192.0.2.66] by mx.us.example; x",
    "from 192.0.2.66 by mx.us.example; x",
    "from mx.us.example by mx.us.example with ESMTP (evil.example [192.0.2.66]) by mx.us.example; x",
    "from mx.us.example (mx.us.example [10.0.0.1]) (evil.example [192.0.2.66]) by mx.us.example; x",
    "from mx.us.example (mx.us.example [192.0.2.66]) (unknown [192.0.2.66]) by mx.us.example; x",
    "from 10.evil.example by mx.us.example; x",
    "from fd-evil.example by mx.us.example; x",
    "from fd-evil.example (10.0.0.1) by mx.us.example; x",
    "from notus.example by mx.us.example; x",
    "from us.example.evil.example by mx.us.example; x",
    "from laptop by mx.us.example; x",
    "from [garbage] by mx.us.example; x",
    "from by mx.us.example; x",
    "from mx.us.example ([::ffff:192.0.2.66]) by mx.us.example; x",
    "FROM evil.example (evil.example [192.0.2.66])\r\n\tBY mx.us.example; x",
]


@pytest.mark.parametrize("hop", INSIDE)
def test_inside(hop: str) -> None:
    assert not outside(hop)


@pytest.mark.parametrize("hop", IN_THE_CLOUD)
def test_hosts_of_the_source_are_inside_for_it_only(hop: str) -> None:
    assert not outside(hop)
    assert outside(hop, source=None)


@pytest.mark.parametrize("hop", OUTSIDE)
def test_outside(hop: str) -> None:
    assert outside(hop)


def test_one_hop_outside_is_enough_and_no_hop_is_none() -> None:
    assert outside(INSIDE[0], OUTSIDE[0], INSIDE[1])
    assert not outside()
    assert not outside(*INSIDE)


def test_more_than_a_hundred_hops_are_not_looked_through() -> None:
    assert outside(*[INSIDE[0]] * 101)


@given(st.text(max_size=200))
def test_no_field_whatever_raises(text: str) -> None:
    assert outside("from " + " ".join(text.split())) in (True, False)


@pytest.mark.parametrize("filler", [" ", "(", "[", "a (", "by ", "[1", "(a [1.2.3.4]) "])
def test_a_long_field_takes_no_longer_than_its_length_tells(filler: str) -> None:
    value = "from x " + filler * (30_000 // len(filler))
    with bounded():
        outside(*[value] * 20)


def test_a_source_without_a_network_makes_no_unknown_host_its_own() -> None:
    """A source may be known by its login alone; an address that nobody could look up has no name either."""
    source = Source("s", "us", "mx", "", frozenset({Channel.JOURNAL}), vouches=True, login="mx")
    assert outside("from mx.us.example ([192.0.2.66]) by hub.us.example; x", source=source)
    assert not outside("from mx.us.example ([10.0.0.1]) by hub.us.example; x", source=source)
