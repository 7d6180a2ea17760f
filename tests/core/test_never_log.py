"""A listed person is hit in every spelling, in every place, on every channel; and nobody else is."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from dataclasses import replace

import pytest
from fakes.deliveries import ANA, BCC, BOB, KEYED, RELAY, Delivery, cases, deliver, mail
from fakes.memory_store import MemoryStore
from fakes.world import EntryRow, World, load_world
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.core.address_keys import entry_keys, parse_pattern, token_keys
from gateway.core.decision import Decision
from gateway.core.message import read
from gateway.core.model import Outcome
from gateway.core.redact import redact

LISTED = "ceo@straße.example"
ALABEL = "xn--strae-oqa.example"

SPELLINGS: dict[str, str | bytes] = {
    "case": "CEO@Straße.Example",
    "idna2003": "ceo@strasse.example",
    "a-label": f"ceo@{ALABEL}",
    "quoted": '"ceo"@straße.example',
    "quoted pair": '"c\\eo"@straße.example',
    "comment behind the name": "ceo(x)@straße.example",
    "comment before the domain": "ceo@(x)straße.example",
    "source route": "<@a.example,@b.example:ceo@straße.example>",
    "subaddress": "ceo+crm@straße.example",
    "full width": "ｃｅｏ@straße.example",
    "ideographic stop": "ceo@straße。example",
    "soft hyphen": "ceo@stra\u00adße.example",
    "joiner": "ceo@stra\u200dße.example",
    "blanks": "ceo @ straße . example",
    "trailing dot": "ceo@straße.example.",
    "encoded local part": f"=?utf-8?q?ceo?=@{ALABEL}",
    "group": "x: ceo@straße.example;",
    "latin-1": b"ceo@stra\xdfe.example",
    "folded": "ceo@\r\n straße.example",
    "open quote": '"x <ceo@straße.example>',
    "open comment": "(x ceo@straße.example",
    "semicolon": "x@other.example; ceo@straße.example",
    "side by side": "x@other.example ceo@straße.example",
    "double angles": "<<ceo@straße.example>>",
    "mailto": "<mailto:ceo@straße.example>",
    "name only": '"ceo@straße.example" <x@other.example>',
    "whole mailbox encoded": f"=?utf-8?b?{base64.b64encode('ceo@straße.example'.encode()).decode()}?=",
    "upper-case punycode": "CEO@XN--STRAE-OQA.EXAMPLE",
    "mixed labels": "ceo@xn--strae-oqa.EXAMPLE",
}
AUTHORS = ("From", "Sender", "Reply-To")
RECIPIENTS = ("To", "Cc", "Bcc")
TRACES = (
    "Resent-From",
    "Resent-Sender",
    "Resent-To",
    "Resent-Cc",
    "Resent-Bcc",
    "Return-Path",
    "Delivered-To",
    "X-Original-To",
    "X-Gm-Original-To",
    "Envelope-To",
    "Apparently-To",
    "X-Forwarded-To",
    "X-Forwarded-For",
    "Disposition-Notification-To",
    "dElIvErEd-tO",
    "Errors-To",
)
PATHS = {name: str(SPELLINGS[name]) for name in ("case", "idna2003", "a-label", "quoted", "subaddress", "full width")}


def world(effect: str = "participant") -> World:
    everything = load_world()
    return replace(everything.with_settings(rule="log_all"), never_log=(EntryRow(LISTED, effect),))


def written(spelling: str | bytes) -> bytes:
    return spelling if isinstance(spelling, bytes) else spelling.encode()


def message(author: str, to: str, place: str, spelling: str | bytes) -> bytes:
    """A mail whose field `place` holds the spelling; one that is there already is replaced."""
    raw = mail(author, to)
    lines = [line for line in raw.split(b"\r\n") if not line.lower().startswith(place.lower().encode() + b":")]
    return b"\r\n".join([place.encode() + b": " + written(spelling), *lines])


def settled(raw: bytes, address: str, mail_from: str, effect: str = "participant") -> Decision:
    there = world(effect)
    [decision] = deliver(MemoryStore(KEYED, there), there, Delivery(raw, [address], mail_from))
    return decision


def remains(decision: Decision, raw: bytes) -> Iterator[str]:
    """Every address-like token in what is stored of a message."""
    if decision.outcome is Outcome.SKIPPED:
        return
    kept = read(redact(raw, read(raw), decision.redact))
    for _, mailbox in kept.mailboxes():
        yield from mailbox.tokens
    for _, token in kept.nets.tokens:
        yield token
    if decision.activity:
        yield from (p.address or p.name for p in decision.activity.participants)
        yield from (t.address for t in decision.activity.targets)
        yield decision.activity.subject or ""
    yield from (word.strip(",;") for finding in decision.findings for word in finding.evidence.split())


def clean(decision: Decision, raw: bytes, spelling: str | bytes) -> bool:
    """Nothing of the listed person is in what is stored."""
    keys = entry_keys(parse_pattern(LISTED))
    if any(keys & token_keys(token) for token in remains(decision, raw) if "@" in token):
        return False
    return decision.outcome is Outcome.SKIPPED or written(spelling) not in redact(raw, read(raw), decision.redact)


def hit(decision: Decision) -> bool:
    """Skipped for the list, or because an address can't be read; or passed over."""
    if decision.outcome is Outcome.SKIPPED:
        return decision.tombstone and decision.reason != "participants.no_user"
    return any(f.slug == "never_log.passed_over" for f in decision.findings)


@pytest.mark.parametrize("place", RECIPIENTS + TRACES)
@pytest.mark.parametrize("address", [BCC, RELAY])
def test_a_listed_participant_of_a_users_mail_is_hit(place: str, address: str) -> None:
    for name, spelling in SPELLINGS.items():
        raw = message(ANA, BOB, place, spelling)
        raw = raw if place != "To" else b"Cc: " + BOB.encode() + b"\r\n" + raw
        decision = settled(raw, address, ANA)
        assert hit(decision), (name, decision.reason, [f.slug for f in decision.findings])
        assert clean(decision, raw, spelling), name


@pytest.mark.parametrize("place", AUTHORS)
def test_a_listed_author_of_incoming_mail_is_hit_and_nothing_is_logged(place: str) -> None:
    for name, spelling in SPELLINGS.items():
        decision = settled(message(BOB, ANA, place, spelling), RELAY, BOB)
        assert decision.tombstone, (name, decision.reason)
        assert decision.reason in ("never_log.address", "participants.unparsable"), (name, decision.reason)


@pytest.mark.parametrize("place", [*AUTHORS[1:], *RECIPIENTS, *TRACES])
@pytest.mark.parametrize("address", [BCC, RELAY])
def test_with_effect_message_nothing_is_logged_wherever_he_stands(place: str, address: str) -> None:
    for name, spelling in SPELLINGS.items():
        decision = settled(message(ANA, BOB, place, spelling), address, ANA, effect="message")
        assert decision.tombstone, (name, decision.reason)


@pytest.mark.parametrize(("name", "spelling"), PATHS.items())
@pytest.mark.parametrize("address", [BCC, RELAY])
def test_a_listed_envelope_sender_is_hit(name: str, spelling: str, address: str) -> None:
    assert hit(settled(mail(ANA, BOB), address, spelling)), name
    assert settled(mail(ANA, BOB), address, spelling, effect="message").tombstone, name


def test_the_thousand_and_first_recipient_is_hit() -> None:
    crowd = ", ".join(f"p{n}@crowd.example" for n in range(1000))
    raw = mail(ANA, f"{BOB}, {crowd}, {LISTED}")
    decision = settled(raw, BCC, ANA)
    assert hit(decision)
    assert clean(decision, raw, LISTED)


@pytest.mark.parametrize(
    "other",
    [
        "ceo@notstraße.example",
        "ceo@mail.straße.example",
        "ce@straße.example",
        "ceo@strase.example",
        "се\u043e@straße.example",
    ],
)
@pytest.mark.parametrize("place", ["To", "Cc", "Delivered-To"])
def test_somebody_else_is_not_hit(other: str, place: str) -> None:
    """Another domain, one below, another name, and a look-alike in Cyrillic, which is another mailbox."""
    there = world()
    [decision] = deliver(MemoryStore(KEYED, there), there, Delivery(message(ANA, BOB, place, other), [BCC], ANA))
    assert [f.slug for f in decision.findings if f.stage == "never_log"] == ["never_log.clear"]


@pytest.mark.parametrize(
    ("pattern", "hits", "misses"),
    [
        ("eve@rival.example", ["EVE@rival.example", "eve+x@rival.example"], ["eve@mail.rival.example"]),
        ("eve+x@rival.example", ["eve+x@rival.example"], ["eve@rival.example", "eve+y@rival.example"]),
        ("*@straße.example", ["a@straße.example", f"a@{ALABEL}"], ["a.b@sub.straße.example", "a@notstraße.example"]),
        (
            "*@*.straße.example",
            ["a.b@sub.straße.example", "a@b.sub.straße.example"],
            ["a@straße.example", "a@xstraße.example"],
        ),
        ("straße.example", ["a@straße.example"], ["a@sub.straße.example"]),
    ],
)
def test_what_a_pattern_matches(pattern: str, hits: list[str], misses: list[str]) -> None:
    keys = entry_keys(parse_pattern(pattern))
    assert [bool(keys & token_keys(t)) for t in (*hits, *misses)] == [True] * len(hits) + [False] * len(misses)


@st.composite
def respelled(draw: st.DrawFn) -> str:
    """The listed address with odd case, blanks, comments, quotes and a subaddress."""
    local = "".join(draw(st.sampled_from((c, c.upper()))) for c in "ceo")
    local = draw(st.sampled_from((local, f'"{local}"', f"{local}+x", f"(c){local}", f"{local}(c(d))")))
    domain = draw(st.sampled_from(("straße.example", "STRASSE.example", ALABEL, "straße。Example", "straße.example.")))
    gap = draw(st.sampled_from(("", " ", "(x)", "\r\n\t")))
    text = f"{local}{gap}@{gap}{domain}"
    return draw(
        st.sampled_from((text, f"<{text}>", f"Somebody <{text}>", f"team: {text};", f"{text}, x@other.example"))
    )


@settings(max_examples=60, deadline=None)
@given(respelled(), st.sampled_from((*RECIPIENTS, "X-Original-To", "Sender")))
def test_any_respelling_is_hit(spelling: str, place: str) -> None:
    raw = message(ANA, BOB, place, spelling) + b"\r\n"
    decision = settled(raw, BCC, ANA)
    assert hit(decision)
    assert clean(decision, raw, spelling)


def test_users_are_not_tested_although_their_domain_is_listed() -> None:
    there = load_world()
    delivery = Delivery(mail(ANA, BOB, Cc="dan@us.example"), [BCC], ANA)
    [case] = cases(there, delivery)
    store = MemoryStore(KEYED, there)
    assert {"ana@us.example", "dan@us.example"} <= store.facts(case).listed.keys()
    [decision] = deliver(store, there, delivery)
    assert "never_log.clear" in [finding.slug for finding in decision.findings]
