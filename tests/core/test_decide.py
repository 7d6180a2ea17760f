"""What holds of every decision, whatever the message and whatever is known."""

from __future__ import annotations

from dataclasses import replace
from itertools import permutations

from fakes.deliveries import (
    ANA,
    BCC,
    BOB,
    DANS_BCC,
    EVE,
    KEYED,
    KIM,
    MINUTE,
    NOON,
    RELAY,
    Delivery,
    cases,
    deliver,
    mail,
)
from fakes.memory_store import MemoryStore
from fakes.seen import Seen
from fakes.world import World, load_world
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.core.decide import decide
from gateway.core.decision import Decision
from gateway.core.explain import explain
from gateway.core.model import Outcome, Proof
from gateway.core.reasons import ATTRIBUTION, FLAGS, REASONS, sentence

US = load_world()
DAN, MAX, CARL, SALES, PAL = (
    "dan@us.example",
    "max@us.example",
    "carl@us.example",
    "sales@us.example",
    "pal@home.example",
)
PEOPLE = (ANA, DAN, MAX, CARL, SALES, BOB, KIM, EVE, PAL, "jo@lawyer.example", "new@lead.example")
RULES = ("replies_only", "log_all", "log_all_and_create")

fast = settings(max_examples=40, deadline=None)


# --- any order of the copies of one message ends in the same activity ---


@st.composite
def copies(draw: st.DrawFn, *, with_another_recipient: bool) -> list[Delivery]:
    """Copies of one message: by Bcc, by one server, and by others that add a tag, a footer or a recipient.

    Whom one user keeps private is withheld from a copy that names no other user, so then the copies do differ.
    """
    author = draw(st.sampled_from((ANA, BOB, KIM)))
    people = [p for p in PEOPLE if not (with_another_recipient and p == PAL)]
    to = draw(st.lists(st.sampled_from(people).filter(lambda p: p != author), min_size=1, max_size=3, unique=True))
    more = draw(st.sampled_from(("", *people))) if with_another_recipient else ""
    text = "Here is the offer."
    plain = mail(author, ", ".join(to), text=text)
    found = [
        Delivery(b"Received: from a.example by b.example; Tue, 4 Mar 2025 12:00:01 +0000\r\n" + plain, [RELAY], author),
        Delivery(mail(author, ", ".join(to), "[EXT] Offer", text=text), [RELAY], author),
        Delivery(mail(author, ", ".join(to), text=f"{text}\r\n--\r\nConfidential.", **_cc(more)), [RELAY], author),
    ]
    found += [Delivery(plain, [address], author) for address in (BCC, DANS_BCC) if author == ANA]
    return draw(st.permutations(found).map(lambda chosen: chosen[:3]))


def _cc(address: str) -> dict[str, str]:
    return {"Cc": address} if address else {}


@fast
@given(copies(with_another_recipient=True))
def test_any_order_of_the_copies_ends_in_the_same_activity(found: list[Delivery]) -> None:
    world = US.with_settings(rule="log_all_and_create")
    results = {tuple(ends(world, order)) for order in permutations(found)}
    assert len(results) == 1, results


@fast
@given(copies(with_another_recipient=False), st.sampled_from(RULES))
def test_so_it_does_when_those_before_the_users_own_were_skipped(found: list[Delivery], rule: str) -> None:
    """Nothing of a skipped copy is kept, so whom only that copy names can't come into the activity."""
    results = {tuple(ends(US.with_settings(rule=rule), order)) for order in permutations(found)}
    assert len(results) == 1, results


def ends(world: World, order: tuple[Delivery, ...]) -> list[Seen]:
    """The activities that this order leads to. Which copies were skipped before it began is its own history."""
    store = MemoryStore(KEYED, world)
    deliver(store, world, *(replace(d, at=NOON + n) for n, d in enumerate(order)))
    return [replace(activity, copies=()) for activity in store.seen("us")]


# --- every decision is sound ---

ODD = st.sampled_from(
    (
        "",
        "undisclosed-recipients:;",
        '"x" <a@@b',
        "<>",
        "@",
        "x@y, , z",
        "Team: a@x.example, b@x.example;",
        BCC,
        "=?x?q?=",
    )
)
addresses = st.lists(st.one_of(st.sampled_from(PEOPLE), ODD), max_size=4).map(", ".join)
names = st.sampled_from(("a", "b", "c", "d"))
markers = st.lists(
    st.sampled_from(
        (
            "Auto-Submitted: auto-replied",
            "List-Id: <news.client.example>",
            "Precedence: bulk",
            "Sender: ana@us.example",
            "Reply-To: sales@us.example",
            "Content-Type: multipart/report; report-type=delivery-status; boundary=b",
            "X-Failed-Recipients: bob@client.example",
            "Delivered-To: eve@rival.example",
            "Received: from x by gw.log.example; Tue, 4 Mar 2025 12:00:00 +0000",
            "Content-Type: message/rfc822",
            "Subject: again",
            "no colon",
        )
    ),
    max_size=5,
)


@st.composite
def deliveries(draw: st.DrawFn) -> Delivery:
    """Anything that may come in on any channel."""
    ids = draw(st.lists(names, max_size=2))
    raw = mail(
        draw(addresses),
        draw(addresses),
        draw(st.sampled_from(("Offer", "Re: Offer", "Fwd: Offer", "", "Lunch?", "=?utf-8?b?4oKs?="))),
        *draw(markers),
        message_id=draw(st.one_of(names, st.just(""))),
        date=draw(st.sampled_from(("Tue, 4 Mar 2025 12:00:00 +0000", "never", "Tue, 4 Mar 2025 12:00:00 +9999"))),
        text=draw(st.text(max_size=40)),
        Cc=draw(addresses),
        Bcc=draw(addresses),
        References=" ".join(f"<{i}@mail.example>" for i in ids),
        In_Reply_To=" ".join(f"<{i}@mail.example>" for i in ids[:1]),
    )
    proof = Proof(
        draw(st.sampled_from(("dkim", "spf", "smtp_auth", "arc"))), draw(st.sampled_from(("us.example", ANA)))
    )
    return Delivery(
        draw(st.one_of(st.just(raw), st.binary(max_size=60).map(lambda noise: noise + raw))),
        draw(
            st.lists(st.sampled_from((BCC, RELAY, "passkey@forward.log.example")), min_size=1, max_size=2, unique=True)
        ),
        draw(st.sampled_from(("", ANA, BOB, "x@secret.example", "not an address"))),
        draw(st.sampled_from(("office", "hosted"))),
        proofs=draw(st.sampled_from(((), (proof,)))),
    )


@st.composite
def worlds(draw: st.DrawFn) -> World:
    world = US.with_settings(
        rule=draw(st.sampled_from(RULES)),
        sender_proof=draw(st.sampled_from(("required", "spf_is_enough", "off"))),
        unproven_user=draw(st.sampled_from(("refuse", "hold"))),
        strict_subject=draw(st.booleans()),
        subaddressing=draw(st.booleans()),
        automated_allow=draw(st.sampled_from(([], ["list", "bulk", "auto_reply", "dsn"]))),
    )
    return replace(world, never_log=draw(st.sampled_from((world.never_log, ()))))


@settings(max_examples=120, deadline=None)
@given(worlds(), st.lists(deliveries(), min_size=1, max_size=5))
def test_every_decision_is_sound(world: World, found: list[Delivery]) -> None:
    store = MemoryStore(KEYED, world)
    for number, delivery in enumerate(found):
        delivered = replace(delivery, at=NOON + number * MINUTE)
        for case in cases(world, delivered):
            facts = store.facts(case)
            decision = decide(case, facts)
            assert decision == decide(case, facts)
            _check(decision)
        deliver(store, world, delivered)


def _check(decision: Decision) -> None:
    assert decision.reason in REASONS
    assert set(decision.flags) <= FLAGS.keys()
    assert all(f.sentence == sentence(f.slug) for f in decision.findings)
    assert (decision.activity is not None) == (
        decision.outcome in (Outcome.LOGGED, Outcome.MERGED) and decision.reason != "dedupe.retry"
    )
    if decision.activity:
        assert decision.activity.attribution.slug in ATTRIBUTION
        assert decision.activity.targets
    if decision.tombstone:
        assert decision.remembered is None
    assert explain(decision).startswith(f"{decision.outcome.value} {decision.reason}\n")
