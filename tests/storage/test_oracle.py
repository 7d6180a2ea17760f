"""Whatever comes, and in whatever order: a real store and the store of plain dicts decide and end alike."""

from __future__ import annotations

import itertools
import sqlite3
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from functools import cache

import pytest
from fakes.copies import DAN, LAWYER, NEW, asked_for, attached, ids, journalled, quoted, relayed
from fakes.deliveries import ANA, BCC, BOB, DANS_BCC, EVE, KEYED, KIM, MINUTE, NOON, Delivery, cases, keeper, mail
from fakes.memory_store import MemoryStore
from fakes.scan import breaches_in
from fakes.seen import Seen, seen
from fakes.world import World, load_world, seed
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.core.decide import decide
from gateway.core.decision import Decision
from gateway.core.questions import Case
from storage.batch import Transaction, settle_all
from storage.interface import Decide, Recorder
from storage.migrate import migrations
from storage.plan import Plan, ask
from storage.settle import settle
from storage.sqlite.connection import run

US = load_world()
NAMES = ("m0", "m1", "m2", "m3")
PAL, SALES = "pal@home.example", "sales@us.example"
PAIRS = ((ANA, BOB), (BOB, ANA), (KIM, ANA), (ANA, KIM), (BOB, DAN), (NEW, ANA), (DAN, NEW), (BOB, SALES))
MORE = ("", "", "", "", "", "", BOB, KIM, DAN, NEW, PAL, EVE)


class Real:
    """Plans on a database in memory, without the queue of the store."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.db = sqlite3.connect(":memory:", isolation_level=None)
        _empty().backup(self.db)
        self.db.execute("PRAGMA foreign_keys = ON")
        numbers = itertools.count(1)
        self.new_id = lambda: f"{next(numbers):08}"
        run(self.db, seed(world, KEYED))

    def settle(self, delivery: Delivery) -> list[Decision]:
        self.db.execute("BEGIN")
        decisions = run(self.db, settle(*self._transaction(delivery)))
        self.db.execute("COMMIT")
        return decisions

    def settle_all(self, deliveries: Sequence[Delivery]) -> list[list[Decision]]:
        rounds = settle_all([Transaction(*self._transaction(delivery)) for delivery in deliveries])
        self.rounds = 0
        self.db.execute("BEGIN")
        try:
            asked = next(rounds)
            while True:
                self.rounds += 1
                asked = rounds.send([run(self.db, ask(one.sql, *one.values)) for one in asked])
        except StopIteration as end:
            settled: list[list[Decision]] = end.value
        self.db.execute("COMMIT")
        return settled

    def _transaction(self, delivery: Delivery) -> tuple[list[Case], Decide, Recorder]:
        recorder = Recorder(self.new_id, KEYED, keeper(delivery, self.world))
        return cases(self.world, delivery), decide, recorder

    def rows(self, sql: str) -> list[tuple[object, ...]]:
        def plan() -> Plan[list[tuple[object, ...]]]:
            return list((yield from ask(sql)))

        return run(self.db, plan())


@cache
def _empty() -> sqlite3.Connection:
    db = sqlite3.connect(":memory:", isolation_level=None)
    for migration in migrations():
        for statement in migration.statements():
            db.execute(statement)
    return db


# --- what may come ---


@st.composite
def messages(draw: st.DrawFn) -> tuple[bytes, str]:
    """A message and its author. Names are few, so that ids are reused, answered before they come, and claimed."""
    author, to = draw(st.sampled_from(PAIRS))
    cc = draw(st.sampled_from(MORE))
    fields = {"Cc": cc} if cc not in ("", author, to) else {}
    answers = draw(st.lists(st.sampled_from(NAMES), max_size=2, unique=True))
    if answers and draw(st.integers(0, 3)):
        fields["In_Reply_To"] = ids(*answers[:2])
    if answers and draw(st.booleans()):
        fields["References"] = ids(*answers)
    if draw(st.integers(0, 4)) == 0:
        fields["X_Google_Original_Message_ID"] = ids(draw(st.sampled_from(NAMES)))
    if draw(st.integers(0, 4)) == 0:
        fields["Thread_Index"] = "AdzX" + "A" * 28
    raw = mail(
        author,
        to,
        draw(st.sampled_from(("Offer", "Re: Offer", "Re: Offer", "Fwd: Offer", "Lunch?", ""))),
        message_id=draw(st.sampled_from((*NAMES, *NAMES, ""))),
        date=f"Tue, 4 Mar 2025 12:00:0{draw(st.integers(0, 1))} +0000",
        text=draw(st.sampled_from(("Hello.", "Hello.", "Hello.\r\n--\r\nA footer.", "Something else."))),
        **fields,
    )
    return raw, author


@st.composite
def arrivals(draw: st.DrawFn) -> list[Delivery]:
    """Messages in several copies each, shuffled, some of them twice."""
    found: list[Delivery] = []
    for raw, author in draw(st.lists(messages(), min_size=1, max_size=4)):
        made = st.sampled_from(_copies(raw, author))
        found += draw(st.lists(made, min_size=1, max_size=4))
    found += draw(st.lists(st.sampled_from(found), max_size=2))
    steps = draw(st.lists(st.sampled_from((MINUTE, MINUTE, 60 * MINUTE)), min_size=len(found), max_size=len(found)))
    times = itertools.accumulate(steps, initial=NOON)
    order = draw(st.permutations(found))
    return [replace(d, at=at, trace_id=f"t{n}") for n, (d, at) in enumerate(zip(order, times, strict=False))]


def _copies(raw: bytes, author: str) -> list[Delivery]:
    found = [
        relayed(raw, author),
        relayed(raw, author),
        relayed(b"X-Route: b\r\n" + raw, author),
        relayed(raw.replace(b"Subject: ", b"Subject: [EXT] "), author, "hosted"),
        relayed(raw, author, "hosted"),
        journalled(raw, author, (f"To: {ANA}", f"Bcc: {DAN}")),
        journalled(raw, author, (f"To: {ANA}", f"Cc: {KIM}"), "hosted"),
        journalled(raw, author, (f"To: {KIM}", f"Bcc: {LAWYER}"), "hosted"),
        attached(raw),
        quoted(author=author, answers=NAMES[0]),
        replace(relayed(raw, author), to=[asked_for(raw).to[0], relayed(raw).to[0]]),
    ]
    if author == ANA:
        found += 2 * [asked_for(raw), asked_for(raw, to=DANS_BCC), asked_for(b"X-Route: c\r\n" + raw)]
    return found


# --- how it ends ---


@settings(max_examples=60, deadline=None)
@given(
    arrivals(),
    st.sampled_from(("replies_only", "log_all", "log_all_and_create")),
    st.sampled_from((0, 48)),
    st.booleans(),
)
def test_both_stores_decide_and_end_alike(found: list[Delivery], rule: str, hours: int, strict: bool) -> None:  # noqa: FBT001 — drawn
    world = US.with_settings(rule=rule, late_parent_hours=hours, strict_subject=strict)
    real, oracle = Real(world), MemoryStore(KEYED, world)
    try:
        for delivery in found:
            decided = [_told(d) for d in real.settle(delivery)]
            assert decided == [_told(d) for d in oracle.settle_now(cases(world, delivery), decide)]
        assert _real(real) == _oracle(oracle)
        assert breaches_in(real.db) == []
    finally:
        real.db.close()


@settings(max_examples=60, deadline=None)
@given(
    arrivals(),
    st.sampled_from(("replies_only", "log_all", "log_all_and_create")),
    st.sampled_from((0, 48)),
    st.data(),
)
def test_side_by_side_they_are_decided_as_one_after_the_other(
    found: list[Delivery], rule: str, hours: int, data: st.DataObject
) -> None:
    world = US.with_settings(rule=rule, late_parent_hours=hours)
    one_by_one, batches = Real(world), Real(world)
    try:
        while found:
            size = data.draw(st.integers(1, len(found)))
            batch, found = found[:size], found[size:]
            decided = [[_told(d) for d in one] for one in batches.settle_all(batch)]
            assert decided == [[_told(d) for d in one_by_one.settle(delivery)] for delivery in batch]
        assert _real(batches) == _real(one_by_one)
        assert breaches_in(batches.db) == []
    finally:
        one_by_one.db.close()
        batches.db.close()


LEAD = "m@lead.example"


def by_bcc(number: int, author: str, to: str, **fields: str) -> Delivery:
    date = f"Tue, 4 Mar 2025 12:0{number}:00 +0000"
    raw = mail(author, to, f"S{number}", message_id=f"n{number}", date=date, **fields)
    return replace(asked_for(raw, to=BCC if author == ANA else DANS_BCC), mail_from=author, trace_id=f"t{number}")


def by_relay(number: int, author: str, to: str, subject: str, **fields: str) -> Delivery:
    return replace(relayed(mail(author, to, subject, message_id=f"n{number}", **fields), author), trace_id=f"t{number}")


@pytest.mark.parametrize(
    ("rule", "before", "batch", "expected"),
    [
        pytest.param(
            "log_all",
            [by_bcc(1, ANA, LEAD)],
            [by_bcc(2, DAN, LEAD), by_relay(3, LEAD, f"{ANA}, {DAN}", "Hello")],
            ("rule.log_all", "attribution.latest_activity", "us/dan"),
            id="the contact's latest user",
        ),
        pytest.param(
            "replies_only",
            [by_relay(1, BOB, ANA, "Offer"), by_relay(2, BOB, ANA, "Re: Offer", In_Reply_To=ids("n1"))],
            [
                by_bcc(3, ANA, BOB, In_Reply_To=ids("n1")),
                by_relay(4, BOB, ANA, "Re: Offer", In_Reply_To=ids("n2")),
            ],
            ("thread.logged", "attribution.thread_user", "us/ana"),
            id="a thread that is logged now",
        ),
    ],
)
def test_what_one_of_them_changes_counts_for_the_next(
    rule: str, before: list[Delivery], batch: list[Delivery], expected: tuple[str, ...]
) -> None:
    real = Real(US.with_settings(rule=rule))
    for delivery in before:
        real.settle(delivery)
    [last] = real.settle_all(batch)[-1]
    real.db.close()
    assert last.activity is not None, last.reason
    assert (last.reason, last.activity.attribution.slug, last.activity.attribution.user_id) == expected


def test_what_is_put_off_comes_before_whatever_changes_what_it_read() -> None:
    before = [by_relay(1, BOB, ANA, "Offer"), by_relay(2, BOB, ANA, "Re: Offer", In_Reply_To=ids("n1"))]
    batch = [
        by_bcc(3, ANA, BOB, In_Reply_To=ids("n1")),
        by_relay(4, BOB, f"{ANA}, {LEAD}", "Re: Offer", In_Reply_To=ids("n2")),  # skipped but for the one before
        by_bcc(5, DAN, LEAD),  # makes a contact
    ]
    one_by_one, together = Real(US), Real(US)
    for delivery in before:
        one_by_one.settle(delivery)
        together.settle(delivery)
    expected = [one_by_one.settle(delivery) for delivery in batch]
    found = together.settle_all(batch)
    assert [_told(d) for [d] in found] == [_told(d) for [d] in expected]
    assert expected[1][0].activity is not None
    one_by_one.db.close()
    together.db.close()


def test_messages_that_have_nothing_to_do_with_each_other_take_no_more_rounds_than_one() -> None:
    def batch(count: int) -> list[Delivery]:
        raws = [mail(ANA, f"p{n}@lead{n}.example", f"S{n}", message_id=f"n{n}") for n in range(count)]
        return [replace(asked_for(raw), trace_id=f"t{n}") for n, raw in enumerate(raws)]

    rounds = []
    for count in (1, 40):
        real = Real(US)
        real.settle_all(batch(count))
        rounds.append(real.rounds)
        real.db.close()
    assert rounds[0] == rounds[1]


def _told(decision: Decision) -> tuple[object, ...]:
    said = [(f.stage, f.slug, f.evidence) for f in decision.findings]
    waits, keeps_out, withdraws = decision.waits_until, len(decision.keeps_out), decision.withdraws is not None
    return decision.outcome, decision.reason, decision.flags, said, waits, keeps_out, withdraws


End = tuple[list[Seen], Counter[object], Counter[object], Counter[object], int]


def _real(real: Real) -> End:
    """Activities, threads, messages by hash, decisions, and how many wait."""
    threads = {
        str(i): (bool(logged), messages)
        for i, logged, messages in real.rows("SELECT id, logged, messages FROM thread")
    }
    names, members = (
        {i: frozenset(name for thread, name in found if thread == i) for i in threads}
        for found in (
            real.rows("SELECT thread_id, message_id_hash FROM thread_ref"),
            real.rows("SELECT thread_id, member FROM thread_member"),
        )
    )
    return (
        run(real.db, seen("us")),
        Counter((names[i], members[i], *told) for i, told in threads.items()),
        Counter(real.rows("SELECT id_hash, way, anchor_hash, conflict, outcome, activity_id IS NOT NULL FROM message")),
        Counter(real.rows("SELECT outcome, reason, deliveries FROM decision")),
        len(real.rows("SELECT 1 FROM waiting")),
    )


def _oracle(oracle: MemoryStore) -> End:
    us = oracle.tenants["us"]
    return (
        oracle.seen("us"),
        Counter(
            (frozenset(t.ids), frozenset(t.members), any(k.thread is t for k in us.activities.values()), t.messages)
            for t in us.threads
        ),
        Counter((m.id_hash, m.way, m.anchor, m.conflict, m.outcome.value, int(bool(m.activity))) for m in us.messages),
        Counter((r.decision.outcome.value, r.decision.reason, r.deliveries) for r in us.decisions),
        len(us.waiting),
    )
