"""Tag lists, canonical forms and key records: each alone."""

from __future__ import annotations

import base64

import pytest
from fakes.signing import Signer, canonical_body, canonical_field
from hypothesis import given
from hypothesis import strategies as st

from gateway.authenticate import canonical, keys, tag_list

BODIES = st.lists(st.sampled_from([b" ", b"\t", b"\r\n", b"a", b"\r", b"\n", b".", b"  ", b" \r\n"]), max_size=24).map(
    b"".join
)


@given(BODIES)
def test_relaxed_bodies_are_as_the_rfc_defines_them(body: bytes) -> None:
    assert canonical.relaxed(body) == canonical_body(body, "relaxed/relaxed")


@given(BODIES)
def test_simple_bodies_are_as_the_rfc_defines_them(body: bytes) -> None:
    assert canonical.simple(body) == canonical_body(body, "simple/simple")


@given(st.lists(st.sampled_from([b" ", b"\t", b"\r\n ", b"a", b"\x0b", b"\x0c", b"\xa0"]), max_size=16).map(b"".join))
def test_relaxed_fields_are_as_the_rfc_defines_them(value: bytes) -> None:
    ((name, relaxed),) = canonical.relaxed_fields([(b"X-Field", value + b"\r\n")])
    assert name + b":" + relaxed == canonical_field(b"X-Field", value + b"\r\n", "relaxed/relaxed")


@pytest.mark.parametrize(
    ("body", "relaxed", "simple"),
    [
        (b"", b"", b"\r\n"),
        (b"\r\n\r\n", b"", b"\r\n"),
        (b" \t\r\n\r\n", b"", b" \t\r\n"),
        (b" a \t b \r\n\r\n", b" a b\r\n", b" a \t b \r\n"),
        (b"no end", b"no end\r\n", b"no end\r\n"),
        (b"a\r\r\n", b"a\r\r\n", b"a\r\r\n"),
    ],
)
def test_bodies_in_canonical_form(body: bytes, relaxed: bytes, simple: bytes) -> None:
    assert (canonical.relaxed(body), canonical.simple(body)) == (relaxed, simple)


@pytest.mark.parametrize("piece", [b" ", b"\r\n", b" \r\n", b"\t ", b"  x", b"\r", b"\n\r"])
def test_bodies_of_any_shape_take_one_pass_or_few(piece: bytes) -> None:
    """Work per byte that grew with the length would not end here."""
    body = piece * (3_000_000 // len(piece))
    assert len(canonical.relaxed(body)) <= len(body) + 2
    assert len(canonical.simple(body)) <= len(body) + 2


@pytest.mark.parametrize(
    ("value", "tags"),
    [
        (b"a=b", {"a": "b"}),
        (b" a = b ; c=d;\r\n ", {"a": "b", "c": "d"}),
        (b"a=; b=c=d", {"a": "", "b": "c=d"}),
        (b"a=b\r\n\t c;A=d", {"a": "b\r\n\t c", "A": "d"}),
        (b"i=gr\xc3\xbcn", {"i": "gr\u00c3\u00bcn"}),
        (b"", {}),
        (b"a", {}),
        (b"=b", {}),
        (b"a=b;;c=d", {}),
        (b"a=b;a=c", {}),
        (b"1a=b", {}),
        (b"a-b=c", {}),
        (b"a=b\x00", {}),
        (b"a=b; c", {}),
    ],
)
def test_tag_lists_are_read_strictly(value: bytes, tags: dict[str, str]) -> None:
    assert tag_list.read(value) == tags


@given(st.binary(max_size=40) | st.text(alphabet="ab=; \r\n\t", max_size=40).map(str.encode))
def test_any_bytes_are_a_tag_list_or_none(value: bytes) -> None:
    for name, text in tag_list.read(value).items():
        assert name.isidentifier()
        assert ";" not in text


@pytest.mark.parametrize(
    ("value", "bare"),
    [
        (b" a=x; b=abc\r\n\t def ; c=y\r\n", b" a=x; b=; c=y\r\n"),
        (b"b=abc", b"b="),
        (b" a=b=c;\r\n b =abc;bh=d", b" a=b=c;\r\n b =;bh=d"),
        (b" bh=abc", b" bh=abc"),
    ],
)
def test_a_signature_signs_its_field_without_its_own_value(value: bytes, bare: bytes) -> None:
    assert tag_list.without_signature(value) == bare


def number(value: int) -> bytes:
    data = value.to_bytes(value.bit_length() // 8 + 1, "big")
    return tlv(2, data)


def tlv(tag: int, data: bytes) -> bytes:
    """DER (X.690 §8.1)."""
    size = len(data).to_bytes((len(data).bit_length() + 7) // 8, "big")
    return bytes([tag]) + (size if len(data) < 128 else bytes([0x80 | len(size)]) + size) + data


def published(modulus: int, exponent: int) -> tuple[bytes, ...]:
    """A record with any two numbers for a key (RFC 8017 §A.1.1)."""
    der = tlv(0x30, number(modulus) + number(exponent))
    return (b"v=DKIM1; p=" + base64.b64encode(der),)


def odd(bits: int) -> int:
    return (1 << (bits - 1)) | 1


@pytest.mark.parametrize("bits", [1024, 1025, 2048, 4096])
def test_rsa_keys_of_usual_size_may_be_used(bits: int) -> None:
    assert isinstance(keys.read(published(odd(bits), 65537), "rsa-sha256"), keys.Key)


@pytest.mark.parametrize(
    ("modulus", "exponent"),
    [
        pytest.param(odd(512), 65537, id="512"),
        pytest.param(odd(1023), 65537, id="1023"),
        pytest.param(odd(4097), 65537, id="4097"),
        pytest.param(odd(8192), 65537, id="8192"),
        pytest.param(odd(2048), 2**32 + 1, id="exponent-over-the-limit"),
        pytest.param(odd(2048), odd(1024), id="exponent-of-1024-bits"),
        pytest.param(odd(2400), odd(2300), id="both-as-long-as-fits"),
        pytest.param(odd(2048) - 1, 65537, id="even"),
    ],
)
def test_rsa_keys_that_are_weak_or_costly_are_not_used(modulus: int, exponent: int) -> None:
    """S22, S23: nothing is computed with them."""
    assert keys.read(published(modulus, exponent), "rsa-sha256") == "dkim.weak_key"


@pytest.mark.parametrize("exponent", [0, 1, 2, 65536])
def test_exponents_with_which_nothing_can_be_verified_are_no_key(exponent: int) -> None:
    assert keys.read(published(odd(2048), exponent), "rsa-sha256") in ("dkim.no_key", "dkim.weak_key")


@pytest.mark.parametrize(
    "records",
    [
        (b"v=DKIM1; p=" + b"A" * 2048,),
        (b"v=DKIM1; n=" + b"n" * 2048 + b"; p=AAAA",),
        (b"v=DKIM1; p=" + b"A" * 804,),
        (b"v=DKIM1; p=" + b"A" * 100_000,),
    ],
)
def test_records_over_the_limits_are_not_decoded(records: tuple[bytes, ...]) -> None:
    """S23"""
    assert keys.read(records, "rsa-sha256") == "dkim.weak_key"


def test_other_texts_under_the_name_of_a_key_do_not_matter_but_other_keys_do() -> None:
    key = Signer().record()
    assert isinstance(keys.read((b"v=spf1 -all", key, b"", key), "rsa-sha256"), keys.Key)
    assert keys.read((key, Signer(key="rsa-1024").record()), "rsa-sha256") == "dkim.no_key"


@pytest.mark.parametrize(
    "record",
    [
        b"v=DKIM1; k=ed25519; p=" + base64.b64encode(b"k" * 31),
        b"v=DKIM1; k=ed25519; p=" + base64.b64encode(b"k" * 33),
        Signer(key="ed25519").record(v=None) + b"; v=DKIM1",
        Signer(key="ed25519").record(v="dkim1"),
    ],
)
def test_what_is_no_key_is_none(record: bytes) -> None:
    assert keys.read((record,), "ed25519-sha256") == "dkim.no_key"


@pytest.mark.parametrize(
    "tags",
    [{"s": "email"}, {"s": "*"}, {"s": "other:email"}, {"h": "sha1:sha256"}, {"t": "s"}, {"n": "a note"}, {"v": None}],
)
def test_a_record_may_say(tags: dict[str, str | None]) -> None:
    assert isinstance(keys.read((Signer().record(**tags),), "rsa-sha256"), keys.Key)


@given(st.binary(max_size=60) | st.binary(max_size=60).map(lambda b: b"v=DKIM1; p=" + base64.b64encode(b)))
def test_any_bytes_are_a_key_or_none(record: bytes) -> None:
    assert isinstance(keys.read((record,), "rsa-sha256"), str)
