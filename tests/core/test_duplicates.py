"""The same mail by another way, and another mail under the same id."""

from __future__ import annotations

from dataclasses import replace
from itertools import permutations

import pytest
from fakes.copies import quoted
from fakes.decisions import decided, stage
from fakes.deliveries import ANA, BCC, BOB, KEYED, KIM, RELAY, Delivery, deliver, mail
from fakes.memory_store import MemoryStore
from fakes.world import load_world

FORWARD = "passkey@forward.log.example"
FIRST = Delivery(mail(ANA, BOB, text="Here is the offer."), [BCC], ANA)


def again(raw: bytes, to: str = RELAY) -> tuple[str, bool]:
    """What the stage says of a copy after the first one, and whether the copies differ."""
    decision = decided(raw, to, ANA, before=(FIRST,), rule="log_all")
    return stage(decision, "duplicates"), "dedupe.variant" in decision.flags


@pytest.mark.parametrize(
    ("raw", "differs"),
    [
        (mail(ANA, BOB, text="Here is the offer."), False),
        (mail(ANA, BOB, text="HERE is the offer!"), False),
        (mail(ANA, BOB, text="Here is the offer. https://track.example/1"), False),
        (mail("Ana <ANA@us.example>", BOB, text="Here is the offer."), False),
        (mail(ANA, BOB, date="Tue, 4 Mar 2025 14:00:00 +0200", text="Here is the offer."), False),
        (mail(ANA, BOB, "[EXT] Offer", text="Here is the offer."), True),
        (mail(ANA, BOB, "Offer", text="Here is the offer. And a footer."), True),
        (mail(ANA, BOB, "Another subject", text="Here is the offer."), True),
    ],
)
def test_the_same_mail_by_another_way_merges(raw: bytes, differs: bool) -> None:  # noqa: FBT001 — of a table
    assert again(raw) == ("dedupe.merged", differs)


@pytest.mark.parametrize(
    "raw",
    [
        mail(KIM, ANA, text="Here is the offer."),
        mail(ANA, BOB, date="Tue, 4 Mar 2025 12:00:01 +0000", text="Here is the offer."),
        mail(ANA, BOB, "Another subject", text="And other words."),
    ],
)
def test_another_mail_under_its_id_is_a_conflict(raw: bytes) -> None:
    assert again(raw)[0] == "dedupe.conflict"


@pytest.mark.parametrize("name", ["", "other"])
def test_another_id_is_another_mail(name: str) -> None:
    assert again(mail(ANA, BOB, message_id=name, text="Here is the offer."))[0] == "dedupe.new"


def test_an_answer_to_a_reused_id_is_an_answer_to_the_first_of_them() -> None:
    second = Delivery(mail(KIM, ANA, "Price list", text="Please."), [RELAY], KIM)
    raw = mail(ANA, KIM, "Re: Price list", message_id="three", In_Reply_To="<one@mail.example>")
    decision = decided(raw, RELAY, ANA, before=(second, FIRST))
    assert decision.reason == "rule.replies_only"


@pytest.mark.parametrize("source", ["office", "hosted"])
def test_a_second_copy_of_the_later_one_takes_the_id_no_more_than_the_first(source: str) -> None:
    trick = Delivery(mail("m@evil.example", ANA, text="Please."), [RELAY], "m@evil.example", source)
    again = replace(trick, raw=b"X-Route: b\r\n" + trick.raw)
    raw = mail(BOB, ANA, "Re: Offer", message_id="three", In_Reply_To="<one@mail.example>")
    assert "dedupe.conflict" in decided(again.raw, RELAY, source="hosted", before=(FIRST, trick)).flags
    assert decided(raw, RELAY, BOB, before=(FIRST, trick, again), source="hosted").reason == "thread.logged"


@pytest.mark.parametrize("fields", [{"In_Reply_To": "<one@mail.example>"}, {"References": "<one@mail.example>"}])
def test_an_answer_to_ones_own_mail_is_no_copy_of_it_though_it_has_no_id(fields: dict[str, str]) -> None:
    answer = mail(ANA, BOB, "Re: Offer", message_id="", text="And another thing.", **fields)
    assert decided(answer, RELAY, ANA, before=(FIRST,), rule="log_all").reason == "thread.logged"


RECEIVED = Delivery(mail(BOB, ANA, text="Here is the offer."), [RELAY], BOB)
QUOTED = (
    "---------- Forwarded message ---------\r\n"
    f"From: {BOB}\r\nDate: Tue, 4 Mar 2025 at 12:00\r\nSubject: Offer\r\nTo: {ANA}\r\n\r\nHere is the offer."
)
PASSED_ON = Delivery(
    mail(ANA, FORWARD, "Fwd: Offer", message_id="fwd", text=QUOTED, In_Reply_To="<one@mail.example>"), [FORWARD], ANA
)
AGAIN = replace(RECEIVED, raw=b"X-Route: b\r\n" + RECEIVED.raw)
ANSWER = mail(BOB, ANA, "Re: Offer", message_id="two", In_Reply_To="<one@mail.example>")


@pytest.mark.parametrize("before", list(permutations((RECEIVED, PASSED_ON, AGAIN))))
def test_a_forward_within_a_text_makes_the_thread_of_its_original_a_logged_one(before: tuple[Delivery, ...]) -> None:
    assert decided(ANSWER, RELAY, BOB, before=before).reason == "thread.logged"


def test_what_a_users_forward_tells_of_a_skipped_message_is_a_copy_of_it() -> None:
    upgraded = decided(PASSED_ON.raw, FORWARD, ANA, before=(RECEIVED,))
    merged = decided(AGAIN.raw, RELAY, BOB, before=(RECEIVED, PASSED_ON))
    assert (upgraded.reason, merged.reason) == ("dedupe.upgraded", "dedupe.merged")


def test_an_id_that_one_message_had_before_and_another_bears_leads_to_both() -> None:
    bearer = Delivery(mail(BOB, ANA, "Lunch?", text="At one?"), [RELAY], BOB)
    renamed = mail(BOB, ANA, message_id="two", X_Google_Original_Message_ID="<one@mail.example>")
    world = load_world().with_settings(rule="log_all")
    store = MemoryStore(KEYED, world)
    copies = (renamed, bearer.raw, mail(BOB, ANA), b"X-Route: b\r\n" + bearer.raw)
    deliver(store, world, *(replace(bearer, raw=raw) for raw in copies))
    assert [(s.subject, s.copies) for s in store.seen("us")] == [("Lunch?", 2 * ("relay",)), ("Offer", 2 * ("relay",))]


def test_without_a_subject_nothing_tells_that_a_forwards_text_is_of_the_message_it_answers() -> None:
    """An empty subject equals nothing, and the time that a forward tells is that of nobody knows which clock."""
    first = Delivery(mail(BOB, ANA, "", date="Mon, 3 Mar 2025 12:00:00 +0000", text="Another one."), [RELAY], BOB)
    assert decided(quoted(subject="").raw, FORWARD, ANA, before=(first,), rule="log_all").reason == "explicit.forward"
