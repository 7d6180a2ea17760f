"""Whatever the order in which the copies of one message come, they end in the same activity but for one rule."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import permutations

import pytest
from fakes.copies import DAN, DANS_FORWARD, HEARD, INCOMING, OUTGOING, SENT, attached, quoted, relayed
from fakes.deliveries import ANA, BOB, KEYED, KIM, MINUTE, NOON, Delivery, deliver, mail
from fakes.memory_store import MemoryStore
from fakes.seen import Seen
from fakes.world import load_world
from hypothesis import given, settings
from hypothesis import strategies as st

US = load_world()


def ends(order: Sequence[Delivery], **account: object) -> list[Seen]:
    world = US.with_settings(**account)
    store = MemoryStore(KEYED, world)
    deliver(store, world, *(replace(d, at=NOON + n * MINUTE, trace_id=f"t{n}") for n, d in enumerate(order)))
    return store.seen("us")


@settings(max_examples=50, deadline=None)
@given(st.sampled_from((OUTGOING, INCOMING)), st.sampled_from(("log_all", "log_all_and_create")), st.data())
def test_any_order_of_the_copies_ends_in_the_same_activity(
    copies: Mapping[str, Delivery], rule: str, data: st.DataObject
) -> None:
    names = data.draw(st.lists(st.sampled_from(sorted(copies)), min_size=2, max_size=4, unique=True))
    results = {order: ends([copies[name] for name in order], rule=rule) for order in permutations(names)}
    first = next(iter(results.values()))
    assert len(first) == 1
    assert all(found == first for found in results.values()), results


@settings(max_examples=30, deadline=None)
@given(st.sampled_from((OUTGOING, INCOMING)), st.data())
def test_with_replies_only_what_a_person_asked_for_ends_in_one_activity(
    copies: Mapping[str, Delivery], data: st.DataObject
) -> None:
    """What a server's copy adds is lost if it comes before anybody asks: nothing of a skipped one is kept."""
    names = data.draw(st.lists(st.sampled_from(sorted(copies)), min_size=2, max_size=4, unique=True))
    explicit = [name for name in names if name.startswith(("asked", "forward"))]
    for order in permutations(names):
        found = ends([copies[name] for name in order], rule="replies_only")
        assert len(found) == bool(explicit)
        assert all({"bob@client.example"} <= set(made.contacts) and made.user == "us/ana" for made in found)


@pytest.mark.parametrize("order", list(permutations((quoted("Hello. " * 99), relayed(HEARD)))))
def test_a_proven_copy_supplies_the_text_before_what_a_user_tells_of_it(order: Sequence[Delivery]) -> None:
    [made] = ends(order, rule="log_all")
    assert made.text == "Hello.\n"


@pytest.mark.parametrize("order", list(permutations((OUTGOING["asked for"], OUTGOING["relay with a tag"]))))
def test_the_copy_that_a_user_asked_for_supplies_the_text_before_a_longer_one(order: Sequence[Delivery]) -> None:
    [made] = ends(order, rule="log_all")
    assert (made.subject, made.text) == ("Offer", "Hello.\n")


PAL = "pal@home.example"
PRIVATE = (
    relayed(mail(BOB, ANA, Cc=PAL)),
    relayed(mail(BOB, DAN, Cc=PAL)),
    relayed(mail(BOB, "zoe@us.example", Cc=f"{KIM}, {PAL}")),
)


@pytest.mark.parametrize("order", list(permutations(PRIVATE)))
def test_whom_one_user_keeps_private_is_kept_from_that_users_copy_only(order: Sequence[Delivery]) -> None:
    """Pal is on Ana's own list. Her copy tells nothing of him, and takes nothing from what the others tell."""
    [made] = ends(order, rule="log_all")
    assert made == ends(PRIVATE, rule="log_all")[0]
    assert f"cc {PAL}" in made.participants
    assert PAL in made.contacts


@pytest.mark.parametrize("raw", [SENT, HEARD], ids=["outgoing", "incoming"])
def test_of_two_who_forward_it_the_first_one_keeps_it(raw: bytes) -> None:
    """The one order that counts, by rule: a forward of what is logged leaves the attribution unchanged."""
    mine, hers = attached(raw, by=DAN, to=DANS_FORWARD), attached(raw)
    (first,), (second,) = ends([mine, hers]), ends([hers, mine])
    assert (first.user, second.user) == ("us/dan", "us/ana")
    assert replace(first, user="") == replace(second, user="")
