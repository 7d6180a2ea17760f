"""Which thread a message belongs to, and what that allows."""

from __future__ import annotations

import base64
from dataclasses import replace

import pytest
from fakes.decisions import decided, stage, targets
from fakes.deliveries import ANA, BCC, BOB, KEYED, KIM, MINUTE, NOON, RELAY, Delivery, deliver, mail
from fakes.memory_store import MemoryStore
from fakes.world import ContactRow, load_world

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


# --- threads that prove to be one, and those that only hang together ---

KIMS = Delivery(mail(ANA, KIM, message_id="kims"), [BCC], ANA)


def together(*found: Delivery, names: tuple[str, str] = ("one", "kims"), **account: object) -> bool:
    """Whether the messages of these names stand in one thread."""
    world = load_world().with_settings(**account)
    store = MemoryStore(KEYED, world)
    deliver(store, world, *(replace(d, at=NOON + n * MINUTE) for n, d in enumerate(found)))
    wanted = {KEYED("message-id", f"{name}@mail.example") for name in names}
    return any(wanted <= party for party in store.parties("us"))


@pytest.mark.parametrize("fields", [
    {"In_Reply_To": "<one@mail.example>", "References": "<kims@mail.example> <one@mail.example>"},
    {"In_Reply_To": "<one@mail.example> <kims@mail.example>"},
])  # fmt: skip
def test_two_logged_threads_are_tied_through_a_common_outsider_only(fields: dict[str, str]) -> None:
    both = Delivery(second(ANA, BOB, **fields), [BCC], ANA)
    with_bob = replace(KIMS, raw=mail(ANA, KIM, message_id="kims", Cc=BOB))
    assert not together(FIRST, KIMS, both)
    assert together(FIRST, with_bob, both)


@pytest.mark.parametrize("subject", ["Re: Offer", "Lunch?"])
def test_a_message_that_answers_two_ties_their_threads_if_one_is_not_logged(subject: str) -> None:
    both = Delivery(second(ANA, BOB, subject, In_Reply_To="<one@mail.example> <kims@mail.example>"), [BCC], ANA)
    assert together(FIRST, replace(KIMS, to=[RELAY]), both)


# --- passed on to outsiders ---

OUTSIDE = "law@counsel.example"
PASSED_ON = Delivery(second(ANA, OUTSIDE, "Fwd: Offer", **ANSWERS, References="<kims@mail.example>"), [BCC], ANA)
OUTSIDERS_ANSWER = mail(OUTSIDE, ANA, "Re: Offer", message_id="three", In_Reply_To="<two@mail.example>")


def test_what_is_passed_on_stands_apart_though_its_answer_came_first() -> None:
    early = Delivery(OUTSIDERS_ANSWER, [RELAY], OUTSIDE)
    decision = decided(PASSED_ON.raw, BCC, ANA, before=(FIRST, KIMS, early))
    assert decision.remembered is not None
    plan = decision.remembered.thread
    assert (stage(decision, "thread_policy"), plan.forward_of, plan.merge) == ("thread.isolated", "a000002", ())
    assert plan.join is not None


def test_the_ids_that_it_names_do_not_lead_to_it() -> None:
    unseen = {"In_Reply_To": "<lost@mail.example>"}
    passed_on = decided(second(ANA, OUTSIDE, "Fwd: Offer", **unseen), BCC, ANA)
    assert passed_on.remembered is not None
    assert passed_on.remembered.thread.parents == ()


def test_an_answer_by_the_outsider_is_written_on_the_outsider_alone() -> None:
    decision = decided(OUTSIDERS_ANSWER, RELAY, OUTSIDE, before=(FIRST, PASSED_ON))
    assert decision.reason == "thread.logged"
    assert targets(decision) == [OUTSIDE]


# --- who is new to a thread ---


@pytest.mark.parametrize(("author", "to", "new"), [
    ("bob@home2.example", ANA, True), (BOB, ANA, False), ("dan@us.example", BOB, False), (KIM, ANA, True),
])  # fmt: skip
def test_an_outside_author_whom_the_thread_does_not_know_is_flagged(author: str, to: str, new: bool) -> None:  # noqa: FBT001 — of a table
    decision = decided(second(author, to, **ANSWERS), RELAY, author, before=(FIRST,))
    assert decision.reason == "thread.logged"
    assert ("thread.unknown_author" in decision.flags) == new


# --- strict_subject ---

LOST = {"In_Reply_To": "<lost@mail.example>"}
UNSEEN = Delivery(mail(ANA, BOB, "Re: Offer", **LOST), [BCC], ANA)
NAMED_OTHERWISE = Delivery(second(KIM, ANA, "Lunch?", References="<one@mail.example>"), [RELAY], KIM)
CHANGED = Delivery(second(ANA, BOB, "Lunch?", **ANSWERS), [BCC], ANA)
TO_CHANGED = {"In_Reply_To": "<two@mail.example>"}
TO_BOTH = {"In_Reply_To": "<one@mail.example> <two@mail.example>"}


@pytest.mark.parametrize(("before", "subject", "fields", "reason"), [
    ((FIRST,), "AW: [EXT] offer", ANSWERS, "thread.logged"),
    ((FIRST,), "Lunch?", ANSWERS, "thread.subject_changed"),
    ((FIRST,), "", ANSWERS, "thread.subject_changed"),
    ((FIRST,), "Re: Offer", {"References": "<one@mail.example>"}, "thread.logged"),
    ((UNSEEN,), "Re: Offer", LOST, "thread.logged"),
    ((UNSEEN,), "Lunch?", LOST, "thread.subject_changed"),
    ((replace(UNSEEN, raw=mail(ANA, BOB, "Re:", **LOST)),), "Re:", LOST, "thread.subject_changed"),
    ((FIRST, NAMED_OTHERWISE), "Lunch?", ANSWERS, "thread.subject_changed"),
    ((FIRST, CHANGED), "Offer", TO_CHANGED, "thread.subject_changed"),
    ((FIRST, CHANGED), "Lunch?", TO_BOTH, "thread.logged"),
    ((replace(FIRST, to=[RELAY]),), "Lunch?", ANSWERS, "rule.replies_only"),
])  # fmt: skip
def test_strict_subject(before: tuple[Delivery, ...], subject: str, fields: dict[str, str], reason: str) -> None:
    raw = mail(BOB, ANA, subject, message_id="three", **fields)
    assert decided(raw, before=before, strict_subject=True).reason == reason


def test_what_a_user_asks_for_takes_part_wherever_its_ids_lead() -> None:
    decision = decided(second("dan@us.example", KIM, **ANSWERS), BCC, "dan@us.example", before=(FIRST,))
    assert stage(decision, "thread_policy") == "thread.joined"


def test_of_two_threads_it_joins_the_larger_one_then_the_older_one() -> None:
    both = Delivery(second(ANA, BOB, References="<one@mail.example> <kims@mail.example>"), [BCC], ANA)
    more = Delivery(mail(KIM, ANA, "Re: Offer", message_id="more", In_Reply_To="<kims@mail.example>"), [RELAY], KIM)
    assert together(FIRST, KIMS, both, names=("one", "two"))
    assert together(KIMS, FIRST, both, names=("kims", "two"))
    assert together(FIRST, KIMS, more, both, names=("kims", "two"))


# --- guarded: a message stands among others by its ids alone ---

CAROL, DAN = "carol@elsewhere.example", "dan@us.example"
ASIDE = Delivery(second(CAROL, DAN, **ANSWERS), [RELAY], CAROL)
LEAF = Delivery(mail(DAN, CAROL, "Re: Offer", message_id="leaf", **TO_CHANGED), [RELAY], DAN)


@pytest.mark.parametrize("order", [(FIRST, ASIDE, LEAF), (FIRST, LEAF, ASIDE), (LEAF, ASIDE, FIRST)])
def test_who_is_proven_stands_there_with_all_answers_in_any_order(order: tuple[Delivery, ...]) -> None:
    assert together(*order, names=("one", "leaf"))


@pytest.mark.parametrize(("source", "heard"), [("office", 1), ("hosted", 0)])
def test_what_ids_a_guarded_message_names_is_heard_of_the_proven_only(source: str, heard: int) -> None:
    decision = decided(ASIDE.raw, RELAY, CAROL, source=source, before=(FIRST,))
    assert stage(decision, "thread_policy") == "thread.guarded"
    assert decision.remembered is not None
    assert len(decision.remembered.thread.parents) == heard


def test_the_records_of_a_guarded_message_are_none_of_the_threads() -> None:
    aside = Delivery(second(KIM, DAN, **ANSWERS), [RELAY], KIM)
    elsewhere = mail("bob@home2.example", ANA, "Re: Offer", message_id="three", **ANSWERS)
    assert targets(decided(elsewhere, before=(FIRST, aside), rule="log_all")) == [BOB]


def test_a_copy_that_is_guarded_ties_the_thread_of_its_message_to_no_other() -> None:
    plain, claims = (Delivery(second(KIM, DAN, **more), [RELAY], KIM, "hosted") for more in ({}, ANSWERS))
    assert not together(FIRST, plain, claims, names=("one", "two"), rule="log_all")


def test_nobody_becomes_a_member_by_an_unproven_message_but_the_users_it_reaches() -> None:
    decision = decided(mail(BOB, ANA, Cc=KIM), source="hosted", rule="log_all")
    assert decision.remembered is not None
    assert decision.remembered.thread.members == ("user:us/ana",)


def test_a_contact_is_a_member_by_each_of_its_addresses() -> None:
    world = load_world()
    world = replace(world, contacts={**world.contacts, "bob": ContactRow((BOB, "bob@home2.example"))})
    decision = decided(second("bob@home2.example", ANA, **ANSWERS), before=(FIRST,), source="hosted", world=world)
    assert (decision.reason, "thread.unknown_author" in decision.flags) == ("thread.logged", False)


@pytest.mark.parametrize("fields", [ANSWERS, {}])
def test_another_copy_of_what_an_unknown_author_wrote_is_on_the_same_record(fields: dict[str, str]) -> None:
    raw, copy = (second("bob@home2.example", ANA, **more) for more in (ANSWERS, {"X_Route": "b"} | fields))
    decision = decided(copy, before=(FIRST, Delivery(raw, [RELAY], BOB)), source="hosted")
    assert (decision.reason, targets(decision)) == ("dedupe.merged", [BOB])


@pytest.mark.parametrize("field", ["In_Reply_To", "References"])
def test_a_person_is_no_message(field: str) -> None:
    """As old programs write it: "Message of Monday" and who wrote it."""
    decision = decided(mail(ANA, BOB, **{field: f'"Message of Monday" <{BOB}>'}), BCC, ANA)
    assert decision.remembered is not None
    assert decision.remembered.thread.parents == ()


@pytest.mark.parametrize("field", ["In_Reply_To", "References"])
def test_no_message_is_its_own_parent(field: str) -> None:
    decision = decided(mail(ANA, BOB, **{field: "<ONE@mail.example>"}), BCC, ANA)
    assert decision.remembered is not None
    assert decision.remembered.thread.parents == ()


def test_an_outsiders_own_forward_stands_in_the_thread() -> None:
    decision = decided(second(BOB, f"{ANA}, {OUTSIDE}", "Fwd: Offer", **ANSWERS), before=(FIRST,))
    assert (decision.reason, stage(decision, "thread_policy")) == ("thread.logged", "thread.joined")


def test_a_colleague_of_the_thread_among_its_readers_does_not_keep_a_forward_in_it() -> None:
    first = replace(FIRST, raw=mail(ANA, BOB, Cc=DAN))
    decision = decided(second(ANA, OUTSIDE, "Fwd: Offer", **ANSWERS, Cc=DAN), BCC, ANA, before=(first,))
    assert stage(decision, "thread_policy") == "thread.isolated"


@pytest.mark.parametrize(("before", "waits"), [
    ((), True),
    ((replace(UNSEEN, raw=second(ANA, BOB, **ANSWERS), to=[RELAY]),), True),
    ((replace(FIRST, to=[RELAY]),), True),
    ((FIRST,), False),
])  # fmt: skip
def test_a_reply_waits_for_a_parent_that_did_not_come_or_may_still_be_logged(
    before: tuple[Delivery, ...], waits: bool  # noqa: FBT001 — of a table
) -> None:
    raw = mail("m@evil.example", ANA, "Re: Offer", message_id="three", **ANSWERS)
    decision = decided(raw, before=before, source="hosted", late_parent_hours=1)
    assert decision.reason == "rule.replies_only"
    assert (decision.waits_until is not None) == waits


def test_it_waits_for_none_that_was_skipped_as_long_ago_as_it_would_wait() -> None:
    world = load_world().with_settings(late_parent_hours=1)
    store = MemoryStore(KEYED, world)
    answer = Delivery(second(BOB, ANA, **ANSWERS), [RELAY], BOB, at=NOON + 60 * MINUTE)
    assert deliver(store, world, replace(FIRST, to=[RELAY]), answer)[0].waits_until is None


def test_copies_make_no_thread_larger() -> None:
    world = load_world()
    store = MemoryStore(KEYED, world)
    deliver(store, world, FIRST, replace(FIRST, to=[RELAY]), replace(FIRST, raw=b"X-Route: b\r\n" + FIRST.raw))
    assert [thread.messages for thread in store.tenants["us"].threads] == [1]


@pytest.mark.parametrize(("rule", "before"), [("replies_only", ()), ("log_all", (FIRST,))])
def test_who_is_in_a_skipped_or_guarded_message_takes_no_part_in_its_thread(
    rule: str, before: tuple[Delivery, ...]
) -> None:
    decision = decided(second(KIM, DAN, **ANSWERS), RELAY, KIM, before=before, rule=rule)
    assert decision.remembered is not None
    assert decision.remembered.thread.members == ()


def test_it_waits_for_one_that_never_came_however_long_ago_another_named_it() -> None:
    world = load_world().with_settings(late_parent_hours=1)
    store = MemoryStore(KEYED, world)
    first = Delivery(mail(KIM, ANA, "Re: Offer", message_id="three", **LOST), [RELAY], KIM)
    second_ = Delivery(mail(BOB, ANA, "Re: Offer", **LOST), [RELAY], BOB, at=NOON + 600 * MINUTE)
    assert deliver(store, world, first, second_)[0].waits_until == NOON + 660 * MINUTE


def index(time: bytes, conversation: int, *answers: bytes) -> str:
    """Thread-Index: six bytes of time, the GUID of the conversation, five bytes for each answer."""
    return base64.b64encode(b"".join((time, bytes([conversation]) * 16, *answers))).decode()


OUTLOOKS, EXCHANGES = b"\x01\xdb\x8d\x00\x00\x00", b"\xcf\x75\x01\x00\x00\x07"


@pytest.mark.parametrize(("value", "slug"), [
    (index(OUTLOOKS, 7, b"\x80" * 5), "thread.hint"),
    (index(EXCHANGES, 7), "thread.hint"),
    (index(OUTLOOKS, 8), "thread.new"),
    (index(OUTLOOKS, 7)[:24], "thread.new"),
    ("not an index", "thread.new"),
])  # fmt: skip
def test_thread_index_hints_at_its_conversation_whatever_its_time(value: str, slug: str) -> None:
    first = replace(FIRST, raw=mail(ANA, BOB, Thread_Index=index(OUTLOOKS, 7)))
    short = replace(FIRST, raw=mail(ANA, BOB, message_id="short", Thread_Index=index(OUTLOOKS, 7)[:24]))
    decision = decided(second(BOB, ANA, Thread_Index=value), before=(first, short))
    assert (decision.reason, stage(decision, "thread_policy")) == ("rule.replies_only", slug)
