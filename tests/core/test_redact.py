"""Passed-over participants in the bytes that are stored."""

from __future__ import annotations

import pytest
from fakes.deliveries import ANA, BOB, EVE, mail
from hypothesis import given
from hypothesis import strategies as st

from gateway.core import addresses
from gateway.core.message import read
from gateway.core.redact import redact


def without(raw: bytes, *tokens: str) -> bytes:
    return redact(raw, read(raw), tokens)


def test_without_tokens_the_bytes_stay_as_they_are() -> None:
    raw = mail(ANA, BOB)
    assert without(raw) is not None
    assert without(raw) == raw


@pytest.mark.parametrize("place", ["To", "Cc", "Bcc", "Reply-To"])
def test_of_an_address_field_the_others_stay(place: str) -> None:
    raw = mail(ANA, "x@other.example", "Offer", f"{place}: Bob <{BOB}>, Eve <{EVE}>")
    kept = without(raw, EVE)
    assert EVE.encode() not in kept
    assert b"Eve" not in kept
    assert BOB.encode() in kept


def test_a_field_that_names_nobody_else_says_withheld() -> None:
    assert b"Cc: (withheld)\r\n" in without(mail(ANA, BOB, Cc=f"Eve <{EVE}>"), EVE)


@pytest.mark.parametrize("place", ["Delivered-To", "X-Anything", "Resent-To", "Subject"])
def test_another_field_is_withheld_as_a_whole(place: str) -> None:
    kept = without(mail(ANA, BOB, "Offer", f"{place}: for {EVE} and others"), EVE)
    assert f"{place}: (withheld)\r\n".encode() in kept


def test_the_body_stays_unless_an_attached_message_names_him() -> None:
    plain = mail(ANA, BOB, Cc=EVE, text="The body.")
    attached = mail(ANA, BOB, text=f"From: {EVE}\r\n\r\nInner.", Content_Type="message/rfc822")
    assert without(plain, EVE).endswith(b"\r\n\r\nThe body.\r\n")
    assert without(attached, EVE).endswith(b"\r\n(body withheld)\r\n")


def test_what_is_left_can_be_read_again_and_names_him_no_more() -> None:
    raw = mail(ANA, f"{BOB}, {EVE}", Cc=EVE, Delivered_To=EVE)
    again = read(without(raw, EVE))
    assert [m.address for m in (*again.from_, *again.to, *again.cc)] == [ANA, BOB]
    assert again.subject == "Offer"


@given(st.lists(st.sampled_from((BOB, EVE, f"Eve <{EVE}>", f'"{EVE}" <x@y.example>', "junk", "")), max_size=6))
def test_redacting_twice_changes_nothing_more(people: list[str]) -> None:
    raw = mail(ANA, ", ".join(people))
    once = without(raw, EVE)
    assert without(once, EVE) == once
    assert EVE not in addresses.tokens(once.decode())
