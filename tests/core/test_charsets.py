"""Bytes become text by the declared charset, else by what they look like; never an exception, NUL or surrogate."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.core.charsets import decode


@pytest.mark.parametrize(
    ("text", "codec", "declared"),
    [
        ("Grüße", "latin-1", "ISO-8859-1"),
        ("“Grüße”", "cp1252", "iso-8859-1"),
        ("Žluťoučký", "iso8859-2", "ISO_8859-2"),
        ("Привет", "koi8-r", "koi8-r"),
        ("Привет", "cp1251", "cp1251"),
        ("日本語", "iso2022_jp", "ISO-2022-JP"),
        ("日本語①", "cp932", "Shift_JIS"),
        ("日本語", "euc_jp", "x-euc-jp"),
        ("안녕하세요", "cp949", "ks_c_5601-1987"),
        ("你好", "gbk", "GB2312"),
        ("你好", "big5", '"Big5"'),
        ("Grüße", "utf-16", "utf-16"),
        ("Grüße", "utf-16-be", "utf-16"),
        ("Grüße", "utf-16-le", "utf-16"),
        ("שלום", "iso8859-8", "iso-8859-8-i"),
    ],
)
def test_the_declared_charset_is_believed(text: str, codec: str, declared: str) -> None:
    assert decode(text.encode(codec), declared) == text


@pytest.mark.parametrize("declared", [None, "us-ascii", "unknown-8bit", "x" * 500, "utf-16"])
def test_utf8_comes_before_any_guess(declared: str | None) -> None:
    assert decode("Grüße €".encode(), declared) == "Grüße €"


@pytest.mark.parametrize("charset", ["punycode", "idna", "unicode_escape", "zlib", "rot13", "utf-8\0"])
def test_a_codec_that_is_no_charset_of_mail_is_never_used(charset: str) -> None:
    assert decode(b"+AGE- \\x41 xn--strae-oqa", charset) == "+AGE- \\x41 xn--strae-oqa"


def test_an_undeclared_charset_is_recognised() -> None:
    assert decode("Привет, как дела сегодня".encode("cp1251"), None) == "Привет, как дела сегодня"
    assert decode("日本語の件名です".encode("shift_jis"), "utf-8") == "日本語の件名です"
    assert decode("日本語".encode("iso2022_jp"), None) == "日本語"


def test_a_text_cut_inside_a_character_keeps_the_rest() -> None:
    assert decode("Grüße aus Köln für Zoë".encode()[:-1], "utf-8") == "Grüße aus Köln für Zo\ufffd"
    assert decode(("你好" * 20).encode("gbk")[:-1], "gbk").startswith("你好" * 19)


def test_what_nothing_fits_is_windows_1252() -> None:
    assert decode(b"\x81\x8d caf\xe9", None).endswith(" café")


def test_nul_and_the_byte_order_mark_are_dropped() -> None:
    assert decode(b"\xef\xbb\xbfa\0b", "utf-8") == "ab"


@given(st.binary(max_size=60), st.sampled_from([None, "utf-8", "utf-16", "iso-2022-jp", "gb2312", "x", "big5"]))
def test_any_bytes_become_storable_text(data: bytes, declared: str | None) -> None:
    text = decode(data, declared)
    assert "\0" not in text
    assert text.encode("utf-8").decode("utf-8") == text


def test_utf_7_is_read_and_leaves_no_half_a_character() -> None:
    assert decode(b"Hi Mom -+Jjo--!", "utf-7") == "Hi Mom -☺-!"
    assert decode(b"+2AA-x", "unicode-1-1-utf-7") == "x"
