"""Reports by machines: their class, whom they could not reach, which message they are about."""

import pytest

from gateway.core import headers, reports
from gateway.core.limits import ReadingLimits
from gateway.core.model import HeaderField


def fields(*lines: str) -> tuple[HeaderField, ...]:
    return headers.split("\r\n".join([*lines, "", ""]).encode(), ReadingLimits()).fields


def classify(
    *lines: str, types: tuple[str, ...] = ("text/plain",), null_path: bool = False, host: str = ""
) -> str | None:
    return reports.classify(fields(*lines), types, null_path=null_path, our_host=host)


@pytest.mark.parametrize(
    ("content_type", "report"),
    [
        ("multipart/report;delivery-status", "dsn"),
        ("message/delivery-status", "dsn"),
        ("message/global-delivery-status", "dsn"),
        ("multipart/report;disposition-notification", "mdn"),
        ("multipart/report;feedback-report", "feedback_report"),
        ("multipart/report;tlsrpt", "feedback_report"),
        ("application/tlsrpt+gzip", "feedback_report"),
        ("text/calendar", None),
        ("message/rfc822", None),
    ],
)
def test_report_types_name_the_class(content_type: str, report: str | None) -> None:
    assert classify("From: a@example.com", types=("multipart/mixed", content_type)) == report


def test_more_than_four_hops_through_us_are_a_loop() -> None:
    ours = "Received: from x by Gate.Example with SMTP; now"
    assert classify(*[ours] * 4, host="gate.example") is None
    assert classify(*[ours] * 5, host="gate.example") == "loop"
    assert classify(*["Received: from gate.example by x"] * 9, host="gate.example") is None
    assert classify(*[ours] * 9, host="") is None


@pytest.mark.parametrize(
    ("lines", "null_path", "report"),
    [
        (["X-Failed-Recipients: bob@example.com"], False, "bounce"),
        (["From: MAILER-DAEMON@example.com"], True, "bounce"),
        (["From: Postmaster <postmaster@example.com>"], True, "bounce"),
        (["From: MAILER-DAEMON <>", "Subject: Mail delivery failed"], False, "bounce"),
        (["From: <>"], True, "bounce"),
        (["From: postmaster@example.com", "Subject: Undeliverable: offer"], False, "bounce"),
        (["From: postmaster@example.com", "Subject: Your question"], False, None),
        (["From: ana@example.com", "Subject: Re: Undeliverable: offer"], False, None),
        (["From: ana@example.com", "Subject: Undeliverable goods"], False, None),
        (["From: ana@example.com"], True, None),
    ],
)
def test_bounces_without_report(lines: list[str], null_path: bool, report: str | None) -> None:  # noqa: FBT001 - a table
    assert classify(*lines, null_path=null_path) == report


def test_returned_headers_from_a_mailer_are_a_bounce() -> None:
    types = ("multipart/mixed", "text/rfc822-headers")
    assert classify("From: postmaster@example.com", types=types) == "bounce"
    assert classify("From: ana@example.com", types=types) is None


def test_aggregate_reports_are_told_by_subject_and_archive() -> None:
    subject = "Subject: Report Domain: example.com Submitter: example.net Report-ID: 1"
    assert classify(subject, types=("application/gzip",)) == "feedback_report"
    assert classify(subject, types=("text/plain",)) is None


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
    found = reports.failed_recipients((), [STATUS], "", [])
    assert found == ("bob+tag@example.com", "jürgen@example.com", "dave@example.com")


def test_a_field_names_them_where_no_block_does() -> None:
    listed = fields("X-Failed-Recipients: bob@example.com, carol@example.com")
    assert reports.failed_recipients(listed, [], "", ["x@example.com"]) == ("bob@example.com", "carol@example.com")


def test_free_text_names_only_recipients_of_the_original() -> None:
    text = "Could not reach <Bob@example.com>. Ask help@example.net."
    assert reports.failed_recipients((), [], text, ["carol@example.com", "bob@example.com"]) == ("bob@example.com",)


def test_the_only_recipient_of_the_original_is_the_last_resort() -> None:
    assert reports.failed_recipients((), [], "", ["bob@example.com"]) == ("bob@example.com",)
    assert reports.failed_recipients((), [], "", ["bob@example.com", "carol@example.com"]) == ()


def test_the_original_is_named_by_its_ids() -> None:
    blocks = [fields("Message-ID: <a@example.com>", "X-Microsoft-Original-Message-ID: <b@example.com>"),
              fields("Original-Message-ID: <a@example.com>", "In-Reply-To: <c@example.com>")]  # fmt: skip
    assert reports.reported_ids(blocks) == ("a@example.com", "b@example.com")
