"""What each channel unwraps, and from whom."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from gateway.core.limits import ReadingLimits
from gateway.core.message import read_parts
from gateway.core.model import Channel, Source
from gateway.core.unwrap.find import find

JOURNALS = Path(__file__).parents[3] / "fixtures" / "journals"
HOSTS = frozenset({"bcc.log.example", "forward.log.example"})
SOURCE = Source("s", "us", "mx", "192.0.2.1/32", frozenset({Channel.JOURNAL}), vouches=False)
MESSAGE = "From: bob@client.example\r\nTo: ana@us.example\r\nMessage-ID: <o1@client.example>\r\n\r\nHello\r\n"


def told(raw: bytes | str, channel: Channel, *sources: Source) -> tuple[str, tuple[str, ...]] | None:
    data = raw.encode() if isinstance(raw, str) else raw
    found = find(read_parts(data), channel, ReadingLimits(), HOSTS, sources)
    return (found.kind, found.findings) if found else None


def fixture(name: str) -> bytes:
    return (JOURNALS / f"{name}.eml").read_bytes()


def test_a_report_is_unwrapped_on_the_journal_channel_only() -> None:
    assert told(fixture("01-inbound"), Channel.JOURNAL, SOURCE) == ("journal", ())
    assert told(fixture("01-inbound"), Channel.RELAY, SOURCE) == ("none", ("journal.untrusted_peer",))
    assert told(fixture("01-inbound"), Channel.BCC) is None


def test_a_returned_report_is_unwrapped_from_the_alternate_mailbox_only() -> None:
    assert told(fixture("07-returned"), Channel.JOURNAL, SOURCE, replace(SOURCE, alternate=True)) == ("journal", ())
    assert told(fixture("07-returned"), Channel.JOURNAL, SOURCE) == ("none", ("journal.untrusted_peer",))
    assert told(fixture("07-returned"), Channel.RELAY, replace(SOURCE, alternate=True)) is None


def test_labels_are_those_of_the_source() -> None:
    raw = fixture("01-inbound").replace(b"Recipient:", b"Classification: x\r\nRecipient:", 1)
    assert told(raw, Channel.JOURNAL, replace(SOURCE, labels=frozenset({"classification"}))) == ("journal", ())
    assert told(raw, Channel.JOURNAL, SOURCE) == ("journal", ("journal.malformed",))


RESENT = "Resent-From: ana@us.example\r\nResent-To: {}\r\n"


@pytest.mark.parametrize(
    ("to", "expected"),
    [
        ("key@bcc.log.example", "redirect"),
        ("key@bcc.log.example, key@forward.log.example", "redirect"),
        ("key@bcc.log.example, kim@client.example", None),
        ("kim@client.example", None),
    ],
)
def test_on_the_bcc_channel_a_redirect_to_us_alone_counts(to: str, expected: str | None) -> None:
    found = told(RESENT.format(to) + MESSAGE, Channel.BCC)
    assert (found[0] if found else None) == expected


def test_on_the_bcc_channel_a_block_without_recipients_is_none() -> None:
    assert told("Resent-From: ana@us.example\r\n" + MESSAGE, Channel.BCC) is None


@pytest.mark.parametrize(
    "field", ["X-Forwarded-For", "X-Forwarded-To", "X-MS-Exchange-Inbox-Rules-Loop", "X-Sieve-Redirected-From"]
)
def test_what_a_mailbox_forwards_by_itself_is_told_on_the_forward_channel(field: str) -> None:
    raw = f"{field}: ana@us.example\r\n" + MESSAGE
    assert told(raw, Channel.FORWARD) == ("none", ("unwrap.automatic",))
    assert told(RESENT.format("key@forward.log.example") + raw, Channel.FORWARD) == ("redirect", ())
    assert told(raw, Channel.RELAY) is None
