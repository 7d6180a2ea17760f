"""The parts of a message as spans of its bytes, bounded in depth and number."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.core import headers, mime
from gateway.core.limits import ReadingLimits

LIMITS = ReadingLimits()


def walk(raw: bytes, limits: ReadingLimits = LIMITS) -> mime.Tree:
    block = headers.split(raw, limits)
    return mime.walk(raw, block.fields, block.body, limits)


def message(content_type: str, *lines: str) -> bytes:
    return "\r\n".join(["From: a@example.com", f"Content-Type: {content_type}", "", *lines]).encode()


def contents(raw: bytes) -> list[tuple[str, bytes]]:
    return [(part.content_type, part.content(raw)) for part in walk(raw).parts() if not part.multipart]


def test_parts_lie_between_delimiter_lines_and_own_no_line_end_before_one() -> None:
    parts = ["--b", "", "one", "--b ", "Content-Type: text/html", "", "two", "", "--b--"]
    raw = message("multipart/mixed; boundary=b", "preamble", *parts, "epilogue")
    assert contents(raw) == [("text/plain", b"one"), ("text/html", b"two\r\n")]


def test_a_longer_boundary_is_no_delimiter() -> None:
    raw = message("multipart/mixed; boundary=b", "--b", "", "one", "--bb", "two", "--b--")
    assert contents(raw) == [("text/plain", b"one\r\n--bb\r\ntwo")]


def test_an_outer_delimiter_ends_inner_parts() -> None:
    inner = ['Content-Type: multipart/mixed; boundary="b"', "", "--b", "", "inner"]
    raw = message("multipart/mixed; boundary=a", "--a", *inner, "--a", "", "outer", "--a--")
    assert contents(raw) == [("text/plain", b"inner"), ("text/plain", b"outer")]


def test_the_last_part_may_lack_its_end() -> None:
    assert contents(message("multipart/mixed; boundary=b", "--b", "", "one")) == [("text/plain", b"one")]


def test_a_multipart_in_which_no_part_begins_is_text() -> None:
    assert contents(message("multipart/mixed; boundary=b", "hello")) == [("text/plain", b"hello")]


def test_parts_of_a_digest_are_messages() -> None:
    raw = message("multipart/digest; boundary=b", "--b", "", "Subject: s", "", "hello", "--b--")
    attached = [part for part in walk(raw).everywhere() if part.message]
    assert [[f.value for f in part.children[0].fields] for part in attached] == [["s"]]
    assert attached[0].children[0].content(raw) == b"hello"


def test_an_attached_message_has_its_header_fields_and_its_span() -> None:
    raw = message("message/rfc822", "Subject: inner", "", "hello")
    (attached,) = [part for part in walk(raw).everywhere() if part.message]
    inner = attached.children[0]
    assert raw[inner.header : inner.end] == b"Subject: inner\r\n\r\nhello"
    assert [part.content_type for part in walk(raw).parts()] == ["message/rfc822"]


def test_a_message_in_base64_is_told_apart() -> None:
    raw = b"Content-Type: message/rfc822\r\nContent-Transfer-Encoding: base64\r\n\r\n" + base64.b64encode(
        b"To: a@b.example"
    )
    (part,) = walk(raw).everywhere()
    assert part.encoded_message
    assert part.content(raw) == b"To: a@b.example"


@pytest.mark.parametrize(
    "value", ["multipart/mixed", 'multipart/mixed; boundary=""', f"multipart/mixed; boundary={'b' * 257}"]
)
def test_a_multipart_without_usable_boundary_is_broken(value: str) -> None:
    assert walk(message(value, "hello")).broken


def test_depth_and_number_of_parts_are_limited() -> None:
    nested = b"Content-Type: message/rfc822\r\n\r\n" * 60
    assert walk(nested).broken
    assert len(list(walk(nested).everywhere())) == LIMITS.depth + 1
    many = message("multipart/mixed; boundary=b", *["--b", "", "x"] * 600)
    assert walk(many).broken
    assert len(list(walk(many).everywhere())) == LIMITS.parts


@pytest.mark.parametrize(
    ("encoded", "decoded"),
    [
        (b"aGVsbG8=", b"hello"),
        (b"aGVs\r\nbG8", b"hello"),
        (b"aGVsbG8=\r\naGVsbG8=", b"hellohello"),
        (b"aG*Vs bG8=", b"hello"),
        (b"aGVsbG8=\r\n-- \r\n", b"hello"),
        (b"A", b""),
        (b"", b""),
    ],
)
def test_damaged_base64_gives_what_can_be_read(encoded: bytes, decoded: bytes) -> None:
    raw = b"Content-Transfer-Encoding: BASE64\r\n\r\n" + encoded
    assert walk(raw).root.content(raw).startswith(decoded)


def test_quoted_printable_is_decoded_and_an_unknown_encoding_left() -> None:
    raw = b"Content-Transfer-Encoding: quoted-printable\r\n\r\na=3Db=\r\nc"
    assert walk(raw).root.content(raw) == b"a=bc"
    raw = b"Content-Transfer-Encoding: x-uuencode\r\n\r\nbegin 644 a"
    assert walk(raw).root.content(raw) == b"begin 644 a"


def test_a_cut_text_ends_with_a_whole_character() -> None:
    raw = "Content-Type: text/plain; charset=utf-8\r\n\r\näöü".encode()
    assert walk(raw).root.text(raw, 5) == "äö"


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ('"../../etc/passwd"', "passwd"),
        (r'"C:\\dir\\x.txt"', "x.txt"),
        ('"a.pdf\u202efdp.exe"', "a.pdffdp.exe"),
        ('"a\x1b[2Jb"', "a[2Jb"),
        ("=?utf-8?q?=C3=BC.pdf?=", "ü.pdf"),
        ("x" * 300, "x" * 255),
    ],
)
def test_a_file_name_is_the_last_component_without_steering_characters(name: str, shown: str) -> None:
    raw = f"Content-Disposition: attachment; filename={name}\r\n\r\n".encode()
    assert walk(raw).root.name == shown


def test_an_unreadable_content_type_is_plain_text() -> None:
    assert walk(b"Content-Type: nonsense\r\n\r\n").root.content_type == "text/plain"


@given(
    st.lists(
        st.sampled_from([b"--b", b"--b--", b"--bb", b"\r\n", b"x", b"Content-Type: multipart/mixed; boundary=b\r\n"])
    )
)
def test_parts_never_overlap_and_lie_within_the_message(pieces: list[bytes]) -> None:
    raw = b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + b"".join(pieces)
    for part in walk(raw).everywhere():
        assert 0 <= part.header <= part.start <= part.end <= len(raw)
        ends = [part.start, *(child.end for child in part.children)]
        assert all(before <= child.header for before, child in zip(ends, part.children, strict=False))
