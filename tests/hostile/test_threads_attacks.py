"""Threads, duplicates and loops under attack: ids are anybody's to write, and prove nothing."""

from __future__ import annotations

import itertools
from dataclasses import replace
from pathlib import Path

import pytest
from fakes.copies import asked_for, ids, journalled, relayed
from fakes.deliveries import ANA, BCC, BOB, KIM, MINUTE, NOON, Delivery, mail
from fakes.effort import bounded
from fakes.world import World
from hostile.attacked import Attacked, attacked
from hostile.tenants import OLI, OLIS_BCC, OTHER, US

from storage.plan import ask

MALLORY = "m@evil.example"
DAY = 24 * 60 * MINUTE


async def test_a_stranger_who_names_a_logged_message_does_not_join_its_thread(gateway: Attacked) -> None:
    """T01: without proof, whatever he calls himself, unless he passes for somebody in it; no contact comes of it."""
    await gateway.send(asked_for(mail(ANA, BOB)))
    before = await gateway.count("contact")
    for number, author in enumerate((MALLORY, KIM, "bob@evil.example", ANA)):
        raw = mail(author, ANA, "Re: Offer", message_id=f"re{number}", In_Reply_To=ids("one"))
        assert await gateway.send(relayed(raw, MALLORY, "hosted")) == [250]
    assert [a.subject for a in await gateway.activities()] == ["Offer"]
    assert await gateway.count("contact") == before


async def test_ids_of_another_account_are_nobodys(tmp_path: Path, template: Path) -> None:
    """T01, T02, K06: an answer to their logged message is the first of a thread here."""
    async with attacked(tmp_path, template, (US, OTHER)) as gateway:
        theirs = mail(OLI, "bob@client.example", message_id="theirs")
        assert await gateway.send(Delivery(theirs, [OLIS_BCC], OLI, "theirs")) == [250]
        answer = mail(BOB, ANA, "Re: Offer", message_id="re", In_Reply_To=ids("theirs"), References=ids("theirs"))
        assert await gateway.send(relayed(answer)) == [250]
        assert (await gateway.decisions())[-1] == "relay skipped rule.replies_only"


async def test_a_thousand_references_are_as_good_as_thirty(gateway: Attacked) -> None:
    """T02: the first and the last count, and no id is too long to be read."""
    await gateway.send(asked_for(mail(ANA, BOB)))
    many = "\r\n ".join(f"<x{n}@evil.example>" for n in range(700))
    with bounded():
        for number, references in enumerate(
            (f"{ids('one')} {many}", f"{many} {ids('one')}", f"<{'y' * 30_000}@z.example>")
        ):
            raw = mail(BOB, ANA, "Re: Offer", message_id=f"r{number}", References=references)
            assert await gateway.send(relayed(raw)) == [250]
    assert (await gateway.decisions())[1:3] == ["relay logged thread.logged"] * 2
    assert "skipped" in (await gateway.decisions())[3]


async def test_an_id_that_a_stranger_used_first_is_still_its_owners(gateway: Attacked) -> None:
    """T03: to an explicit address and by way of the company's server."""
    taken = mail(MALLORY, BOB, "Taken", message_id="one")
    stranger = replace(asked_for(taken, MALLORY), source="hosted")
    assert await gateway.send(stranger, relayed(taken, MALLORY, "hosted"), asked_for(mail(ANA, BOB))) == [250] * 3
    [activity] = await gateway.activities()
    assert (activity.subject, activity.user) == ("Offer", "us/ana")


async def test_an_id_for_two_mails_gives_two_activities_and_says_so(gateway: Attacked) -> None:
    """T04."""
    one, two = mail(ANA, BOB, "Rates"), mail(ANA, KIM, "Dates", date="Tue, 4 Mar 2025 13:00:00 +0000", text="No.")
    assert await gateway.send(asked_for(one), asked_for(two)) == [250, 250]
    assert sorted(a.subject for a in await gateway.activities()) == ["Dates", "Rates"]
    flags = [flags for (flags,) in await gateway.running.store.read(ask("SELECT flags FROM decision ORDER BY id"))]
    assert flags[0] != flags[1]


FOOTER = {b"Hello.": b"Hello.\r\n--\r\nCompany footer"}


def three_ways() -> list[Delivery]:
    raw = mail(ANA, BOB)
    traced = b"Received: from a.example by b.example; Tue, 4 Mar 2025 12:00:01 +0000\r\n" + raw
    return [
        asked_for(raw),
        relayed(traced.replace(b"Hello.", FOOTER[b"Hello."]), ANA),
        journalled(raw, ANA, (f"To: {BOB}",)),
    ]


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))), ids=str)
async def test_one_mail_by_three_ways_is_one_activity(order: tuple[int, ...], tmp_path: Path, template: Path) -> None:
    """T05: in any order."""
    ways = three_ways()
    async with attacked(tmp_path, template, (US.with_settings(rule="log_all"),)) as gateway:
        assert await gateway.send(*(replace(ways[n], at=NOON + i * MINUTE) for i, n in enumerate(order))) == [250] * 3
        [activity] = await gateway.activities()
        assert activity.copies == ("bcc", "journal", "relay")
        assert activity.explicit


async def test_a_repeat_finds_its_decision_from_wherever_and_whenever_it_comes(gateway: Attacked) -> None:
    """T06."""
    first = asked_for(mail(ANA, BOB))
    repeats = [replace(first, at=NOON + 3 * DAY), replace(first, source="routing", at=NOON + 4 * DAY), first]
    assert await gateway.send(first, *repeats) == [250] * 4
    assert await gateway.running.store.read(ask("SELECT outcome, deliveries FROM decision")) == [("logged", 4)]
    assert len(await gateway.activities()) == 1


NAMELESS = {
    "missing": "",
    "empty": "Message-ID:",
    "of blanks": "Message-ID:   ",
    "without @": "Message-ID: <one>",
    "no angles": "Message-ID: one@mail.example",
    "doubled": "Message-ID: <one@mail.example>\r\nMessage-ID: <two@mail.example>",
    "long": f"Message-ID: <{'x' * 20_000}@mail.example>",
    "two in one": "Message-ID: <one@mail.example> <two@mail.example>",
}


@pytest.mark.parametrize("line", NAMELESS.values(), ids=[f"T07 {name}" for name in NAMELESS])
async def test_a_message_without_a_sound_id_is_the_same_message_whenever_it_comes(line: str, gateway: Attacked) -> None:
    """By Bcc and by the company's server, a day apart."""
    raw = mail(ANA, BOB, "Offer", *([line] if line else []), message_id="")
    assert await gateway.send(asked_for(raw), replace(relayed(raw, ANA), at=NOON + DAY)) == [250, 250]
    [activity] = await gateway.activities()
    assert activity.copies == ("bcc", "relay")


async def test_references_in_a_circle_and_to_oneself_end(gateway: Attacked) -> None:
    """T09."""
    circle = {"a": "b", "b": "c", "c": "a", "self": "self"}
    for number, (name, parent) in enumerate(circle.items()):
        raw = mail(ANA, BOB, message_id=name, In_Reply_To=ids(parent), References=ids(parent, name))
        assert await gateway.send(replace(asked_for(raw), at=NOON + number * MINUTE)) == [250]
    threads = await gateway.running.store.read(ask("SELECT thread_id, count(*) FROM activity GROUP BY thread_id"))
    assert sorted(int(str(count)) for _, count in threads) == [1, 3]


async def test_a_chain_of_replies_is_one_thread(gateway: Attacked) -> None:
    """T09: each names its parent alone."""
    for number in range(60):
        raw = mail(ANA, BOB, message_id=f"m{number}", In_Reply_To=ids(f"m{number - 1}"))
        assert await gateway.send(replace(asked_for(raw), at=NOON + number * MINUTE)) == [250]
    assert len(await gateway.running.store.read(ask("SELECT DISTINCT thread_id FROM activity"))) == 1


async def test_whom_a_reply_adds_does_not_inherit_the_thread(gateway: Attacked) -> None:
    """T10: what he writes under its ids is skipped."""
    added = "kim@client.example"
    await gateway.send(asked_for(mail(ANA, BOB)))
    forwarded = mail(BOB, f"{ANA}, {added}", "Re: Offer", message_id="two", In_Reply_To=ids("one"))
    await gateway.send(relayed(forwarded))
    outsider = mail("x@elsewhere.example", ANA, "Re: Offer", message_id="three", In_Reply_To=ids("two"))
    await gateway.send(relayed(outsider, "x@elsewhere.example", "hosted"))
    assert sorted(a.participants[0] for a in await gateway.activities()) == [f"from {ANA}", f"from {BOB}"]


AUTOMATED = {
    "null sender": {"mail_from": "", "Subject": "Undelivered Mail Returned to Sender"},
    "auto-submitted": {"Auto-Submitted": "auto-replied"},
    "generated": {"Auto-Submitted": "auto-generated"},
    "bulk": {"Precedence": "bulk"},
    "list": {"List-Id": "<news.evil.example>"},
    "report": {"Content-Type": "multipart/report; report-type=delivery-status; boundary=b"},
    "calendar": {"Content-Type": "text/calendar; method=REPLY"},
}


@pytest.mark.parametrize("fields", AUTOMATED.values(), ids=[f"L01 {name}" for name in AUTOMATED])
async def test_automated_mail_creates_no_contact_and_is_answered_by_nobody(
    fields: dict[str, str], tmp_path: Path, template: Path
) -> None:
    world: World = US.with_settings(rule="log_all_and_create")
    async with attacked(tmp_path, template, (world,)) as gateway:
        before = await gateway.count("contact")
        lines = [f"{name}: {value}" for name, value in fields.items() if name not in ("mail_from", "Subject")]
        raw = mail("robot@lead.example", ANA, fields.get("Subject", "Offer"), *lines)
        sender = fields.get("mail_from", "robot@lead.example")
        assert await gateway.send(Delivery(raw, ["officekey@relay.log.example"], sender, "office")) == [250]
        if "text/calendar" not in str(fields):
            assert await gateway.count("contact") == before


async def test_a_copy_that_names_the_capture_address_counts_it_as_nobody(gateway: Attacked) -> None:
    """L03: a mailbox forwards automatically to an address that is a recipient of the mail, too."""
    raw = mail(ANA, f"{BOB}, {BCC}")
    assert await gateway.send(asked_for(raw), relayed(raw, ANA)) == [250, 250]
    [activity] = await gateway.activities()
    assert activity.contacts == (BOB,)
    assert BCC not in " ".join(activity.participants)
