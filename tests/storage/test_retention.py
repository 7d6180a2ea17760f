"""What accounts keep for a time only goes when that is over, page by page, and nothing brings it back."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace

import pytest
from fakes.deliveries import ANA, BCC, BOB, KEYED, KIM, MINUTE, RELAY, Delivery, cases, keeper, mail
from fakes.seen import seen
from fakes.stores import Breaches, Kept, Look
from fakes.world import load_world, seed

from gateway.core.decide import decide
from gateway.core.decision import Decision
from gateway.data_care import retention
from storage import reads
from storage import retention as kept_for
from storage.activities import show
from storage.administration import accounts
from storage.administration.act import Act, page
from storage.errors import StoreUnavailable
from storage.interface import Store
from storage.plan import Plan, ask

US = load_world().with_settings(rule="log_all")
DAY = 24 * 60 * 60 * 1000
NOW = 1_767_225_600_000
"""When ids are made here, and mail comes."""
LATE = NOW + 40 * DAY
NAME, SUBJECT, TEXT = "Ottoline", "Zephyrine plans", "vermilion lighthouse"
IDENT, FILE = "obsidian-heron", "quillfeather.pdf"
EVERYTHING = (NAME, SUBJECT, TEXT, IDENT, FILE)
PARTS = (
    f"--b\r\nContent-Type: text/plain\r\n\r\n{TEXT}\r\n--b\r\n"
    f"Content-Type: application/pdf; name={FILE}\r\n\r\nx\r\n--b--"
)
MIXED = {"Content_Type": "multipart/mixed; boundary=b"}
OLD = Delivery(
    mail(ANA, f"{NAME} <{BOB}>", SUBJECT, message_id=IDENT, text=PARTS, **MIXED), [BCC], ANA, at=NOW, trace_id="old"
)
PASSIVE = replace(OLD, to=[RELAY], trace_id="passive")
SKIPPED = Delivery(mail(ANA, "dan@us.example", message_id="internal"), [RELAY], ANA, at=NOW, trace_id="skipped")


@pytest.fixture
async def database(store: Store) -> Store:
    await store.change(seed(US, KEYED))
    return store


async def settle(store: Store, *deliveries: Delivery) -> list[Decision]:
    decisions: list[Decision] = []
    for number, delivery in enumerate(deliveries):
        arrived = replace(delivery, at=delivery.at + number * MINUTE)
        decisions += await store.settle(cases(US, arrived), decide, keeper(arrived, US))
    return decisions


async def keep(store: Store, act: Act, **days: int) -> None:
    for setting, number in days.items():
        await store.change(accounts.change_setting(act, "us", setting, str(number)))


async def purge(store: Store, act: Act, at: int = LATE) -> Mapping[str, Counter[str]]:
    return await retention.purge(store, replace(act, at=at))


async def test_by_default_all_is_kept_for_ever(database: Store, act: Act) -> None:
    await settle(database, OLD, SKIPPED)
    assert await retention.due(database, LATE * 2) == []
    assert await purge(database, act, LATE * 2) == {}


async def test_of_an_activity_whose_time_is_over_nothing_is_on_disk(
    database: Store, act: Act, kept: Kept, breaches: Breaches
) -> None:
    await settle(database, OLD)
    await keep(database, act, activity_days=40)
    assert await purge(database, act, LATE - 1) == {}
    assert await kept(*EVERYTHING) == set(EVERYTHING)
    assert await retention.due(database, LATE) == []
    [due] = await retention.due(database, LATE + 1)
    assert (due.account, due.kind, due.count, due.oldest_at) == ("us", "activities", 1, NOW)
    assert await purge(database, act, LATE + 1) == {"us": {"activities": 1}}
    assert await kept(*EVERYTHING) == set()
    assert await breaches() == []
    assert await retention.due(database, LATE * 2) == []


@pytest.mark.parametrize("later", [OLD, PASSIVE, replace(OLD, raw=OLD.raw.replace(b"Date:", b"X-Way: 2\r\nDate:"))])
async def test_no_later_copy_brings_it_back(database: Store, act: Act, kept: Kept, later: Delivery) -> None:
    await settle(database, OLD)
    await keep(database, act, activity_days=1)
    await purge(database, act)
    [decision] = await settle(database, replace(later, at=LATE, trace_id="later"))
    assert decision.reason in ("dedupe.retry", "dedupe.erased")
    assert await database.read(seen("us")) == []
    assert await kept(*EVERYTHING) == set()


async def test_nor_does_one_that_would_be_held(database: Store, act: Act, kept: Kept) -> None:
    await settle(database, OLD)
    await keep(database, act, activity_days=1)
    await purge(database, act)
    await database.change(accounts.change_setting(act, "us", "unproven_user", "hold"))
    unproven = replace(OLD, source="hosted", at=LATE, raw=b"X-Way: 2\r\n" + OLD.raw)
    [decision] = await settle(database, unproven)
    assert (decision.outcome, decision.reason) == ("skipped", "dedupe.erased")
    assert await kept(*EVERYTHING) == set()


async def test_its_thread_is_logged_still(database: Store, act: Act) -> None:
    await database.change(accounts.change_setting(act, "us", "rule", "replies_only"))
    await settle(database, OLD)
    await keep(database, act, activity_days=1)
    await purge(database, act)
    answer = mail(BOB, ANA, f"Re: {SUBJECT}", message_id="answer", In_Reply_To=f"<{IDENT}@mail.example>")
    [decision] = await settle(database, Delivery(answer, [RELAY], BOB, at=LATE, trace_id="answer"))
    assert (decision.outcome, decision.reason) == ("logged", "thread.logged")


async def test_the_bytes_go_and_the_activity_stays(
    database: Store, act: Act, kept: Kept, look: Look, breaches: Breaches
) -> None:
    await settle(database, OLD)
    await keep(database, act, message_days=1)
    [(activity_id,)] = await look("SELECT id FROM activity")
    before = await database.read(show("us", activity_id))
    assert before is not None
    assert before.message_gone_at is None
    assert await purge(database, act) == {"us": {"messages": 1}}
    after = await database.read(show("us", activity_id))
    assert after == replace(before, message_gone_at=LATE)
    assert await look("SELECT * FROM raw_message") == []
    assert await kept(TEXT, FILE, "multipart") == {TEXT, FILE}
    assert await breaches() == []


async def test_a_richer_copy_brings_bytes_that_go_again(database: Store, act: Act, look: Look) -> None:
    await settle(database, replace(PASSIVE, raw=mail(ANA, BOB, SUBJECT, message_id=IDENT, text=TEXT)))
    await keep(database, act, message_days=1)
    await purge(database, act)
    [decision] = await settle(database, replace(OLD, at=LATE))
    [(activity_id,)] = await look("SELECT activity_id FROM raw_message")
    again = await database.read(show("us", activity_id))
    assert again is not None
    assert (decision.outcome, again.message_gone_at) == ("merged", None)
    assert await purge(database, act) == {"us": {"messages": 1}}


async def test_decisions_about_skipped_mail_go_and_the_others_stay(
    database: Store, act: Act, breaches: Breaches
) -> None:
    await settle(database, OLD, SKIPPED, SKIPPED)
    await keep(database, act, skipped_days=1)
    assert await purge(database, act) == {"us": {"skipped": 1}}
    assert [d.outcome for d in await database.read(reads.latest(10, reads.Filter()))] == ["logged"]
    assert await breaches() == []


async def test_what_keeps_other_copies_out_stays(database: Store, act: Act, look: Look) -> None:
    shown = replace(OLD, raw=OLD.raw.replace(b"Subject:", b"Cc: x@lawyer.example\r\nSubject:"))
    [decision] = await settle(database, shown)
    assert decision.keeps_out
    await keep(database, act, skipped_days=1)
    assert await purge(database, act) == {}
    assert len(await look("SELECT id FROM decision")) == 1


async def test_changes_go_and_on_record_is_how_many_of_what(database: Store, act: Act) -> None:
    await settle(database, OLD)
    await keep(database, act, activity_days=1, audit_days=1)
    assert await purge(database, act, act.at + 2 * DAY) == {"us": {"activities": 1, "audit": 2}}
    [told] = await database.read(page("us"))
    assert (told.action, told.detail) == ("account.purge", {"activities": 1, "audit": 2})


async def test_another_account_keeps_its_own(database: Store, act: Act, look: Look) -> None:
    await settle(database, OLD)
    other = await database.change(accounts.create(act, "them", ["them.example"]))
    await database.change(accounts.change_setting(act, other, "activity_days", "1"))
    assert await purge(database, act) == {}
    assert len(await look("SELECT id FROM activity WHERE withdrawn_at IS NULL")) == 1


async def test_what_ends_between_two_pages_is_gone_on_with(
    database: Store, act: Act, look: Look, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = [Delivery(mail(ANA, KIM, message_id=f"m{n}"), [BCC], ANA, at=NOW, trace_id=f"t{n}") for n in range(5)]
    await settle(database, *written)
    await keep(database, act, activity_days=1)
    monkeypatch.setattr(retention, "PAGE", 2)
    monkeypatch.setattr(kept_for, "SCANNED", 3)
    left = [2]

    def ends(kind: str, act: Act, account_id: str, overdue: list[kept_for.Overdue]) -> Plan[int]:
        if not left[0]:
            raise StoreUnavailable
        left[0] -= 1
        return (yield from real(kind, act, account_id, overdue))

    real = kept_for.purge
    monkeypatch.setattr(kept_for, "purge", ends)
    with pytest.raises(StoreUnavailable):
        await purge(database, act)
    count = "SELECT count(*) FROM activity WHERE withdrawn_at IS NULL"
    assert await look(count) == [(2,)]
    [told] = [c for c in await database.read(page("us")) if c.action == "account.purge"]
    assert told.detail == {"activities": 3}
    left[0] = 9
    assert await purge(database, act) == {"us": {"activities": 2}}
    assert await look(count) == [(0,)]


async def test_a_limit_that_is_raised_while_it_runs_holds_at_once(database: Store, act: Act, look: Look) -> None:
    await settle(database, OLD)
    await keep(database, act, activity_days=1)
    late = replace(act, at=LATE)
    found = await database.read(kept_for.step("activities", await database.read(kept_for.limits("activities", LATE))))
    assert len(found.overdue) == 1
    await keep(database, act, activity_days=0)
    assert await database.change(kept_for.purge("activities", late, "us", found.overdue)) == 0
    await keep(database, act, activity_days=1)
    assert await database.change(kept_for.purge("activities", late, "us", found.overdue)) == 1


async def test_more_than_a_page_goes_in_one_run_in_the_order_of_ids(database: Store, act: Act) -> None:
    rows = [(f"{n:026}",) for n in range(kept_for.SCANNED + 5)]

    def plan() -> Plan[None]:
        for (audit_id,) in rows:
            yield from ask(
                "INSERT INTO audit (id, account_id, at, who, action, detail) VALUES ($1, 'us', 1, 'w', 'a', '{}')",
                audit_id,
            )

    await database.change(plan())
    await keep(database, act, audit_days=1)
    assert (await purge(database, act, act.at))["us"]["audit"] == len(rows)
