"""Forwards that attach the original: which messages, how deep, how sure, and what is no forward."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.core.limits import ReadingLimits
from gateway.core.message import read_parts
from gateway.core.unwrap import attached, inline
from gateway.core.unwrap.original import EXACT, HIGH, LOW, MEDIUM, Unwrapped

FIXTURES = Path(__file__).parents[3] / "fixtures" / "attached"
FROM, ID, DATE = "From: bob@client.example", "Message-ID: <o1@client.example>", "Date: Tue, 04 Mar 2025 10:12:00 +0000"


def find(raw: bytes) -> Unwrapped | None:
    return attached.find(read_parts(raw), ReadingLimits())


def fixture(name: str) -> Unwrapped | None:
    return find((FIXTURES / f"{name}.eml").read_bytes())


def forward(*inner: str, part: str = "message/rfc822", head: str = "From: ana@us.example") -> bytes:
    parts = "".join(f"--b\r\nContent-Type: {part}\r\n\r\n{one}\r\n\r\nHello\r\n" for one in inner)
    date = "Date: Wed, 05 Mar 2025 08:00:00 +0100"
    return f"{head}\r\n{date}\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n{parts}--b--\r\n".encode()


def subjects(found: Unwrapped | None) -> list[str | None]:
    assert found is not None
    return [original.subject for original in found.chain]


def test_an_attached_message_is_the_original_and_the_text_before_it_a_note() -> None:
    found = fixture("01-one")
    assert found is not None
    assert (found.kind, found.note, found.findings) == ("attached_forward", "For the record.", ())
    (original,) = found.originals
    assert found.chain == (original,)
    assert original.from_ is not None
    assert (original.from_.name, original.from_.address) == ("Bob", "bob@client.example")
    assert (original.message_id, original.date_text) == ("o1@client.example", "Tue, 04 Mar 2025 10:12:00 +0000")
    assert (original.confidence, original.date_assumed) == (EXACT, False)
    assert original.message is not None
    assert original.message.text == original.text == "Hello,\n\nhere is our offer.\n"


def test_several_attached_messages_are_originals_in_order() -> None:
    found = fixture("02-three")
    assert found is not None
    assert [original.subject for original in found.originals] == ["Offer", "Second", "Third"]
    assert [original.message.automated for original in found.originals if original.message] == [None, None, "list"]
    assert subjects(found) == ["Offer"]


def test_the_outer_of_two_nested_messages_is_the_original() -> None:
    found = fixture("03-nested")
    assert found is not None
    assert [original.subject for original in found.originals] == ["FW: Offer"]
    assert subjects(found) == ["FW: Offer", "Offer"]


def test_four_levels_are_followed() -> None:
    found = fixture("04-too-deep")
    assert subjects(found) == ["FW 4", "FW 3", "FW 2", "FW 1"]
    assert found is not None
    assert found.findings == ("unwrap.too_deep",)


BLOCK = (
    f"Subject: Fwd: Offer\r\n\r\n---------- Forwarded message ---------\r\n{FROM}\r\n"
    "Date: Tue, 4 Mar 2025 at 10:12\r\nSubject: Offer\r\nTo: <dan@us.example>"
)


def test_the_chain_ends_in_the_text_of_the_deepest_message() -> None:
    found = find(forward(f"From: dan@us.example\r\n{ID}\r\n{BLOCK}"))
    assert subjects(found) == ["Fwd: Offer", "Offer"]
    assert found is not None
    assert len(found.originals) == 1


def test_an_unsure_forward_in_the_text_is_left_there() -> None:
    text = "On Tue, 4 Mar 2025 at 10:12, Kim <kim@client.example> wrote:\r\n> Hello"
    inner = f"{FROM}\r\n{ID}\r\nSubject: Fwd: Offer\r\n\r\n{text}"
    alone = inline.find(read_parts(inner.encode()), "Fwd: Offer", None)
    assert alone is not None
    assert alone.chain[0].confidence < HIGH
    assert subjects(find(forward(inner))) == ["Fwd: Offer"]


def test_text_counts_among_the_four_levels() -> None:
    level = f"From: dan@us.example\r\n{ID}\r\nSubject: x\r\nContent-Type: message/rfc822\r\n\r\n"
    assert len(subjects(find(forward(level * 2 + f"{FROM}\r\n{BLOCK}")))) == 4
    assert len(subjects(find(forward(level * 3 + f"{FROM}\r\n{BLOCK}")))) == 4


def test_a_message_without_an_author_ends_the_chain() -> None:
    inner = "Content-Type: message/rfc822\r\n\r\nSubject: y"
    assert subjects(find(forward(f"{FROM}\r\n{ID}\r\nSubject: x\r\n{inner}"))) == ["x"]


def test_an_encoded_file_that_is_named_as_mail_is_a_message() -> None:
    assert subjects(fixture("05-file")) == ["Offer"]


def test_a_file_named_as_mail_needs_author_and_date() -> None:
    kind = 'application/octet-stream; name="x.eml"'
    assert find(forward(f"{FROM}\r\n{DATE}", part=kind)) is not None
    assert find(forward(FROM, part=kind)) is None
    assert find(forward(DATE, part=kind)) is None
    assert find(forward(f"{FROM}\r\n{DATE}", part='application/octet-stream; name="x.bin"')) is None


@pytest.mark.parametrize("name", ["06-bounce", "07-returned-by-an-appliance", "09-outlook-items"])
def test_no_forward(name: str) -> None:
    assert fixture(name) is None


@pytest.mark.parametrize(
    ("head", "forwarded"),
    [
        ("From: ana@us.example\r\nTo: k1@forward.log.example", True),
        ("From: ana@us.example\r\nTo: bob@client.example", False),
        ("From: Bob@client.example\r\nTo: bob@client.example", True),
        ("From: postmaster@client.example", False),
        ("From: MAILER-DAEMON@client.example", False),
        ("Return-Path: <>\r\nFrom: ana@us.example", False),
        ("X-Failed-Recipients: kim@client.example\r\nFrom: ana@us.example", False),
        ("Return-Path: <ana@us.example>\r\nFrom: ana@us.example", True),
    ],
)
def test_a_mail_that_another_gives_back_to_its_author_is_no_forward(head: str, forwarded: bool) -> None:  # noqa: FBT001 - a table
    assert (find(forward(f"{FROM}\r\n{ID}", head=head)) is not None) is forwarded


def test_a_mail_given_back_may_show_its_author_in_the_return_path_alone() -> None:
    inner = f"From: other@client.example\r\n{ID}\r\nReturn-Path: <bob@client.example>"
    assert find(forward(inner, head="From: x@us.example\r\nTo: bob@client.example")) is None


def test_the_mark_of_a_journal_report_means_nothing_inside_a_forward() -> None:
    found = fixture("08-journal-report")
    assert found is not None
    assert (found.kind, found.journal) == ("attached_forward", None)
    assert found.originals[0].message_id == "report@us.example"


def test_a_journal_report_is_no_forward() -> None:
    assert find(forward(f"{FROM}\r\n{ID}", head="X-MS-Journal-Report:\r\nFrom: ana@us.example")) is None


@pytest.mark.parametrize(
    ("inner", "confidence"),
    [
        (f"{FROM}\r\n{ID}", EXACT),
        (f"{FROM}\r\n{DATE}", HIGH),
        (f"{FROM}\r\nSubject: draft", MEDIUM),
        (f"{FROM}\r\n{FROM}\r\n{ID}", MEDIUM),
        (f"{FROM}\r\nFrom:\r\n{ID}", MEDIUM),
        (f"{FROM}, kim@client.example\r\n{ID}", MEDIUM),
    ],
)
def test_confidence(inner: str, confidence: float) -> None:
    found = find(forward(inner))
    assert found is not None
    assert found.originals[0].confidence == confidence


def test_a_message_without_an_author_is_nothing_alone_and_unsure_among_others() -> None:
    assert find(forward(f"Subject: x\r\n{ID}")) is None
    found = find(forward(f"Subject: x\r\n{ID}", f"{FROM}\r\n{ID}\r\nSubject: y"))
    assert found is not None
    assert [original.confidence for original in found.originals] == [LOW, EXACT]
    assert subjects(found) == ["y"]


def test_a_message_without_a_date_has_that_of_the_forward() -> None:
    found = find(forward(f"{FROM}\r\n{ID}"))
    assert found is not None
    (original,) = found.originals
    assert original.date is not None
    assert (original.date.isoformat(), original.date_assumed) == ("2025-03-05T08:00:00+01:00", True)


def test_a_forward_without_a_note_has_none() -> None:
    found = find(
        f"From: ana@us.example\r\nContent-Type: message/global\r\n\r\n{FROM}\r\n{ID}\r\n\r\nHello\r\n".encode()
    )
    assert found is not None
    assert found.note is None


@given(
    st.lists(st.sampled_from([FROM, ID, "\r\n", "--b\r\n", "Content-Type: message/rfc822\r\n", "\0", "x"]), max_size=20)
)
@settings(max_examples=100, deadline=None)
def test_nothing_raises_and_nothing_unsure_leads(pieces: list[str]) -> None:
    found = find(forward("".join(pieces)))
    assert found is None or (0 < len(found.chain) <= 4 and found.chain[0].confidence > LOW)
