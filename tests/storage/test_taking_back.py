"""A new entry of the never-log list can take back what it would have kept out, as if it had stood from the start."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest
from fakes.deliveries import ANA, BCC, BOB, KEYED, KIM, MINUTE, NOON, RELAY, Delivery, cases, keeper, mail
from fakes.seen import seen
from fakes.stores import Breaches, Kept, Look
from fakes.world import load_world, seed

from gateway.core.cases import Setting
from gateway.core.decide import decide
from gateway.core.decision import Decision
from gateway.core.limits import ReadingLimits
from gateway.data_care.taking_back import TakingBack
from storage import kept_out
from storage.administration import never_log
from storage.administration.act import Act, page
from storage.errors import StoreUnavailable
from storage.interface import Store
from storage.plan import Plan
from storage.sealing import Sealing

US = load_world().with_settings(rule="log_all_and_create")
SETTING = Setting(US.domain, US.host, KEYED, ReadingLimits())
SEALING = Sealing(bytes(range(32)))
ANN, NAME, SUBJECT, TEXT, IDENT = (
    "ottoline@lead.example",
    "Ottoline Marrow",
    "Zephyrine plans",
    "vermilion lighthouse",
    "obsidian-heron",
)
EVERYTHING = (ANN, NAME, SUBJECT, TEXT, IDENT)
ALONE = Delivery(mail(ANA, f"{NAME} <{ANN}>", SUBJECT, message_id=IDENT, text=TEXT), [BCC], ANA, trace_id="alone")
BY_HER = Delivery(
    mail(f"{NAME} <{ANN}>", f"{ANA}, {KIM}", SUBJECT, message_id=IDENT, text=TEXT), [RELAY], ANN, trace_id="by"
)
AMONG = Delivery(
    mail(ANA, f"{NAME} <{ANN}>, {KIM}", SUBJECT, message_id=IDENT, text=TEXT), [BCC], ANA, trace_id="among"
)
OTHERS = Delivery(mail(ANA, f"{BOB}, {KIM}", "Other", message_id="other"), [BCC], ANA, trace_id="others")


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


async def entry(store: Store, act: Act, pattern: str = ANN, effect: str = "participant", user: str = "") -> TakingBack:
    added = await store.change(never_log.add(act, "us", pattern, effect, user))
    return TakingBack(store, act, SETTING, SEALING, added)


@pytest.mark.parametrize("delivery", [ALONE, BY_HER])
@pytest.mark.parametrize("pattern", [ANN, "OTTOLINE@Lead.example", "*@lead.example"])
async def test_what_it_would_have_kept_out_goes(
    database: Store, act: Act, kept: Kept, breaches: Breaches, delivery: Delivery, pattern: str
) -> None:
    await settle(database, delivery)
    taking = await entry(database, act, pattern)
    [hit] = await taking.look("us")
    assert (hit.wholly, hit.activity.subject) == (True, SUBJECT)
    assert await taking.take_back("us") == {"activities": 1}
    listed = set() if "*" in pattern else {ANN}  # in the list and in its record of changes
    assert await kept(*EVERYTHING) == listed
    assert await breaches() == []
    assert await taking.look("us") == []


@pytest.mark.parametrize("pattern", [ANN, "*@lead.example"])
async def test_others_on_the_message_keep_it_with_a_placeholder(
    database: Store, act: Act, kept: Kept, breaches: Breaches, pattern: str
) -> None:
    await settle(database, AMONG, OTHERS)
    taking = await entry(database, act, pattern)
    assert await taking.take_back("us") == {"placeholders": 1}
    assert await kept(NAME, SUBJECT, TEXT) == {SUBJECT, TEXT}
    assert (ANN in await kept(ANN)) is (pattern == ANN)
    assert await breaches() == []


@pytest.mark.parametrize("delivery", [ALONE, BY_HER, AMONG, OTHERS])
async def test_it_ends_as_if_the_entry_had_stood_from_the_start(
    database: Store, act: Act, look: Look, delivery: Delivery
) -> None:
    """The same mail again, by a list that has the entry already."""
    await settle(database, delivery)
    await (await entry(database, act)).take_back("us")
    people = "SELECT p.role, p.address, p.entry_id, p.name FROM participant p JOIN activity a ON a.id = p.activity_id"
    records = "SELECT c.name, d.address FROM contact c JOIN contact_address d ON d.contact_id = c.id ORDER BY d.address"
    after = [await look(f"{people} WHERE a.subject = $1 ORDER BY p.position", s) for s in (SUBJECT, "Other")]
    contacts = await look(records)
    fresh = replace(delivery, raw=delivery.raw.replace(IDENT.encode(), b"new").replace(b"<other@", b"<new2@"))
    [decision] = await settle(database, replace(fresh, trace_id="fresh"))
    again = await look(f"{people} WHERE a.message_id LIKE 'new%' ORDER BY p.position")
    assert again == (after[0] or after[1])
    assert bool(again) is (decision.outcome == "logged")
    assert await look(records) == contacts


async def test_a_subject_that_has_their_address_is_withheld(database: Store, act: Act, look: Look) -> None:
    raw = mail(ANA, f"{ANN}, {KIM}", f"About {ANN}", message_id=IDENT)
    await settle(database, replace(AMONG, raw=raw))
    await (await entry(database, act)).take_back("us")
    [(subject,)] = await look("SELECT subject FROM activity")
    assert ANN not in subject


async def test_a_contact_that_was_there_before_stays(database: Store, act: Act, look: Look) -> None:
    await settle(database, replace(ALONE, raw=mail(ANA, BOB, SUBJECT)))
    contacts = await look("SELECT count(*) FROM contact WHERE removed_at IS NULL")
    assert await (await entry(database, act, BOB)).take_back("us") == {"activities": 1}
    assert await look("SELECT count(*) FROM contact WHERE removed_at IS NULL") == contacts


async def test_with_effect_message_other_copies_stay_out_whomever_they_show(database: Store, act: Act) -> None:
    await settle(database, AMONG)
    assert await (await entry(database, act, effect="message")).take_back("us") == {"activities": 1}
    [decision] = await settle(
        database, replace(AMONG, raw=mail(ANA, KIM, SUBJECT, message_id=IDENT, text=TEXT), trace_id="other")
    )
    assert decision.reason == "never_log.address"
    assert await database.read(seen("us")) == []


async def test_a_users_own_entry_takes_back_their_copies_only(database: Store, act: Act) -> None:
    dans = "dan@us.example"
    await settle(database, ALONE)
    assert await (await entry(database, act, user=dans)).look("us") == []
    assert len(await (await entry(database, act, user=ANA)).look("us")) == 1


async def test_a_users_own_address_is_not_held_against_mail(database: Store, act: Act) -> None:
    await settle(database, OTHERS)
    ours = await database.read(never_log.find(act, "us", "*@us.example"))
    assert await TakingBack(database, act, SETTING, SEALING, ours).look("us") == []


async def test_what_is_interrupted_is_gone_on_with(
    database: Store, act: Act, monkeypatch: pytest.MonkeyPatch
) -> None:
    await settle(database, ALONE, replace(AMONG, raw=AMONG.raw.replace(IDENT.encode(), b"two")))
    taking = await entry(database, act)
    real = kept_out.pass_over

    def ends(*_: object) -> Plan[None]:
        raise StoreUnavailable
        yield

    monkeypatch.setattr(kept_out, "pass_over", ends)
    with pytest.raises(StoreUnavailable):
        await taking.take_back("us")
    monkeypatch.setattr(kept_out, "pass_over", real)
    assert [hit.wholly for hit in await taking.look("us")] == [False]
    assert await taking.take_back("us") == {"placeholders": 1}
    told: list[Mapping[str, object]] = [c.detail for c in await database.read(page("us"))]
    assert [t.get("activities", t.get("placeholders")) for t in told if "entry" in t and "pattern" not in t] == [1, 1]
