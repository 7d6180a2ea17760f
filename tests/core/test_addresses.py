"""Addresses: the exact reading for attribution, and every possible one for the never-log list."""


import pytest
from fakes.effort import bounded
from hypothesis import given
from hypothesis import strategies as st

from gateway.core.address_keys import entry_keys, parse_pattern, token_keys
from gateway.core.addresses import canonical, read, tokens

PIECES = [
    "a@b.example",
    "<",
    ">",
    '"',
    "(",
    ")",
    ",",
    ";",
    ":",
    "@",
    "\\",
    " ",
    "=?utf-8?q?x?=",
    "é",
    "'",
    ".",
    "[",
    "]",
    "\0",
]


def pairs(value: str) -> list[tuple[str, str]]:
    return [(m.name, m.address) for m in read(value).mailboxes]


@pytest.mark.parametrize(
    ("value", "mailboxes"),
    [
        ("a@b.example", [("", "a@b.example")]),
        ("Alice <a@b.example>", [("Alice", "a@b.example")]),
        ('"Doe, Jane" <a@b.example>, c@d.example', [("Doe, Jane", "a@b.example"), ("", "c@d.example")]),
        ("O'Brien <o'brien@b.example>", [("O'Brien", "o'brien@b.example")]),
        ("=?utf-8?q?Zo=C3=AB?= <a@b.example>", [("Zoë", "a@b.example")]),
        ("=?utf-8?Q?Doe,_Jane?= <a@b.example>", [("Doe, Jane", "a@b.example")]),
        ("Zoë <zoë@b.example>", [("Zoë", "zoë@b.example")]),
        ('Jane "JD" Doe <a@b.example>', [("Jane JD Doe", "a@b.example")]),
        ('"a \\"b\\" c" <a@b.example>', [('a "b" c', "a@b.example")]),
        ("a@b.example (Jane Doe)", [("Jane Doe", "a@b.example")]),
        ("Jane(x) <a(y)@(z)b.example>", [("Jane", "a@b.example")]),
        ("a @ b . example", [("", "a@b.example")]),
        ('"a"@b.example, "c.d"@e.example', [("", "a@b.example"), ("", "c.d@e.example")]),
        ('"a b"@c.example', [("", '"a b"@c.example')]),
        ("<@x,@y:a@b.example>", [("", "a@b.example")]),
        ("a@[192.0.2.1]", [("", "a@[192.0.2.1]")]),
        ("!#$%&'*+-/=?^_`{|}~@b.example", [("", "!#$%&'*+-/=?^_`{|}~@b.example")]),
    ],
)
def test_addresses_as_the_grammar_has_them(value: str, mailboxes: list[tuple[str, str]]) -> None:
    assert pairs(value) == mailboxes
    assert not read(value).unreadable


@pytest.mark.parametrize(
    ("value", "addresses"),
    [
        ("Team: a@x.example, b@x.example;", ["a@x.example", "b@x.example"]),
        ("Team: a@x.example; c@x.example", ["a@x.example", "c@x.example"]),
        ("undisclosed-recipients:;", []),
        ("One: ; Two: a@x.example;", ["a@x.example"]),
    ],
)
def test_groups_are_flattened(value: str, addresses: list[str]) -> None:
    assert [address for _, address in pairs(value)] == addresses
    assert not read(value).unreadable


@pytest.mark.parametrize(
    ("value", "addresses"),
    [
        ("a@x.example; b@x.example", ["a@x.example", "b@x.example"]),
        ("Max <max <m@x.example>>", ["m@x.example"]),
        ("<<m@x.example>>", ["m@x.example"]),
        ('"Max <m@x.example>', ["m@x.example"]),
        ("Max <m@x.example", ["m@x.example"]),
        ("m@x.example.", ["m@x.example"]),
        ("m\0@x.example", ["m@x.example"]),
        ("'m@x.example'", ["m@x.example"]),
        ("mailto:m@x.example", ["m@x.example"]),
        ("<mailto:m@x.example>", ["m@x.example"]),
        ("m@x.example,, ,n@x.example,", ["m@x.example", "n@x.example"]),
    ],
)
def test_what_has_one_reading_is_repaired(value: str, addresses: list[str]) -> None:
    assert [address for _, address in pairs(value)] == addresses
    assert not read(value).unreadable


@pytest.mark.parametrize(
    "value",
    [
        "alice@corp.example@evil.example",
        r"alice\@evil.example@corp.example",
        "<alice@corp.example>m@evil.example",
        "<alice@corp.example> <m@evil.example>",
        "=?utf-8?q?alice?=@corp.example",
        "=?utf-8?q?alice=40corp.example?=",
        '"alice@corp.example"',
        "(alice@corp.example)",
        "alice smith@corp.example",
        "alice@corp.example m@evil.example",
        "alice@corp..example",
        "@corp.example",
        "alice@",
        "alice@corp.example: m@evil.example;",
        "<m@evil.example?subject=x@y>",
        "alice\x02@corp.example",
        "Alice <alice@\x1ccorp.example>",
        "alice\x9f@corp.example",
    ],
)
def test_a_piece_with_an_at_that_cant_be_read_is_not_guessed(value: str) -> None:
    found = read(value)
    assert found.unreadable
    assert "alice@corp.example" not in [m.canonical for m in found.mailboxes]


def test_a_piece_without_an_at_is_a_name() -> None:
    found = read("Doe, Jane <j@x.example>")
    assert pairs("Doe, Jane <j@x.example>") == [("Doe", ""), ("Jane", "j@x.example")]
    assert not found.unreadable


@pytest.mark.parametrize(
    "value",
    [
        '"alice@corp.example" <m@evil.example>',
        "alice@corp.example <m@evil.example>",
        "alice@corp.example]<m@evil.example>",
        "=?utf-8?q?alice=40corp.example?= <m@evil.example>",
        "=?utf-8?q?alice=40corp.example=3E?= <m@evil.example>",
    ],
)
def test_the_angle_address_wins_whatever_the_name_says(value: str) -> None:
    (mailbox,) = read(value).mailboxes
    assert mailbox.canonical == "m@evil.example"
    assert "alice@corp.example" in mailbox.tokens


def test_only_an_unquoted_other_address_is_ambiguous() -> None:
    assert read("alice@corp.example <m@evil.example>").ambiguous
    assert not read('"alice@corp.example" <m@evil.example>').ambiguous
    assert not read("'Alice@corp.example' <alice@corp.example>").ambiguous


def test_the_domain_follows_the_last_unquoted_at() -> None:
    assert [m.canonical for m in read('"alice@corp.example"@evil.example').mailboxes] == [
        '"alice@corp.example"@evil.example'
    ]
    assert [m.canonical for m in read('"x@evil.example"@corp.example').mailboxes] == ['"x@evil.example"@corp.example']


@pytest.mark.parametrize(
    ("address", "form"),
    [
        ("Alice@CORP.EXAMPLE.", "alice@corp.example"),
        ('"Alice"@corp.example', "alice@corp.example"),
        ("ceo@Straße.example", "ceo@xn--strae-oqa.example"),
        ("Zoe\u0308@corp.example", "zoë@corp.example"),
        ("alice+tag@corp.example", "alice+tag@corp.example"),
        ("alice", ""),
        ("a@b.example, c@d.example", ""),
        ("Alice <alice@corp.example>", ""),
        ("", ""),
        ("x" * 2000 + "@corp.example", ""),
    ],
)
def test_the_canonical_form_folds_case_and_nothing_else(address: str, form: str) -> None:
    assert canonical(address) == form


@pytest.mark.parametrize(
    "look_alike", ["alice@c\u043erp.example", "alice@corp.example.evil.example", "al\u0131ce@corp.example"]
)
def test_look_alikes_are_other_mailboxes(look_alike: str) -> None:
    assert canonical(look_alike) not in ("", "alice@corp.example")


SPELLINGS = [
    "CEO@Straße.Example",
    "ceo@strasse.example",
    "ceo@xn--strae-oqa.example",
    '"ceo"@straße.example',
    '"c\\eo"@straße.example',
    "ceo(x)@straße.example",
    "ceo(x(y)\\))@straße.example",
    "ceo@(x)straße.example",
    "<@a,@b:ceo@straße.example>",
    "ceo+crm@straße.example",
    "ｃｅｏ@straße.example",
    "ceo＠straße.example",
    "ceo@straße。example",
    "ceo@stra\u00adße.example",
    "ceo@stra\u200dße.example",
    "ceo @ straße . example",
    "see a. ceo @ straße . example",
    "ceo@straße.example.",
    "=?utf-8?q?ceo?=@xn--strae-oqa.example",
    "x: ceo@straße.example;",
    "ceo@stra\xdfe.example",
    "ceo@ straße.example",
    '"x <ceo@straße.example>',
    "(x ceo@straße.example",
    "a@b.example;ceo@straße.example",
    "a@b.example；ceo@straße.example",
    "a@b.example ceo@straße.example",
    "<<ceo@straße.example>>",
    "mailto:ceo@straße.example",
    "<mailto:ceo@straße.example?subject=x>",
    "<mailto:ceo%40straße.example>",
    '"ceo@straße.example" <x@other.example>',
    "'ceo@straße.example' <x@other.example>",
    "x@other.example (ceo@straße.example)",
    "=?utf-8?b?Y2VvQHN0cmHDn2UuZXhhbXBsZQ==?=",
    "=?utf-8?b?Y2VvQHN0cmHDn2UuZXhhbXBsZQ==?= <x@other.example>",
    "=?utf-8?q?ceo=40stra=C3=9Fe.example",
    "ceo=40stra=C3=9Fe.example",
    "ceo@XN--STRAE-OQA.Example",
    "“ceo@straße.example”",
    "c\u00ad" + "\u00ad" * 2000 + "eo@straße.example",
]


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_every_spelling_of_a_listed_address_is_among_the_tokens(spelling: str) -> None:
    entry = entry_keys(parse_pattern("ceo@straße.example"))
    assert any(entry & token_keys(token) for token in tokens(spelling))
    in_mailboxes = [token for mailbox in read(spelling).mailboxes for token in mailbox.tokens]
    assert any(entry & token_keys(token) for token in in_mailboxes)


def test_a_listed_domain_is_seen_behind_any_local_part() -> None:
    entry = entry_keys(parse_pattern("*@straße.example"))
    for value in (
        "x" * 5000 + "@straße.example",
        '"a, b"@straße.example',
        '"a@b"@straße.example',
        "@x.example,y@straße.example",
    ):
        assert any(entry & token_keys(token) for token in tokens(value)), value[:30]


def test_text_without_an_address_has_no_tokens() -> None:
    assert tokens("by mx.example with ESMTP id 123") == ()
    assert tokens("") == ()


def test_a_plain_mailbox_has_its_address_as_only_token() -> None:
    assert [m.tokens for m in read("Alice <alice@corp.example>, b@c.example").mailboxes] == [
        ("alice@corp.example",),
        ("b@c.example",),
    ]


@pytest.mark.parametrize(
    "unit", ["(", "()", '"', '\\"', ",", "<", "@", "a@", "a@b.example,", "=?", "=?a?q?", ":", " .", "é@é,", "<@a,"]
)
def test_long_input_takes_linear_time(unit: str) -> None:
    value = unit * (130_000 // len(unit))
    with bounded():
        read(value)
        tokens(value)


@given(st.lists(st.sampled_from(PIECES), max_size=25).map("".join) | st.text(max_size=40))
def test_any_text_is_read_without_error(value: str) -> None:
    found = read(value)
    for mailbox in found.mailboxes:
        assert bool(mailbox.address) == bool(mailbox.canonical)
        if mailbox.address:
            assert canonical(mailbox.address) == mailbox.canonical == canonical(mailbox.canonical)
            assert mailbox.address in mailbox.tokens
    if "@" in value.replace("\0", "") and not found.unreadable:
        assert any(m.address for m in found.mailboxes)


WORD = st.text("abcXYZ019.+_-", min_size=1, max_size=8).filter(lambda t: "." not in (t[0], t[-1]) and ".." not in t)
BLANK = st.sampled_from(["", " ", "(c)", " (a (b)) ", "\t"])


@given(WORD, st.sampled_from(["{}", '"{}"']), BLANK, BLANK, BLANK)
def test_blanks_comments_and_quotes_change_nothing(local: str, form: str, one: str, two: str, three: str) -> None:
    written = f"{one}{form.format(local)}{two}@{three}host.example{one}"
    assert [m.canonical for m in read(written).mailboxes] == [f"{local.lower()}@host.example"]
    assert f"{local}@host.example" in tokens(written)
