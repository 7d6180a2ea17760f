"""To whom a server's copy was delivered: each evidence, its order, and what counts as none."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gateway.core import delivery
from gateway.core.message import read
from gateway.core.model import Channel, Envelope, Peer, Recipient, Source

HOSTS = frozenset({"relay.log.example"})
ALL = frozenset(delivery.FIELDS)
SOURCE = Source("s", "us", "mx", "192.0.2.1/32", frozenset({Channel.RELAY}), vouches=False, trusts=ALL)


def recipient(tag: str = "", channel: Channel = Channel.RELAY) -> Recipient:
    return Recipient("key@relay.log.example", "hash", tag, channel, "us")


def told(*head: str, tag: str = "", trusts: frozenset[str] = ALL) -> tuple[str, list[str]] | None:
    message = read("\r\n".join([*head, "From: bob@client.example", "", "x"]).encode())
    sources = (replace(SOURCE, trusts=trusts),)
    found = delivery.delivery(recipient(tag), message, sources, {"us.example"}, HOSTS)
    return (found.told_by, [m.canonical for m in found.to]) if found else None


@pytest.mark.parametrize("field", delivery.FIELDS)
def test_each_field_tells_where_it_is_trusted_and_only_there(field: str) -> None:
    head = f"{field.title()}: Ana@us.example"
    assert told(head, trusts=frozenset({field})) == (field, ["ana@us.example"])
    assert told(head, trusts=ALL - {field}) is None


def test_the_best_evidence_counts_and_the_address_is_better_than_any_field() -> None:
    head = [f"{field}: u{number}@us.example" for number, field in enumerate(delivery.FIELDS)]
    for number, field in enumerate(delivery.FIELDS):
        assert told(*reversed(head[number:])) == (field, [f"u{number}@us.example"])
    assert told(*head, tag="ana=us.example") == ("address", ["ana@us.example"])


def test_evidence_that_names_nobody_of_the_account_gives_way_to_the_next() -> None:
    head = ("X-Gm-Original-To: kim@client.example", "Delivered-To: ana@us.example")
    assert told(*head, tag="kim=client.example") == ("delivered-to", ["ana@us.example"])


def test_nobody_is_believed_but_a_source() -> None:
    message = read(b"Delivered-To: ana@us.example\r\n\r\nx")
    assert delivery.delivery(recipient("ana=us.example"), message, (), {"us.example"}, HOSTS) is None


@pytest.mark.parametrize(
    ("head", "to"),
    [
        (("Delivered-To: key@relay.log.example", "Delivered-To: ana@us.example"), ["ana@us.example"]),
        (("Delivered-To: ana@us.example", "Delivered-To: dan@us.example"), ["ana@us.example"]),
        (("Envelope-To: ana@us.example, key@relay.log.example, dan@us.example",), ["ana@us.example", "dan@us.example"]),
        (("Envelope-To: ana@us.example, kim@client.example",), ["ana@us.example"]),
        (("X-Forwarded-For: ana@us.example dan@us.example",), ["ana@us.example"]),
        (("X-Forwarded-For: kim@client.example ana@us.example",), None),
        (("Delivered-To: kim@client.example", "Delivered-To: ana@us.example"), None),
        (("Delivered-To: key@relay.log.example",), None),
        (("Delivered-To: ana@us.example <dan@us.example>",), None),
        (("Delivered-To: ana@us.example, <dan@@us.example",), None),
        (("Delivered-To: Ana",), None),
        (("Delivered-To:",), None),
        (("X-Forwarded-For: ,;",), None),
        (("X-MS-Exchange-Inbox-Rules-Loop: ana@us.example", "Auto-Submitted: auto-replied"), None),
    ],
)
def test_whom_a_field_names(head: tuple[str, ...], to: list[str] | None) -> None:
    found = told(*head)
    assert (found[1] if found else None) == to


@pytest.mark.parametrize(
    ("tag", "address"),
    [
        ("ana=us.example", "ana@us.example"),
        ("ana+x=us.example", "ana+x@us.example"),
        ("a=b=us.example", "a=b@us.example"),
        ("deal=42", ""),
        ("deal-7", ""),
        ("=us.example", ""),
        ("ana=", ""),
        ("", ""),
    ],
)
def test_a_tag_that_encodes_an_address_is_no_reference(tag: str, address: str) -> None:
    assert delivery.encoded(recipient(tag)) == address
    assert delivery.reference(recipient(tag)) == ("" if address else tag)


@pytest.mark.parametrize("channel", [Channel.BCC, Channel.FORWARD])
def test_on_an_explicit_channel_each_tag_is_a_reference(channel: Channel) -> None:
    assert delivery.encoded(recipient("ana=us.example", channel)) == ""
    assert delivery.reference(recipient("ana=us.example", channel)) == "ana=us.example"


def test_a_source_is_one_of_the_account_on_the_channel() -> None:
    others = (replace(SOURCE, account_id="them"), replace(SOURCE, channels=frozenset({Channel.JOURNAL})))
    envelope = Envelope("t", Peer("192.0.2.1", (*others, SOURCE)), "", (), 0)
    assert delivery.sources(envelope, recipient()) == (SOURCE,)


@pytest.mark.parametrize(
    ("mail_from", "earlier"),
    [
        ("SRS0=Ab1c=XY=client.example=bob@us.example", "bob@client.example"),
        ("srs0+Ab1c=XY=client.example=bob@us.example", "bob@client.example"),
        ("SRS0-Ab1c=XY=client.example=b=ob@us.example", "b=ob@client.example"),
        ("SRS1=Zz=fwd.example==Ab1c=XY=client.example=bob@us.example", "bob@client.example"),
        ("ana+SRS=Ab1c=XY=client.example=bob@us.example", "bob@client.example"),
        ("prvs=1234abcdef=bob@client.example", "bob@client.example"),
    ],
)
def test_a_rewritten_reverse_path_holds_the_one_before_it(mail_from: str, earlier: str) -> None:
    assert delivery.senders(mail_from) == (mail_from, earlier)


@pytest.mark.parametrize(
    "mail_from", ["bob@client.example", "SRS0=x=y=z@us.example", "a=b=c=d@us.example", "srs0@x.example"]
)
def test_any_other_reverse_path_stands_for_itself(mail_from: str) -> None:
    assert delivery.senders(mail_from) == (mail_from,)
    assert delivery.senders("") == ()
