"""`read`: every field of a Message, from any bytes."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.core import message
from gateway.core.limits import ReadingLimits
from gateway.core.model import Nets

REPLY = b"""\
Return-Path: <ana@example.com>
From: "Ana Example" <Ana@Example.com>
To: Bob <bob@client.example>
To: carol@client.example
Cc: team@example.com
Sender: assistant@example.com
Subject: Re: =?utf-8?q?Gr=C3=BC=C3=9Fe?=
Date: Tue, 04 Mar 2025 10:12:00 +0100
Message-ID: <reply@example.com>
In-Reply-To: <first@client.example>
References: <root@client.example> <first@client.example>

Hello Bob
""".replace(b"\n", b"\r\n")


def test_a_plain_reply() -> None:
    found = message.read(REPLY)
    assert (found.size, len(found.fields)) == (len(REPLY), 11)
    assert found.message_id == "reply@example.com"
    assert found.in_reply_to == ("first@client.example",)
    assert found.references == ("root@client.example", "first@client.example")
    assert (found.subject, found.base_subject) == ("Re: Grüße", "grüsse")
    assert found.date == datetime(2025, 3, 4, 9, 12, tzinfo=UTC)
    assert [(m.name, m.address, m.canonical) for m in found.from_] == [
        ("Ana Example", "Ana@Example.com", "ana@example.com")
    ]
    assert [m.address for m in found.to] == ["bob@client.example", "carol@client.example"]
    assert [m.address for m in (*found.cc, *found.sender)] == ["team@example.com", "assistant@example.com"]
    assert (found.reply_to, found.bcc, found.unreadable, found.breaches) == ((), (), (), ())
    assert found.nets.tokens == (("return-path", "ana@example.com"),)
    assert (found.automated, found.failed_recipients, found.reported_ids) == (None, (), ())
    assert (found.content_types, found.text, found.attachments) == (("text/plain",), "Hello Bob\n", ())
    assert found.findings == ("duplicate_header.to",)
    assert found.first("subject") == "Re: =?utf-8?q?Gr=C3=BC=C3=9Fe?="


def test_nothing_at_all_is_a_message_too() -> None:
    found = message.read(b"")
    assert (found.message_id, found.subject, found.date, found.from_, found.text) == (None, None, None, (), "")


def test_irregular_bytes_are_repaired_first_and_said_so() -> None:
    found = message.read(b"Subject: one\nFrom: a@example.com\r\rbo\0dy")
    assert (found.subject, found.text) == ("one", "bo dy")
    assert "bytes.repaired" in found.findings


def test_several_from_fields_are_all_authors() -> None:
    found = message.read(b"From: a@example.com\r\nFrom: b@example.com\r\n\r\n")
    assert [m.address for m in found.from_] == ["a@example.com", "b@example.com"]
    assert found.breaches == ("header.from_duplicate",)


def test_of_other_singletons_the_first_counts() -> None:
    found = message.read(b"Subject: one\r\nSubject: two\r\nSender: a@example.com\r\nSender: b@example.com\r\n\r\n")
    assert (found.subject, [m.address for m in found.sender]) == ("one", ["a@example.com"])
    assert set(found.findings) == {"duplicate_header.subject", "duplicate_header.sender"}


def test_an_address_that_cannot_be_read_names_its_field() -> None:
    assert message.read(b"To: ok@example.com, a@@b@\r\n\r\n").unreadable == ("to",)


def test_a_broken_mime_tree_leaves_the_header() -> None:
    found = message.read(b'Subject: s\r\nContent-Type: multipart/mixed; boundary=""\r\n\r\nhello')
    assert (found.subject, found.text, found.findings) == ("s", "", ("body.unparsed",))


def test_the_header_alone_is_read_as_with_its_body() -> None:
    raw = (
        b"From: a@example.com\r\nTo: b@example.com\r\nSubject: s\r\nMessage-ID: <1@example.com>\r\n"
        b"Resent-To: c@example.com\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nhello\r\n--b\r\n"
        b"Content-Type: message/rfc822\r\n\r\nTo: d@example.com\r\n\r\n--b--\r\n"
    )
    whole, header = message.read_parts(raw), message.read_header(raw)
    found = header.message
    assert (found.text, found.attachments, found.findings) == ("", (), ("body.unparsed",))
    assert header.raw is raw
    assert [part.content_type for part in header.tree.everywhere()] == ["multipart/mixed"]
    inner = tuple((name, token) for name, token in whole.message.nets.tokens if name.startswith("inner:"))
    assert inner == (("inner:to", "d@example.com"),)
    same = replace(
        found,
        nets=Nets((*found.nets.tokens, *inner)),
        content_types=whole.message.content_types,
        text="hello",
        attachments=whole.message.attachments,
        findings=(),
    )
    assert same == whole.message


@pytest.mark.parametrize("body", [b"", b"\r\n", b"\r\nhello", b"\r\n" + b"x" * 1000])
def test_of_a_body_that_is_left_alone_nothing_is_read(body: bytes) -> None:
    found = message.read_header(b"From: MAILER-DAEMON@mx.example\r\nSubject: failure\r\n" + body).message
    assert (found.text, found.attachments, found.failed_recipients) == ("", (), ())
    assert found.findings == ("body.unparsed",)


DSN = b"""\
From: MAILER-DAEMON@mx.example
To: ana@example.com
Subject: failure notice
Auto-Submitted: auto-replied
Content-Type: multipart/report; report-type=delivery-status; boundary=b

--b

Sorry.
--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example

Final-Recipient: rfc822; bob@client.example
Action: failed

--b
Content-Type: message/rfc822

From: ana@example.com
To: bob@client.example
Message-ID: <original@example.com>

Hello
--b--
""".replace(b"\n", b"\r\n")


def test_a_delivery_report_names_class_recipient_and_original() -> None:
    found = message.read(DSN)
    assert found.automated == "dsn"
    assert found.failed_recipients == ("bob@client.example",)
    assert found.reported_ids == ("original@example.com",)
    types = ("multipart/report;delivery-status", "text/plain", "message/delivery-status", "message/rfc822")
    assert found.content_types == types
    assert found.text == "Sorry."


def test_an_original_of_header_fields_alone_is_found() -> None:
    raw = DSN.replace(b"Content-Type: message/rfc822", b"Content-Type: text/rfc822-headers")
    assert message.read(raw).reported_ids == ("original@example.com",)


def test_a_report_of_delay_has_no_failed_recipient() -> None:
    found = message.read(DSN.replace(b"Action: failed", b"Action: delayed"))
    assert (found.automated, found.failed_recipients) == ("dsn", ())


@pytest.mark.parametrize(
    ("header", "kind"),
    [
        (b"Return-Path: <>\r\nFrom: postmaster@example.com", "bounce"),
        (b"Return-Path: <a@example.com>\r\nFrom: postmaster@example.com", None),
        (b"From: MAILER-DAEMON@example.com", "bounce"),
        (b"From: postmaster@example.com", None),
        (b"Precedence: bulk", "bulk"),
    ],
)
def test_the_class_is_what_the_header_tells(header: bytes, kind: str | None) -> None:
    assert message.read(header + b"\r\n\r\n").automated == kind


def test_parts_belong_to_the_canonical_bytes() -> None:
    reading = message.read_parts(b"Content-Type: message/rfc822\n\nSubject: x\n\nhello", ReadingLimits())
    (inner,) = reading.tree.root.children
    assert reading.raw[inner.header : inner.end] == b"Subject: x\r\n\r\nhello"


PIECES = [
    b"From: a@b.example", b"To: <x@y>, (", b"Subject: =?utf-8?q?", b"Date: 99", b"Message-ID: <",
    b"Content-Type: multipart/mixed; boundary=b", b"--b", b"--b--", b"Content-Type: text/html", b"format=flowed",
    b"Content-Type: message/rfc822", b"report-type=delivery-status", b"Content-Transfer-Encoding: base64", b"QUJD",
    b"\r\n", b"\n", b"\r", b"\0", b"<div>", b"\xff", b" ",
]  # fmt: skip


@given(st.one_of(st.binary(max_size=300), st.lists(st.sampled_from(PIECES)).map(b"".join)))
def test_any_bytes_are_read(raw: bytes) -> None:
    found = message.read(raw)
    assert all(0 <= f.start <= f.end <= found.size for f in found.fields)
    assert found.text == found.text.encode().decode()  # nothing that no store takes
    assert message.read(raw) == found
