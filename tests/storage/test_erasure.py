"""A person who is erased is nowhere in the store afterwards, nobody else is touched, and nothing brings them back."""

from __future__ import annotations

import base64
from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest
from fakes.deliveries import ANA, BCC, KEYED, KIM, MINUTE, NOON, RELAY, Delivery, cases, keeper, mail
from fakes.stores import Breaches, Kept, Look
from fakes.world import load_world, seed

from gateway.core.cases import Setting
from gateway.core.decide import decide
from gateway.core.decision import Decision
from gateway.core.erasure import names_them, without
from gateway.core.limits import ReadingLimits
from gateway.core.model import Proof
from gateway.core.spellings import spellings
from gateway.data_care.erasure import Erasing
from storage import persons
from storage.activities import show
from storage.administration import accounts, contacts, never_log
from storage.administration.act import Act, page
from storage.errors import NotFound, Refused, StoreUnavailable
from storage.interface import Store
from storage.persons import Person
from storage.plan import Plan
from storage.sealing import Sealing

US = load_world().with_settings(rule="log_all_and_create", late_parent_hours=48)
SETTING = Setting(US.domain, US.host, KEYED, ReadingLimits())
SEALING = Sealing(bytes(range(32)))
ANN, NAME = "ottoline@lead.example", "Ottoline Marrow"
SUBJECT, TEXT, IDENT, FILE = "Zephyrine plans", "vermilion lighthouse", "obsidian-heron", "quillfeather.pdf"
WHO = (ANN, NAME)
EVERYTHING = (*WHO, SUBJECT, TEXT, IDENT, FILE)
PARTS = (
    f"--b\r\nContent-Type: text/plain\r\n\r\n{TEXT}\r\n--b\r\n"
    f"Content-Type: application/pdf; name={FILE}\r\n\r\nx\r\n--b--"
)
MIXED = {"Content_Type": "multipart/mixed; boundary=b"}
ALONE = Delivery(mail(ANA, f"{NAME} <{ANN}>", SUBJECT, message_id=IDENT, text=PARTS, **MIXED), [BCC], ANA)
WRITTEN = Delivery(mail(f"{NAME} <{ANN}>", f"{ANA}, {KIM}", SUBJECT, message_id=IDENT, text=TEXT), [RELAY], ANN)
AMONG = Delivery(
    mail(ANA, f"{NAME} <{ANN}>, Kim <{KIM}>", f"For {NAME} and others", message_id="among", text=f"Hi {NAME} & Kim."),
    [BCC],
    ANA,
    trace_id="among",
)
QUIET = Delivery(
    mail(ANA, f"Kim <{KIM}>, {NAME} <{ANN}>", "Offer to all", message_id="quiet", text=PARTS, **MIXED),
    [BCC],
    ANA,
    trace_id="quiet",
)
"""Names her in its header only."""
OTHERS = Delivery(mail(ANA, f"Kim <{KIM}>", "Nothing to do with it", message_id="kim"), [BCC], ANA, trace_id="kim")
Erase = Callable[..., Awaitable[object]]


@pytest.fixture
async def database(store: Store) -> Store:
    await store.change(seed(US, KEYED))
    return store


@pytest.fixture
def erasing(database: Store, act: Act) -> Erasing:
    return Erasing(database, replace(act, at=NOON + 60 * MINUTE), SETTING, SEALING)


async def settle(store: Store, *deliveries: Delivery) -> list[Decision]:
    decisions: list[Decision] = []
    for number, delivery in enumerate(deliveries):
        arrived = replace(delivery, at=delivery.at + number * MINUTE)
        decisions += await store.settle(cases(US, arrived), decide, keeper(arrived, US))
    return decisions


async def erase(erasing: Erasing, *who: str, never_log_again: bool = False) -> dict[str, int]:
    person = await erasing.find("us", who or (ANN,))
    receipt = await erasing.erase(person, never_log_again=never_log_again)
    assert receipt.complete
    return {kind: count for kind, count in receipt.counts.items() if count}


@pytest.mark.parametrize("delivery", [ALONE, WRITTEN])
async def test_what_is_about_them_alone_or_by_them_goes_with_every_byte(
    database: Store, erasing: Erasing, kept: Kept, breaches: Breaches, look: Look, delivery: Delivery
) -> None:
    await settle(database, delivery)
    assert await kept(SUBJECT, TEXT, IDENT, *WHO) == {SUBJECT, TEXT, IDENT, *WHO}
    done = await erase(erasing)
    assert (done["activities"], done["contacts"], done["addresses"]) == (1, 1, 1)
    assert await kept(*EVERYTHING) == set()
    assert await breaches() == []
    assert await look("SELECT outcome FROM decision") == [("logged",)]


async def test_others_keep_their_record_without_them(
    database: Store, erasing: Erasing, kept: Kept, breaches: Breaches, look: Look
) -> None:
    await settle(database, AMONG, QUIET, OTHERS)
    before = await look("SELECT * FROM activity WHERE subject = 'Nothing to do with it'")
    assert await erase(erasing) == {"placeholders": 2, "messages": 1, "contacts": 1, "addresses": 1}
    assert await kept(*WHO) == set()
    assert await breaches() == []
    assert await look("SELECT * FROM activity WHERE subject = 'Nothing to do with it'") == before
    [(among,), (quiet,)] = await look("SELECT id FROM activity WHERE subject <> 'Nothing to do with it' ORDER BY id")
    told = await database.read(show("us", among))
    assert told is not None
    assert (told.listed.subject, told.text.strip()) == ("For (erased) and others", "Hi (erased) & Kim.")
    assert [(p.role, p.address, p.entry_id) for p in told.participants if p.role == "to"] == [
        ("to", "", "erased"),
        ("to", KIM, None),
    ]
    assert told.message_gone_at is not None
    assert [c.address for c in told.listed.contacts] == [KIM]
    told = await database.read(show("us", quiet))
    assert told is not None
    assert (told.message_gone_at, [a.name for a in told.attachments]) == (None, [FILE])


@pytest.mark.parametrize("coded", [base64.encodebytes(f"Ask {ANN}".encode()).decode(), "Ask =4Fttoline=20Marrow=2E"])
async def test_a_message_that_names_them_in_a_coded_part_goes(
    database: Store, erasing: Erasing, kept: Kept, coded: str
) -> None:
    way = "base64" if "4F" not in coded else "quoted-printable"
    part = f"--b\r\nContent-Type: text/csv\r\nContent-Transfer-Encoding: {way}\r\n\r\n{coded.strip()}\r\n--b--"
    await settle(database, replace(AMONG, raw=mail(ANA, f"{KIM}, {NAME} <{ANN}>", text=part, **MIXED)))
    assert (await erase(erasing))["messages"] == 1
    assert await kept(*WHO) == set()


@pytest.mark.parametrize("first", [ALONE, WRITTEN, AMONG, QUIET])
@pytest.mark.parametrize("way", ["again", "other", "relay", "held"])
async def test_no_later_copy_brings_them_back(
    database: Store, erasing: Erasing, kept: Kept, first: Delivery, way: str
) -> None:
    await settle(database, first)
    await erase(erasing)
    changed = replace(first, raw=b"X-Way: 2\r\n" + first.raw, trace_id="later")
    if way == "held":
        await database.change(accounts.change_setting(erasing._act, "us", "unproven_user", "hold"))
    later = {
        "again": replace(first, trace_id="later"),
        "other": changed,
        "relay": replace(changed, to=[RELAY]),
        "held": replace(changed, source="hosted", to=[BCC]),
    }[way]
    [decision] = await settle(database, replace(later, at=NOON + 90 * MINUTE))
    assert decision.reason in {"dedupe.retry"} if way == "again" else {"dedupe.erased", "sender.unknown"}
    assert await kept(*WHO) == set()


async def test_held_mail_that_names_them_goes_and_its_copies_stay_out(
    database: Store, erasing: Erasing, kept: Kept, breaches: Breaches
) -> None:
    raw = mail("ana@home-office.example", f"{KIM}, {NAME} <{ANN}>", SUBJECT, message_id=IDENT)
    held = Delivery(raw, [BCC], "ana@home-office.example", "hosted", proofs=(Proof("dkim", "home-office.example"),))
    other = replace(held, raw=mail("ana@home-office.example", KIM, "Another", message_id="k"), trace_id="other")
    assert [d.outcome for d in await settle(database, held, other)] == ["held", "held"]
    assert await erase(erasing) == {"held": 1}
    assert await kept(*EVERYTHING) == set()
    assert await kept("Another") == {"Another"}
    assert await breaches() == []
    [again] = await settle(database, replace(held, raw=b"X-Way: 2\r\n" + raw, trace_id="later"))
    assert (again.outcome, again.reason) == ("skipped", "dedupe.erased")


async def test_held_mail_with_somebody_of_the_same_name_stays(database: Store, erasing: Erasing) -> None:
    sender, proofs = "ana@home-office.example", (Proof("dkim", "home-office.example"),)
    raw = mail(sender, KIM, "Another", message_id="n", text=f"Ask {NAME}.")
    held = Delivery(raw, [BCC], sender, "hosted", proofs=proofs, trace_id="held")
    assert [d.outcome for d in await settle(database, ALONE, held)] == ["logged", "held"]
    assert "held" not in await erase(erasing)


def test_a_message_that_cannot_be_read_names_nobody_and_is_cleaned_of_nobody() -> None:
    raw, who = mail(ANA, KIM, Content_Type="multipart/mixed; boundary=b", text="--b\r\n" * 600), (ANN,)
    assert not names_them(raw, spellings(who, ()), ReadingLimits())
    assert without(raw, spellings(who, ()), who, ReadingLimits()) is None


async def test_whoever_wrote_in_anothers_thread_takes_nothing_of_the_other_along(
    database: Store, erasing: Erasing, look: Look
) -> None:
    """What comes from another address in a thread is on the record of the thread's contact."""
    answers = {"In_Reply_To": f"<{IDENT}@mail.example>"}
    reply = mail("assistant@lead.example", ANA, f"Re: {SUBJECT}", message_id="reply", **answers)
    await settle(database, ALONE, Delivery(reply, [RELAY], "assistant@lead.example", trace_id="reply"))
    [(contact,)] = await look("SELECT contact_id FROM contact_address WHERE address = $1", ANN)
    person = await erasing.find("us", ["assistant@lead.example"])
    assert (contact in person.contact_ids, ANN in person.addresses) == (False, False)


async def test_an_address_that_is_another_contacts_by_now_is_not_theirs(
    database: Store, erasing: Erasing, act: Act, look: Look
) -> None:
    await settle(database, ALONE)
    await database.change(contacts.add_address(act, "us", ANN, "second@lead.example"))
    await database.change(contacts.remove_address(act, "us", ANN, ANN))
    await database.change(contacts.add(act, "us", "Her successor", [ANN]))
    assert (await erasing.find("us", ["second@lead.example"])).addresses == ("second@lead.example",)


async def test_the_id_of_a_contact_that_was_merged_leads_to_the_one_that_is_left(
    database: Store, erasing: Erasing, act: Act, look: Look
) -> None:
    await settle(database, ALONE)
    [(old,)] = await look("SELECT contact_id FROM contact_address WHERE address = $1", ANN)
    await database.change(contacts.add(act, "us", "Left", ["left@lead.example"]))
    await database.change(contacts.merge(act, "us", ANN, "left@lead.example"))
    assert (await erasing.find("us", [old])).addresses == ("left@lead.example", ANN)
    assert (await erase(erasing, old))["activities"] == 1


async def test_mail_that_comes_while_they_are_erased_goes_too(
    database: Store, erasing: Erasing, kept: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    await settle(database, ALONE)
    rewrite = erasing._rewrite_changes

    async def meanwhile(person: Person, run: object) -> None:
        await settle(database, replace(AMONG, at=NOON + 80 * MINUTE))
        await rewrite(person, run)  # type: ignore[arg-type]  # what it is given by `erase`

    monkeypatch.setattr(erasing, "_rewrite_changes", meanwhile)
    done = await erase(erasing)
    assert (done["activities"], done["placeholders"]) == (1, 1)
    assert await kept(*WHO) == set()


async def test_a_waiting_reply_that_names_them_goes(database: Store, erasing: Erasing, act: Act, look: Look) -> None:
    await database.change(accounts.change_setting(act, "us", "rule", "replies_only"))
    await settle(database, Delivery(mail(ANN, ANA, "Re: a", In_Reply_To="<p@mail.example>"), [RELAY], ANN))
    assert len(await look("SELECT 1 FROM waiting")) == 1
    assert (await erase(erasing))["waiting"] == 1
    assert await look("SELECT 1 FROM waiting") == []


async def test_the_record_of_changes_names_them_no_more(
    database: Store, erasing: Erasing, act: Act, kept: Kept
) -> None:
    contact = await database.change(contacts.add(act, "us", "Ottoline", [ANN]))
    await database.change(contacts.rename(act, "us", contact, NAME))
    await database.change(contacts.add_address(act, "us", contact, "marrow@home.example"))
    await erase(erasing, contact)
    assert await kept(*WHO, "marrow@home.example", "Ottoline") == set()
    told = {c.action: c.detail for c in await database.read(page("us"))}
    assert told["contact.rename"] == {"contact": contact, "before": "(erased)", "after": "(erased)"}


async def test_the_receipt_names_nobody_and_stands_in_the_record(database: Store, erasing: Erasing) -> None:
    await settle(database, ALONE)
    receipt = await erasing.erase(await erasing.find("us", [ANN]))
    [told] = [c for c in await database.read(page("us")) if c.action == "person.erase"]
    assert (told.detail["counts"], told.detail["complete"]) == (dict(receipt.counts), True)
    assert receipt.address_hashes == [KEYED("erased", ANN)]
    assert set(receipt.remains) == {"hashes", "decisions", "operator_mail", "backups"}


async def test_they_can_be_kept_out_from_then_on(database: Store, erasing: Erasing, act: Act) -> None:
    await settle(database, ALONE)
    assert (await erase(erasing, never_log_again=True))["never_log_entries"] == 1
    assert (await database.read(never_log.test(act, "us", ANN))).entries
    new = replace(ALONE, raw=mail(ANA, ANN, "Again", message_id="new"), trace_id="new")
    [decision] = await settle(database, new)
    assert decision.reason == "never_log.address"


async def test_looking_changes_nothing(database: Store, erasing: Erasing, look: Look) -> None:
    await settle(database, ALONE, AMONG)
    before = [await look(f"SELECT * FROM {t} ORDER BY 1") for t in ("activity", "participant", "audit")]  # noqa: S608 — of this list
    found = await erasing.look(await erasing.find("us", [ANN]))
    assert ([one.subject for one in found.erased], len(found.placeholders)) == ([SUBJECT], 1)
    assert [await look(f"SELECT * FROM {t} ORDER BY 1") for t in ("activity", "participant", "audit")] == before  # noqa: S608 — as above


async def test_who_is_a_user_or_unknown_is_not_erased(erasing: Erasing) -> None:
    with pytest.raises(Refused, match="an address of the user"):
        await erasing.find("us", [ANA])
    with pytest.raises(NotFound):
        await erasing.look(await erasing.find("us", ["nobody@nowhere.example"]))


async def test_what_is_interrupted_is_completed_by_the_next(
    database: Store, erasing: Erasing, kept: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    await settle(database, ALONE, replace(ALONE, raw=mail(ANA, ANN, message_id="two"), trace_id="two"), AMONG)
    real, left = persons.erase_from, [1]

    def ends(*arguments: object) -> Plan[str]:
        if not left[0]:
            raise StoreUnavailable
        left[0] -= 1
        return (yield from real(*arguments))  # type: ignore[arg-type]  # as they were given

    monkeypatch.setattr(persons, "erase_from", ends)
    with pytest.raises(StoreUnavailable):
        await erase(erasing)
    [told] = [c for c in await database.read(page("us")) if c.action == "person.erase"]
    assert (told.detail["counts"], told.detail["complete"]) == ({"activities": 1}, False)
    left[0] = 9
    assert await erase(erasing) == {"activities": 1, "placeholders": 1, "messages": 1, "contacts": 1, "addresses": 1}
    assert await kept(*WHO) == set()


async def test_another_account_keeps_what_it_has(database: Store, erasing: Erasing, act: Act, look: Look) -> None:
    await settle(database, ALONE)
    other = await database.change(accounts.create(act, "them", ["them.example"]))
    theirs = await database.change(contacts.add(act, other, NAME, [ANN]))
    await erase(erasing)
    assert await look("SELECT name, removed_at FROM contact WHERE id = $1", theirs) == [(NAME, None)]
