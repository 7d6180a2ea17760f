"""Events are written for what happened, once, in the transaction in which it happened, and hold nothing but ids."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import asyncpg
import pytest
from fakes.deliveries import ANA, BCC, BOB, KEY, KEYED, KIM, NOON, RELAY, Delivery, cases, keeper, mail
from fakes.postgres import MISSING, Databases
from fakes.stores import Look
from fakes.world import EntryRow, World, load_world, seed, seed_entry

from gateway.core.approval import Way
from gateway.core.cases import Setting
from gateway.core.decide import decide
from gateway.core.decision import Decision
from gateway.core.facts import Facts
from gateway.core.ids import lowest
from gateway.core.limits import ReadingLimits
from gateway.core.model import Proof
from gateway.core.questions import Case
from gateway.held import Resolving
from storage import activities, figures, outbox
from storage.administration import contacts
from storage.administration.act import Act
from storage.interface import Decide, Store
from storage.open import open_store
from storage.outbox import Happened, Type
from storage.place import Server
from storage.plan import ask
from storage.sealing import Sealing

US = load_world()
LOG_ALL = US.with_settings(rule="log_all_and_create")
LATE = US.with_settings(late_parent_hours=48)
Events = Callable[[], Awaitable[list[str]]]


@pytest.fixture
def events(look: Look) -> Events:
    """All that were written so far, in brief, in their order."""

    async def written() -> list[str]:
        rows = await look("SELECT type, change FROM outbox ORDER BY id")
        return [f"{kind} {change}".rstrip() for kind, change in rows]

    return written


def by_bcc(raw: bytes, **more: object) -> Delivery:
    return replace(Delivery(raw, [BCC], ANA), **more)  # type: ignore[arg-type]  # its own fields


def relayed(raw: bytes, mail_from: str = ANA, **more: object) -> Delivery:
    return replace(Delivery(raw, [RELAY], mail_from), **more)  # type: ignore[arg-type]  # the same


async def settle(store: Store, *deliveries: Delivery, world: World = US, how: Decide = decide) -> Sequence[Decision]:
    made: Sequence[Decision] = ()
    for delivery in deliveries:
        made = await store.settle(cases(world, delivery), how, keeper(delivery, world))
    return made


async def begun(store: Store, world: World = US) -> Store:
    await store.change(seed(world, KEYED))
    return store


def answer(**more: str) -> bytes:
    fields = {"message_id": "two", "In_Reply_To": "<one@mail.example>"} | more
    return mail(BOB, ANA, "Re: Offer", **fields)


# --- what happened ---


async def test_a_logged_message_is_one_event_and_each_new_contact_another(store: Store, events: Events) -> None:
    await settle(await begun(store), by_bcc(mail(ANA, f"{BOB}, new@client.example, other@client.example")))
    assert await events() == ["contact.created", "contact.created", "activity.logged"]


async def test_another_copy_is_an_update_and_a_repeat_is_nothing(store: Store, events: Events) -> None:
    first = by_bcc(mail(ANA, BOB), trace_id="t0")
    await settle(await begun(store, LOG_ALL), first, replace(first, trace_id="t1"), world=LOG_ALL)
    assert await events() == ["activity.logged"]
    await settle(store, relayed(mail(ANA, BOB), trace_id="t2"), world=LOG_ALL)
    assert await events() == ["activity.logged", "activity.updated merged"]


async def test_an_explicit_copy_of_what_a_rule_skipped_is_logged(store: Store, events: Events) -> None:
    await settle(await begun(store), relayed(mail(ANA, BOB), trace_id="t0"))
    assert await events() == []
    await settle(store, by_bcc(mail(ANA, BOB), trace_id="t1"))
    assert await events() == ["activity.logged"]


async def test_what_is_skipped_refused_or_kept_out_is_no_event(store: Store, events: Events) -> None:
    await store.change(seed(US, KEYED))
    await store.change(seed_entry(US.account, EntryRow(BOB), KEYED))
    found = [relayed(mail(ANA, KIM)), by_bcc(mail(ANA, BOB)), Delivery(mail(ANA, KIM), [BCC], ANA, "hosted")]
    made = [(await settle(store, replace(one, trace_id=f"t{n}")))[0].outcome for n, one in enumerate(found)]
    assert (made, await events()) == (["skipped", "skipped", "refused"], [])


async def test_held_mail_is_an_event_and_approving_it_logs(store: Store, events: Events, act: Act) -> None:
    stranger = "ottoline@home-office.example"
    signed = (Proof("dkim", "home-office.example"),)
    unknown = Delivery(mail(stranger, f"{ANA}, {KIM}"), [BCC], stranger, "hosted", proofs=signed)
    [held] = await settle(await begun(store), unknown)
    assert (held.outcome, await events()) == ("held", ["decision.held"])
    resolving = Resolving(act, Setting(US.domain, US.host, KEYED, ReadingLimits()), Sealing(KEY))
    await store.change(resolving.approve(held.trace_id, way=Way.CONTACT))
    assert (await events())[1:] == ["contact.created", "activity.logged"]


async def test_replies_that_waited_for_their_parent_are_logged_with_it(store: Store, events: Events) -> None:
    await settle(await begun(store, LATE), relayed(answer(), BOB, trace_id="t0"), world=LATE)
    assert await events() == []
    await settle(store, by_bcc(mail(ANA, BOB), trace_id="t1"), world=LATE)
    assert await events() == ["activity.logged", "activity.logged"]


async def test_a_withdrawn_activity_is_told_of(store: Store, events: Events, look: Look) -> None:
    await settle(await begun(store), by_bcc(mail(ANA, BOB), trace_id="t0"))
    await store.change(seed_entry(US.account, EntryRow(KIM, "message"), KEYED))
    await settle(store, by_bcc(mail(ANA, BOB, Cc=KIM), trace_id="t1"))
    assert await events() == ["activity.logged", "activity.updated withdrawn"]
    assert len(await look("SELECT DISTINCT about FROM outbox")) == 1


async def test_threads_that_become_one_are_told_of_each_activity_that_moved(store: Store, events: Events) -> None:
    await settle(await begun(store), by_bcc(mail(ANA, BOB, message_id="one"), trace_id="t0"))
    await settle(store, by_bcc(mail(ANA, BOB, "Other", message_id="other"), trace_id="t1"))
    both = {"In_Reply_To": "<one@mail.example> <other@mail.example>"}
    await settle(store, by_bcc(mail(ANA, BOB, "Re: Offer", message_id="both", **both), trace_id="t2"))
    assert (await events())[2:] == ["activity.logged", "activity.updated thread"]


async def test_an_admins_attribution_and_new_contact_are_events(store: Store, events: Events, act: Act) -> None:
    [logged] = await settle(await begun(store), by_bcc(mail(ANA, BOB)))
    assert logged.outcome == "logged"
    [(about,)] = await store.read(ask("SELECT about FROM outbox"))
    await store.change(activities.attribute(act, US.account, about, ""))
    await store.change(contacts.add(act, US.account, "New", ["new@client.example"]))
    assert await events() == ["activity.logged", "activity.updated user", "contact.created"]


# --- in the same transaction ---


async def test_a_transaction_that_is_rolled_back_leaves_no_event(store: Store, events: Events) -> None:
    calls = 0

    def fails_at_last(case: Case, facts: Facts) -> Decision:
        nonlocal calls
        calls += 1
        if calls % 2 == 0:
            raise RuntimeError("the second recipient")
        return decide(case, facts)

    two = replace(by_bcc(mail(ANA, BOB)), to=[BCC, RELAY])
    with pytest.raises(RuntimeError):
        await settle(await begun(store), two, how=fails_at_last)
    assert (await events(), calls > 1) == ([], True)


async def test_many_at_once_have_each_their_events(store: Store, events: Events) -> None:
    await begun(store)
    found = [by_bcc(mail(ANA, BOB, f"S{n}", message_id=f"m{n}"), trace_id=f"t{n}") for n in range(30)]
    await asyncio.gather(*(settle(store, one) for one in found))
    assert await events() == ["activity.logged"] * 30


# --- reading ---


async def test_events_are_read_in_their_order_and_none_twice(store: Store, act: Act) -> None:
    await begun(store)
    for number in range(5):
        await store.change(outbox.write(act.new_id, US.account, NOON, [Happened(Type.HELD, str(number))]))
    seen: list[str] = []
    after = ""
    while rows := await store.read(outbox.since(US.account, after, 2)):
        seen += [row.about for row in rows]
        after = rows[-1].id
    assert (seen, after) == ([str(n) for n in range(5)], await store.read(outbox.end(US.account)))
    assert await store.read(outbox.since("them", "", 2)) == []


async def test_what_is_old_is_forgotten_but_the_last_of_it_in_each_account(store: Store) -> None:
    await begun(store)
    for number in range(5):
        new_id = partial(lowest, 1000 * number)
        await store.change(outbox.write(new_id, US.account, NOON, [Happened(Type.HELD, str(number))]))
    await store.change(outbox.forget(2500))
    assert [row.about for row in await store.read(outbox.since(US.account, "", 10))] == ["2", "3", "4"]
    assert await store.read(outbox.kept(US.account, lowest(2000)))
    assert not await store.read(outbox.kept(US.account, lowest(1000)))


@pytest.mark.skipif(bool(MISSING), reason=MISSING)
async def test_what_is_committed_late_is_not_missed(databases: Databases, tmp_path: Path, act: Act) -> None:
    server: Server = await databases.of(tmp_path)
    store = await open_store(server, KEY, act.new_id)
    writers = [await asyncpg.connect(server.url) for _ in range(2)]
    row = "INSERT INTO outbox (id, account_id, at, type, about, change) VALUES ('{0}', 'us', 0, 'x', '', '')"
    try:
        await begun(store)
        await writers[0].execute(f"BEGIN; {row.format('a')}")
        await writers[1].execute(f"BEGIN; {row.format('b')}; COMMIT")
        assert await store.read(outbox.since("us", "", 9)) == []
        assert (await store.read(figures.figures())).held_back_since == 0
        await writers[0].execute("COMMIT")
        assert [r.id for r in await store.read(outbox.since("us", "", 9))] == ["a", "b"]
        assert (await store.read(figures.figures())).held_back_since is None
    finally:
        for writer in writers:
            await writer.close()
        await store.close()
