"""What the never-log list is compared by. The generated spellings are in test_never_log."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.core.address_keys import Pattern, domain_forms, entry_keys, parse_pattern, token_keys


@pytest.mark.parametrize(
    ("typed", "kind", "text"),
    [
        ("Eve@Rival.Example", "address", "Eve@rival.example"),
        ("  eve@rival.example ", "address", "eve@rival.example"),
        ("*@secret.example", "domain", "*@secret.example"),
        ("secret.example", "domain", "*@secret.example"),
        ("*@*.secret.example", "subdomain", "*@*.secret.example"),
        ("*.secret.example", "subdomain", "*@*.secret.example"),
    ],
)
def test_what_a_person_types_becomes_a_pattern(typed: str, kind: str, text: str) -> None:
    assert parse_pattern(typed) == Pattern(kind, text)


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "@",
        "*",
        "*@*",
        "eve@",
        "@rival.example",
        "eve",
        "e*e@rival.example",
        "*@a*.example",
        "eve@*.x.example",
        "a@b c.example",
        "a@x.example b@y.example",
        "a@x.example,b@y.example",
        "Eve <eve@x.example>",
    ],
)
def test_what_is_no_pattern_is_refused_at_once(typed: str) -> None:
    with pytest.raises(ValueError, match="is not name@domain"):
        parse_pattern(typed)


def test_a_domain_and_its_idna_forms_share_a_key() -> None:
    assert domain_forms("Straße.example") & domain_forms("xn--strae-oqa.example")
    assert domain_forms("Straße.example") & domain_forms("strasse.example")
    assert not domain_forms("xn--strae-oqa.example") & domain_forms("stras.example")


def test_the_keys_of_an_address_are_itself_its_plain_form_its_domain_and_each_above() -> None:
    assert token_keys("Eve+x@mail.rival.example") == {
        "a:eve+x@mail.rival.example",
        "a:eve@mail.rival.example",
        "d:mail.rival.example",
        "s:rival.example",
        "s:example",
    }


def test_plain_addresses_take_a_short_way_to_the_same_keys() -> None:
    assert token_keys("eve@rival.example") == token_keys('"eve"@rival.example')


@given(st.text(max_size=60))
def test_any_text_has_keys_and_none_is_empty(token: str) -> None:
    assert all(key[:2] in ("a:", "d:", "s:") for key in token_keys(token))


@given(st.from_regex(r"[a-z]{1,8}@[a-z]{1,8}\.example", fullmatch=True))
def test_an_address_hits_its_own_entry_its_domains_and_no_other_kind(address: str) -> None:
    keys, domain = token_keys(address), address.partition("@")[2]
    assert entry_keys(parse_pattern(address)) <= keys
    assert entry_keys(parse_pattern(f"*@{domain}")) <= keys
    assert not entry_keys(parse_pattern(f"*@*.{domain}")) & keys
