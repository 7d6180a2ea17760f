"""Message identifiers as mail really carries them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.core import message_ids


@pytest.mark.parametrize(
    ("value", "ids"),
    [
        ("<a@b.example>", ["a@b.example"]),
        ("<a@b.example> <c@d.example>", ["a@b.example", "c@d.example"]),
        ("<a@b.example><c@d.example>", ["a@b.example", "c@d.example"]),
        ("<a@b.example>,\t<c@d.example>", ["a@b.example", "c@d.example"]),
        ("<a@b.example> <a@b.example>", ["a@b.example"]),
        ("Your message of Monday <a@b.example>", ["a@b.example"]),
        ("<a@b.example> and more", ["a@b.example"]),
        ("<long @\tb.example>", ["long@b.example"]),
        ("<a(comment)@b.example> (and (another))", ["a@b.example"]),
        ("a@b.example", ["a@b.example"]),
        ("a@b.example c@d.example", ["a@b.example", "c@d.example"]),
        ("<no-at>", ["no-at"]),
        ("<a@b@c.example>", ["a@b@c.example"]),
        ("<a@b.example", ["a@b.example"]),
        ("=?utf-8?q?=3Ca=40b=2Eexample=3E?=", ["a@b.example"]),
        ("<abc<def@b.example>", []),
        ("<>", []),
        ("", []),
        ("no identifier here", []),
        ("<" + "x" * 999 + ">", []),
    ],
)
def test_identifiers_of_a_field(value: str, ids: list[str]) -> None:
    assert list(message_ids.all(value, 32)) == ids
    assert message_ids.first(value) == (ids[0] if ids else None)


def test_of_too_many_the_first_and_the_last_are_kept() -> None:
    value = " ".join(f"<{n}@b.example>" for n in range(100))
    assert message_ids.all(value, 4) == ("0@b.example", "97@b.example", "98@b.example", "99@b.example")
    assert message_ids.all(value, 1) == ("0@b.example",)


def test_the_key_ignores_case_blanks_and_needless_quotes() -> None:
    assert message_ids.key("A.B@C.Example") == "a.b@c.example"
    assert message_ids.key('"A.B"@c.example') == "a.b@c.example"
    assert message_ids.key("a b@c.example") == "ab@c.example"


def test_a_long_key_is_a_digest() -> None:
    long = message_ids.key("x" * 300 + "@b.example")
    assert len(long) == 64
    assert long == message_ids.key("X" * 300 + "@B.example")
    assert long != message_ids.key("y" * 300 + "@b.example")


@given(st.text(max_size=80) | st.text("<>@ab(), =?q", max_size=60))
def test_any_text_gives_sound_identifiers(value: str) -> None:
    for found in message_ids.all(value, 32):
        assert found
        assert not set(found) & set("<> \t\r\n")
        assert message_ids.key(message_ids.key(found)) == message_ids.key(found) or '"' in found
