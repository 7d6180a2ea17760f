"""Whom a bounce could not reach, and which message it is about."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.core import failures, headers
from gateway.core.limits import ReadingLimits
from gateway.core.model import HeaderField


def fields(*lines: str) -> tuple[HeaderField, ...]:
    return headers.split("\r\n".join([*lines, "", ""]).encode(), ReadingLimits()).fields


def failed(*lines: str, status: str = "", text: str = "", recipients: tuple[str, ...] = ()) -> tuple[str, ...]:
    return failures.failed_recipients(fields(*lines), [status], text, recipients)


STATUS = """Reporting-MTA: dns; mx.example.com

Original-Recipient: rfc822;bob+2Btag@example.com
Final-Recipient: rfc822; robert@example.com
Action: failed
Status: 5.1.1

Final-Recipient: utf-8; jürgen@example.com
Action: Failed (bad
 mailbox)

Final-Recipient: rfc822;carol@example.com
Action: delayed

Original-Recipient:
Final-Recipient: dave@example.com
Action: failed
"""


def test_failed_recipients_are_those_of_failed_blocks() -> None:
    assert failed(status=STATUS) == ("bob+tag@example.com", "jürgen@example.com", "dave@example.com")


@pytest.mark.parametrize(
    ("field", "address"),
    [
        ("Final-Recipient: rfc822;bob@example.com", "bob@example.com"),
        ("Final-Recipient: RFC822 ; <bob@example.com>", "bob@example.com"),
        ("Final-Recipient: bob@example.com", "bob@example.com"),
        ("Final-Recipient: rfc822;\n\tbob@example.com", "bob@example.com"),
        ("Original-Recipient: <bob@example.com>", "bob@example.com"),
        ("Original-Recipient: rfc822;bob+3Dx@example.com", "bob=x@example.com"),
        ("Final-Recipient: rfc822;bob+AB@example.com", "bob+AB@example.com"),
        ("Original-Recipient: utf-8;j\\x{FC}rgen@example.com", "jürgen@example.com"),
        ("Original-Recipient: utf-8;\\x{7528}\\x{6237}@example.com", "用户@example.com"),
        ("Final-Recipient: x400; /C=US/A= /P=EXAMPLE/O=SALES/S=BOB", None),
        ("Final-Recipient: rfc822; |/usr/bin/filter", None),
        ("Final-Recipient: LOCAL; bob", None),
    ],
)
def test_the_forms_of_a_recipient(field: str, address: str | None) -> None:
    assert failed(status=f"{field}\nAction: failed") == ((address,) if address else ())


def test_a_broken_character_number_leaves_no_recipient_behind() -> None:
    assert failed(status="Original-Recipient: utf-8;b\\x{D800}ob@example.com\nAction: failed") == ("bob@example.com",)


@pytest.mark.parametrize(
    ("lines", "has_failed"),
    [
        ("Action: failed\nStatus: 4.4.7", True),
        ("Action: FAILURE", True),
        ("Action: delayed\nStatus: 5.0.0", False),
        ("Action: relayed", False),
        ("Action: expanded", False),
        ("Action: delivered\nStatus: 2.0.0", False),
        ("Status: 5.2.2", True),
        ("Status: 4.2.2", False),
        ("Action: expired\nStatus: 5.4.7", True),
        ("Diagnostic-Code: smtp; 550 no such user", True),
    ],
)
def test_an_action_or_else_the_status_tells_whether_delivery_failed(lines: str, *, has_failed: bool) -> None:
    recipients = () if has_failed else ("bob@example.com",)
    found = failed(status=f"Final-Recipient: rfc822;bob@example.com\n{lines}", recipients=recipients)
    assert found == (("bob@example.com",) if has_failed else ())


def test_blocks_without_an_empty_line_between_them() -> None:
    status = "\n".join(
        f"Final-Recipient: rfc822;{name}@example.com\nAction: {action}"
        for name, action in (("bob", "failed"), ("carol", "delivered"), ("dave", "failed"))
    )
    assert failed(status=status) == ("bob@example.com", "dave@example.com")


def test_a_failed_block_without_an_address_leaves_it_to_the_diagnostic() -> None:
    status = "Final-Recipient:\nAction: failed\nDiagnostic-Code: smtp; 550 <Bob@example.com>... User unknown"
    assert failed(status=status, recipients=("bob@example.com", "carol@example.com")) == ("bob@example.com",)
    assert failed(status=status, recipients=("carol@example.com", "dave@example.com")) == ()


def test_a_failed_block_counts_whatever_the_subject_says() -> None:
    found = failed("Subject: Warning: could not send", status="Action: failed", recipients=("bob@example.com",))
    assert found == ("bob@example.com",)


def test_a_field_names_them_where_no_block_does() -> None:
    listed = ("X-Failed-Recipients: bob@example.com, carol@example.com", "X-Failed-Recipients: dave@example.com")
    assert failed(*listed, recipients=("x@example.com",)) == (
        "bob@example.com", "carol@example.com", "dave@example.com",
    )  # fmt: skip


def test_each_once() -> None:
    assert failed("X-Failed-Recipients: bob@example.com, bob@example.com") == ("bob@example.com",)


@pytest.mark.parametrize(
    ("subject", "text"),
    [
        ("Delivery Status Notification (Delay)", ""),
        ("Warning: message 1abcDE-0001-00 delayed 24 hours", ""),
        ("Warning: could not send message for past 4 hours", ""),
        ("Verzögert: Angebot", ""),
        ("Mail status", "The message has\nnot yet been delivered to bob@example.com."),
        ("Mail status", "THIS IS A WARNING MESSAGE ONLY."),
    ],
)
def test_a_delay_is_no_failure(subject: str, text: str) -> None:
    lines = (f"Subject: {subject}", "X-Failed-Recipients: bob@example.com")
    assert failed(*lines, text=text, recipients=("bob@example.com",)) == ()


def test_a_failure_about_a_mail_with_a_delay_in_its_subject_is_one() -> None:
    assert failed("Subject: Undeliverable: delayed shipment", recipients=("bob@example.com",)) == ("bob@example.com",)


def test_free_text_names_only_recipients_of_the_original() -> None:
    text = "Could not reach <Bob@example.com>. Ask help@example.net."
    assert failed(text=text, recipients=("carol@example.com", "bob@example.com")) == ("bob@example.com",)


def test_the_only_recipient_of_the_original_is_the_last_resort() -> None:
    assert failed(recipients=("bob@example.com",)) == ("bob@example.com",)
    assert failed(recipients=("Bob@example.com", "bob@example.com")) == ("Bob@example.com",)
    assert failed(recipients=("bob@example.com", "carol@example.com")) == ()


def test_those_of_a_notification_as_json() -> None:
    text = (
        '{"mail":{"destination":["x@example.com"]},"bounce":{"bouncedRecipients":[{"emailAddress":"bob@example.com"}]}}'
    )
    assert failed(text=text) == ("bob@example.com",)
    assert failed(text=text.removesuffix("]}}")) == ("bob@example.com",)  # cut off


def test_an_address_in_the_text_is_read_from_its_beginning() -> None:
    both = ("bob@example.com", "carol@example.com")
    assert failed(text="To <bob@example.com>: unknown user", recipients=both) == ("bob@example.com",)
    assert failed(text="To bcarol@example.com: unknown user", recipients=both) == ()


COPY = """Received: by mx.example.com
    with SMTP; now
From: ana@us.example
To: bob@example.com
Subject: Offer
"""


@pytest.mark.parametrize("after", ["", "\nHello Bob,\n", "--- end ---\n"])
def test_the_header_of_the_original_is_found_in_the_text(after: str) -> None:
    text = "Hi. This is the mail program.\n\n<bob@example.com>:\nUnknown user.\n\n--- Below is a copy.\n\n"
    assert failures.copied(text + COPY + after) == (text, COPY)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Subject: x\nTo: y\n\nFrom: z\nDate: now\n",
        "Reporting-MTA: dns; x\nFinal-Recipient: rfc822;x\nAction: failed\nStatus: 5.1.1\n",
        "    From: a@example.com\n    To: b@example.com\n    Subject: indented, as a human reader gets it\n",
    ],
)
def test_text_without_a_copied_header_stays_whole(text: str) -> None:
    assert failures.copied(text) == (text, "")


_LINES = st.sampled_from(
    [
        "From: a@x.example",
        "To: b@x.example",
        "Subject: c",
        "Action: failed",
        "Final-Recipient: rfc822;b@x.example",
        "",
        " d",
    ]
)


@given(st.lists(_LINES | st.text(max_size=20)).map("\n".join))
def test_any_text_is_read_and_nothing_of_it_changed(text: str) -> None:
    before, copy = failures.copied(text)
    assert text.startswith(before + copy)
    found = failed(status=text, text=before, recipients=("b@x.example",))
    assert all("@" in address for address in found)


def test_the_original_is_named_by_its_ids() -> None:
    blocks = [fields("Message-ID: <a@example.com>", "X-Microsoft-Original-Message-ID: <b@example.com>"),
              fields("Original-Message-ID: <a@example.com>", "In-Reply-To: <c@example.com>")]  # fmt: skip
    assert failures.reported_ids(blocks) == ("a@example.com", "b@example.com")
