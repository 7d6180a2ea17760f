"""Whatever the order in which a conversation's messages come, the threads and the activities are the same."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import permutations

from fakes.deliveries import ANA, BCC, BOB, KEYED, KIM, MINUTE, NOON, RELAY, Delivery, deliver, mail
from fakes.memory_store import MemoryStore
from fakes.seen import Seen
from fakes.world import load_world
from hypothesis import given, settings
from hypothesis import strategies as st

US = load_world()
DAN, CAROL = "dan@us.example", "carol@elsewhere.example"
WRITERS = ((ANA, BOB), (BOB, ANA), (KIM, ANA), (ANA, KIM))
OTHERS = ((CAROL, ANA), (ANA, CAROL), (BOB, DAN), (DAN, KIM))


@st.composite
def conversations(draw: st.DrawFn, *strangers: tuple[str, str]) -> list[Delivery]:
    """Messages that answer one another as clients write it; some are asked for by Bcc. With `strangers` there are also
    writers and readers from outside the conversation, and authors without proof.
    """
    count = draw(st.integers(2, 4))
    parents = [None, *(draw(st.sampled_from((*range(n), None))) for n in range(1, count))]
    return [_message(draw, n, parents, strangers) for n in range(count)]


def _message(
    draw: st.DrawFn, number: int, parents: Sequence[int | None], strangers: Sequence[tuple[str, str]]
) -> Delivery:
    line: list[str] = []
    parent = parents[number]
    while parent is not None:
        line.insert(0, f"<m{parent}@mail.example>")
        parent = parents[parent]
    subject = draw(st.sampled_from(("Re: Offer", "AW: [EXT] offer", "Re: Offer", "Lunch?"))) if line else "Offer"
    styles = ("both", "in_reply_to") if subject == "Lunch?" else ("both", "both", "in_reply_to", "references")
    style = draw(st.sampled_from(styles)) if line else ""
    fields = {"In_Reply_To": line[-1]} if style in ("both", "in_reply_to") else {}
    fields |= {"References": " ".join(line)} if style in ("both", "references") else {}
    author, to = draw(st.sampled_from((*WRITERS, *strangers)))
    date = f"Tue, 4 Mar 2025 12:0{number}:00 +0000"
    asked_for = author.endswith("@us.example") and draw(st.booleans())
    last = number == len(parents) - 1  # whoever can't be proven may join a thread, but ties no threads together
    doubtful = strangers and last and not author.endswith("@us.example")
    source = draw(st.sampled_from(("office", "hosted"))) if doubtful else "office"
    cc = {"Cc": draw(st.sampled_from((KIM, BOB)))} if draw(st.integers(0, 3)) == 0 else {}
    raw = mail(author, to, subject, message_id=f"m{number}", date=date, **fields, **cc)
    return Delivery(raw, [BCC if asked_for else RELAY], author, source)


def ends(found: Sequence[Delivery], **account: object) -> tuple[frozenset[frozenset[str]], list[Seen]]:
    """The threads of the messages, and the activities, after these have come in this order."""
    world = US.with_settings(**account)
    store = MemoryStore(KEYED, world)
    deliver(store, world, *(replace(d, at=NOON + n * MINUTE, trace_id=f"t{n}") for n, d in enumerate(found)))
    own = {KEYED("message-id", f"m{n}@mail.example") for n in range(len(found))}
    return frozenset(party & own for party in store.parties("us") if party & own), store.seen("us")


@settings(max_examples=25, deadline=None)
@given(conversations(*OTHERS), st.sampled_from(("replies_only", "log_all", "log_all_and_create")))
def test_the_same_threads(found: list[Delivery], rule: str) -> None:
    first, *others = (ends(order, rule=rule)[0] for order in permutations(found))
    assert all(other == first for other in others)


@settings(max_examples=25, deadline=None)
@given(conversations())
def test_with_patience_for_late_parents_the_same_activities(found: list[Delivery]) -> None:
    """Ana takes part in each message, and each author is proven. Left out is what a reply takes from its thread as it
    is then: who else takes part, the user among them, and, for a reply by an unknown address, the contacts. The first
    one creates a contact.
    """

    def activities(order: Sequence[Delivery]) -> list[Seen]:
        return sorted(replace(s, user="", attribution="", created=()) for s in ends(order, late_parent_hours=48)[1])

    first, *others = (activities(order) for order in permutations(found))
    assert all(other == first for other in others)
