"""vCards as programs write them, and as nobody should."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.administration import vcards

EXAMPLES = {
    "BEGIN:VCARD\nVERSION:4.0\nFN:Kim Client\nEMAIL;TYPE=work:kim@client.example\nEND:VCARD": (
        "Kim Client",
        ["kim@client.example"],
    ),
    "begin:vcard\r\nitem1.EMAIL;type=INTERNET:kim@client.example\r\nN:Client;Kim;;;\r\nend:vcard\r\n": (
        "Kim Client",
        ["kim@client.example"],
    ),
    "BEGIN:VCARD\nFN;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:Zo=C3=AB =\n=C3=89lan\nEMAIL:z@x.example\nEND:VCARD": (
        "Zoë Élan",
        ["z@x.example"],
    ),
    'BEGIN:VCARD\nFN;X="a:b":Kim\\, the\n  Client\nEMAIL:mailto:k@x.example\nEMAIL:k2@x.example\nEND:VCARD': (
        "Kim, the Client",
        ["k@x.example", "k2@x.example"],
    ),
}


@pytest.mark.parametrize("text", EXAMPLES)
def test_names_and_addresses_are_read(text: str) -> None:
    [card] = vcards.read(text)
    assert (card.name, card.addresses) == EXAMPLES[text]
    assert card.whole


def test_a_card_without_its_end_is_told_apart() -> None:
    first, second = vcards.read("BEGIN:VCARD\nEMAIL:a@x.example\nBEGIN:VCARD\nEMAIL:b@x.example\nEND:VCARD")
    assert (first.whole, second.whole) == (False, True)


def test_what_nobody_should_write_is_read_in_one_pass() -> None:
    [card] = vcards.read("BEGIN:VCARD\r\nEMAIL" + ';A="' * 200_000 + "\r\nEND:VCARD\r\n")
    assert card.addresses == []


@given(st.text())
def test_whatever_stands_there_it_is_read(text: str) -> None:
    list(vcards.read(f"BEGIN:VCARD\n{text}\nEND:VCARD"))


@given(st.text("abcé,;\\ ", min_size=1).filter(str.strip), st.lists(st.just("kim@client.example"), min_size=1))
def test_what_is_written_is_read_again(name: str, addresses: list[str]) -> None:
    [card] = vcards.read(vcards.written("1", name, addresses))
    assert (card.name, card.addresses) == (" ".join(name.split()), addresses)
