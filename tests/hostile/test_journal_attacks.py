"""What comes by way of mail servers: relayed forgeries, false reports, and reports about each other's people."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from fakes.copies import FORWARD, JOURNAL, journalled, relayed
from fakes.deliveries import ANA, BCC, BOB, KIM, MINUTE, NOON, RELAY, Delivery, mail
from fakes.scan import found
from hostile.attacked import STRANGER, Attacked, attacked
from hostile.tenants import OTHER, OTHERS_RELAY, US

OFFICE, HOSTED, THEIRS = "127.0.0.1", "127.0.0.2", "127.0.0.7"
HOP = b"Received: from evil.example (evil.example [192.0.2.66]) by mx.us.example; Tue, 4 Mar 2025 11:59:00 +0000\r\n"
REPORT = journalled(mail(ANA, BOB), ANA, (f"To: {BOB}",)).raw


@pytest.mark.parametrize(
    ("ip", "to"),
    [(STRANGER, RELAY), (STRANGER, JOURNAL), (THEIRS, RELAY), (THEIRS, JOURNAL), (OFFICE, OTHERS_RELAY)],
    ids=["stranger", "stranger, journal", "others' source", "others' source, journal", "our source, their key"],
)
async def test_a_mail_servers_copy_is_taken_from_the_accounts_own_servers_alone(
    ip: str, to: str, tmp_path: Path, template: Path
) -> None:
    """R01: a refusal like that of any address elsewhere, and with the key of another account too."""
    async with attacked(tmp_path, template, (US, OTHER)) as gateway:
        raw = mail(BOB, ANA) if to != JOURNAL else REPORT
        assert (await gateway.transaction(raw, to, BOB, ip=ip))[1] == "550 5.7.1 Relaying denied"
        assert await gateway.decisions() == []


async def test_a_forgery_that_the_companys_server_copies_is_nobodys(logging_all: Attacked) -> None:
    """R02: a server that copies whatever comes proves nothing; one that vouches copies what its users send, alone."""
    forged = HOP + mail(ANA, BOB, "Pay this")
    assert await logging_all.send(relayed(forged, "m@evil.example", "hosted")) == [250]
    assert await logging_all.send(relayed(mail(ANA, BOB, "Pay that", message_id="two"), ANA, "hosted")) == [250]
    assert await logging_all.decisions() == ["relay skipped sender.unverified"] * 2
    assert await logging_all.activities() == []


@pytest.mark.parametrize("to", [BCC, FORWARD], ids=["bcc", "forward"])
async def test_a_report_of_anybodys_is_no_report(to: str, logging_all: Attacked) -> None:
    """R03: it claims that Ana wrote to Bob; what came is a message of whoever sent it."""
    for ip in (STRANGER, HOSTED):
        await logging_all.transaction(REPORT, to, "m@evil.example", ip=ip)
    assert await logging_all.activities() == []
    assert all(" logged " not in decision for decision in await logging_all.decisions())


@pytest.mark.parametrize("source", ["office", "hosted"])
async def test_a_report_to_the_relay_address_is_held(source: str, logging_all: Attacked) -> None:
    """R03: the server isn't one that journals."""
    assert await logging_all.send(Delivery(REPORT, [RELAY], "", source)) == [250]
    assert await logging_all.activities() == []
    [decision] = await logging_all.decisions()
    assert decision.split()[1] in ("held", "skipped")


INNER = b"--b\r\nContent-Type: message/rfc822\r\n\r\n" + mail(ANA, BOB)
MADE_UP = {
    "prose": REPORT.replace(b"Sender: ", b"Please see below.\r\n\r\nSender: "),
    "no message": REPORT.partition(b"--b\r\nContent-Type: message/rfc822")[0] + b"--b--",
    "no message, but a file": REPORT.replace(b"message/rfc822", b"application/pdf"),
    "two messages": REPORT.replace(b"\r\n--b--", b"\r\n" + INNER + b"\r\n--b--"),
    "a report in it": journalled(REPORT, ANA, (f"To: {BOB}",)).raw,
    "two senders": REPORT.replace(b"Sender: ", b"Sender: m@evil.example\r\nSender: "),
    "no sender": REPORT.replace(f"Sender: {ANA}\r\n".encode(), b""),
    "another sender": REPORT.replace(f"Sender: {ANA}".encode(), b"Sender: m@evil.example"),
}


@pytest.mark.parametrize("raw", MADE_UP.values(), ids=[f"R04, R05 {name}" for name in MADE_UP])
@pytest.mark.parametrize("source", ["office", "hosted"])
async def test_a_report_that_no_server_writes_is_taken_and_not_believed(
    raw: bytes, source: str, logging_all: Attacked
) -> None:
    assert await logging_all.send(Delivery(raw, [JOURNAL], "", source)) == [250]
    [decision] = await logging_all.decisions()
    assert decision.split()[1] in ("held", "skipped")
    assert await logging_all.activities() == []


@pytest.mark.parametrize("place", [0, 5_000, 9_999])
async def test_of_ten_thousand_recipients_none_is_overlooked(place: int, tmp_path: Path, template: Path) -> None:
    """R05: one of them is listed, wherever he stands; nothing of him is kept."""
    people = [f"To: p{n}@client.example" for n in range(10_000)]
    people[place] = "Bcc: listed@secret.example"
    async with attacked(tmp_path, template, (US,)) as gateway:
        assert await gateway.send(journalled(mail(ANA, BOB), ANA, people)) == [250]
        assert found(tmp_path, "listed@secret.example") == set()


async def test_a_list_of_thousands_that_was_written_to_is_one_activity(logging_all: Attacked) -> None:
    """R05: a recipient reached by way of a list is no target in his own right."""
    expanded = [f"To: p{n}@us.example, Expanded: dl@us.example" for n in range(9_000)]
    assert await logging_all.send(journalled(mail(ANA, BOB), ANA, (f"To: {BOB}", *expanded))) == [250]
    [activity] = await logging_all.activities()
    assert activity.contacts == (BOB,)


async def test_the_sender_line_of_a_report_proves_nothing_about_mail_from_outside(logging_all: Attacked) -> None:
    """R06: servers call a mail internal whose envelope says so."""
    for source, hop in (("office", HOP), ("hosted", b""), ("hosted", HOP)):
        spoofed = hop + mail(ANA, BOB, message_id=f"{source}{len(hop)}")
        assert await logging_all.send(journalled(spoofed, ANA, (f"To: {BOB}",), source)) == [250]
    assert await logging_all.activities() == []


@pytest.mark.parametrize("field", ["X-Gm-Original-To", "Delivered-To", "X-Original-To", "Envelope-To"])
async def test_a_field_that_names_another_accounts_people_does_nothing(
    field: str, tmp_path: Path, template: Path
) -> None:
    """R07: from a source that is believed in that field, and from one that isn't."""
    logging = US.with_settings(rule="log_all")
    async with attacked(tmp_path, template, (logging, OTHER)) as gateway:
        for number, source in enumerate(("routing", "office")):
            raw = mail(BOB, ANA, "Offer", f"{field}: oli@other.example", message_id=f"m{number}")
            assert await gateway.send(relayed(raw, BOB, source)) == [250]
        assert await gateway.activities("other") == []
        for activity in await gateway.activities():
            assert activity.user == "us/ana"
            assert activity.contacts == (BOB,)


async def test_reports_about_one_mail_are_one_activity_with_all_their_recipients(
    tmp_path: Path, template: Path
) -> None:
    """R08."""
    logging = US.with_settings(rule="log_all_and_create")
    async with attacked(tmp_path, template, (logging,)) as gateway:
        for number, person in enumerate((BOB, KIM, "new@lead.example")):
            report = journalled(mail(ANA, BOB), ANA, (f"Bcc: {person}" if number else f"To: {person}",))
            assert await gateway.send(replace(report, at=NOON + number * MINUTE)) == [250]
        [activity] = await gateway.activities()
        assert activity.copies == ("journal",) * 3
        addresses = " ".join(activity.participants)
        assert all(person in addresses for person in (BOB, KIM, "new@lead.example"))
