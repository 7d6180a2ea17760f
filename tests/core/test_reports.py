"""Reports by machines about other messages: their class."""

import pytest

from gateway.core import reports
from gateway.core.message import Values, read


def values(*lines: str) -> Values:
    return read("\r\n".join([*lines, "", ""]).encode()).values


def classify(
    *lines: str,
    types: tuple[str, ...] = ("text/plain",),
    null_path: bool = False,
    host: str = "",
    text: str = "",
) -> str | None:
    return reports.classify(values(*lines), types, null_path=null_path, our_host=host, text=text)


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
        (["From: MAILER-DAEMON@example.com"], False, "bounce"),
        (["From: ana@example.com", "X-MS-Exchange-Message-Is-Ndr: "], False, "bounce"),
        (["From: ana@example.com", "Subject: failure notice"], True, "bounce"),
        (["Subject: failure notice"], False, "bounce"),
        (["Subject: Offer"], False, None),
        (["From: System Administrator <a@example.com>", "Subject: Unzustellbar: Angebot"], False, "bounce"),
        (["From: no-reply@example.com", "Subject: Delivery failed"], False, None),
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


WORDS = "Your message could not be delivered.\n550 5.1.1 User unknown"
ORIGINAL = ("multipart/mixed", "text/plain", "message/rfc822")


@pytest.mark.parametrize("sender", ["From: postmaster@example.com", "From: <>", "X-No-From: 1"])
def test_words_of_a_mailer_need_what_programs_print_or_the_original(sender: str) -> None:
    assert classify(sender, text=WORDS) == "bounce"
    assert classify(sender, text="Your message could not be delivered.") is None
    assert classify(sender, text="Your message could not be delivered.", types=ORIGINAL) == "bounce"
    assert classify(sender, text="550 5.1.1 sorry", types=ORIGINAL) is None


def test_words_of_a_person_need_a_null_path() -> None:
    assert classify("From: ana@example.com", text=WORDS, types=ORIGINAL) is None
    assert classify("From: ana@example.com", text=WORDS, null_path=True) == "bounce"


def test_a_letter_by_a_postmaster_is_none_unless_its_path_is_null() -> None:
    letter = "Hi Ana,\n\n" + WORDS
    assert classify("From: postmaster@example.com", text=letter) is None
    assert classify("From: ana@example.com", text=letter, null_path=True) == "bounce"


@pytest.mark.parametrize("mark", ["From: no-reply@example.com", "Auto-Submitted: auto-generated"])
def test_a_program_of_another_kind_needs_subject_words_and_original(mark: str) -> None:
    lines = ["From: shop@example.com", "Subject: Undelivered mail"]
    lines = [mark, lines[1]] if mark.startswith("From") else [*lines, mark]
    assert classify(*lines, text=WORDS, types=ORIGINAL) == "bounce"
    assert classify(*lines, text=WORDS) is None
    assert classify(*lines, text="See below", types=ORIGINAL) is None
    assert classify(lines[0], *lines[2:], "Subject: Offer", text=WORDS, types=ORIGINAL) is None


def test_a_report_without_its_type_is_a_machines() -> None:
    types = ("multipart/report", "text/plain", "message/rfc822")
    assert classify("From: ana@example.com", text=WORDS, types=types) == "bounce"
    assert classify("From: ana@example.com", "Subject: failure notice", types=types) == "bounce"
    assert classify("From: ana@example.com", text="Hello", types=types) is None


def test_a_receipt_of_certified_mail_is_a_delivery_notice() -> None:
    assert classify("From: ana@example.com", "X-Ricevuta: avvenuta-consegna") == "dsn"
    assert classify("From: ana@example.com", "X-Trasporto: posta-certificata") is None


@pytest.mark.parametrize(
    ("subject", "text"),
    [
        ("Read: Offer", "Your message\n\n  To: Bob\n  Subject: Offer\n\nwas read on 1/2/2024 10:00."),
        ("Not read: Offer", "Your message was deleted without being read on 1 May."),
        ("Gelesen: Angebot", "Ihre Nachricht wurde am 1. Mai um 10 Uhr gelesen."),
        ("Lu : Offre", "Votre message a été lu le 1 mai."),
    ],
)
def test_a_receipt_in_plain_text_has_the_subject_and_the_sentence(subject: str, text: str) -> None:
    assert classify(f"Subject: {subject}", text=text) == "mdn"
    assert classify(f"Subject: {subject}", text="Chapter three is good.") is None
    assert classify(f"Subject: Re: {subject}", text=text) is None


@pytest.mark.parametrize(
    ("line", "types", "text"),
    [
        ("Subject: complaint about message from 192.0.2.1", ORIGINAL, ""),
        ("Subject: Email Feedback Report for IP 192.0.2.1", ORIGINAL, ""),
        ("Subject: Client TOS Notification", ORIGINAL, ""),
        ("Subject: FW: Offer", ORIGINAL, "This is an email abuse report for an email message received from 192.0.2.1"),
        ("Subject: x", ("multipart/report", "text/plain"), "x\n\nFeedback-Type: abuse\nVersion: 1"),
        ("X-ARF: Yes", ("text/plain",), ""),
        ("X-XARF: PLAIN", ("text/plain",), ""),
        ("X-SpamCop-sourceip: 192.0.2.1", ("text/plain",), ""),
        ("X-Apple-Unsubscribe: true", ("text/plain",), ""),
    ],
)
def test_complaints_of_every_age(line: str, types: tuple[str, ...], text: str) -> None:
    assert classify("From: ana@example.com", line, "Auto-Submitted: auto-replied", types=types, text=text) == (
        "feedback_report"
    )


@pytest.mark.parametrize(
    ("line", "types", "text"),
    [
        ("Subject: complaint about message from 192.0.2.1", ("text/plain",), ""),
        ("Subject: complaint about message from Bob", ORIGINAL, ""),
        ("Subject: FW: Offer", ORIGINAL, "Look: This is an email abuse report for an email message received from"),
        ("Subject: x", ("text/plain",), "Feedback-Type: abuse"),
        ("X-Apple-Unsubscribe: false", ("text/plain",), ""),
    ],
)
def test_what_only_speaks_of_complaints(line: str, types: tuple[str, ...], text: str) -> None:
    assert classify("From: ana@example.com", line, types=types, text=text) is None


@pytest.mark.parametrize(
    ("kind", "report"),
    [("Bounce", "dsn"), ("Delivery", "dsn"), ("Complaint", "feedback_report"), ("Open", None)],
)
def test_a_notification_as_json_by_its_type(kind: str, report: str | None) -> None:
    text = f'{{"notificationType":"{kind}","mail":{{}}}}'
    assert classify("From: no-reply@example.com", "X-Amz-Sns-Message-Id: 1", text=text) == report
    assert classify("From: no-reply@example.com", text=text) is None


def test_aggregate_reports_are_told_by_subject_and_archive() -> None:
    subject = "Subject: Report Domain: example.com Submitter: example.net Report-ID: 1"
    assert classify(subject, types=("application/gzip",)) == "feedback_report"
    assert classify(subject.replace(": ", ": [Preview] ", 1), types=("application/zip",)) == "feedback_report"
    assert classify(subject, types=("text/plain",)) is None
    assert classify("Subject: Report for example.com", types=("application/gzip",)) is None
