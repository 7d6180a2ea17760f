"""Redirected mail: the newest Resent block names who sent it on; the message stays what it was."""

import pytest

from gateway.core.message import read_parts
from gateway.core.unwrap import redirect
from gateway.core.unwrap.original import EXACT

MESSAGE = (
    "From: Bob <bob@client.example>\r\nTo: dan@us.example\r\nSubject: Offer\r\nMessage-ID: <o1@client.example>\r\n"
    "In-Reply-To: <o0@us.example>\r\n\r\nHello\r\n"
)
RESENT = (
    "Resent-From: Ana <ana@us.example>\r\nResent-To: k1@forward.log.example\r\nResent-Message-ID: <r@us.example>\r\n"
)


def resender(head: str) -> str | None:
    found = redirect.resending(read_parts((head + MESSAGE).encode()).message)
    return found.by.address if found else None


def test_the_message_is_its_own_original_unchanged() -> None:
    reading = read_parts((RESENT + MESSAGE).encode())
    found = redirect.find(reading)
    assert found is not None
    (original,) = found.originals
    assert (found.kind, found.chain, found.note) == ("redirect", (original,), None)
    assert original.message is reading.message
    assert original.from_ is not None
    assert original.from_.address == "bob@client.example"
    assert (original.message_id, original.confidence) == ("o1@client.example", EXACT)
    assert reading.message.in_reply_to == ("o0@us.example",)


def test_who_sent_it_on_and_to_whom() -> None:
    head = RESENT + "Resent-Cc: carl@us.example\r\nResent-Bcc: zoe@us.example\r\n"
    found = redirect.resending(read_parts((head + MESSAGE).encode()).message)
    assert found is not None
    assert (found.by.name, found.by.address) == ("Ana", "ana@us.example")
    assert [m.address for m in found.to] == ["k1@forward.log.example", "carl@us.example", "zoe@us.example"]


OLDER = "Resent-To: ana@us.example\r\nResent-From: kim@client.example\r\n"


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (RESENT, "ana@us.example"),
        (RESENT + OLDER, "ana@us.example"),
        ("Received: by mx.us.example\r\n" + RESENT + "Received: by mx.client.example\r\n" + OLDER, "ana@us.example"),
        ("Resent-Date: x\r\nX-Other: y\r\n" + RESENT, "ana@us.example"),
        ("Resent-Date: x\r\nReceived: by mx.us.example\r\n" + OLDER, None),
        ("Resent-Sender: ana@us.example\r\nResent-Date: x\r\n", "ana@us.example"),
        ("Resent-Sender: zoe@us.example\r\nResent-From: ana@us.example\r\n", "ana@us.example"),
        ("Resent-From: ana@us.example, dan@us.example\r\n", None),
        ("Resent-From: ana@us.example <dan@us.example>\r\n", None),
        ("Resent-From: Ana\r\n", None),
        ("", None),
    ],
)
def test_the_newest_block_names_exactly_one_person_or_nobody(head: str, expected: str | None) -> None:
    assert resender(head) == expected


def test_without_one_who_sent_it_on_it_is_no_redirect() -> None:
    assert redirect.find(read_parts(MESSAGE.encode())) is None


def test_without_an_author_it_is_no_redirect() -> None:
    assert redirect.find(read_parts((RESENT + "Subject: x\r\n\r\nHello\r\n").encode())) is None


def test_a_bounce_is_no_redirect() -> None:
    bounce = RESENT + "X-Failed-Recipients: kim@client.example\r\n" + MESSAGE
    assert redirect.find(read_parts(bounce.encode())) is None
