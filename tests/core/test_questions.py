"""What is asked of the store: keyed hashes only, and the same ones for the same mail."""

from __future__ import annotations

import unicodedata
from dataclasses import replace

import pytest
from fakes.deliveries import ANA, BCC, BOB, DANS_BCC, KEYED, RELAY, Delivery, cases, mail
from fakes.world import load_world
from hypothesis import assume, given
from hypothesis import strategies as st

from gateway.core.questions import Questions, address_hashes, text_print

US = load_world()
PLAIN = Delivery(mail(ANA, BOB, text="Here is the offer."), [BCC], ANA)


def asked(delivery: Delivery) -> Questions:
    return cases(US, delivery)[0].asked


@pytest.mark.parametrize(
    "other",
    [
        replace(PLAIN, to=[RELAY]),
        replace(PLAIN, to=[DANS_BCC]),
        replace(PLAIN, mail_from=BOB),
        replace(PLAIN, mail_from=""),
        replace(PLAIN, raw=PLAIN.raw + b"\r\n"),
        replace(PLAIN, raw=b"Received: from a by b\r\n" + PLAIN.raw),
    ],
)
def test_the_retry_key_is_of_recipient_sender_and_bytes(other: Delivery) -> None:
    assert asked(other).retry != asked(PLAIN).retry


def test_time_peer_trace_id_and_case_of_the_recipient_are_not_in_it() -> None:
    other = replace(PLAIN, at=PLAIN.at + 1, trace_id="other", source="hosted", to=["anakey@bcc.log.EXAMPLE".lower()])
    assert asked(other).retry == asked(PLAIN).retry


def test_what_a_route_adds_changes_neither_id_nor_anchor_nor_text() -> None:
    routed = replace(PLAIN, raw=b"Received: from a by b\r\n" + PLAIN.raw)
    for name in ("message_id", "anchor", "text", "subject"):
        assert getattr(asked(routed), name) == getattr(asked(PLAIN), name)


def test_without_an_id_it_is_made_from_the_content_alone() -> None:
    without = replace(PLAIN, raw=mail(ANA, BOB, message_id="", text="Here is the offer."))
    other = replace(PLAIN, raw=mail(ANA, BOB, message_id="", text="Here is another offer."))
    assert asked(without).message_id == asked(replace(without, at=without.at + 1, trace_id="x")).message_id
    assert asked(without).message_id != asked(other).message_id


def test_an_id_that_looks_derived_is_not_taken_for_a_derived_one() -> None:
    without = asked(replace(PLAIN, raw=mail(ANA, BOB, message_id="", text="Here is the offer.")))
    author, moment, subject, text = ANA, "1741089600", without.subject, without.text
    forged = mail(BOB, ANA, message_id="").replace(
        b"Subject:", f"Message-ID: <derived:{author}:{moment}:{subject}:{text}>\r\nSubject:".encode()
    )
    assert asked(replace(PLAIN, raw=forged)).anchor != without.anchor


def test_nothing_readable_is_asked() -> None:
    questions = asked(replace(PLAIN, raw=mail(ANA, BOB, References="<a@b.example> <c@d.example>")))
    hashes = [
        questions.capture,
        questions.retry,
        questions.message_id,
        questions.anchor,
        questions.text,
        questions.subject,
        *questions.parents.all,
        *(h for found in (*questions.people.values(), *questions.tokens.values()) for h in found),
    ]
    assert all(len(h) == 32 and set(h) <= set("0123456789abcdef") for h in hashes)


def test_an_address_is_asked_with_and_without_its_tag() -> None:
    assert address_hashes("ana+x@us.example", KEYED)[1:] == address_hashes("ana@us.example", KEYED)
    assert len(address_hashes("+x@us.example", KEYED)) == 1


@pytest.mark.parametrize(
    ("one", "other", "equal"),
    [
        ("Hello, World!", "hello world", True),
        ("see https://a.example/x now", "see https://b.example/y now", True),
        ("ＡＢＣ", "abc", True),
        ("a", "b", False),
        ("x" * 2000 + "a", "x" * 2000 + "b", True),
        ("", " \r\n", True),
    ],
)
def test_the_text_print_sees_words_only(one: str, other: str, equal: bool) -> None:  # noqa: FBT001 — of a table
    assert (text_print(one) == text_print(other)) == equal


@given(st.text(st.one_of(st.characters(exclude_categories=()), st.sampled_from("aA_ ,.²½éＡ"))))
def test_the_text_print_keeps_letters_and_digits_of_every_script(text: str) -> None:
    assume("://" not in text)
    folded = unicodedata.normalize("NFKC", text).casefold()
    assert text_print(text) == "".join(c for c in folded if c.isalnum())


def test_at_most_32_references_are_asked() -> None:
    many = " ".join(f"<m{n}@mail.example>" for n in range(10_000))
    assert len(asked(replace(PLAIN, raw=mail(ANA, BOB, References=many))).parents.all) <= 32


def test_the_id_that_it_has_is_none_that_it_had_before() -> None:
    renamed = asked(replace(PLAIN, raw=mail(ANA, BOB, X_Google_Original_Message_ID="<ONE@mail.example>")))
    assert (renamed.aliases, len(set(renamed.names))) == ((), 2)
