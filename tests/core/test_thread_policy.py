"""Which thread a message belongs to, and what that allows."""

from __future__ import annotations

import pytest
from fakes.decisions import decided, stage
from fakes.deliveries import ANA, BCC, BOB, KIM, RELAY, Delivery, mail

FIRST = Delivery(mail(ANA, BOB), [BCC], ANA)
ANSWERS = {"In_Reply_To": "<one@mail.example>"}


def second(author: str, to: str, subject: str = "Re: Offer", **fields: str) -> bytes:
    return mail(author, to, subject, message_id="two", **fields)


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("<one@mail.example>", "thread.logged"),
        ("<ONE@Mail.Example>", "thread.logged"),
        ("Your message of Tuesday <one@mail.example>", "thread.logged"),
        ("<other@mail.example> <one@mail.example>", "thread.logged"),
        ("<other@mail.example>", "rule.replies_only"),
        ("<two@mail.example>", "rule.replies_only"),
        ("", "rule.replies_only"),
    ],
)
def test_in_reply_to_names_the_thread(value: str, reason: str) -> None:
    assert decided(second(BOB, ANA, In_Reply_To=value), before=(FIRST,)).reason == reason


@pytest.mark.parametrize(
    ("subject", "joins"), [("Re: Offer", True), ("AW: WG: offer", True), ("", False), ("New", False)]
)
def test_references_need_the_same_base_subject(subject: str, joins: bool) -> None:  # noqa: FBT001 — of a table
    raw = second(BOB, ANA, subject, References="<x@y.example> <one@mail.example>")
    assert (decided(raw, before=(FIRST,)).reason == "thread.logged") == joins


def test_an_empty_subject_equals_nothing() -> None:
    first = Delivery(mail(ANA, BOB, ""), [BCC], ANA)
    raw = second(BOB, ANA, "Re:", References="<one@mail.example>")
    assert decided(raw, before=(first,)).reason == "rule.replies_only"


def test_a_thread_of_other_people_does_not_count() -> None:
    raw = second(KIM, "dan@us.example", **ANSWERS)
    assert decided(raw, before=(FIRST,)).reason == "rule.replies_only"


@pytest.mark.parametrize("outsider", ["m@evil.example", "new@lead.example"])
def test_an_unproven_stranger_does_not_join_by_naming_an_id(outsider: str) -> None:
    decision = decided(second(outsider, ANA, **ANSWERS), before=(FIRST,), source="hosted")
    assert decision.reason == "rule.replies_only"


def test_nor_does_he_bring_a_friend_in_by_a_first_mail() -> None:
    """The stranger's own unproven mails make nobody a member of the thread."""
    trick = Delivery(second("m@evil.example", ANA, **ANSWERS), [RELAY], "m@evil.example", "hosted")
    raw = mail("m@evil.example", ANA, "Re: Offer", message_id="three", In_Reply_To="<two@mail.example>")
    assert decided(raw, before=(FIRST, trick), source="hosted").reason == "rule.replies_only"


def test_a_known_member_needs_no_proof() -> None:
    decision = decided(second(BOB, ANA, **ANSWERS), before=(FIRST,), source="hosted")
    assert (decision.reason, "thread.unknown_author" in decision.flags) == ("thread.logged", False)


def test_a_thread_passed_on_to_outsiders_is_not_joined_even_when_asked_for() -> None:
    decision = decided(second(ANA, "law@counsel.example", "Fwd: Offer", **ANSWERS), BCC, ANA, before=(FIRST,))
    assert (decision.reason, stage(decision, "thread_policy")) == ("explicit.bcc", "thread.isolated")
    assert decision.remembered is not None
    assert (decision.remembered.thread.join, decision.remembered.thread.forward_of) == (None, "a000002")


def test_a_thread_passed_on_to_its_own_people_is_joined() -> None:
    decision = decided(second(ANA, BOB, "Fwd: Offer", **ANSWERS), before=(FIRST,))
    assert decision.reason == "thread.logged"


def test_strict_subject_is_about_the_message_that_is_answered() -> None:
    changed = Delivery(second(ANA, BOB, "Lunch?", **ANSWERS), [BCC], ANA)
    raw = mail(BOB, ANA, "Re: Lunch?", message_id="three", In_Reply_To="<two@mail.example>")
    assert decided(raw, before=(FIRST, changed), strict_subject=True).reason == "thread.logged"


@pytest.mark.parametrize("length", [2, 500])
def test_a_ring_of_references_ends(length: int) -> None:
    ring = " ".join(f"<m{n}@mail.example>" for n in range(length))
    raw = mail(BOB, ANA, "Re: Offer", message_id="m0", References=ring, In_Reply_To="<m0@mail.example>")
    decision = decided(raw)
    assert decision.remembered is not None
    assert len(decision.remembered.thread.parents) <= 32


def test_two_threads_that_prove_to_be_one_are_merged() -> None:
    loose = Delivery(mail(BOB, ANA, "Re: Offer", message_id="leaf", In_Reply_To="<lost@mail.example>"), [RELAY], BOB)
    found = mail(
        BOB, ANA, "Re: Offer", message_id="lost", References="<one@mail.example>", In_Reply_To="<one@mail.example>"
    )
    decision = decided(found, before=(loose, FIRST))
    assert decision.reason == "thread.logged"
    assert decision.remembered is not None
    assert len(decision.remembered.thread.merge) == 1
