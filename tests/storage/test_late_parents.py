"""Replies that come before their parent: sealed while they wait, decided again when it is logged, erased in time."""

from __future__ import annotations

from dataclasses import replace

import pytest
from fakes.deliveries import ANA, BCC, BOB, KEYED, NOON, RELAY, Delivery, cases, keeper, mail
from fakes.seen import seen
from fakes.stores import Kept
from fakes.world import EntryRow, load_world, seed, seed_entry

from gateway.core.decide import decide
from gateway.core.decision import Decision
from gateway.core.model import Outcome
from storage import reads, waiting
from storage.administration import accounts
from storage.administration.act import Act
from storage.interface import Store
from storage.plan import Value, ask
from storage.reads import Filter

HOUR = 3_600_000
US = load_world().with_settings(late_parent_hours=2)
PARENT = Delivery(mail(ANA, BOB, "Offer", message_id="root"), [BCC], ANA, at=NOON + HOUR, trace_id="parent")


def reply(name: str, answers: str, text: str = "Yes.", subject: str = "Re: Offer") -> Delivery:
    fields = {"In_Reply_To": f"<{answers}@mail.example>"}
    return Delivery(mail(BOB, ANA, subject, message_id=name, text=text, **fields), [RELAY], BOB, trace_id="leaf")


@pytest.fixture
async def patient(store: Store) -> Store:
    """A store whose account waits two hours for a parent."""
    await store.change(seed(US, KEYED))
    return store


async def settle(store: Store, delivery: Delivery) -> Decision:
    [decision] = await store.settle(cases(US, delivery), decide, keeper(delivery, US))
    return decision


async def count(store: Store, what: str, *values: Value) -> int:
    rows = await store.read(ask(f"SELECT count(*) FROM {what}", *values))  # noqa: S608 — a table of this test's own
    return int(rows[0][0])


async def reasons(store: Store) -> list[tuple[str, str]]:
    return [(d.trace_id, d.reason) for d in await store.read(reads.latest(100, Filter()))]


async def test_a_reply_is_logged_when_its_late_parent_is(patient: Store) -> None:
    early = await settle(patient, reply("leaf", "root"))
    assert (early.outcome, early.reason) == (Outcome.SKIPPED, "rule.replies_only")
    await settle(patient, PARENT)
    assert await reasons(patient) == [
        ("leaf", "rule.replies_only"), ("parent", "explicit.bcc"), ("leaf", "thread.logged"),
    ]  # fmt: skip
    assert [s.text.strip() for s in await patient.read(seen("us"))] == ["Hello.", "Yes."]
    assert await count(patient, "waiting") == 0


async def test_of_a_flood_only_so_many_are_called_at_once(patient: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting, "MOST_CALLED", 3)
    for n in range(5):
        await settle(patient, reply(f"leaf{n}", "root"))
    await settle(patient, PARENT)
    assert (await count(patient, "waiting"), await count(patient, "activity")) == (2, 4)


async def test_one_that_stands_between_two_threads_calls_those_of_both(patient: Store) -> None:
    """Bob's reply waits for two parents; one by one they come, and so do those that wait with it."""
    both = mail(BOB, ANA, "Re: Offer", message_id="both", In_Reply_To="<root@mail.example> <other@mail.example>")
    await settle(patient, Delivery(both, [RELAY], BOB, trace_id="both"))
    await settle(patient, reply("leaf", "both"))
    await settle(patient, Delivery(mail(ANA, BOB, "Order", message_id="other"), [BCC], ANA, at=NOON + 1))
    assert (await count(patient, "waiting"), await count(patient, "activity")) == (0, 3)


async def test_so_is_a_reply_to_the_reply(patient: Store) -> None:
    await settle(patient, reply("twig", "leaf"))
    await settle(patient, reply("leaf", "root"))
    await settle(patient, PARENT)
    assert await count(patient, "activity") == 3


async def test_a_repeat_of_it_meets_the_later_decision(patient: Store) -> None:
    early = reply("leaf", "root")
    await settle(patient, early)
    await settle(patient, replace(early, trace_id="again"))
    await settle(patient, PARENT)
    repeated = await settle(patient, replace(early, trace_id="once more"))
    assert repeated.reason == "dedupe.retry"
    [*_, last] = await patient.read(reads.by_trace("leaf"))
    assert (last.reason, last.deliveries) == ("thread.logged", 3)
    assert [d.id for d in await patient.read(reads.by_trace("again"))] == [last.id]


async def test_while_it_waits_nothing_of_it_can_be_read_on_disk(patient: Store, kept: Kept) -> None:
    await settle(patient, reply("obsidian-heron", "marble-owl", "vermilion lighthouse", "Re: Zephyrine plans"))
    assert await count(patient, "waiting") == 1
    assert await kept("vermilion", "obsidian-heron", "marble-owl", "Zephyrine") == set()


async def test_when_its_time_is_over_it_is_erased_and_stays_out(patient: Store) -> None:
    await settle(patient, reply("leaf", "root"))
    await patient.change(waiting.expire(NOON + 2 * HOUR - 1))
    assert await count(patient, "waiting") == 1
    await patient.change(waiting.expire(NOON + 2 * HOUR))
    assert await count(patient, "waiting") == 0
    await settle(patient, PARENT)
    assert await count(patient, "activity") == 1


async def test_a_parent_that_comes_too_late_calls_nobody_in(patient: Store) -> None:
    await settle(patient, reply("leaf", "root"))
    await settle(patient, replace(PARENT, at=NOON + 2 * HOUR))
    assert await count(patient, "activity") == 1


async def test_an_account_that_waits_no_longer_keeps_nothing(patient: Store, act: Act) -> None:
    await settle(patient, reply("leaf", "root"))
    await patient.change(accounts.change_setting(act, "us", "late_parent_hours", "0"))
    assert await count(patient, "waiting") == 0


@pytest.mark.parametrize("to", ["eve@rival.example", "x@lawyer.example"])
async def test_what_never_log_keeps_out_does_not_wait(patient: Store, to: str) -> None:
    raw = mail(to, ANA, "Re: Offer", message_id="leaf", In_Reply_To="<root@mail.example>")
    await settle(patient, Delivery(raw, [RELAY], to))
    assert await count(patient, "waiting") == 0


async def test_what_starts_a_thread_does_not_wait(patient: Store) -> None:
    await settle(patient, Delivery(mail(BOB, ANA, message_id="leaf"), [RELAY], BOB))
    assert await count(patient, "waiting") == 0


async def test_without_the_setting_nothing_is_kept(store: Store) -> None:
    await store.change(seed(load_world(), KEYED))
    await settle(store, reply("leaf", "root"))
    await settle(store, PARENT)
    assert (await count(store, "waiting"), await count(store, "activity")) == (0, 1)


async def test_an_entry_made_while_it_waited_keeps_it_out(patient: Store) -> None:
    await settle(patient, reply("leaf", "root"))
    await patient.change(seed_entry("us", EntryRow(BOB), KEYED))
    await settle(patient, replace(PARENT, raw=mail(ANA, "kim@client.example", "Offer", message_id="root")))
    assert [r for t, r in await reasons(patient) if t == "leaf"] == ["rule.replies_only", "never_log.address"]
    assert (await count(patient, "waiting"), await count(patient, "activity")) == (0, 1)


async def test_those_that_can_not_be_logged_keep_nobody_from_being_called(patient: Store) -> None:
    for n in range(5):
        fields = {"In_Reply_To": "<root@mail.example>", "References": "<never-seen@mail.example>"}
        raw = mail("m@evil.example", ANA, "Re: Offer", message_id=f"evil{n}", **fields)
        await settle(patient, Delivery(raw, [RELAY], "m@evil.example", "hosted", trace_id=f"evil{n}"))
    await settle(patient, reply("leaf", "root"))
    assert await count(patient, "waiting") == 6
    await settle(patient, PARENT)
    assert [s.text.strip() for s in await patient.read(seen("us"))] == ["Hello.", "Yes."]


@pytest.mark.parametrize("damage", [b"\0", bytes(100)])
async def test_one_that_can_not_be_opened_harms_nobody_else(patient: Store, damage: bytes) -> None:
    await settle(patient, reply("leaf", "root"))
    await settle(patient, reply("other", "root", "No."))
    first = "(SELECT min(decision_id) FROM waiting)"
    await patient.change(ask(f"UPDATE waiting SET sealed = $1 WHERE decision_id = {first}", damage))  # noqa: S608 — of this test
    await settle(patient, PARENT)
    assert [s.text.strip() for s in await patient.read(seen("us"))] == ["Hello.", "No."]
    assert await count(patient, "waiting") == 0


async def test_with_less_patience_nothing_waits_longer(patient: Store, act: Act) -> None:
    await settle(patient, reply("leaf", "root"))
    await patient.change(accounts.change_setting(replace(act, at=NOON + 1), "us", "late_parent_hours", "1"))
    assert await count(patient, "waiting") == 1
    await patient.change(waiting.expire(NOON + HOUR))
    assert await count(patient, "waiting") == 0


async def test_with_more_patience_nothing_waits_longer_than_was_said(patient: Store, act: Act) -> None:
    await settle(patient, reply("leaf", "root"))
    await patient.change(accounts.change_setting(replace(act, at=NOON + 1), "us", "late_parent_hours", "9"))
    assert await count(patient, "waiting") == 1
    await patient.change(waiting.expire(NOON + 2 * HOUR))
    assert await count(patient, "waiting") == 0


async def test_the_parents_decision_tells_whom_it_called(patient: Store) -> None:
    """So that the operator log has a line for each."""
    early = await settle(patient, reply("leaf", "root"))
    parent = await settle(patient, PARENT)
    assert early.calls == ()
    assert [(called.trace_id, called.reason, called.at) for called in parent.calls] == [
        ("leaf", "thread.logged", PARENT.at)
    ]
