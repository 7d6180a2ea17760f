"""Capture addresses and accounts: keys aren't told, spellings lead to one place, nothing crosses accounts."""

from __future__ import annotations

from pathlib import Path

import pytest
from fakes.copies import asked_for
from fakes.deliveries import ANA, BCC, BOB, KEY, KEYED, KIM, MINUTE, NOON, RELAY, Delivery, mail
from fakes.scan import found
from hostile.attacked import STRANGER, Attacked, attacked
from hostile.tenants import OLI, OLIS_BCC, OTHER, US

from gateway.clock import new_id
from storage.administration import addresses
from storage.administration.act import Act
from storage.plan import ask
from storage.sealing import Sealing

OFFICE = "127.0.0.1"


async def new_key(gateway: Attacked, act: Act) -> str:
    """Of a capture address made just now."""
    store, sealing = gateway.running.store, Sealing(KEY)
    made = await store.change(addresses.create(act, "us", sealing, "bcc"))
    return (await store.read(addresses.show(act, "us", sealing, "log.example", made))).address.partition("@")[0]


UNKNOWN = ["nobody@bcc.log.example", "officekey@bcc.log.example", "anakey@relay.log.example", "a@bcc.log.example"]


@pytest.mark.parametrize("address", UNKNOWN)
async def test_an_unknown_key_and_one_of_another_channel_are_told_alike(address: str, gateway: Attacked) -> None:
    """K02."""
    said = await gateway.talk(b"HELO c\r\nMAIL FROM:<>\r\n" + f"RCPT TO:<{address}>\r\n".encode(), ip=OFFICE)
    assert said.decode().splitlines()[-1] == "550 5.1.1 No such recipient"


async def test_who_names_many_unknown_keys_is_sent_away(gateway: Attacked) -> None:
    """K02: however he spreads them over connections; his neighbours go on."""
    words = [b"RCPT TO:<guess%d@bcc.log.example>\r\n" % n for n in range(6)]
    heard = [await gateway.talk(b"HELO c\r\nMAIL FROM:<>\r\n", *words) for _ in range(2)]
    assert heard[0].count(b"550 5.1.1") == 6
    assert heard[1].endswith(b"421 4.7.0 Too many connections or errors, try again later\r\n")
    assert await gateway.send(asked_for(mail(ANA, BOB))) == [250]


SPELLINGS = {
    "anakey+deal-7@bcc.log.example": "deal-7",
    "ANAKEY@bcc.log.example": "",
    "anakey@BCC.Log.EXAMPLE": "",
    '"anakey"@bcc.log.example': "",
    "anakey+@bcc.log.example": "",
    "AnaKey+Deal@bcc.log.example": "deal",
    "anakey.@bcc.log.example": None,
    ".anakey@bcc.log.example": None,
    "anakey@bcc.log.example.": None,
    "+anakey@bcc.log.example": None,
    "ana key@bcc.log.example": None,
    '"ana\\key"@bcc.log.example': "",
    "anakey@bcc..log.example": None,
}


@pytest.mark.parametrize(("address", "tag"), SPELLINGS.items(), ids=[f"K03 {a}" for a in SPELLINGS])
async def test_a_spelling_leads_to_the_same_address_or_nowhere(
    address: str, tag: str | None, gateway: Attacked
) -> None:
    replies = await gateway.transaction(mail(ANA, BOB), address, ANA, ip=OFFICE)
    if tag is None:
        assert replies[1][:4] in ("550 ", "553 ")
        assert await gateway.activities() == []
    else:
        assert replies[3][:19] == "250 2.0.0 Accepted "
        [activity] = await gateway.activities()
        assert activity.reference.lower() == tag
        assert activity.user == "us/ana"


async def test_a_user_is_nobody_with_another_accounts_address(tmp_path: Path, template: Path) -> None:
    """K04: the reply is the same as in his own, and nothing tells whose address it is."""
    async with attacked(tmp_path, template, (US, OTHER)) as gateway:
        own = await gateway.transaction(mail(ANA, BOB, message_id="own"), BCC, ANA, ip=OFFICE)
        there = await gateway.transaction(mail(ANA, BOB, message_id="there"), OLIS_BCC, ANA, ip=OFFICE)
        assert [line.rpartition(" ")[0] for line in own] == [line.rpartition(" ")[0] for line in there]
        outcomes = await gateway.running.store.read(ask("SELECT account_id, outcome FROM decision ORDER BY id"))
        assert outcomes[0] == ("us", "logged")
        assert outcomes[1][0] == "other"
        assert outcomes[1][1] in ("held", "skipped")
        assert await gateway.activities("other") == []


async def test_an_address_that_others_have_seen_is_flagged_and_can_be_changed(tmp_path: Path, template: Path) -> None:
    """K05: the old one works for its grace time, and then not at all."""
    async with attacked(tmp_path, template, (US,)) as gateway:
        store, act = gateway.running.store, Act("test", NOON, new_id, KEYED)
        key = await new_key(gateway, act)
        old = f"{key}@bcc.log.example"
        assert await gateway.send(Delivery(mail(ANA, f"{BOB}, {old}"), [old], ANA)) == [250]
        [(flags,)] = await store.read(ask("SELECT flags FROM decision"))
        assert "gateway.exposed" in str(flags)
        made = await store.change(addresses.rotate(act, "us", Sealing(KEY), key, grace=MINUTE))
        new = (await store.read(addresses.show(act, "us", Sealing(KEY), "log.example", made))).address
        again = mail(ANA, BOB, message_id="two")
        assert await gateway.send(Delivery(again, [old], ANA, at=NOON + MINUTE - 1)) == [250]
        assert await gateway.send(Delivery(again, [old], ANA, at=NOON + MINUTE)) == [550]
        assert await gateway.send(Delivery(again, [new], ANA, at=NOON + MINUTE)) == [250]


async def test_what_another_account_lists_knows_or_logged_has_no_effect(tmp_path: Path, template: Path) -> None:
    """K06: their list, their user, their contact, their thread."""
    async with attacked(tmp_path, template, (US, OTHER)) as gateway:
        theirs = Delivery(mail(OLI, BOB, message_id="one"), [OLIS_BCC], OLI, "theirs")
        assert await gateway.send(theirs) == [250]
        ours = [
            asked_for(mail(ANA, KIM, "To whom they list", message_id="two")),
            asked_for(mail(ANA, OLI, "To their user", message_id="three")),
            asked_for(mail(ANA, BOB, "Under an id of theirs", message_id="one")),
        ]
        assert await gateway.send(*ours) == [250] * 3
        assert sorted(a.subject for a in await gateway.activities()) == sorted(
            ["To whom they list", "To their user", "Under an id of theirs"]
        )
        [(owners,)] = await gateway.running.store.read(
            ask("SELECT count(*) FROM contact_address WHERE account_id = 'us' AND address = $1", OLI)
        )
        assert owners == 1
        assert len(await gateway.activities("other")) <= 1


async def test_no_log_line_holds_a_key(gateway: Attacked, capsys: pytest.CaptureFixture[str]) -> None:
    """K07: of mail that is taken, refused and repeated."""
    await gateway.send(asked_for(mail(ANA, f"{BOB}, {BCC}")), asked_for(mail(ANA, f"{BOB}, {BCC}")))
    await gateway.transaction(mail(ANA, BOB), BCC, ANA)
    await gateway.talk(b"HELO c\r\nMAIL FROM:<>\r\nRCPT TO:<anakey2@bcc.log.example>\r\n", ip=STRANGER)
    logged = capsys.readouterr().out
    assert "message.decided" in logged
    assert "key@" not in logged
    assert "anakey" not in logged


async def test_the_database_holds_no_key(tmp_path: Path, template: Path) -> None:
    """K07: of a message whose envelope alone named it."""
    async with attacked(tmp_path, template, (US,)) as gateway:
        key = await new_key(gateway, Act("test", NOON, new_id, KEYED))
        assert await gateway.send(Delivery(mail(ANA, BOB), [f"{key}+tag@bcc.log.example"], ANA)) == [250]
        assert found(tmp_path, key) == set()


async def test_recipients_of_two_accounts_each_have_their_own_decision(tmp_path: Path, template: Path) -> None:
    """K08: neither sees the other."""
    async with attacked(tmp_path, template, (US, OTHER)) as gateway:
        assert await gateway.send(Delivery(mail(ANA, BOB), [BCC, OLIS_BCC, RELAY], ANA)) == [250]
        rows = await gateway.running.store.read(ask("SELECT account_id, channel FROM decision ORDER BY id"))
        assert rows == [("us", "bcc"), ("other", "bcc"), ("us", "relay")]
        [ours] = await gateway.activities("us")
        assert ours.copies == ("bcc", "relay")
        seen_there = await gateway.running.store.read(
            ask("SELECT f.sentence, f.evidence FROM finding f JOIN decision d ON d.id = f.decision_id"
                " WHERE d.account_id = 'other'")
        )  # fmt: skip
        assert not any("anakey" in f"{row}" or "officekey" in f"{row}" for row in seen_there)
        assert "olikey" not in " ".join(ours.participants)


async def test_one_mail_in_two_accounts_is_an_activity_of_each(tmp_path: Path, template: Path) -> None:
    """K08: the same bytes, as its author's copy there and as the recipient's server's copy here."""
    raw = mail(OLI, ANA)
    async with attacked(tmp_path, template, (US.with_settings(rule="log_all_and_create"), OTHER)) as gateway:
        assert await gateway.send(Delivery(raw, [OLIS_BCC], OLI, "theirs"), Delivery(raw, [RELAY], OLI)) == [250, 250]
        assert [(a.user, a.direction) for a in await gateway.activities("other")] == [("other/oli", "outgoing")]
        assert [(a.user, a.direction) for a in await gateway.activities("us")] == [("us/ana", "incoming")]
        assert [decision.split()[1] for decision in await gateway.decisions()] == ["logged", "logged"]
