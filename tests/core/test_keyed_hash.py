"""Hashes that say nothing without the key."""

from __future__ import annotations

from gateway.core.keyed_hash import KeyedHash

HASH = KeyedHash(b"k" * 32)


def test_the_hash_stays_the_same_for_ever() -> None:
    assert HASH("address", "ana@us.example") == "f61d445a6bd9b11e668caba21b9c52f4"


def test_another_key_purpose_or_value_is_another_hash() -> None:
    assert len({HASH("a", "x"), HASH("b", "x"), HASH("a", "y"), KeyedHash(b"l" * 32)("a", "x")}) == 4


def test_values_are_kept_apart() -> None:
    assert HASH("a", "xy", "z") != HASH("a", "x", "yz") != HASH("a", "xyz")


def test_text_and_its_bytes_are_the_same_value_and_surrogates_do_no_harm() -> None:
    assert HASH("a", "é") == HASH("a", "é".encode())
    assert len(HASH("a", "\udce9")) == 32
