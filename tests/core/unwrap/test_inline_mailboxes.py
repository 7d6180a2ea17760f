"""Mailboxes as a quoted header shows them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.core.unwrap import quoted_mailboxes


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("Bob <b@client.example>", [("Bob", "b@client.example")]),
        ("Bob [mailto:b@client.example]", [("Bob", "b@client.example")]),
        ("Bob<mailto:b@client.example>", [("Bob", "b@client.example")]),
        ("b@client.example<mailto:b@client.example>", [("", "b@client.example")]),
        ("Bob <b@client.example<mailto:b@client.example>>", [("Bob", "b@client.example")]),
        ("Bob <b@client.example> <mailto:b@client.example>", [("Bob", "b@client.example")]),
        ("[b@client.example](mailto:b@client.example)", [("", "b@client.example")]),
        ("'b@client.example' <b@client.example>", [("", "b@client.example")]),
        ("b@client.example <b@client.example>", [("", "b@client.example")]),
        ("b@client.example [b@client.example]", [("", "b@client.example")]),
        ("Bob (b@client.example)", [("Bob", "b@client.example")]),
        ("« Bob » <b@client.example>", [("Bob", "b@client.example")]),
        ('"Client, Bob" <b@client.example>', [("Client, Bob", "b@client.example")]),
        (
            "Client, Bob <b@client.example>; Dale, Dan <dan@us.example>",
            [("Client, Bob", "b@client.example"), ("Dale, Dan", "dan@us.example")],
        ),
        ('"a; b" <b@client.example>; dan@us.example', [("a; b", "b@client.example"), ("", "dan@us.example")]),
        ("Bob <b@client.example>, dan@us.example", [("Bob", "b@client.example"), ("", "dan@us.example")]),
        ("Dan Dale; Bob <b@client.example>", [("Dan Dale", ""), ("Bob", "b@client.example")]),
        ("Client, Bob <b@client.example>", [("Client, Bob", "b@client.example")]),
        ("Dale, Dan; Client, Bob <b@client.example>", [("Dale, Dan", ""), ("Client, Bob", "b@client.example")]),
        (
            "Dale, Dan <dan@us.example>, Team <team@us.example>, kim@client.example",
            [("Dale, Dan", "dan@us.example"), ("Team", "team@us.example"), ("", "kim@client.example")],
        ),
        ("Bob (Client: Ltd) <b@client.example>", [("Bob (Client: Ltd)", "b@client.example")]),
        ("*Bob* <b@client.example>", [("Bob", "b@client.example")]),
        ("'Bob Client' via Sales <sales@us.example>", [("'Bob Client' via Sales", "sales@us.example")]),
        ("", []),
    ],
)
def test_every_spelling_is_the_same_mailbox(value: str, expected: list[tuple[str, str]]) -> None:
    assert [(mailbox.name, mailbox.address) for mailbox in quoted_mailboxes.read(value)] == expected


def test_a_comma_is_part_of_a_name_where_semicolons_part_people() -> None:
    found = quoted_mailboxes.read("Client, Bob, Dr. <b@client.example>", semicolons=True)

    assert [(mailbox.name, mailbox.address) for mailbox in found] == [("Client, Bob, Dr.", "b@client.example")]


def test_the_author_s_name_may_have_a_comma() -> None:
    authors, doubtful = quoted_mailboxes.author("Client, Bob <b@client.example>")

    assert [(author.name, author.address) for author in authors] == [("Client, Bob", "b@client.example")]
    assert not doubtful


@pytest.mark.parametrize(
    "value",
    [
        "Office <office@client.example> On Behalf Of Bob <b@client.example>",
        "Office [mailto:office@client.example] on behalf of Bob [mailto:b@client.example]",
        "office@client.example Im Auftrag von Bob <b@client.example>",
        "Office <office@client.example> w imieniu Bob <b@client.example>",
        "Bob <b@client.example> via List <list@us.example>",
    ],
)
def test_of_two_people_the_one_who_wrote_is_the_author_and_both_are_known(value: str) -> None:
    authors, doubtful = quoted_mailboxes.author(value)

    assert [(author.name, author.address) for author in authors] == [("Bob", "b@client.example")]
    assert not doubtful
    assert {"office@client.example", "list@us.example"} & set(authors[0].tokens)


def test_who_sent_for_an_author_without_an_address_leaves_a_doubt() -> None:
    authors, doubtful = quoted_mailboxes.author("office@client.example on behalf of Bob")

    assert [author.address for author in authors] == ["office@client.example"]
    assert doubtful


@pytest.mark.parametrize("value", ["Bob", "Bob/Client@NOTES", "b@@client.example", ""])
def test_who_has_no_address_of_the_internet_is_no_author(value: str) -> None:
    assert quoted_mailboxes.author(value)[0] == ()


def test_an_address_as_the_name_of_another_leaves_a_doubt() -> None:
    assert quoted_mailboxes.author("eve@rival.example <b@client.example>")[1]


@given(st.text(alphabet="ab@.<>()[]\"';, :mailto«»\\", max_size=80))
def test_no_value_raises_and_no_address_is_lost(value: str) -> None:
    for mailbox in quoted_mailboxes.read(value):
        assert not mailbox.address or mailbox.address in mailbox.tokens
    quoted_mailboxes.author(value)
