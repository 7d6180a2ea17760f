"""DMARC (RFC 9989): who speaks for an author's domain, and what it says of mail that nobody speaks for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import pytest
from fakes.lookups import FakeLookups
from hypothesis import given
from hypothesis import strategies as st

from gateway.authenticate.dmarc import Alignment, Policy, verdict
from gateway.authenticate.dns import DnsUnavailable
from gateway.core.claims import Claim
from gateway.core.message import read
from gateway.core.model import Evidence, Proof

Zone = Mapping[str, str | None]
RELAXED: Zone = {"corp.example": "v=DMARC1; p=none"}
SHARED: Zone = {"host.example": "v=DMARC1; p=none; psd=y", "a.host.example": "v=DMARC1; p=none"}


def lookups(zone: Zone, **others: tuple[str, ...] | None) -> FakeLookups:
    """Policy records by domain, None for a failure; other records as "name KIND"."""
    told = {f"_dmarc.{domain} TXT": None if text is None else (text,) for domain, text in zone.items()}
    return FakeLookups({**told, **{name.replace("__", " ").replace("_", "."): found for name, found in others.items()}})


@pytest.mark.parametrize(
    ("author", "identifier", "zone", "expected"),
    [
        ("corp.example", "corp.example", {}, True),
        ("corp.example", "CORP.EXAMPLE.", {}, True),
        ("corp.example", "mail.corp.example", RELAXED, True),
        ("mail.corp.example", "corp.example", RELAXED, True),
        ("hr.corp.example", "mail.corp.example", RELAXED, True),
        ("corp.example", "mail.corp.example", {}, False),
        ("corp.example", "mail.corp.example", {"mail.corp.example": "v=DMARC1; p=none"}, False),
        ("corp.example", "corp.example.evil.example", RELAXED, False),
        ("corp.example", "xcorp.example", RELAXED, False),
        ("corp.example", "orp.example", RELAXED, False),
        ("corp.example", "example", RELAXED, False),
        ("corp.example", "", RELAXED, False),
        ("corp.example", ".", RELAXED, False),
        ("corp.co.uk", "co.uk", {"co.uk": "v=DMARC1; p=none", "corp.co.uk": "v=DMARC1; p=none"}, False),
        ("corp.co.uk", "other.co.uk", {"co.uk": "v=DMARC1; p=none"}, False),
        ("[192.0.2.1]", "[192.0.2.1]", {}, True),
        ("[192.0.2.1]", "[192.9.2.1]", {}, False),
    ],
)
async def test_only_equal_domains_and_those_of_one_organization_are_aligned(
    author: str,
    identifier: str,
    zone: Zone,
    expected: bool,  # noqa: FBT001  # a column of the table
) -> None:
    """S03."""
    assert await Alignment(author, lookups(zone)).aligned(identifier, "dkim") is expected


@pytest.mark.parametrize(
    ("author", "identifier", "expected"),
    [
        ("a.host.example", "a.host.example", True),
        ("a.host.example", "x.a.host.example", True),
        ("y.a.host.example", "x.a.host.example", True),
        ("a.host.example", "b.host.example", False),
        ("a.host.example", "host.example", False),
        ("host.example", "a.host.example", False),
        ("b.host.example", "x.b.host.example", True),  # the organization has no record of its own
        ("b.host.example", "c.host.example", False),
    ],
)
async def test_a_domain_that_calls_itself_a_public_suffix_is_no_organization(
    author: str,
    identifier: str,
    expected: bool,  # noqa: FBT001  # a column of the table
) -> None:
    assert await Alignment(author, lookups(SHARED)).aligned(identifier, "dkim") is expected


async def test_an_organization_may_draw_its_own_border() -> None:
    zone = {"corp.example": "v=DMARC1; p=none", "lab.corp.example": "v=DMARC1; p=none; psd=n"}
    asked = lookups(zone)
    lab = Alignment("lab.corp.example", asked)
    assert not await lab.aligned("corp.example", "dkim")
    assert await lab.aligned("x.lab.corp.example", "dkim")
    assert await Alignment("x.corp.example", asked).aligned("corp.example", "dkim")
    asked.asked.clear()
    await lab.policy()
    assert asked.asked == ["_dmarc.lab.corp.example TXT"]


@pytest.mark.parametrize(
    ("tags", "method", "expected"),
    [
        ("", "dkim", True),
        ("adkim=s", "dkim", False),
        ("adkim=s", "spf", True),
        ("aspf=s", "spf", False),
        ("aspf=S", "spf", False),
        ("aspf=r; adkim=r", "spf", True),
        ("adkim=strict", "dkim", True),
    ],
)
async def test_strict_alignment_wants_the_same_domain(
    tags: str,
    method: Literal["dkim", "spf"],
    expected: bool,  # noqa: FBT001  # a column of the table
) -> None:
    asked = lookups({"corp.example": f"v=DMARC1; p=none; {tags}"})
    corp = Alignment("corp.example", asked)
    assert await corp.aligned("mail.corp.example", method) is expected
    assert await corp.aligned("corp.example", method)


@pytest.mark.parametrize("identifier", ["corp.example", "Corp.Example.", "other.example", "example", "evil.test", ""])
async def test_nothing_is_asked_where_the_answer_is_clear(identifier: str) -> None:
    asked = lookups({})
    corp = Alignment("corp.example", asked)
    await corp.aligned(identifier, "dkim")
    assert (asked.asked, corp.possible(identifier)) == ([], identifier.lower().startswith("corp"))


@pytest.mark.parametrize("domain", ["co.uk", "example", "[192.0.2.1]"])
async def test_a_domain_may_always_speak_for_itself(domain: str) -> None:
    assert Alignment(domain, lookups({})).possible(domain)


async def test_a_walk_asks_eight_times_at_most_and_leaves_out_the_middle() -> None:
    asked = lookups({})
    await Alignment("a.b.c.d.e.f.g.h.corp.example", asked).policy()
    assert [question.removesuffix(" TXT").removeprefix("_dmarc.") for question in asked.asked] == [
        "a.b.c.d.e.f.g.h.corp.example",
        "d.e.f.g.h.corp.example",
        "e.f.g.h.corp.example",
        "f.g.h.corp.example",
        "g.h.corp.example",
        "h.corp.example",
        "corp.example",
        "example",
    ]


@pytest.mark.parametrize(
    ("zone", "author", "expected"),
    [
        ({}, "corp.example", Policy()),
        ({"corp.example": "v=DMARC1; p=reject"}, "corp.example", Policy(enforced=True, domain="corp.example")),
        ({"corp.example": "v=DMARC1; p=quarantine"}, "corp.example", Policy(enforced=True, domain="corp.example")),
        ({"corp.example": "v=DMARC1; p=none"}, "corp.example", Policy(domain="corp.example")),
        ({"corp.example": "v=DMARC1; p=reject; t=y"}, "corp.example", Policy(domain="corp.example")),
        ({"corp.example": "v=DMARC1; p=reject; t=n"}, "corp.example", Policy(enforced=True, domain="corp.example")),
        ({"corp.example": "v=DMARC1; p=reject; pct=0"}, "corp.example", Policy(enforced=True, domain="corp.example")),
        ({"corp.example": "v=DMARC1; p=bogus"}, "corp.example", Policy(domain="corp.example")),
        ({"corp.example": "v=DMARC1; p=reject; sp=bogus"}, "corp.example", Policy(domain="corp.example")),
        ({"corp.example": "v=DMARC1"}, "corp.example", Policy(domain="corp.example")),
        ({"corp.example": "v=DMARC1; p=reject"}, "x.corp.example", Policy(enforced=True, domain="corp.example")),
        ({"corp.example": "v=DMARC1; p=reject; sp=none"}, "x.corp.example", Policy(domain="corp.example")),
        ({"corp.example": "v=DMARC1; p=none; sp=reject"}, "corp.example", Policy(domain="corp.example")),
        (
            {"corp.example": "v=DMARC1; p=none; sp=reject"},
            "x.corp.example",
            Policy(enforced=True, domain="corp.example"),
        ),
        (
            {"corp.example": "v=DMARC1; p=reject", "x.corp.example": "v=DMARC1; p=none"},
            "x.corp.example",
            Policy(domain="x.corp.example"),
        ),
        (
            {"corp.example": "v=DMARC1; p=reject", "x.corp.example": "v=DMARC1; p=none"},
            "y.x.corp.example",
            Policy(enforced=True, domain="corp.example"),
        ),
        (
            {"host.example": "v=DMARC1; p=reject; psd=y"},
            "b.host.example",
            Policy(enforced=True, domain="host.example"),
        ),
        (
            {"co.uk": "v=DMARC1; p=reject", "corp.co.uk": "v=DMARC1; p=none"},
            "x.corp.co.uk",
            Policy(domain="corp.co.uk"),
        ),
    ],
)
async def test_the_policy_is_that_of_the_author_else_of_the_organization_else_of_the_suffix(
    zone: Zone, author: str, expected: Policy
) -> None:
    assert await Alignment(author, lookups(zone)).policy() == expected


@pytest.mark.parametrize(
    ("records", "enforced"),
    [
        ({}, True),
        ({"x_corp_example__MX": ("10 mail.corp.example",)}, False),
        ({"x_corp_example__A": ("192.0.2.1",)}, False),
    ],
)
async def test_a_subdomain_that_does_not_exist_may_have_a_policy_of_its_own(
    records: dict[str, tuple[str, ...]],
    enforced: bool,  # noqa: FBT001  # a column of the table
) -> None:
    asked = lookups({"corp.example": "v=DMARC1; p=none; np=reject"}, **records)
    assert (await Alignment("x.corp.example", asked).policy()).enforced is enforced


async def test_whether_a_subdomain_exists_is_asked_only_where_it_matters() -> None:
    asked = lookups({"corp.example": "v=DMARC1; p=reject; np=quarantine"})
    assert (await Alignment("x.corp.example", asked).policy()).enforced
    assert all(question.endswith("TXT") for question in asked.asked)


@pytest.mark.parametrize(
    ("records", "enforced"),
    [
        (("v=DMARC1;p=reject",), True),
        (("v = DMARC1 ; P = Reject ; rua=mailto:x@corp.example",), True),
        (("v=DMARC1; p=reject;",), True),
        (("v=DMARC1;; p=reject; what; =x; ü=ü",), True),
        (("v=DMARC1; p=none; p=reject",), False),
        (("v=spf1 -all", "v=DMARC1; p=reject"), True),
        (("v=DMARC1; p=reject", "v=DMARC1; p=reject"), False),
        (("v=dmarc1; p=reject",), False),
        (("v=DMARC2; p=reject",), False),
        (("p=reject; v=DMARC1",), False),
        (("x=DMARC1; p=reject",), False),
        (("",), False),
        (("\udcff\udcfe",), False),
    ],
)
async def test_a_record_is_one_that_begins_with_its_version_and_is_the_only_one(
    records: tuple[str, ...],
    enforced: bool,  # noqa: FBT001  # a column of the table
) -> None:
    asked = FakeLookups({"_dmarc.corp.example TXT": records})
    assert (await Alignment("corp.example", asked).policy()).enforced is enforced


@pytest.mark.parametrize(
    ("zone", "certain"),
    [
        ({"example": None, "corp.example": "v=DMARC1; p=reject"}, True),
        ({"example": None, "hr.corp.example": "v=DMARC1; p=none", "mail.corp.example": "v=DMARC1; p=none"}, False),
        ({"example": None}, False),
        ({"example": None, "mail.corp.example": "v=DMARC1; p=none"}, False),
        ({"corp.example": None}, False),
        ({"mail.corp.example": None, "corp.example": "v=DMARC1; p=reject"}, False),
    ],
)
async def test_trouble_matters_unless_the_suffix_list_says_that_nothing_could_follow(
    zone: Zone,
    certain: bool,  # noqa: FBT001  # a column of the table
) -> None:
    corp = Alignment("hr.corp.example", lookups(zone))
    if certain:
        assert await corp.aligned("mail.corp.example", "dkim")
    else:
        with pytest.raises(DnsUnavailable):
            await corp.aligned("mail.corp.example", "dkim")


def claim() -> Claim:
    raw = b"From: alice@corp.example\r\n\r\n"
    message = read(raw)
    return Claim(message, raw, "from", message.from_[0])


@pytest.mark.parametrize(
    ("proofs", "zone", "expected"),
    [
        (
            (),
            {"corp.example": "v=DMARC1; p=reject"},
            Evidence(contradicted=True, seen=(("dmarc.fail", "corp.example"),)),
        ),
        ((), RELAXED, Evidence(seen=(("dmarc.none", "corp.example"),))),
        ((), {}, Evidence(seen=(("dmarc.none", "corp.example"),))),
        ((), {"corp.example": None}, Evidence(seen=(("dns.unavailable", "corp.example"),))),
        ((Proof("spf", "corp.example"),), {"corp.example": None}, Evidence()),
        ((Proof("dkim", "corp.example"),), {"corp.example": "v=DMARC1; p=reject"}, Evidence()),
        ((Proof("arc", "corp.example"),), {"corp.example": "v=DMARC1; p=reject"}, Evidence()),
        (
            (Proof("source", "*"),),
            {"corp.example": "v=DMARC1; p=reject"},
            Evidence(contradicted=True, seen=(("dmarc.fail", "corp.example"),)),
        ),
    ],
)
async def test_mail_without_an_aligned_pass_is_contradicted_by_an_enforced_policy(
    proofs: tuple[Proof, ...], zone: Zone, expected: Evidence
) -> None:
    assert await verdict(claim(), proofs, Alignment("corp.example", lookups(zone))) == expected


LABELS = st.sampled_from(["a", "corp", "mail", "co", "uk", "example", "com", "host", "xn--4ca", "_x", ""])
DOMAINS = st.lists(LABELS, min_size=1, max_size=10).map(".".join)
TEXTS = st.sampled_from(
    [None, "v=DMARC1; p=reject", "v=DMARC1; p=none; psd=y", "v=DMARC1; psd=n; p=none", "v=DMARC1; p=none; adkim=s"]
)


async def outcome(author: str, identifier: str, zone: Zone) -> bool | None:
    try:
        return await Alignment(author, lookups(zone)).aligned(identifier, "dkim")
    except DnsUnavailable:
        return None


@given(DOMAINS, DOMAINS, st.dictionaries(DOMAINS, TEXTS, max_size=5))
async def test_case_and_a_final_dot_mean_nothing(author: str, identifier: str, zone: dict[str, str | None]) -> None:
    plain = await outcome(author, identifier, zone)
    assert await outcome(author.upper(), identifier, zone) == plain
    assert await outcome(author, identifier.upper(), zone) == plain
    if identifier and not identifier.endswith("."):
        assert await outcome(author, f"{identifier}.", zone) == plain


@given(
    DOMAINS,
    st.sampled_from(["example", "com", "uk", "co.uk", "host.example"]),
    st.dictionaries(DOMAINS, TEXTS, max_size=5),
)
async def test_a_public_suffix_speaks_for_nobody_else(author: str, suffix: str, zone: dict[str, str | None]) -> None:
    zone["host.example"] = "v=DMARC1; p=none; psd=y"
    if author.strip(".") != suffix:
        assert not await outcome(author, suffix, zone)
        assert not await outcome(suffix, author, zone)


async def test_a_record_at_a_public_suffix_makes_no_one_organization_of_those_below_it() -> None:
    """Whoever runs the suffix may publish one: its customers don't speak for each other."""
    suffix: Zone = {"example": "v=DMARC1; p=none"}
    for author, other in (("us.example", "evil.example"), ("m.us.example", "evil.example"), ("us.example", "example")):
        found = Alignment(author, lookups(suffix))
        assert not await found.aligned(other, "dkim"), (author, other)
    own = Alignment("us.example", lookups({**suffix, "us.example": "v=DMARC1; p=none"}))
    assert await own.aligned("mail.us.example", "dkim")
