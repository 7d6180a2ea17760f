"""What somebody can't do who knows Message-IDs, but whom nothing proves: they are no secrets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest
from fakes.copies import DAN, LAWYER, ids, journalled, quoted, relayed
from fakes.deliveries import ANA, BCC, BOB, EVE, KEYED, KIM, MINUTE, NOON, RELAY, Delivery, deliver, mail
from fakes.memory_store import MemoryStore
from fakes.seen import Seen
from fakes.world import EntryRow, load_world

US = load_world()
MALLORY = "mallory@evil.example"


def asked_for(to: str, name: str, subject: str = "Offer", **fields: str) -> Delivery:
    """Ana's mail, by Bcc."""
    return Delivery(mail(ANA, to, subject, message_id=name, **fields), [BCC], ANA)


def stranger(
    author: str = MALLORY, to: str = ANA, name: str = "evil", subject: str = "Re: Offer", **fields: str
) -> Delivery:
    """A copy by a mail server that vouches for nobody."""
    return Delivery(mail(author, to, subject, message_id=name, **fields), [RELAY], author, "hosted")


def after(*found: Delivery, **account: object) -> tuple[MemoryStore, list[str]]:
    """The store when all of these have come, and the reasons of their decisions."""
    world = US.with_settings(**account)
    store = MemoryStore(KEYED, world)
    arrivals = (replace(d, at=NOON + n * MINUTE, trace_id=f"t{n}") for n, d in enumerate(found))
    return store, [deliver(store, world, d)[0].reason for d in arrivals]


def together(store: MemoryStore, *names: str) -> bool:
    """Whether the messages of these names stand in one thread."""
    wanted = {KEYED("message-id", f"{name}@mail.example") for name in names}
    return any(wanted <= party for party in store.parties("us"))


def test_he_ties_his_own_thread_to_no_logged_one() -> None:
    store, _ = after(
        asked_for(BOB, "one"),
        stranger(name="his"),
        stranger(name="tie", In_Reply_To=ids("his"), References=ids("one")),
    )
    assert together(store, "his", "tie")
    assert not together(store, "one", "his")


def test_so_what_a_user_answers_him_is_in_no_logged_thread() -> None:
    _, reasons = after(
        asked_for(BOB, "one"),
        stranger(KIM, name="his"),
        stranger(KIM, name="tie", In_Reply_To=ids("his"), References=ids("one")),
        Delivery(mail(ANA, KIM, "Re: Offer", message_id="answer", In_Reply_To=ids("his")), [RELAY], ANA),
    )
    assert reasons[-1] == "rule.replies_only"


def test_nor_what_others_said_of_his_mail_before_it_came() -> None:
    store, _ = after(
        asked_for(BOB, "one"),
        stranger(name="child", In_Reply_To=ids("his")),
        stranger(name="his", In_Reply_To=ids("one")),
    )
    assert not together(store, "one", "child")


@pytest.mark.parametrize("field", ["X_Google_Original_Message_ID", "Resent_Message_ID"])
def test_he_ties_two_logged_threads_by_no_names_that_others_wait_for(field: str) -> None:
    store, _ = after(
        asked_for(BOB, "one", "Re: Offer", In_Reply_To=ids("lost")),
        asked_for(KIM, "two", "Re: Order", In_Reply_To=ids("missing")),
        stranger(name="lost", **{field: ids("missing")}),
    )
    assert not together(store, "one", "two")


def test_he_takes_no_id_that_a_logged_thread_waits_for() -> None:
    """Mallory claims the id that Ana's logged mail answers; Bob's answer to that one is still in her thread."""
    _, reasons = after(
        asked_for(BOB, "one", "Re: Offer", In_Reply_To=ids("lost")),
        asked_for(KIM, "two"),
        stranger(name="lost", In_Reply_To=ids("two")),
        Delivery(mail(BOB, ANA, "Re: Offer", message_id="three", In_Reply_To=ids("lost")), [RELAY], BOB, "hosted"),
    )
    assert reasons[-1] == "thread.logged"


def test_nor_is_he_found_by_it() -> None:
    store, _ = after(
        asked_for(BOB, "one", "Re: Offer", In_Reply_To=ids("lost")),
        stranger(name="lost"),
        stranger(name="child", In_Reply_To=ids("lost")),
    )
    [party] = [p for p in store.parties("us") if KEYED("message-id", "one@mail.example") in p]
    assert KEYED("message-id", "lost@mail.example") in party
    assert store.tenants["us"].threads[0].messages == 2  # Ana's, and the child that names an id of hers


def test_his_copy_of_a_logged_message_ties_its_thread_to_no_other() -> None:
    store, reasons = after(
        Delivery(mail(BOB, ANA), [RELAY], BOB),
        stranger(name="his"),
        stranger(BOB, name="one", subject="Offer", In_Reply_To=ids("his")),
        rule="log_all",
    )
    assert reasons[-1] == "dedupe.merged"
    assert not together(store, "one", "his")


def seen(*found: Delivery, **account: object) -> list[Seen]:
    return after(*found, **account)[0].seen("us")


def test_his_words_do_not_replace_what_a_user_told() -> None:
    [made] = seen(quoted(), stranger(BOB, name="one", subject="Offer", text="Pay to another account. " * 9))
    assert (made.text.strip(), made.copies) == ("Hello.", ("forward", "relay"))


@pytest.mark.parametrize("source", ["hosted", "office"])
def test_no_passive_copy_creates_contacts_in_the_name_of_an_explicit_one(source: str) -> None:
    copy = stranger(BOB, to=f"{ANA}, new@lead.example", name="one", subject="Offer", Cc="more@lead.example")
    for order in ([quoted(), replace(copy, source=source)], [replace(copy, source=source), quoted()]):
        [made] = seen(*order, rule="log_all")
        assert made.created == ()


# --- never-log ---

HEARD = Delivery(mail(BOB, ANA), [RELAY], BOB)
TOLD_ON = stranger(BOB, name="one", subject="Offer", Cc=LAWYER)


def report(source: str) -> Delivery:
    """It shows the lawyer in Bcc."""
    return journalled(mail(BOB, ANA), BOB, (f"To: {ANA}", f"Bcc: {LAWYER}"), source)


def test_he_withdraws_nothing() -> None:
    assert len(seen(HEARD, TOLD_ON, rule="log_all")) == 1


@pytest.mark.parametrize("later", [HEARD, replace(HEARD, source="hosted"), quoted()])
def test_he_keeps_nothing_out_that_comes_later(later: Delivery) -> None:
    assert len(seen(TOLD_ON, later, rule="log_all")) == 1


@pytest.mark.parametrize("source", ["office", "hosted"])
@pytest.mark.parametrize("other", [HEARD, replace(HEARD, source="hosted")])
def test_whom_a_report_shows_keeps_it_out_though_nothing_proves_its_author(source: str, other: Delivery) -> None:
    for order in ([other, report(source)], [report(source), other]):
        assert seen(*order, rule="log_all") == []


def orders(*found: Delivery) -> Sequence[Sequence[Delivery]]:
    return found, found[::-1]


@pytest.mark.parametrize("copy", [replace(TOLD_ON, source="office"), replace(TOLD_ON, source="office", to=[RELAY])])
def test_a_proven_author_names_who_keeps_it_out(copy: Delivery) -> None:
    for order in orders(HEARD, copy):
        assert seen(*order, rule="log_all") == []


def test_so_does_a_users_own_copy() -> None:
    own = asked_for(BOB, "one", Cc=LAWYER)
    for order in orders(asked_for(BOB, "one"), own):
        assert seen(*order) == []


def test_who_may_not_ask_for_copies_withdraws_nothing_by_one() -> None:
    """Bob is proven, but nobody's user: what he sends to the capture address would be held."""
    assert len(seen(HEARD, replace(TOLD_ON, source="office", to=[BCC]), rule="log_all")) == 1


def test_an_entry_that_passes_a_person_over_keeps_no_other_copy_out() -> None:
    for order in orders(asked_for(BOB, "one"), asked_for(EVE, "one")):
        assert [made.contacts for made in seen(*order)] == [(BOB,)]


def test_a_users_own_entry_keeps_no_other_users_copy_out() -> None:
    world = US.with_settings(rule="log_all").with_entries(EntryRow(KIM, "message", "ana"))
    for order in orders(relayed(mail(BOB, DAN, Cc=KIM)), relayed(mail(BOB, ANA, Cc=KIM))):
        store = MemoryStore(KEYED, world)
        deliver(store, world, *order)
        assert [made.user for made in store.seen("us")] == ["us/dan"]
