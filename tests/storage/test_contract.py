"""What `storage.interface` promises, each promise once, for every store.

The store of plain dicts keeps those that need no disk: if it didn't, it would be no oracle.
"""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Protocol

import pytest
from fakes.copies import INCOMING, OUTGOING
from fakes.deliveries import (
    ANA,
    BCC,
    BOB,
    EVE,
    KEY,
    KEYED,
    KIM,
    MINUTE,
    NOON,
    RELAY,
    Delivery,
    cases,
    deliver,
    keeper,
    mail,
)
from fakes.gates import Gate
from fakes.memory_store import MemoryStore
from fakes.scan import breaches_of
from fakes.seen import Seen, seen
from fakes.stores import Breaches, Columns, Kept, Open
from fakes.world import EntryRow, World, load_world, seed, seed_entry

from gateway.core.decide import decide
from gateway.core.decision import Decision
from gateway.core.facts import Facts
from gateway.core.model import Outcome
from gateway.core.questions import Case
from storage import reads
from storage.administration.act import Act
from storage.copying import of_index
from storage.errors import StoreError, StoreUnavailable
from storage.interface import Decide, Keeper, Store
from storage.open import open_store
from storage.plan import Plan, ask, insert

US = load_world()
THEM = replace(
    US,
    account="them",
    captures={f"their{key}": capture for key, capture in US.captures.items()},
)
THEIR_BCC, THEIR_RELAY = f"their{BCC}", f"their{RELAY}"

Decided = tuple[str, str, int]
"""Outcome, reason, deliveries."""


class AnyStore(Protocol):
    """A store under test, and what it shows."""

    async def settle(self, cases: Sequence[Case], decide: Decide, keeper: Keeper) -> Sequence[Decision]: ...
    async def seen(self, account: str) -> list[Seen]: ...
    async def decided(self) -> list[Decided]: ...
    async def enter(self, account: str, entry: EntryRow) -> None: ...
    async def configure(self, world: World) -> None: ...


class Database:
    """A real store."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.settle = store.settle

    async def seen(self, account: str) -> list[Seen]:
        return await self.store.read(seen(account))

    async def decided(self) -> list[Decided]:
        every = await self.store.read(reads.latest(1000, reads.Filter()))
        return [(d.outcome, d.reason, d.deliveries) for d in every]

    async def enter(self, account: str, entry: EntryRow) -> None:
        await self.store.change(seed_entry(account, entry, KEYED))

    async def configure(self, world: World) -> None:
        settings = json.dumps(dict(world.settings))
        await self.store.change(ask("UPDATE account SET settings = $2 WHERE id = $1", world.account, settings))


class Dicts:
    """The oracle."""

    def __init__(self, *worlds: World) -> None:
        self.store = MemoryStore(KEYED, *worlds)
        self.settle = self.store.settle

    async def seen(self, account: str) -> list[Seen]:
        return self.store.seen(account)

    async def decided(self) -> list[Decided]:
        every = [r for t in self.store.tenants.values() for r in t.decisions]
        every.sort(key=lambda r: r.id)
        return [(r.decision.outcome.value, r.decision.reason, r.deliveries) for r in every]

    async def enter(self, account: str, entry: EntryRow) -> None:
        self.store.tenants[account].add(entry)

    async def configure(self, world: World) -> None:
        self.store.tenants[world.account].world = world


@pytest.fixture
async def database(store: Store) -> Store:
    """A real store that holds both accounts."""
    for world in (US, THEM):
        await store.change(seed(world, KEYED))
    return store


@pytest.fixture(params=["database", "dicts"])
async def any_store(request: pytest.FixtureRequest, store: Store) -> AsyncIterator[AnyStore]:
    """Each real store, and the oracle."""
    if request.param == "dicts":
        yield Dicts(US, THEM)
        return
    for world in (US, THEM):
        await store.change(seed(world, KEYED))
    yield Database(store)


async def settle(
    store: AnyStore | Store, delivery: Delivery, world: World = US, decide: Decide = decide
) -> Sequence[Decision]:
    return await store.settle(cases(world, delivery), decide, keeper(delivery, world))


def to_bob(number: int = 1, **fields: str) -> Delivery:
    """Ana's mail to Bob by Bcc; another number is another message."""
    raw = mail(ANA, BOB, message_id=f"m{number}", **fields)
    return Delivery(raw, [BCC], ANA, at=NOON + number * MINUTE, trace_id=f"trace{number}")


def failing(case: Case, facts: Facts) -> Decision:
    raise RuntimeError


# --- deciding and recording are one step ---


async def test_each_accepted_recipient_has_one_decision(any_store: AnyStore) -> None:
    decisions = await settle(any_store, replace(to_bob(), to=[BCC, RELAY]))
    assert [d.reason for d in decisions] == ["explicit.bcc", "dedupe.merged"]
    assert await any_store.decided() == [("logged", "explicit.bcc", 1), ("merged", "dedupe.merged", 1)]


async def test_a_repeat_meets_the_first_decision_and_counts_as_a_delivery(any_store: AnyStore) -> None:
    await settle(any_store, to_bob())
    [repeated] = await settle(any_store, replace(to_bob(), trace_id="again", at=NOON + 3 * 24 * 60 * MINUTE))
    assert (repeated.outcome, repeated.reason) == (Outcome.MERGED, "dedupe.retry")
    assert await any_store.decided() == [("logged", "explicit.bcc", 2)]
    assert len(await any_store.seen("us")) == 1


async def test_another_recipient_of_the_same_bytes_is_no_repeat(any_store: AnyStore) -> None:
    await settle(any_store, to_bob())
    await settle(any_store, replace(to_bob(), to=[RELAY]))
    assert len(await any_store.decided()) == 2


async def test_a_skipped_message_is_not_kept_by_its_repeat_after_the_entry_is_gone(any_store: AnyStore) -> None:
    delivery = Delivery(mail(ANA, EVE), [BCC], ANA)
    await settle(any_store, delivery)
    [repeated] = await settle(any_store, replace(delivery, trace_id="again"))
    assert repeated.first
    assert await any_store.seen("us") == []


async def test_all_recipients_of_a_transaction_are_recorded_or_none(any_store: AnyStore) -> None:
    def second_fails(case: Case, facts: Facts) -> Decision:
        return failing(case, facts) if case.recipient.address == RELAY else decide(case, facts)

    with pytest.raises(RuntimeError):
        await settle(any_store, replace(to_bob(), to=[BCC, RELAY]), decide=second_fails)
    assert (await any_store.decided(), await any_store.seen("us")) == ([], [])


async def test_a_transaction_that_fails_half_way_harms_none_beside_it(any_store: AnyStore) -> None:
    def second_fails(case: Case, facts: Facts) -> Decision:
        return failing(case, facts) if case.recipient.address == RELAY else decide(case, facts)

    both = replace(to_bob(4), to=[BCC, RELAY])
    found = await asyncio.gather(
        *(settle(any_store, to_bob(number)) for number in (1, 2, 3)),
        settle(any_store, both, decide=second_fails),
        *(settle(any_store, to_bob(number)) for number in (5, 6, 7)),
        return_exceptions=True,
    )
    assert [type(one) for one in found] == [list, list, list, RuntimeError, list, list, list]
    assert len(await any_store.decided()) == len(await any_store.seen("us")) == 6


async def test_refused_leaves_nothing(any_store: AnyStore) -> None:
    [decision] = await settle(any_store, replace(to_bob(), source="hosted"))
    assert decision.outcome is Outcome.REFUSED
    assert await any_store.decided() == []


async def test_refused_for_all_recipients_leaves_nothing(any_store: AnyStore) -> None:
    decisions = await settle(any_store, replace(to_bob(), to=[BCC, "anakey+tag@bcc.log.example"], source="hosted"))
    assert [d.outcome for d in decisions] == [Outcome.REFUSED, Outcome.REFUSED]
    assert await any_store.decided() == []


async def test_refused_for_one_recipient_only_is_decided_again_as_not_refusable(any_store: AnyStore) -> None:
    delivery = replace(to_bob(), source="hosted")
    them = THEM.with_settings(sender_proof="off")
    await any_store.configure(them)
    to_both = [*cases(US, delivery), *cases(them, replace(delivery, to=[THEIR_BCC]))]
    decisions = await any_store.settle(to_both, decide, keeper(delivery, US))
    assert [(d.outcome, d.reason) for d in decisions] == [("held", "sender.unverified"), ("logged", "explicit.bcc")]
    assert len(await any_store.decided()) == 2


async def test_an_entry_counts_for_the_next_message(any_store: AnyStore) -> None:
    await settle(any_store, to_bob(1))
    await any_store.enter("us", EntryRow(BOB))
    await settle(any_store, to_bob(2))
    assert [reason for _, reason, _ in await any_store.decided()] == ["explicit.bcc", "never_log.address"]


# --- accounts ---


async def test_a_message_id_of_one_account_is_unknown_to_another(any_store: AnyStore) -> None:
    await settle(any_store, to_bob())
    other = Delivery(mail(KIM, ANA, message_id="m1"), [THEIR_RELAY], KIM)
    [decision] = await settle(any_store, other, THEM)
    assert "dedupe.conflict" not in decision.flags


async def test_copies_for_two_accounts_are_two_activities(any_store: AnyStore) -> None:
    await settle(any_store, to_bob())
    await settle(any_store, replace(to_bob(), to=[THEIR_BCC]), THEM)
    assert [reason for _, reason, _ in await any_store.decided()] == ["explicit.bcc", "explicit.bcc"]
    assert (len(await any_store.seen("us")), len(await any_store.seen("them"))) == (1, 1)


async def test_a_thread_of_one_account_logs_nothing_in_another(any_store: AnyStore) -> None:
    await settle(any_store, to_bob())
    raw = mail(BOB, ANA, "Re: Offer", message_id="re", In_Reply_To="<m1@mail.example>")
    answer = Delivery(raw, [RELAY], BOB)
    [ours] = await settle(any_store, answer)
    [theirs] = await settle(any_store, replace(answer, to=[THEIR_RELAY]), THEM)
    assert (ours.reason, theirs.reason) == ("thread.logged", "rule.replies_only")


async def test_an_entry_of_one_account_is_none_of_another(any_store: AnyStore) -> None:
    await any_store.enter("us", EntryRow(BOB))
    [theirs] = await settle(any_store, replace(to_bob(), to=[THEIR_BCC]), THEM)
    assert theirs.reason == "explicit.bcc"


async def test_a_contact_created_in_one_account_is_unknown_to_another(any_store: AnyStore) -> None:
    await settle(any_store, Delivery(mail(ANA, "new@lead.example"), [BCC], ANA))
    await settle(any_store, Delivery(mail(ANA, "new@lead.example"), [THEIR_BCC], ANA), THEM)
    [activity] = await any_store.seen("them")
    assert activity.created == ("new@lead.example",)


# --- copies of one message at the same time ---


async def test_a_hundred_copies_at_once_are_one_activity(any_store: AnyStore) -> None:
    copies = [
        replace(
            to_bob(1, Received=f"from mx{n}.us.example by out.us.example; Tue, 4 Mar 2025 12:00:00 +0000"),
            to=[RELAY if n % 2 == 0 else BCC],
            trace_id=f"trace{n}",
        )
        for n in range(100)
    ]
    await asyncio.gather(*(settle(any_store, copy) for copy in copies))
    outcomes = Counter(outcome for outcome, _, _ in await any_store.decided())
    assert outcomes == {"skipped": 1, "logged": 1, "merged": 98}  # the first one, by relay, came before anybody asked
    [activity] = await any_store.seen("us")
    assert (len(activity.copies), activity.explicit, activity.user) == (99, True, "us/ana")


@pytest.mark.parametrize("copies", [OUTGOING, INCOMING], ids=["outgoing", "incoming"])
async def test_different_copies_at_once_are_one_activity(any_store: AnyStore, copies: Mapping[str, Delivery]) -> None:
    world = US.with_settings(rule="log_all")
    await any_store.configure(world)
    tasks = [asyncio.create_task(settle(any_store, replace(c, trace_id=n), world)) for n, c in 3 * [*copies.items()]]
    await asyncio.gather(*tasks)
    [activity] = await any_store.seen("us")
    alone = MemoryStore(KEYED, world)
    deliver(alone, world, *(replace(c, trace_id=n) for n, c in reversed(copies.items())))
    assert activity == alone.seen("us")[0]
    assert {deliveries for _, _, deliveries in await any_store.decided()} == {3}


async def test_a_hundred_deliveries_of_the_same_bytes_are_one_decision(any_store: AnyStore) -> None:
    await asyncio.gather(*(settle(any_store, replace(to_bob(), trace_id=f"trace{n}")) for n in range(100)))
    assert await any_store.decided() == [("logged", "explicit.bcc", 100)]


# --- on disk ---


async def test_the_trace_id_of_a_repeat_leads_to_the_first_decision(database: Store) -> None:
    await settle(database, to_bob())
    await settle(database, replace(to_bob(), trace_id="again"))
    [decision] = await database.read(reads.by_trace("again"))
    assert (decision.trace_id, decision.deliveries) == ("trace1", 2)
    assert [trace_id for trace_id, _ in await database.read(reads.repeats(decision))] == ["again"]


async def test_everything_at_rest_obeys_the_invariant(database: Store, breaches: Breaches) -> None:
    await settle(database, to_bob(1))
    await settle(database, replace(to_bob(1), trace_id="again"))
    await settle(database, replace(to_bob(1), to=[RELAY]))
    await settle(database, Delivery(mail(ANA, EVE, message_id="two"), [BCC], ANA))
    await settle(database, Delivery(mail("m@evil.example", BOB, message_id="three"), [BCC], "m@evil.example"))
    await settle(database, Delivery(mail(ANA, f"{BOB}, {EVE}", message_id="four"), [BCC], ANA))
    assert len(await Database(database).decided()) == 5
    assert await breaches() == []


@pytest.mark.parametrize(
    ("damage", "breach"),
    [
        ("UPDATE decision SET activity_id = NULL", "an activity without the decision that made it"),
        ("UPDATE decision SET deliveries = 2", "deliveries and repeats differ"),
        ("UPDATE decision SET outcome = 'skipped'", "evidence of a skipped message"),
        ("UPDATE decision SET outcome = 'held'", "held without its message"),
        ("DELETE FROM provenance", "a copy that is not in its activity's provenance"),
        ("DELETE FROM raw_message", "an activity without its message"),
        ("UPDATE participant SET entry_id = 'e'", "a placeholder that names somebody"),
        ("UPDATE thread SET logged = 0", "a logged message in a thread that is not logged"),
        ("UPDATE activity SET account_id = 'them'", "a decision and its activity in two accounts"),
    ],
)
async def test_the_invariant_sees_damage(database: Store, breaches: Breaches, damage: str, breach: str) -> None:
    await settle(database, to_bob())
    await database.change(ask(damage))
    assert breach in {name for name, _ in await breaches()}


async def test_a_backup_is_a_store_of_its_own(database: Store, tmp_path: Path, act: Act) -> None:
    """A file, whatever it was made from, readable by its owner only."""
    for n in range(3):
        await settle(database, to_bob(n))
    writing = asyncio.gather(*(settle(database, to_bob(n)) for n in range(3, 20)))
    await database.backup(tmp_path / "copy.db")
    await writing
    assert (tmp_path / "copy.db").stat().st_mode & 0o777 == 0o600
    copy = await open_store(tmp_path / "copy.db", KEY, act.new_id)
    try:
        assert 3 <= len(await copy.read(seen("us"))) <= 20
        assert await copy.read(breaches_of("sqlite")) == []
        [repeated] = await settle(copy, replace(to_bob(1), trace_id="again"))
        assert repeated.reason == "dedupe.retry"
    finally:
        await copy.close()


async def test_a_backup_holds_every_row_as_it_is(database: Store, tmp_path: Path, act: Act, columns: Columns) -> None:
    await settle(database, Delivery(mail(ANA, f"{BOB}, {EVE}, new@lead.example", message_id="m"), [BCC], ANA))
    await settle(database, Delivery(mail("m@evil.example", BOB, message_id="x"), [BCC], "m@evil.example"))
    await database.backup(tmp_path / "copy.db")
    copy = await open_store(tmp_path / "copy.db", KEY, act.new_id)
    try:
        for (table,) in await copy.read(ask("SELECT name FROM sqlite_master WHERE type = 'table'")):
            if table != "schema_migration" and not of_index(table):
                names = ", ".join(name for name in await columns(table) if name not in ("recorded_in", "document"))
                rows = f"SELECT {names} FROM {table}"  # noqa: S608 - its own columns
                here, there = await database.read(ask(rows)), await copy.read(ask(rows))
                assert sorted(there, key=repr) == sorted(here, key=repr), table
        shown, _ = await database.read(reads.newest(10, reads.Filter()))
        assert (await copy.read(reads.newest(10, reads.Filter())))[0] == shown
    finally:
        await copy.close()


async def test_a_backup_never_replaces_a_file(database: Store, tmp_path: Path) -> None:
    (tmp_path / "copy.db").write_text("something else")
    with pytest.raises(FileExistsError):
        await database.backup(tmp_path / "copy.db")
    assert (tmp_path / "copy.db").read_text() == "something else"


async def test_a_read_changes_nothing(database: Store) -> None:
    with pytest.raises(StoreError):
        await database.read(insert("own_domain", account_id="us", domain="more.example"))
    assert await database.read(ask("SELECT domain FROM own_domain WHERE domain = 'more.example'")) == []


async def test_a_change_that_fails_changes_nothing(database: Store) -> None:
    def plan() -> Plan[None]:
        yield from insert("own_domain", account_id="us", domain="more.example")
        raise RuntimeError

    with pytest.raises(RuntimeError):
        await database.change(plan())
    assert await database.read(ask("SELECT domain FROM own_domain WHERE domain = 'more.example'")) == []


# --- many at once ---


async def behind(gate: Gate, database: Store, *work: Awaitable[object]) -> tuple[asyncio.Task[object], ...]:
    """Work that waits while the gate's own message is decided; the gate is still shut."""
    first = asyncio.create_task(settle(database, to_bob(0), decide=gate.decide))
    await gate.reached()
    tasks = tuple(asyncio.ensure_future(w) for w in work)
    for _ in range(3):
        await asyncio.sleep(0)
    return (first, *tasks)


async def test_work_that_fails_does_not_harm_its_neighbours(database: Store, gate: Gate) -> None:
    tasks = await behind(
        gate,
        database,
        settle(database, to_bob(1)),
        settle(database, to_bob(2), decide=failing),
        settle(database, to_bob(3)),
    )
    await gate.open()
    results = await asyncio.gather(*tasks, return_exceptions=True)
    assert [isinstance(r, RuntimeError) for r in results] == [False, False, True, False]
    assert len(await database.read(seen("us"))) == 3


async def test_a_statement_that_fails_does_not_harm_its_neighbours(database: Store, gate: Gate) -> None:
    tasks = await behind(
        gate,
        database,
        settle(database, to_bob(1)),
        database.change(insert("own_domain", account_id="nobody", domain="x.example")),
        settle(database, to_bob(3)),
    )
    await gate.open()
    results = await asyncio.gather(*tasks, return_exceptions=True)
    assert [isinstance(r, StoreError) for r in results] == [False, False, True, False]
    assert len(await database.read(seen("us"))) == 3


async def test_a_caller_who_leaves_harms_nobody(database: Store, gate: Gate) -> None:
    first, left, stays = await behind(gate, database, settle(database, to_bob(1)), settle(database, to_bob(2)))
    left.cancel()
    await gate.open()
    await asyncio.gather(first, stays)
    assert {d.trace_id for d in await database.read(reads.latest(9, reads.Filter()))} == {"trace0", "trace2"}
    await settle(database, to_bob(1))
    assert len(await database.read(seen("us"))) == 3


async def test_what_a_caller_left_in_the_middle_stands_and_its_repeat_meets_it(database: Store, gate: Gate) -> None:
    (first,) = await behind(gate, database)
    first.cancel()
    await gate.open()
    [repeated] = await settle(database, replace(to_bob(0), trace_id="again"))
    assert repeated.reason == "dedupe.retry"


async def test_closing_ends_what_is_queued(
    database: Store, gate: Gate, tmp_path: Path, open_empty: Open, act: Act
) -> None:
    tasks = await behind(gate, database, *(settle(database, to_bob(n)) for n in range(1, 20)))
    closing = asyncio.create_task(database.close())
    await asyncio.sleep(0)
    await gate.open()
    await asyncio.gather(*tasks, closing)
    reopened = await open_empty(tmp_path, act)
    try:
        assert len(await reopened.read(seen("us"))) == 20
    finally:
        await reopened.close()


async def test_a_closed_store_takes_nothing(database: Store) -> None:
    await database.close()
    with pytest.raises(StoreUnavailable):
        await settle(database, to_bob())


# --- what is not on disk ---

SECRET, NAME, SUBJECT, TEXT, IDENT = (
    "quillfeather@secret.example",
    "Ottoline Marrow",
    "Zephyrine plans",
    "vermilion lighthouse",
    "obsidian-heron",
)
FORWARD = "passkey@forward.log.example"
EVERYTHING = (SECRET, "quillfeather", NAME, SUBJECT, TEXT, IDENT)


def private(to: str, **fields: str) -> bytes:
    return mail(ANA, to, SUBJECT, message_id=IDENT, text=TEXT, **fields)


async def test_a_listed_message_leaves_nothing_on_disk(
    database: Store, tmp_path: Path, kept: Kept, open_empty: Open, act: Act
) -> None:
    delivery = Delivery(private(f"{NAME} <{SECRET}>"), [BCC], ANA)
    [decision] = await settle(database, delivery)
    await settle(database, replace(delivery, trace_id="again"))
    assert decision.reason == "never_log.domain"
    assert await kept(*EVERYTHING) == set()
    await database.close()
    reopened = await open_empty(tmp_path, act)
    await reopened.close()
    assert await kept(*EVERYTHING) == set()


async def test_without_its_entry_the_same_message_is_found(database: Store, kept: Kept) -> None:
    """The control of the scan: it sees every marker where nothing forbids to keep them."""
    await database.change(ask("DELETE FROM never_log_entry"))
    await settle(database, Delivery(private(f"{NAME} <{SECRET}>"), [BCC], ANA))
    assert await kept(*EVERYTHING) == set(EVERYTHING)


async def test_of_a_listed_participant_only_the_entry_is_on_disk(database: Store, kept: Kept) -> None:
    raw = private(f"{BOB}, {NAME} <{SECRET}>", Delivered_To=SECRET, X_Original_To=SECRET)
    [decision] = await settle(database, Delivery(raw, [BCC], ANA, trace_id="t"))
    assert decision.reason == "explicit.bcc"
    assert await kept(*EVERYTHING) == {SUBJECT, TEXT, IDENT}
    rows = await database.read(ask("SELECT address, name, canonical, contact_id FROM participant WHERE entry_id > ''"))
    assert set(rows) == {("", "", "", None)}


async def test_of_a_listed_participant_of_a_held_message_nothing_is_on_disk(database: Store, kept: Kept) -> None:
    raw = mail("m@evil.example", f"{BOB}, {NAME} <{SECRET}>", SUBJECT, text=TEXT)
    [decision] = await settle(database, Delivery(raw, [BCC], "m@evil.example"))
    assert decision.outcome is Outcome.HELD
    assert await kept(SECRET, NAME, SUBJECT, TEXT) == {SUBJECT, TEXT}


def forwarded(text: str, content_type: str = "text/plain") -> Delivery:
    """Ana forwards: `text` is what stands below the header of her mail."""
    raw = mail(ANA, FORWARD, "Fwd: plans", message_id="forward", text=text, Content_Type=content_type)
    return Delivery(raw, [FORWARD], ANA)


def attached(original: bytes) -> Delivery:
    text = f"--b\r\nContent-Type: message/rfc822\r\n\r\n{original.decode()}\r\n--b--"
    return forwarded(text, "multipart/mixed; boundary=b")


async def test_of_a_listed_participant_of_an_attached_original_only_the_entry_is_on_disk(
    database: Store, kept: Kept
) -> None:
    original = mail(BOB, f"{ANA}, {NAME} <{SECRET}>", SUBJECT, message_id=IDENT, text=TEXT, Delivered_To=SECRET)
    [decision] = await settle(database, attached(original))
    assert decision.reason == "explicit.forward"
    assert await kept(*EVERYTHING) == {SUBJECT, TEXT, IDENT}


async def test_of_a_listed_participant_of_a_quoted_original_only_the_entry_is_on_disk(
    database: Store, kept: Kept
) -> None:
    header = f"From: {BOB}\r\nDate: Tue, 4 Mar 2025 10:12\r\nSubject: {SUBJECT}\r\nTo: {ANA}"
    quoted = f"---------- Forwarded message ---------\r\n{header}\r\nCc: {NAME} <{SECRET}>\r\n\r\n{TEXT}"
    [decision] = await settle(database, forwarded(quoted))
    assert decision.reason == "explicit.forward"
    assert await kept(*EVERYTHING) == {SUBJECT, TEXT}


async def test_a_forwarded_message_of_a_listed_author_leaves_nothing_on_disk(database: Store, kept: Kept) -> None:
    original = mail(f"{NAME} <{SECRET}>", ANA, SUBJECT, message_id=IDENT, text=TEXT, Cc=BOB)
    [decision] = await settle(database, attached(original))
    assert decision.reason == "never_log.domain"
    assert await kept(*EVERYTHING) == set()


async def test_of_a_later_copys_listed_participant_nothing_is_on_disk(database: Store, kept: Kept) -> None:
    await Database(database).configure(US.with_settings(rule="log_all"))
    await settle(database, Delivery(private(BOB), [RELAY], ANA))
    longer = mail(ANA, f"{BOB}, {NAME} <{SECRET}>", SUBJECT, message_id=IDENT, text=f"{TEXT} with a footer")
    [decision] = await settle(database, Delivery(longer, [RELAY], ANA))
    assert decision.reason == "dedupe.merged"
    assert await kept(SECRET, NAME, "with a footer") == {"with a footer"}


@pytest.mark.parametrize(
    ("sender", "to", "address", "reason"),
    [
        (BOB, ANA, RELAY, "rule.replies_only"),
        (BOB, "max@us.example", RELAY, "sender.not_permitted"),
        (KIM, "carl@us.example", RELAY, "participants.no_user"),
        ("m@evil.example", BOB, BCC, "sender.unknown"),
    ],
)
async def test_of_a_skipped_message_only_hashes_are_on_disk(
    database: Store, kept: Kept, sender: str, to: str, address: str, reason: str
) -> None:
    raw = mail(sender, f"{NAME} <{to}>", SUBJECT, message_id=IDENT, text=TEXT)
    [decision] = await settle(database, Delivery(raw, [address], sender, source="hosted"))
    assert decision.reason == reason
    assert await kept(NAME, SUBJECT, TEXT, IDENT, "evil.example") == set()


async def test_no_row_that_a_skipped_message_leaves_has_room_for_content(columns: Columns) -> None:
    tables = ("decision", "message", "thread", "thread_ref", "thread_member", "repeat")
    found = [set(await columns(table)) for table in tables]
    content = {"subject", "text", "address", "name", "canonical", "content", "evidence", "message_id", "mail_from"}
    assert all(names and not names & content for names in found)


async def test_a_bounce_marks_the_recipient_it_names_and_no_later_copy_takes_that_back(any_store: AnyStore) -> None:
    await settle(any_store, to_bob())
    body = (
        "--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.us.example\r\n\r\n"
        f"Final-Recipient: rfc822; {BOB}\r\nAction: failed\r\n\r\n"
        "--b\r\nContent-Type: text/rfc822-headers\r\n\r\nMessage-ID: <m1@mail.example>\r\n\r\n--b--"
    )
    kind = 'multipart/report; report-type=delivery-status; boundary="b"'
    raw = mail("postmaster@us.example", ANA, "Undelivered", message_id="dsn", text=body, Content_Type=kind)
    await settle(any_store, Delivery(raw, [RELAY], ""))
    [activity] = await any_store.seen("us")
    assert activity.participants == (f"from {ANA}", f"to {BOB} failed")
    await settle(any_store, replace(to_bob(), to=[RELAY]))
    [activity] = await any_store.seen("us")
    assert activity.participants == (f"from {ANA}", f"to {BOB} failed")
    several = [replace(to_bob(), to=[RELAY], raw=b"X-Copy: 2\r\n" + to_bob().raw), to_bob(2), to_bob(3)]
    await asyncio.gather(*(settle(any_store, copy) for copy in several))
    assert [a for a in await any_store.seen("us") if f"to {BOB} failed" in a.participants] != []
