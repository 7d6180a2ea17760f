"""The header block: one reading of odd lines, spans that cover it, limits and findings."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.core.headers import split, without_comments
from gateway.core.limits import ReadingLimits

LIMITS = ReadingLimits()


def names(raw: bytes) -> list[str]:
    return [f.name for f in split(raw, LIMITS).fields]


def test_values_are_unfolded_and_spans_hold_the_whole_field() -> None:
    raw = b"Subject: one\r\n\ttwo\r\nTo: a@b.example\r\n\r\nbody"
    block = split(raw, LIMITS)
    assert [(f.name, f.value) for f in block.fields] == [("Subject", "one\ttwo"), ("To", "a@b.example")]
    assert [raw[f.start : f.end] for f in block.fields] == [b"Subject: one\r\n\ttwo\r\n", b"To: a@b.example\r\n"]
    assert raw[block.body :] == b"body"
    assert (block.findings, block.breaches) == ((), ())


@pytest.mark.parametrize("head", [b"A: b\n\n", b"A: b\r\n\r\n", b"A: b\n\r\n", b"A: b\r\n\n"])
@pytest.mark.parametrize("body", [b"body", b"C: d\n\nmore", b"C: d\r\n\r\nmore"])
def test_the_first_blank_line_ends_the_block_whatever_its_line_end(head: bytes, body: bytes) -> None:
    block = split(head + body, LIMITS)
    assert [(f.name, f.value) for f in block.fields] == [("A", "b")]
    assert block.body == len(head)


def test_values_are_utf8_or_else_latin1() -> None:
    block = split(b"A: gr\xc3\xbcn\r\nB: gr\xfcn\r\n\r\n", LIMITS)
    assert [f.value for f in block.fields] == ["grün", "grün"]


def test_the_separator_of_a_mailbox_file_is_no_field_and_no_finding() -> None:
    block = split(b"From alice@example.com Mon Jan  1 10:00:00 2024\nA: b\n\nbody", LIMITS)
    assert [f.name for f in block.fields] == ["", "A"]
    assert block.findings == ()


def test_reading_goes_on_behind_a_line_that_is_no_field() -> None:
    block = split(b"A: b\r\nno field here\r\nC: d\r\n\r\n", LIMITS)
    assert [(f.name, f.value) for f in block.fields] == [("A", "b"), ("", "no field here"), ("C", "d")]
    assert block.findings == ("header.stray_line",)


def test_a_continuation_on_top_belongs_to_no_field() -> None:
    block = split(b" From: a@b.example\r\nTo: c@d.example\r\n\r\n", LIMITS)
    assert [f.name for f in block.fields] == ["", "To"]
    assert block.findings == ("header.stray_line",)


@pytest.mark.parametrize("blank", [b" ", b"\t", b"  "])
def test_a_blank_before_the_colon_is_read_over_and_found(blank: bytes) -> None:
    block = split(b"From" + blank + b": a@b.example\r\n\r\n", LIMITS)
    assert [(f.name, f.value) for f in block.fields] == [("From", "a@b.example")]
    assert block.findings == ("header.blank_before_colon",)


@pytest.mark.parametrize(
    ("raw", "body"),
    [
        (b"A: b\r\nDear Bob,\r\nhow are you?\r\n\r\nAlice", b"Dear Bob,"),
        (b"A: b\r\n--boundary\r\nC: d\r\n\r\ntext", b"--boundary"),
        (b"plain text", b"plain text"),
    ],
)
def test_the_body_begins_at_its_first_line_where_the_blank_line_is_missing(raw: bytes, body: bytes) -> None:
    block = split(raw, LIMITS)
    assert raw[block.body :].startswith(body)
    assert block.findings == ("header.no_blank_line",)


def test_a_message_may_have_no_body_and_no_fields() -> None:
    assert split(b"A: b", LIMITS).body == 4
    assert names(b"A: b") == ["A"]
    assert split(b"\r\nbody", LIMITS).body == 2
    assert split(b"", LIMITS).fields == ()


def test_nul_is_dropped_and_found() -> None:
    block = split(b"A: b\0c\r\n\r\n", LIMITS)
    assert block.fields[0].value == "bc"
    assert block.findings == ("header.nul",)


@pytest.mark.parametrize("name", ["Subject", "TO", "message-id", "Content-Type", "Reply-To"])
def test_a_singleton_that_comes_twice_is_found(name: str) -> None:
    field = f"{name}: x\r\n".encode()
    slug = "duplicate_header." + name.lower().replace("-", "_")
    assert split(field * 2 + b"\r\n", LIMITS).findings == (slug,)
    assert split(field + b"\r\n", LIMITS).findings == ()


@pytest.mark.parametrize(
    ("raw", "breach"),
    [
        (b"From: a@b.example\r\nFrom : c@d.example\r\n", "header.from_duplicate"),
        (b"Received: x\r\n" * 51, "header.received"),
        (b"X: y\r\n" * 1001, "header.fields"),
        (b"X: " + b"y" * 40_000 + b"\r\n", "header.field"),
        (b"From: " + b"y" * 3_000 + b"\r\n", "header.field"),
        (b"To: " + b"y" * 140_000 + b"\r\n", "header.field"),
        (b"Content-Type: " + b"y" * 9_000 + b"\r\n", "header.field"),
        (b"X: " + b"y" * 300_000 + b"\r\n", "header.block"),
    ],
)
def test_each_limit_has_its_breach(raw: bytes, breach: str) -> None:
    assert split(raw + b"\r\nbody", LIMITS).breaches == (breach,)


def test_sizes_within_the_limits_are_no_breach() -> None:
    raw = b"Subject: " + b"x" * 30_000 + b"\r\nTo: " + b"y" * 100_000 + b"\r\n" + b"Received: z\r\n" * 50
    assert split(raw + b"\r\n", LIMITS).breaches == ()


def test_comments_become_blanks_but_not_those_in_quotes() -> None:
    assert without_comments('a(b(c)\\)d)e "(f)" (g') == 'a e "(f)" (g'


@given(st.binary(max_size=200) | st.text("\r\n \tAa:-\0", max_size=60).map(str.encode))
def test_the_spans_cover_any_bytes_up_to_the_body(raw: bytes) -> None:
    block = split(raw, LIMITS)
    end = 0
    for f in block.fields:
        assert f.start == end < f.end
        end = f.end
    assert end <= block.body <= len(raw)
    assert raw[end : block.body] in (b"", b"\n", b"\r\n")
