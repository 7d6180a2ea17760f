"""What is left of a message after a copy of it shows somebody whom the never-log list keeps out with it: nothing."""

from __future__ import annotations

from dataclasses import replace

import pytest
from fakes.deliveries import ANA, BCC, BOB, EVE, KEYED, MINUTE, NOON, RELAY, Delivery, cases, keeper, mail
from fakes.seen import seen
from fakes.stores import Breaches, Kept
from fakes.world import EntryRow, load_world, seed

from gateway.core.decide import decide
from gateway.core.decision import Decision
from storage import reads
from storage.interface import Store
from storage.plan import Rows, Value, ask

US = load_world().with_settings(rule="log_all", late_parent_hours=48)
LAWYER = "x@lawyer.example"
NEW, NAME, SUBJECT, TEXT, IDENT, FILE, TAG = (
    "ottoline@lead.example",
    "Ottoline Marrow",
    "Zephyrine plans",
    "vermilion lighthouse",
    "obsidian-heron",
    "quillfeather.pdf",
    "bergamot",
)
EVERYTHING = (NEW, NAME, SUBJECT, TEXT, IDENT, FILE, TAG)
PARTS = (
    f"--b\r\nContent-Type: text/plain\r\n\r\n{TEXT}\r\n--b\r\n"
    f"Content-Type: application/pdf; name={FILE}\r\n\r\nx\r\n--b--"
)
WRITTEN = mail(
    ANA, f"{NAME} <{NEW}>, {BOB}", SUBJECT, message_id=IDENT, text=PARTS, Content_Type="multipart/mixed; boundary=b"
)
OWN = Delivery(WRITTEN, [BCC.replace("@", f"+{TAG}@")], ANA, trace_id="own")
SHOWN = Delivery(WRITTEN.replace(b"Subject:", f"Bcc: {LAWYER}\r\nSubject:".encode()), [RELAY], ANA, trace_id="shown")


@pytest.fixture
async def database(store: Store) -> Store:
    await store.change(seed(US, KEYED))
    return store


async def settle(store: Store, *deliveries: Delivery) -> list[Decision]:
    decisions: list[Decision] = []
    for number, delivery in enumerate(deliveries):
        arrived = replace(delivery, at=NOON + number * MINUTE)
        decisions += await store.settle(cases(US, arrived), decide, keeper(arrived, US))
    return decisions


async def rows(store: Store, sql: str, *values: Value) -> Rows:
    return await store.read(ask(sql, *values))


async def test_before_that_everything_is_there(database: Store, kept: Kept) -> None:
    """The control of the scan."""
    await settle(database, OWN)
    assert await kept(*EVERYTHING) == set(EVERYTHING)


async def test_nothing_of_it_is_on_disk(database: Store, kept: Kept, breaches: Breaches) -> None:
    *_, shown = await settle(database, OWN, replace(OWN, to=[RELAY]), SHOWN)
    assert (shown.reason, shown.withdraws is not None) == ("never_log.domain", True)
    assert await kept(*EVERYTHING) == set()
    assert await breaches() == []


async def test_its_hashes_are_gone_but_for_those_of_a_tombstone(database: Store) -> None:
    *_, shown = await settle(database, OWN, SHOWN)
    for table in ("message", "thread_member", "participant", "activity_contact", "attachment", "raw_message"):
        assert await rows(database, f"SELECT * FROM {table}") == [], table  # noqa: S608 — of this list
    assert await rows(database, "SELECT seen, activity_id FROM thread_ref WHERE seen = 1 OR activity_id > ''") == []
    [shell] = await rows(database, "SELECT richness, size, user_id, thread_id FROM activity")
    assert shell == ("", 0, None, None)
    assert await rows(database, "SELECT DISTINCT message_id_hash FROM decision") == [(shown.id_hash,)]


async def test_every_decision_about_it_stays_and_can_be_traced(database: Store) -> None:
    await settle(database, OWN, SHOWN)
    [own], [shown] = [await database.read(reads.by_trace(d.trace_id)) for d in (OWN, SHOWN)]
    assert (own.reason, shown.reason) == ("explicit.bcc", "never_log.domain")
    assert all(f.evidence == "" for f in await database.read(reads.findings(own)))


@pytest.mark.parametrize("later", [OWN, replace(OWN, to=[RELAY]), replace(OWN, source="hosted", to=[RELAY])])
async def test_no_later_copy_brings_it_back(database: Store, kept: Kept, later: Delivery) -> None:
    again = replace(later, raw=b"Received: from a.example by b.example; Tue, 4 Mar 2025 12:00:01 +0000\r\n" + later.raw)
    await settle(database, OWN, SHOWN, again)
    assert await database.read(seen("us")) == []
    assert await kept(*EVERYTHING) == set()


async def test_no_copy_comes_in_because_an_entry_of_somebody_else_in_it_is_removed(database: Store) -> None:
    raw = mail(EVE, ANA, message_id="e")
    shown = Delivery(raw.replace(b"Subject:", f"Cc: {LAWYER}\r\nSubject:".encode()), [RELAY], EVE, trace_id="shown")
    await settle(database, shown)
    await database.change(ask("DELETE FROM never_log_entry WHERE pattern = $1", EVE))
    [decision] = await settle(database, Delivery(raw, [RELAY], EVE, trace_id="later"))
    assert decision.reason == "never_log.domain"


async def test_on_record_is_the_entry_for_everybody_rather_than_one_that_is_a_users_own(store: Store) -> None:
    await store.change(seed(US.with_entries(EntryRow(BOB, "message", "ana")), KEYED))
    [decision] = await settle(store, SHOWN)
    assert str(decision.entry_id).endswith("*@lawyer.example")


@pytest.mark.parametrize("struck", [BOB, LAWYER])
async def test_where_two_keep_it_out_it_stays_out_as_long_as_one_of_them_is_on_the_list(
    store: Store, struck: str
) -> None:
    patterns = {BOB: BOB, LAWYER: "*@lawyer.example"}
    await store.change(seed(US.with_entries(EntryRow(BOB, "message")), KEYED))
    await settle(store, SHOWN)
    await store.change(ask("DELETE FROM never_log_entry WHERE pattern = $1", patterns[struck]))
    without_both = Delivery(OWN.raw.replace(f", {BOB}".encode(), b""), [BCC], ANA, trace_id="without both")
    [decision] = await settle(store, without_both)
    assert decision.reason == ("never_log.domain" if struck == BOB else "never_log.address")
    await store.change(ask("DELETE FROM never_log_entry"))
    last = replace(without_both, raw=b"X-Copy: 2\r\n" + without_both.raw, trace_id="last")
    [decision] = await settle(store, last)
    assert decision.reason in ("explicit.bcc", "dedupe.upgraded")


async def test_a_contact_that_it_created_stays_once_another_message_is_on_its_record(database: Store) -> None:
    other = Delivery(mail(ANA, NEW, message_id="other"), [BCC], ANA)
    await settle(database, OWN, other, SHOWN)
    [activity] = await database.read(seen("us"))
    assert activity.contacts == (NEW,)


async def test_its_thread_is_logged_by_other_messages_only(database: Store) -> None:
    answer = {"In_Reply_To": f"<{IDENT}@mail.example>"}
    own_thread = "SELECT logged FROM thread"
    await settle(database, OWN, SHOWN)
    assert await rows(database, own_thread) == [(0,)]
    await settle(database, Delivery(mail(ANA, BOB, "Re: x", message_id="two", **answer), [BCC], ANA))
    assert await rows(database, own_thread) == [(1,)]


async def test_what_waits_of_it_waits_no_longer(database: Store) -> None:
    await database.change(ask("UPDATE account SET settings = replace(settings, 'log_all', 'replies_only')"))
    reply = mail(BOB, ANA, message_id=IDENT, In_Reply_To="<never-seen@mail.example>")
    early = Delivery(reply, [RELAY], BOB)
    await settle(database, early)
    assert len(await rows(database, "SELECT 1 FROM waiting")) == 1
    shown = Delivery(reply.replace(b"Subject:", f"Cc: {LAWYER}\r\nSubject:".encode()), [RELAY], BOB)
    await settle(database, shown)
    assert await rows(database, "SELECT 1 FROM waiting") == []


async def test_what_a_person_was_to_look_at_is_skipped(database: Store, kept: Kept, breaches: Breaches) -> None:
    asked_for = mail("m@evil.example", f"{NAME} <{NEW}>", SUBJECT, message_id=IDENT, text=TEXT)
    held = Delivery(asked_for, [BCC], "m@evil.example", trace_id="held")
    shown = Delivery(
        asked_for.replace(b"Subject:", f"Cc: {ANA}, {LAWYER}\r\nSubject:".encode()), [RELAY], "m@evil.example"
    )
    first, second = await settle(database, held, shown)
    assert (first.outcome, second.reason) == ("held", "never_log.domain")
    assert await kept(*EVERYTHING) == set()
    [decision] = await database.read(reads.by_trace("held"))
    assert (decision.outcome, decision.reason) == ("skipped", "never_log.domain")
    assert await breaches() == []
