"""In whose name an activity counts, beside what the golden cases show."""

from __future__ import annotations

from dataclasses import replace

import pytest
from fakes.copies import attached
from fakes.decisions import activity, decided
from fakes.deliveries import ANA, BCC, BOB, KEYED, KIM, MINUTE, NOON, RELAY, Delivery, deliver, mail
from fakes.memory_store import MemoryStore
from fakes.world import ContactRow, EntryRow, UserRow, World, load_world

DAN, ZOE, MAX = "dan@us.example", "zoe@us.example", "max@us.example"


def chosen(raw: bytes, world: World | None = None, before: tuple[Delivery, ...] = ()) -> tuple[str, str | None]:
    attribution = activity(decided(raw, world=world, before=before, rule="log_all")).attribution
    return attribution.slug.partition(".")[2], attribution.user_id


def test_one_person_with_two_addresses_is_one_recipient() -> None:
    assert chosen(mail(KIM, f"{ANA}, ana.s@us.example")) == ("single_recipient", "us/ana")


def test_a_user_who_may_not_log_counts_as_a_recipient_only() -> None:
    assert chosen(mail(KIM, f"{MAX}, {DAN}")) == ("single_user", "us/dan")


def test_an_owner_who_has_left_is_passed_over() -> None:
    world = load_world()
    world = replace(world, contacts={**world.contacts, "bob": ContactRow((BOB,), "gus")})
    assert chosen(mail(BOB, f"{ANA}, {DAN}"), world) == ("first_to", "us/ana")


def test_an_owner_who_keeps_the_contact_private_is_passed_over() -> None:
    world = load_world()
    world = replace(world, contacts={**world.contacts, "pal": ContactRow(("pal@home.example",), "ana")})
    assert chosen(mail("pal@home.example", f"{ANA}, {DAN}, {ZOE}"), world) == ("first_to", "us/dan")


def test_the_latest_activity_is_that_by_date_not_by_arrival() -> None:
    later = mail(DAN, KIM, message_id="a", date="Tue, 4 Mar 2025 11:00:00 +0000")
    earlier = mail(ZOE, KIM, message_id="b", date="Mon, 3 Mar 2025 11:00:00 +0000")
    before = tuple(Delivery(raw, [BCC], "") for raw in (later, earlier))
    assert chosen(mail(KIM, f"{ANA}, {ZOE}", message_id="c"), before=before) == ("latest_activity", "us/dan")


def test_two_users_of_a_thread_leave_it_to_the_rules() -> None:
    first = Delivery(mail(ANA, BOB, Cc=DAN), [BCC], ANA)
    raw = mail(BOB, f"{ANA}, {DAN}", "Re: Offer", message_id="two", In_Reply_To="<one@mail.example>")
    assert chosen(raw, before=(first,)) == ("contact_owner", "us/zoe")


def test_candidates_and_owner_are_told() -> None:
    attribution = activity(decided(mail(BOB, f"{ANA}, {DAN}"), rule="log_all")).attribution
    assert (attribution.candidates, attribution.owner_id) == (("us/ana", "us/dan"), "us/zoe")


def united(*found: Delivery, minutes: int = 1) -> tuple[str, str]:
    """User and rule of the one activity, or the last one, when copies come so far apart."""
    world = load_world().with_settings(rule="log_all")
    store = MemoryStore(KEYED, world)
    deliver(store, world, *(replace(d, at=NOON + n * minutes * MINUTE) for n, d in enumerate(found)))
    made = store.seen("us")[-1]
    return made.user, made.attribution.partition(".")[2]


@pytest.mark.parametrize(("minutes", "user", "rule"), [(15, "zoe", "contact_owner"), (16, "ana", "single_recipient")])
def test_whom_a_later_copy_shows_counts_for_a_quarter_of_an_hour(minutes: int, user: str, rule: str) -> None:
    copies = (Delivery(mail(BOB, to), [RELAY], BOB) for to in (ANA, f"{ANA}, {DAN}"))
    assert united(*copies, minutes=minutes) == (f"us/{user}", rule)


def test_the_user_of_the_thread_stays_when_a_copy_shows_others() -> None:
    first = Delivery(mail(ANA, BOB), [BCC], ANA)
    fields = {"message_id": "two", "In_Reply_To": "<one@mail.example>"}
    copies = (Delivery(mail(BOB, to, "Re: Offer", **fields), [RELAY], BOB) for to in (ANA, f"{ANA}, {DAN}, {ZOE}"))
    assert united(first, *copies) == ("us/ana", "thread_user")


def test_recipients_whom_only_an_earlier_copy_had_count_though_nothing_is_kept_of_them() -> None:
    shown, hidden = mail(BOB, f"{ANA}, eve@rival.example"), mail(BOB, ANA)
    passed = mail(BOB, ANA, Delivered_To="eve@rival.example")
    for earlier, rule in ((shown, "single_user"), (passed, "single_recipient")):
        assert united(Delivery(earlier, [RELAY], BOB), Delivery(hidden, [RELAY], BOB)) == ("us/ana", rule)


def test_a_forward_names_the_user_however_late_it_comes() -> None:
    heard = mail(BOB, f"{ANA}, {DAN}")
    world = load_world().with_settings(rule="log_all")
    store = MemoryStore(KEYED, world)
    deliver(store, world, Delivery(heard, [RELAY], BOB), replace(attached(heard), at=NOON + 600 * MINUTE))
    [made] = store.seen("us")
    assert (made.user, made.attribution) == ("us/ana", "attribution.forwarder")


def test_they_are_still_told_when_a_copy_comes_that_changes_nothing() -> None:
    copy, first = mail(BOB, ANA), Delivery(mail(BOB, f"{ANA}, {DAN}"), [RELAY], BOB)
    world = load_world().with_settings(rule="log_all")
    store = MemoryStore(KEYED, world)
    deliver(store, world, first)
    [decision] = deliver(store, world, Delivery(copy, [RELAY], BOB, at=NOON + 16 * MINUTE))
    attribution = activity(decision).attribution
    assert (attribution.candidates, attribution.owner_id) == (("us/ana", "us/dan"), "us/zoe")


@pytest.mark.parametrize("listing", ["ana", "dan"])
def test_whoever_keeps_a_recipient_private_is_no_candidate(listing: str) -> None:
    world = replace(load_world(), never_log=(EntryRow(KIM, user=listing),))
    other = {"ana": "us/dan", "dan": "us/ana"}[listing]
    assert chosen(mail(BOB, f"{ANA}, {DAN}", Cc=KIM), world) == ("single_user", other)


def test_where_each_user_keeps_another_recipient_private_both_are_passed_over() -> None:
    world = replace(load_world(), never_log=(EntryRow(KIM, user="ana"), EntryRow("pal@home.example", user="dan")))
    decision = decided(mail(BOB, f"{ANA}, {DAN}", Cc=f"{KIM}, pal@home.example"), world=world, rule="log_all")
    assert [t.address for t in activity(decision).targets] == [BOB]


def test_nobody_is_guessed_where_no_user_may_log() -> None:
    world = load_world()
    world = replace(world, users={**world.users, "ana": UserRow((ANA,), active=False)})
    assert decided(mail(KIM, ANA), world=world, rule="log_all").reason == "sender.not_permitted"
