"""The second net: every address-like token outside the mailboxes."""

import base64

import pytest

from gateway.core import message


def nets(*lines: str, body: str = "") -> tuple[tuple[str, str], ...]:
    return message.read("\r\n".join([*lines, "", body]).encode()).nets.tokens


@pytest.mark.parametrize(
    "name",
    [
        "Resent-From", "Resent-To", "Resent-Bcc", "Return-Path", "Delivered-To", "X-Original-To", "Envelope-To",
        "Apparently-To", "X-Forwarded-To", "X-Forwarded-For", "Disposition-Notification-To", "X-Original-From",
        "X-Unknown", "Subject", "rEsEnT-tO", "Resent-To ",
    ],
)  # fmt: skip
def test_every_field_that_names_an_address_counts(name: str) -> None:
    assert (name.strip().lower(), "eve@rival.example") in nets(f"{name}: Eve <eve@rival.example>")


def test_an_encoded_word_may_hide_one() -> None:
    hidden = "=?utf-8?b?" + base64.b64encode(b"eve@rival.example").decode() + "?="
    assert ("x-original-to", "eve@rival.example") in nets(f"X-Original-To: {hidden}")


@pytest.mark.parametrize(
    "line",
    [
        "Message-ID: <a@rival.example>",
        "Resent-Message-ID: <a@rival.example>",
        "In-Reply-To: <a@rival.example>",
        "References: <a@rival.example>",
        "Content-ID: <a@rival.example>",
        "DKIM-Signature: v=1; i=a@rival.example",
        "ARC-Seal: i=1; a@rival.example",
        "List-Unsubscribe: <mailto:a@rival.example>",
        "From: eve@rival.example",
        "To: eve@rival.example",
    ],
)
def test_ids_signatures_and_mailboxes_do_not(line: str) -> None:
    assert nets(line) == ()


def test_a_trace_field_names_its_recipient_beside_its_id() -> None:
    line = (
        "Received: from x (envelope-from <al@corp.example>) by y with SMTP id 1@z.example for <eve@rival.example>; now"
    )
    assert {token for _, token in nets(line)} == {"al@corp.example", "eve@rival.example"}


def test_a_second_sender_that_no_mailbox_holds_counts() -> None:
    assert nets("Sender: a@example.com", "Sender: eve@rival.example") == (("sender", "eve@rival.example"),)


INNER = "From: x@example.com\r\nTo: eve@rival.example\r\nMessage-ID: <i@rival.example>\r\n\r\nhello"


@pytest.mark.parametrize("levels", [1, 2, 40])
def test_header_blocks_of_attached_messages_count(levels: int) -> None:
    wrapped = INNER
    for _ in range(levels - 1):
        wrapped = "Content-Type: message/rfc822\r\n\r\n" + wrapped
    found = nets("Content-Type: message/rfc822", body=wrapped)
    assert found == (("inner:from", "x@example.com"), ("inner:to", "eve@rival.example"))


@pytest.mark.parametrize("content_type", ["message/rfc822", "application/octet-stream; name=mail.eml"])
def test_so_do_those_of_messages_in_base64(content_type: str) -> None:
    encoded = ["Content-Transfer-Encoding: base64", f"Content-Type: {content_type}"]
    once = base64.b64encode(INNER.encode()).decode()
    assert ("inner:to", "eve@rival.example") in nets(*encoded, body=once)
    twice = base64.b64encode("\r\n".join([*encoded, "", once]).encode()).decode()
    assert ("inner:to", "eve@rival.example") in nets(*encoded, body=twice)


ENCODED = "Content-Transfer-Encoding: base64\r\nContent-Type: message/rfc822\r\n\r\n"
MIXED = 'Content-Type: multipart/mixed; boundary="b"\r\n\r\n'


def encoded(inner: str, levels: int = 1) -> str:
    """The message inside as many levels of messages in base64."""
    for _ in range(levels):
        inner = ENCODED + base64.b64encode(inner.encode()).decode()
    return inner


@pytest.mark.parametrize(
    ("raw", "finding"),
    [
        (encoded(MIXED.replace('"b"', '""') + INNER), "body.unsearched"),
        (encoded(MIXED + f"--b\r\n\r\n{'--b' * 20}" + "\r\n--b\r\n" * 600), "body.unsearched"),
        (encoded("X: y\r\n" * 1001 + INNER), "body.unsearched"),
        (encoded(f"X: {'y' * 300_000}\r\n" + INNER), "body.unsearched"),
        (encoded(INNER, 12), "body.unsearched"),
        ("Content-Type: text/rfc822-headers\r\n\r\n" + "X: y\r\n" * 1001 + INNER, "body.unsearched"),
        ("Content-Type: text/rfc822-headers\r\n\r\n" + "X: y\r\n\r\n" * 200_000 + INNER, "body.unsearched"),
        ("Content-Type: message/rfc822\r\n\r\n" + "X: y\r\n" * 1001 + INNER, "body.unparsed"),
        ("Content-Type: message/rfc822\r\n\r\n" + f"X: {'y' * 300_000}\r\n" + INNER, "body.unparsed"),
    ],
)
def test_where_a_limit_hides_addresses_it_is_told(raw: str, finding: str) -> None:
    assert message.read(raw.encode()).findings == (finding,)


def test_more_addresses_than_any_mail_has_are_not_all_looked_for() -> None:
    many = "".join(f"To: {','.join(f'a{n}.{k}@b.example' for k in range(7000))}\r\n\r\n--b\r\n{R}" for n in range(9))
    found = message.read(f"{MIXED}--b\r\n{R}{many}".encode())
    assert found.findings == ("body.unsearched",)
    assert 50_000 < len(found.nets.tokens) < 60_000


R = "Content-Type: message/rfc822\r\n\r\n"


@pytest.mark.parametrize("raw", [encoded(INNER), encoded(INNER, 10), MIXED + f"--b\r\n{encoded(INNER)}\r\n--b--\r\n"])
def test_of_decent_mail_nothing_stays_hidden(raw: str) -> None:
    found = message.read(raw.encode())
    assert found.findings == ()
    assert ("inner:to", "eve@rival.example") in found.nets.tokens
