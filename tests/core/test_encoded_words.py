"""Encoded words, sound, cut and broken (RFC 2047)."""


import pytest
from fakes.effort import bounded
from hypothesis import given
from hypothesis import strategies as st

from gateway.core.encoded_words import decode, fragments


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("plain", "plain"),
        ("=?iso-8859-1?q?gr=FCn_und?= blau", "grün und blau"),
        ("=?UTF-8?B?Z3LDvG4=?=", "grün"),
        ("=?utf-8*de?Q?gr=C3=BCn?=", "grün"),
        ("=?utf-8?q?a?= =?utf-8?q?b?=", "ab"),
        ("=?utf-8?q?a?==?utf-8?q?b?=", "ab"),
        ("=?utf-8?q?a?=  \t =?iso-8859-1?q?=FC?=", "aü"),
        ("=?utf-8?q?a?= x =?utf-8?q?b?=", "a x b"),
        ("[tag]=?utf-8?q?a?=", "[tag]a"),
        ("=?utf-8?q?really??=", "really?"),
        ("=?utf-8?q?a b?=", "a b"),
        ("=?utf-8?q??=", ""),
        ("=?utf-8?b?Z3LDvG4?=", "grün"),
        ("=?utf-8?q?a=0D=0ABcc:_x?=", "a Bcc: x"),
    ],
)
def test_words_are_decoded_and_blanks_between_them_dropped(written: str, read: str) -> None:
    assert decode(written) == read


def test_a_character_split_across_words_is_joined() -> None:
    assert decode("=?utf-8?q?gr=C3?= =?UTF-8?q?=BCn?=") == "grün"
    assert decode("=?utf-8?b?4pw=?=\t=?utf-8?q?=93?=") == "✓"


@pytest.mark.parametrize("written", ["=?", "=?utf-8?q?a", "=?utf-8?x?a?=", "=?utf-8?b?!!?=", "=??q?a?=", "a =?= b"])
def test_a_broken_word_stays_as_written(written: str) -> None:
    assert decode(written) == written


def test_a_word_of_an_unknown_charset_is_read_by_its_bytes() -> None:
    assert decode("=?unknown-8bit?q?gr=C3=BCn?=") == "grün"


def test_raw_bytes_of_another_charset_are_recognised() -> None:
    value = "أهلين عميلنا الكريم".encode("cp1256").decode("latin-1")
    assert decode(value) == "أهلين عميلنا الكريم"


def test_latin_text_stays_as_it_is() -> None:
    assert decode("Grüße für Ñandú, Zoë") == "Grüße für Ñandú, Zoë"


def test_fragments_hold_what_a_broken_word_may_mean() -> None:
    assert fragments("=?utf-8?q?ceo=40x.example") == ("ceo@x.example",)
    assert fragments("=?utf-8?b?Y2VvQHg uZXhhbXBsZQ==?=")[0] == "ceo@x"


@pytest.mark.parametrize("unit", ["=?", "=?a?q?", "=?a?q?x", "=?a?q?x?= ", "?=", "=?a?b?YQ==?="])
def test_long_input_takes_linear_time(unit: str) -> None:
    value = unit * (400_000 // len(unit))
    with bounded():
        decode(value)


@given(st.text(max_size=80) | st.text("=?qbutf8-_ Y\r\n", max_size=60))
def test_any_text_decodes_without_nul_and_surrogates(value: str) -> None:
    assert decode(value).encode("utf-8", "surrogatepass") or not decode(value)
    assert "\0" not in decode("=?utf-8?b?" + value.encode().hex() + "?=")
