"""Journal reports: their marks, their grammar line by line, and the message they carry."""

from pathlib import Path

import pytest
from fakes.effort import bounded
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.core.limits import ReadingLimits
from gateway.core.message import read_parts
from gateway.core.unwrap import journal
from gateway.core.unwrap.original import EXACT, HIGH, JournalRecipient, Original, Unwrapped

FIXTURES = Path(__file__).parents[3] / "fixtures" / "journals"
INNER = (
    b"From: Bob <bob@client.example>\r\nTo: ana@us.example\r\nSubject: Offer\r\nMessage-ID: <o1@client.example>\r\n"
    b"Date: Tue, 04 Mar 2025 10:12:00 +0000\r\n\r\nHello\r\n"
)
HEAD = ("Sender: bob@client.example", "Subject: Offer", "Message-ID: <o1@client.example>")
TO_ANA = "Recipient: ana@us.example"
BOTH = (JournalRecipient("ana@us.example", "unknown"), JournalRecipient("dan@us.example", "unknown"))


def find(
    raw: bytes, *, captures: bool = False, alternate: bool = True, labels: tuple[str, ...] = ()
) -> Unwrapped | None:
    return journal.find(read_parts(raw), ReadingLimits(), captures=captures, alternate=alternate, labels=labels)


def mail(*parts: bytes, mark: str = "X-MS-Journal-Report:", kind: str = "multipart/mixed") -> bytes:
    head = f"{mark}\r\nFrom: x@us.example\r\nContent-Type: {kind}; boundary=b\r\n\r\n".encode()
    return head + b"".join(b"--b\r\n" + part + b"\r\n" for part in parts) + b"--b--\r\n"


def attached(inner: bytes = INNER) -> bytes:
    return b"Content-Type: message/rfc822\r\n\r\n" + inner


def text(*lines: str) -> bytes:
    return b"Content-Type: text/plain; charset=utf-8\r\n\r\n" + "\r\n".join(lines).encode()


def report(*lines: str, inner: bytes = INNER, mark: str = "X-MS-Journal-Report:") -> Unwrapped:
    found = find(mail(text(*lines), attached(inner), mark=mark))
    assert found is not None
    return found


def recipients(*lines: str) -> tuple[JournalRecipient, ...]:
    found = report(*HEAD, *lines)
    assert found.journal is not None
    return found.journal.recipients


def fixture(name: str, *, captures: bool = False) -> Unwrapped:
    found = find((FIXTURES / f"{name}.eml").read_bytes(), captures=captures)
    assert found is not None
    assert found.journal is not None
    return found


def only(found: Unwrapped) -> Original:
    (original,) = found.originals
    assert found.chain == found.originals
    return original


@pytest.mark.parametrize(
    "name", ["01-inbound", "03-workmail", "04-older", "05-citadel", "06-older-html", "07-returned", "10-protected"]
)
def test_each_form_of_report_gives_its_recipients_and_its_message(name: str) -> None:
    found = fixture(name)
    assert found.kind == "journal"
    assert found.findings == ()
    assert found.journal is not None
    assert (found.journal.sender, found.journal.message_id) == ("bob@client.example", "o1@client.example")
    assert found.journal.recipients == BOTH
    original = only(found)
    assert (original.subject, original.message_id, original.confidence) == ("Offer", "o1@client.example", EXACT)
    assert original.text == "Hello,\n\nhere is our offer.\n"


def test_every_line_of_the_grammar_is_read() -> None:
    found = fixture("02-delegate")
    assert found.findings == ()
    assert found.journal is not None
    assert (found.journal.sender, found.journal.on_behalf_of) == ("ana@us.example", "zoe@us.example")
    assert found.journal.subject == "Angebot für März"
    assert found.journal.recipients == (
        JournalRecipient("bob@client.example", "to"),
        JournalRecipient("dan@us.example", "cc", "dl@us.example"),
        JournalRecipient("ivy@us.example", "cc", "dl@us.example"),
        JournalRecipient("kim@client.example", "bcc"),
        JournalRecipient("backup@us.example", "to", "carl@us.example", forwarded=True),
        JournalRecipient("EX:/o=Us/ou=Office/cn=Recipients/cn=max", "to"),
    )


def test_the_whole_message_comes_along() -> None:
    message = only(fixture("01-inbound")).message
    assert message is not None
    assert message.first("to") == "ana@us.example"


def test_prose_in_the_report_is_malformed_and_the_rest_is_read() -> None:
    found = fixture("08-extra-prose")
    assert found.findings == ("journal.malformed",)
    assert found.journal is not None
    assert found.journal.recipients == BOTH
    assert only(found).confidence < HIGH


def test_a_report_in_a_report_stays_wrapped() -> None:
    found = fixture("09-report-in-report")
    assert "unwrap.too_deep" in found.findings
    assert only(found).message_id == "report@us.example"
    assert only(found).confidence < HIGH


def test_of_a_protected_message_the_clear_copy_counts() -> None:
    message = only(fixture("10-protected")).message
    assert message is not None
    assert message.attachments == ()


def test_a_protected_message_and_another_one_are_malformed() -> None:
    raw = (FIXTURES / "10-protected.eml").read_bytes()
    found = find(b"<o2@".join(raw.rsplit(b"<o1@", 1)))
    assert found is not None
    assert found.findings == ("journal.malformed",)


def test_a_null_sender_is_sound_and_the_message_gets_the_id_that_the_report_tells() -> None:
    found = fixture("12-null-sender")
    assert found.findings == ()
    assert found.journal is not None
    assert found.journal.sender == ""
    original = only(found)
    assert original.message is not None
    assert original.message_id == original.message.message_id == "given@us.example"


def test_a_capture_copy_is_read_only_where_asked_for() -> None:
    found = fixture("11-capture", captures=True)
    assert found.journal is not None
    assert (found.findings, found.journal.recipients, found.journal.sender) == ((), BOTH, "")
    assert only(found).message_id == "o1@client.example"
    assert find((FIXTURES / "11-capture.eml").read_bytes()) is None


def test_a_report_of_failure_is_no_capture_copy() -> None:
    raw = (FIXTURES / "11-capture.eml").read_bytes()
    assert find(raw.replace(b"Action: delivered", b"Action: failed"), captures=True) is None
    assert find(raw.replace(b"Return-Path: <>", b"Return-Path: <eve@rival.example>"), captures=True) is None


@pytest.mark.parametrize(
    "mark",
    [
        "X-MS-Journal-Report:",
        "x-ms-journal-report: anything",
        "X-WM-Journal-Report: Journal",
        "Content-Identifier: ExJournalReport",
        "Content-Identifer: EXJOURNALREPORT",
    ],
)
def test_the_mark_makes_the_report(mark: str) -> None:
    assert report(*HEAD, TO_ANA, mark=mark).findings == ()


@pytest.mark.parametrize(
    "mark",
    [
        "X-WM-Journal-Report: no",
        "Content-Identifier: other",
        "X-MS-Exchange-Organization-Journal-Report:",
        "Subject: Journal report",
    ],
)
def test_without_a_mark_it_is_ordinary_mail(mark: str) -> None:
    assert find(mail(text(*HEAD, TO_ANA), attached(), mark=mark)) is None


@pytest.mark.parametrize(
    "lines",
    [
        (HEAD[0], HEAD[2], HEAD[1], TO_ANA),
        ("SENDER:bob@client.example", "subject:", "message-id:<o1@client.example>", "RECIPIENT:<ana@us.example>"),
        (*HEAD, "Label: " + "x" * 255, "SentUtc: 3/4/2025 10:12:00 AM", TO_ANA),
        (HEAD[0], "", HEAD[1], HEAD[2], "", TO_ANA, ""),
        ("Sender: EX:/o=Us/cn=bob", *HEAD[1:], TO_ANA),
        (*HEAD, "To: smtp:ana@us.example"),
        (*HEAD, 'To: "ana, s"@us.example, Expanded: dl@us.example'),
    ],
)
def test_sound(lines: tuple[str, ...]) -> None:
    assert report(*lines).findings == ()


@pytest.mark.parametrize(
    "lines",
    [
        ("Dear archive,", *HEAD, TO_ANA),
        (*HEAD, "Remark: none", TO_ANA),
        (HEAD[0], *HEAD, TO_ANA),
        (*HEAD, "Subject: Other", TO_ANA),
        (HEAD[0], HEAD[1], "Bcc: eve@rival.example", HEAD[2], TO_ANA),
        (*HEAD[1:], TO_ANA),
        (HEAD[0], HEAD[2], TO_ANA),
        HEAD,
        (*HEAD, TO_ANA, "Label: late"),
        (*HEAD, "Label:", TO_ANA),
        (*HEAD, "Label: " + "x" * 256, TO_ANA),
        (*HEAD, "To:"),
        (*HEAD, "To: <>"),
        (*HEAD, "To: Ana"),
        (*HEAD, "Bcc: {3}"),
        (*HEAD, "To: ana@us.example dan@us.example"),
        (*HEAD, "To: ana@us.example, Copied: dl@us.example"),
        (*HEAD, "To: ana@us.example, Expanded: dl@us.example, Forwarded: dan@us.example"),
        (*HEAD, "To: ana@us.example, Expanded:"),
        (*HEAD, "To: " + "(x)" * 400 + "ana@us.example"),
        ("Sender: Bob", *HEAD[1:], TO_ANA),
        ("Sender:", *HEAD[1:], TO_ANA),
        (HEAD[0], "On-Behalf-Of:", *HEAD[1:], TO_ANA),
    ],
)
def test_malformed(lines: tuple[str, ...]) -> None:
    found = report(*lines)
    assert found.findings[0] == "journal.malformed"
    assert only(found).message_id == "o1@client.example"


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("To: m@us.example", JournalRecipient("m@us.example", "to")),
        ("cc: <m@us.example>", JournalRecipient("m@us.example", "cc")),
        ("BCC: m@us.example, expanded: dl@us.example", JournalRecipient("m@us.example", "bcc", "dl@us.example")),
        (
            "Recipient: m@us.example,Forwarded:<o@us.example>",
            JournalRecipient("m@us.example", "unknown", "o@us.example", forwarded=True),
        ),
        ("To: /o=Us/cn=max", JournalRecipient("/o=Us/cn=max", "to")),
    ],
)
def test_recipient_line(line: str, expected: JournalRecipient) -> None:
    assert recipients(line) == (expected,)


def test_a_subject_that_smuggles_a_line_in_breaks_the_order() -> None:
    found = report(HEAD[0], "Subject: Hi", "Recipient: eve@rival.example", HEAD[2], TO_ANA)
    assert found.findings == ("journal.malformed",)


def test_other_line_ends_of_unicode_end_no_line() -> None:
    found = report(HEAD[0], "Subject: a\u2028Bcc: eve@rival.example\x0bCc: x@us.example", HEAD[2], TO_ANA)
    assert found.findings == ()
    assert found.journal is not None
    assert found.journal.recipients == BOTH[:1]


@pytest.mark.parametrize(
    "parts",
    [
        (text(*HEAD, TO_ANA),),
        (text(*HEAD, TO_ANA), b"Content-Type: image/png\r\n\r\nx"),
        (text(*HEAD, TO_ANA), attached(b"no message at all")),
    ],
)
def test_without_a_message_there_is_no_original(parts: tuple[bytes, ...]) -> None:
    found = find(mail(*parts))
    assert found is not None
    assert (found.originals, found.findings) == ((), ("journal.malformed",))
    assert found.journal is not None
    assert found.journal.recipients == BOTH[:1]


@pytest.mark.parametrize(
    "more",
    [attached(INNER.replace(b"o1@", b"o2@")), attached(), text("Prose behind."), b"Content-Type: image/png\r\n\r\nx"],
)
def test_anything_beside_report_and_message_is_malformed(more: bytes) -> None:
    found = find(mail(text(*HEAD, TO_ANA), attached(), more))
    assert found is not None
    assert found.findings == ("journal.malformed",)
    assert only(found).message_id == "o1@client.example"


@pytest.mark.parametrize(
    ("sender", "findings"),
    [
        ("Sender: BOB@client.example", ()),
        ("Sender: pa@client.example\r\nOn-Behalf-Of: bob@client.example", ()),
        ("Sender: eve@rival.example", ("sender.unverified",)),
        ("Sender: eve@rival.example\r\nOn-Behalf-Of: kim@client.example", ("sender.unverified",)),
    ],
)
def test_an_author_whom_the_report_does_not_name_is_unverified(sender: str, findings: tuple[str, ...]) -> None:
    assert report(sender, *HEAD[1:], TO_ANA).findings == findings


def test_an_id_of_the_message_itself_stays() -> None:
    assert only(report(HEAD[0], HEAD[1], "Message-ID: <other@us.example>", TO_ANA)).message_id == "o1@client.example"


@pytest.mark.parametrize(
    "listed",
    [
        ('"Ana" <smtp:ana@us.example>,', '"Dan" <smtp:dan@us.example>'),
        ('"Ana" <smtp:ana@us.example>, "Dan, of Sales" <SMTP:dan@us.example>,',),
        ("\tana@us.example", "\tDan <dan@us.example>"),
        ("ana@us.example", "dan@us.example"),
        ("ana@us.example; dan@us.example",),
        ('"Ana of the long name"', "  <smtp:ana@us.example>,", "Dan <smtp:dan@", " us.example>"),
    ],
)
def test_lists_of_the_older_form(listed: tuple[str, ...]) -> None:
    found = report(
        'Sender: "Bob"',
        " <smtp:bob@client.example>",
        "Message-ID:",
        "\t" + "<o1@client.example>",
        "Recipients:",
        *listed,
    )
    assert found.findings == ()
    assert found.journal is not None
    assert (found.journal.sender, found.journal.message_id) == ("bob@client.example", "o1@client.example")
    assert found.journal.recipients == BOTH


@pytest.mark.parametrize("listed", [(), ("Ana",), ('"Ana" <smtp:ana@us.example>', "and some prose")])
def test_broken_lists_of_the_older_form(listed: tuple[str, ...]) -> None:
    assert report("Sender: bob@client.example", "Recipients:", *listed).findings == ("journal.malformed",)


def test_ten_thousand_recipients_are_read_and_no_more() -> None:
    lines = [f"To: u{number}@us.example" for number in range(10_001)]
    allowed, more = report(*HEAD, *lines[:-1]), report(*HEAD, *lines)
    assert allowed.journal is not None
    assert len(allowed.journal.recipients) == 10_000
    assert (allowed.findings, more.findings) == ((), ("journal.malformed",))


def test_a_report_of_more_than_a_mebibyte_is_malformed() -> None:
    assert report(*HEAD, TO_ANA, "\r\n" * 524_288).findings == ("journal.malformed",)


def tokens(found: Unwrapped | None) -> tuple[str, ...]:
    assert found is not None
    assert found.journal is not None
    return found.journal.tokens


def test_a_returned_report_is_believed_from_the_alternate_mailbox_only() -> None:
    raw = (FIXTURES / "07-returned.eml").read_bytes()
    found = find(raw, alternate=False)
    assert found is not None
    assert (found.kind, found.originals, found.findings) == ("none", (), ("journal.untrusted_peer",))
    assert "dan@us.example" in tokens(found)
    direct = find(mail(text(*HEAD, TO_ANA), attached()), alternate=False)
    assert direct is not None
    assert direct.kind == "journal"


def test_labels_are_lines_that_may_stand_anywhere_and_several_times() -> None:
    lines = ("Classification: a", *HEAD, "classification : b", TO_ANA, "Classification:")
    raw = mail(text(*lines), attached())
    assert [f.findings for f in (find(raw, labels=("classification",)), find(raw)) if f] == [(), ("journal.malformed",)]


def test_a_label_makes_no_line_of_the_grammar_stand_twice() -> None:
    found = find(mail(text(*HEAD, HEAD[1], TO_ANA), attached()), labels=("subject",))
    assert found is not None
    assert found.findings == ("journal.malformed",)


@pytest.mark.parametrize(
    "raw",
    [
        mail(attached(), text(*HEAD, TO_ANA)),
        mail(text(*HEAD, TO_ANA), attached(), kind="multipart/related"),
        mail(text(*HEAD, TO_ANA), attached(), kind="multipart/report"),
        mail(text("<br>".join((*HEAD[:2], "Message-ID: x", TO_ANA))).replace(b"plain", b"html"), attached()),
        mail(text(HEAD[0], "To: ana@us.example", "Recipients:", "dan@us.example"), attached()),
        mail(text(*HEAD), text(TO_ANA), attached()),
    ],
)
def test_parts_of_another_shape_or_order_are_malformed(raw: bytes) -> None:
    found = find(raw)
    assert found is not None
    assert found.findings == ("journal.malformed",)
    assert found.journal is not None
    assert found.journal.recipients[0].address == "ana@us.example"
    assert only(found).message_id == "o1@client.example"


def test_everything_address_like_is_told_but_for_subject_and_id() -> None:
    more = ("Copied: jo@lawyer.example", "To: Eve@rival.example <ana@us.example>")
    newer = report(HEAD[0], "Subject: about kim@client.example", HEAD[2], *more)
    assert set(tokens(newer)) == {"bob@client.example", "jo@lawyer.example", "Eve@rival.example", "ana@us.example"}
    older = report(HEAD[0], "Recipients:", '"eve@rival.example" <ana@us.example>,', "dan@us.example")
    assert set(tokens(older)) == {"bob@client.example", "eve@rival.example", "ana@us.example", "dan@us.example"}


@pytest.mark.parametrize(
    ("line", "unreadable"),
    [
        ("To: a@@b.example", True),
        ("To: ana@us.example dan@us.example", True),
        ("To: ana@us.example, Expanded: d l@us.example", True),
        ("To: Ana", False),
        ("To: EX:/o=Us/cn=a@b", False),
    ],
)
def test_what_might_be_an_address_and_cannot_be_read_is_told(line: str, unreadable: bool) -> None:  # noqa: FBT001 — a parameter
    found = report(*HEAD, line).journal
    assert found is not None
    assert found.unreadable is unreadable


def nested(inner: bytes, number: int) -> bytes:
    """A report about another message, with boundaries of its own."""
    whole = mail(text(*HEAD, f"To: level{number}@us.example"), attached(inner))
    return whole.replace(b"--b", b"--n%d" % number).replace(b"boundary=b", b"boundary=n%d" % number)


def test_whom_reports_inside_name_is_told_and_too_many_of_them_are_unreadable() -> None:
    raw = INNER
    for number in range(1, 5):
        raw = nested(raw, number)
    found, deeper = find(raw), find(nested(raw, 5))
    assert {f"level{n}@us.example" for n in range(1, 5)} <= set(tokens(found))
    assert [f.journal.unreadable for f in (found, deeper) if f and f.journal] == [False, True]


def bounce(inner: bytes, number: int = 0) -> bytes:
    kind = "multipart/report; report-type=delivery-status"
    whole = mail(b"Content-Type: message/delivery-status\r\n\r\nAction: failed", mark="X-Bounce: x", kind=kind)
    whole = whole.replace(b"--b--", b"--b\r\n" + attached(b"(inner)") + b"\r\n--b--")
    mark = b"d%d" % number
    return whole.replace(b"--b", b"--" + mark).replace(b"boundary=b", b"boundary=" + mark).replace(b"(inner)", inner)


def test_a_report_is_found_behind_four_bounces_and_no_more() -> None:
    raw = mail(text(*HEAD, TO_ANA), attached())
    for number in range(4):
        raw = bounce(raw, number)
    found = find(raw)
    assert found is not None
    assert only(found).message_id == "o1@client.example"
    assert find(bounce(raw, 4)) is None


def test_another_id_in_the_message_is_told() -> None:
    assert report(HEAD[0], HEAD[1], "Message-ID: <other@us.example>", TO_ANA).findings == ("journal.id_differs",)
    assert report(HEAD[0], HEAD[1], "Message-ID: <O1@CLIENT.example>", TO_ANA).findings == ()


def test_of_a_protected_message_without_a_clear_copy_only_the_header_can_be_read() -> None:
    part = b"Content-Type: application/x-microsoft-rpmsg-message\r\n\r\nx"
    head = b"\r\nContent-Type: multipart/mixed; boundary=i\r\n\r\n--i\r\n"
    inner = INNER.replace(b"\r\n\r\nHello", head + part + b"\r\n--i--")
    message = only(report(*HEAD, TO_ANA, inner=inner)).message
    assert message is not None
    assert "body.protected" in message.findings


@pytest.mark.parametrize("filler", [" ", ",", ", ", "<", '"', "@", ":", "\t\r\n", ", Expanded: "])
@pytest.mark.parametrize("before", ["To: ana@us.example", "Recipients:\r\n"])
def test_a_long_line_takes_no_longer_than_its_length_tells(before: str, filler: str) -> None:
    lines = (*HEAD, before + filler * (200_000 // len(filler)) + "dan@us.example")
    with bounded():
        report(*lines)


_PIECES = st.one_of(
    st.sampled_from(
        [*HEAD, TO_ANA, "Recipients:", "\r\n", "\n\t", "<", ">", '"', ",", ", Expanded: ", "smtp:", "To:", "@", "\0"]
    ),
    st.text(max_size=8),
)


@given(st.lists(_PIECES, max_size=30), st.sampled_from(["text/plain", "text/html", "text/plain; charset=utf-16"]))
@settings(max_examples=100, deadline=None)
def test_no_report_whatever_raises(pieces: list[str], content_type: str) -> None:
    part = f"Content-Type: {content_type}\r\n\r\n".encode() + "\r\n".join(pieces).encode()
    found = find(mail(part, attached()))
    assert found is not None
    assert found.journal is not None
    assert only(found).subject == "Offer" if found.originals else "journal.malformed" in found.findings
