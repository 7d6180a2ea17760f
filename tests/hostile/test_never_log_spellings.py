"""Whoever is on the never-log list is found in every spelling, place and channel, and nothing of him is stored."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import fakes.world
import pytest
from fakes.deliveries import ANA, BCC, BOB, RELAY, Delivery, mail
from fakes.world import EntryRow
from hostile.never_log_cases import (
    ALABEL,
    FORWARD,
    LISTED,
    SPELLINGS,
    Attack,
    Books,
    attacks,
    by,
    hit,
    migrated,
    shows,
    world,
)

from gateway.core import addresses, questions
from gateway.core.decision import Decision
from gateway.core.model import Outcome

_GONE = (Outcome.SKIPPED, Outcome.REFUSED)


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return migrated(tmp_path_factory.mktemp("template") / "empty.db")


@pytest.fixture(scope="module")
def books(template: Path) -> Iterator[dict[str, Books]]:
    """By the effect of the entry."""
    made = {effect: Books(world(effect), template) for effect in ("participant", "message")}
    yield made
    for one in made.values():
        one.close()


def escaped(books: Books, attack: Attack, effect: str) -> str:
    """How the person escaped the list, or ""."""
    with books.settled(attack.delivery) as decisions:
        for d in decisions:
            if not hit(d) or ((attack.author or effect == "message") and d.outcome not in _GONE):
                return f"{attack.id} ({effect}): {d.outcome} {d.reason}"
        left = {table for table, text in books.kept() if shows(text, attack.spelling)}
        return f"{attack.id} ({effect}): kept in {', '.join(sorted(left))}" if left else ""


@pytest.mark.parametrize("name", SPELLINGS)
def test_a_listed_person_is_found_however_and_wherever_he_is_written(books: dict[str, Books], name: str) -> None:
    """A third of all ways and places for each spelling, all of them among three; both effects in turn."""
    which = list(SPELLINGS).index(name)
    effects = itertools.cycle(books)
    chosen = list(itertools.islice(attacks(name, SPELLINGS[name]), which % 3, None, 3))
    found = [escaped(books[effect], attack, effect) for attack, effect in zip(chosen, effects, strict=False)]
    assert len(found) > 70
    assert list(filter(None, found)) == []


@pytest.mark.prove
@pytest.mark.parametrize("name", SPELLINGS)
@pytest.mark.parametrize("effect", ["participant", "message"])
def test_every_spelling_in_every_place_by_every_way_is_found(books: dict[str, Books], name: str, effect: str) -> None:
    found = [escaped(books[effect], attack, effect) for attack in attacks(name, SPELLINGS[name])]
    print(f"{name}, {effect}: {len(found)} cases")
    assert list(filter(None, found)) == []


def test_a_list_of_100_000_others_finds_the_same_by_as_many_statements(books: dict[str, Books], template: Path) -> None:
    """N30: the keys are looked up by their hashes."""
    small, large = books["participant"], Books(world(), template, crowd=100_000)
    try:
        for name, spelling in SPELLINGS.items():
            delivery = by("bcc", "Cc", spelling)
            before = small.statements, large.statements
            with small.settled(delivery) as [few], large.settled(delivery) as [many]:
                assert (few.outcome, few.reason, few.redact) == (many.outcome, many.reason, many.redact), name
            assert small.statements - before[0] == large.statements - before[1], name
        with large.settled(by("bcc", "Cc", "p77@crowd77.example")) as [decision]:
            assert decision.reason == "never_log.address"
    finally:
        large.close()


@pytest.mark.parametrize(("others", "fits"), [(1000, True), (20_000, False)])
def test_the_last_of_a_crowd_is_found_or_nothing_is_kept(books: dict[str, Books], others: int, fits: bool) -> None:  # noqa: FBT001 - a row of the table
    """N24: as address 1,001 of To, and as the last of 20,000, which breaks a limit."""
    crowd = ", ".join(f"p{n}@crowd.example" for n in range(others))
    raw = mail(ANA, f"{BOB}, {crowd}, {LISTED}")
    with books["participant"].settled(Delivery(raw, [RELAY], ANA)) as [decision]:
        assert hit(decision)
        assert (decision.outcome is Outcome.LOGGED) is fits
        assert not [table for table, text in books["participant"].kept() if shows(text, LISTED)]


# --- what the keys are for: without them the table is full of holes ---


def test_with_lower_case_as_the_only_key_most_spellings_escape(template: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The control: these tests do see somebody who escapes."""
    address = re.compile(r"[^\s<>,;]+@[^\s<>,;]+")
    monkeypatch.setattr(fakes.world, "entry_keys", lambda pattern: {f"a:{pattern.text.lower()}"})
    monkeypatch.setattr(questions, "token_keys", lambda token: {f"a:{token.lower()}"})
    monkeypatch.setattr(addresses, "tokens", lambda text: tuple(address.findall(text)))
    crippled = Books(world(), template)
    ways = {name: by("relay-out", "X-Original-To", spelling) for name, spelling in SPELLINGS.items()}
    missed = {n for n, d in ways.items() if escaped(crippled, Attack(n, SPELLINGS[n], d, author=False), "participant")}
    crippled.close()
    assert "N01-case" not in missed
    assert len(missed) > len(SPELLINGS) / 2


# --- places that the table doesn't have ---


def decided(books: Books, delivery: Delivery) -> tuple[list[Decision], list[str]]:
    """The decisions, and the tables that show the listed person."""
    with books.settled(delivery) as decisions:
        return decisions, sorted({table for table, text in books.kept() if shows(text, LISTED)})


def attached(*inner: bytes, author: str = ANA) -> bytes:
    parts = b"".join(b"--b\r\nContent-Type: message/rfc822\r\n\r\n" + raw + b"\r\n" for raw in inner)
    head = mail(author, FORWARD, "Fwd: Offer", "Content-Type: multipart/mixed; boundary=b", message_id="outer")
    return head.partition(b"\r\n\r\n")[0] + b"\r\n\r\n" + parts + b"--b--\r\n"


def test_a_users_own_address_gives_nobody_shelter_in_its_name(books: dict[str, Books]) -> None:
    raw = mail(f'"{LISTED}" <{ANA}>', BOB)
    assert decided(books["participant"], Delivery(raw, [BCC], ANA))[1] == []


def test_a_hold_keeps_nobody_of_another_message_in_the_copy(books: dict[str, Books]) -> None:
    """A stranger's forward of two messages is held for the first one; the second names a listed person."""
    raw = attached(mail(BOB, ANA), mail(LISTED, ANA, message_id="two"), author="stranger@else.example")
    decisions, left = decided(books["participant"], Delivery(raw, [FORWARD], "stranger@else.example"))
    assert [d.outcome for d in decisions] == [Outcome.SKIPPED, Outcome.SKIPPED]
    assert left == []


def test_a_forward_that_cannot_be_read_is_held_only_if_its_text_names_nobody_listed(books: dict[str, Books]) -> None:
    for text, outcome in ((LISTED, Outcome.SKIPPED), ("kim@client.example", Outcome.HELD)):
        raw = mail(ANA, FORWARD, "Fwd: Offer", text=f"You know this one?\r\n\r\n* {text} said on Monday:\r\nHello")
        [decision], left = decided(books["participant"], Delivery(raw, [FORWARD], ANA))
        assert (decision.outcome, left) == (outcome, [])


def test_a_forward_within_a_forward_names_people_too(books: dict[str, Books]) -> None:
    marker = "---------- Forwarded message ---------"
    when = "Date: Mon, 3 Mar 2025 09:00:00 +0000\r\nSubject: Offer"
    inner = f"{marker}\r\nFrom: {LISTED}\r\n{when}\r\nTo: {BOB}\r\n\r\nHi"
    outer = f"{marker}\r\nFrom: {BOB}\r\n{when}\r\nTo: {ANA}\r\n\r\nSee:\r\n\r\n"
    raw = mail(ANA, FORWARD, "Fwd: Offer", text=outer + inner)
    [decision], left = decided(books["participant"], Delivery(raw, [FORWARD], ANA))
    assert decision.outcome is Outcome.LOGGED
    assert left == []
    assert decided(books["message"], Delivery(raw, [FORWARD], ANA))[0][0].reason == "never_log.address"


@pytest.mark.parametrize(
    "field",
    [
        f"Authentication-Results: mx.example; spf=pass smtp.mailfrom=ceo@{ALABEL}",
        "List-Unsubscribe: <mailto:out@news.example?subject=CEO@STRASSE.EXAMPLE>",
        "Message-ID: <CEO@STRASSE.EXAMPLE>",
    ],
)
def test_who_is_passed_over_is_taken_out_of_every_field_however_it_spells_him(
    books: dict[str, Books], field: str
) -> None:
    raw = mail(ANA, BOB, "Offer", f"Cc: {LISTED}", field, message_id="")
    with books["participant"].settled(Delivery(raw, [BCC], ANA)) as [decision]:
        assert decision.outcome is Outcome.LOGGED
        stored = [text for table, text in books["participant"].kept() if table == "raw_message"]
        assert stored
        assert not any(shows(text, LISTED) for text in stored)


def test_a_header_block_without_its_message_counts_and_goes_with_all_attachments(books: dict[str, Books]) -> None:
    part = f"--b\r\nContent-Type: text/rfc822-headers\r\n\r\nFrom: {LISTED}\r\nTo: {BOB}\r\n"
    text = f"--b\r\n\r\nHello\r\n{part}--b--\r\n"
    raw = mail(ANA, BOB, "Offer", "Content-Type: multipart/mixed; boundary=b", text=text)
    [decision], left = decided(books["participant"], Delivery(raw, [BCC], ANA))
    assert decision.outcome is Outcome.LOGGED
    assert decision.activity
    assert (decision.activity.attachments, left) == ((), [])


def test_a_field_of_base64_is_looked_into(books: dict[str, Books]) -> None:
    raw = mail(ANA, BOB, "Offer", "X-MSFBL: eyJyIjogIkNFT0BTVFJBU1NFLkVYQU1QTEUiLCAiZyI6ICJhYmMifQ==")
    [decision], left = decided(books["participant"], Delivery(raw, [BCC], ANA))
    assert (hit(decision), left) == (True, [])


# --- who is not hit ---


@pytest.mark.parametrize(
    "other",
    [
        "S17 се\u043e@straße.example",
        "S17 ceo@xn--stre-b8d6a.example",
        "ceo@notstraße.example",
        "ceo@mail.straße.example",
        "ce@straße.example",
        "ceo2@straße.example",
        "ceo.x@straße.example",
        "ceo@strase.example",
        "ceo@straße.example.net",
    ],
)
@pytest.mark.parametrize("place", ["To", "Cc", "Delivered-To"])
def test_another_mailbox_is_not_hit(books: dict[str, Books], other: str, place: str) -> None:
    """Among them a look-alike in Cyrillic (S17), which is another mailbox and stays one: documented."""
    delivery = by("bcc", place, other.removeprefix("S17 "))
    with books["message"].settled(delivery) as [decision]:
        assert [f.slug for f in decision.findings if f.stage == "never_log"] == ["never_log.clear"]


def test_the_body_is_not_searched(books: dict[str, Books]) -> None:
    raw = mail(ANA, BOB, text=f"Did you hear of {LISTED}?")
    with books["message"].settled(Delivery(raw, [BCC], ANA)) as [decision]:
        assert decision.outcome is Outcome.LOGGED


@pytest.mark.parametrize(
    ("pattern", "address", "hits"),
    [
        ("*@straße.example", "a.b@sub.straße.example", False),
        ("*@straße.example", "a@notstraße.example", False),
        ("*@straße.example", "a@straße.example", True),
        ("*@*.straße.example", "a.b@sub.straße.example", True),
        ("*@*.straße.example", "a@notstraße.example", False),
        ("*@*.straße.example", "a@straße.example", False),
    ],
)
def test_a_domain_and_its_subdomains_are_listed_apart(template: Path, pattern: str, address: str, hits: bool) -> None:  # noqa: FBT001 - a row of the table
    """N32."""
    there = Books(world("participant", EntryRow(pattern, "message")), template)
    try:
        with there.settled(by("bcc", "Cc", address)) as [decision]:
            assert (decision.outcome is Outcome.SKIPPED) is hits
    finally:
        there.close()


@pytest.mark.parametrize("entries", [True, False])
def test_a_field_that_cannot_be_read_is_skipped_or_held(template: Path, entries: bool) -> None:  # noqa: FBT001 - with and without a list
    """N31: without a list a person may look at it; with one it might name anybody."""
    there = world() if entries else replace(world(), never_log=())
    found = Books(there, template)
    try:
        with found.settled(Delivery(mail(ANA, f"{BOB}, who@@where@"), [BCC], ANA)) as [decision]:
            expected = Outcome.SKIPPED if entries else Outcome.HELD
            assert (decision.outcome, decision.reason) == (expected, "participants.unparsable")
    finally:
        found.close()
