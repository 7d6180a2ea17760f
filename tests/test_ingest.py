"""The journey of one message with its I/O: who may send where, and that trouble of ours is always a 451."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from fakes.deliveries import ANA, BCC, BOB, EVE, KEY, KEYED, NOON, RELAY, mail
from fakes.gateway import Clock, counting_ids, empty_database
from fakes.lookups import FakeLookups
from fakes.scan import found
from fakes.seen import seen
from fakes.signing import Signer
from fakes.world import load_world, seed

from gateway.authenticate import Authenticator, session
from gateway.core.cases import Setting
from gateway.core.decision import Decision
from gateway.core.limits import DkimLimits, ReadingLimits
from gateway.core.model import Answer, Channel, Envelope, OperatorMail, OperatorMailbox, Outcome, Peer, Proof, Recipient
from gateway.core.questions import Case
from gateway.ingest import Ingest
from storage import operator_mail
from storage.copying import Bar, no_bar
from storage.errors import StoreBroken, StoreError, StoreFull, StoreUnavailable
from storage.interface import Decide, Keeper, Store
from storage.open import open_store
from storage.plan import ask
from storage.sealing import Sealing

OFFICE, HOSTED, STRANGER = "127.0.0.1", "127.0.0.2", "192.0.2.66"


class Failing:
    """A store whose next settlings fail, before or after the real one has recorded them."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.before: Exception | None = None
        self.after: Exception | None = None
        self.slow = False
        self.read, self.change = store.read, store.change

    async def settle(self, cases: Sequence[Case], decide: Decide, keeper: Keeper) -> Sequence[Decision]:
        if self.slow:
            await asyncio.Event().wait()
        if self.before:
            raise self.before
        decisions = await self._store.settle(cases, decide, keeper)
        if self.after:
            raise self.after
        return decisions

    async def backup(self, target: Path, bar: Bar = no_bar) -> None:
        await self._store.backup(target, bar)

    async def close(self) -> None:
        await self._store.close()


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Failing]:
    empty_database(tmp_path / "gateway.db", tmp_path / "template.db")
    opened = await open_store(tmp_path / "gateway.db", KEY, counting_ids(Clock()))
    await opened.change(seed(load_world(), KEYED))
    yield Failing(opened)
    await opened.close()


@pytest.fixture
def ingest(store: Failing) -> Ingest:
    setting = Setting("log.example", "gw.log.example", KEYED, ReadingLimits())
    return Ingest(store, setting, Sealing(KEY), Authenticator(None, DkimLimits()), 30, counting_ids(Clock()), Clock())


async def envelope(ingest: Ingest, *to: str, ip: str = OFFICE, mail_from: str = ANA) -> Envelope:
    peer = await ingest.peer(ip)
    recipients = [await ingest.recipient(peer, address) for address in to]
    taken = tuple(r for r in recipients if isinstance(r, Recipient))
    assert len(taken) == len(to)
    return Envelope(ingest.new_trace_id(), peer, mail_from, taken, NOON)


# --- who may send where ---


async def test_a_peer_is_the_sources_whose_network_holds_it(ingest: Ingest) -> None:
    names = {ip: [s.name for s in (await ingest.peer(ip)).sources] for ip in (OFFICE, HOSTED, STRANGER, "2001:db8::1")}
    assert names == {OFFICE: ["office"], HOSTED: ["hosted"], STRANGER: [], "2001:db8::1": []}


@pytest.mark.parametrize(
    ("address", "reason"),
    [
        ("nobody@bcc.log.example", "smtp.unknown_recipient"),
        ("anakey@relay.log.example", "smtp.unknown_recipient"),
        ("anakey@log.example", "smtp.peer_denied"),
        ("anakey@bcc.elsewhere.example", "smtp.peer_denied"),
        ("anakey@bcc.log.example.evil.example", "smtp.peer_denied"),
        ("bob@client.example", "smtp.peer_denied"),
        ("+tag@bcc.log.example", "smtp.unknown_recipient"),
        (RELAY, "smtp.peer_denied"),
    ],
)
async def test_what_a_stranger_is_refused(ingest: Ingest, address: str, reason: str) -> None:
    assert await ingest.recipient(await ingest.peer(STRANGER), address) == reason


@pytest.mark.parametrize(
    ("address", "tag"), [(BCC, ""), ("AnaKey@BCC.Log.Example", ""), ("anakey+Deal-7@bcc.log.example", "deal-7")]
)
async def test_a_capture_address_is_taken_in_any_case_and_with_any_tag(ingest: Ingest, address: str, tag: str) -> None:
    found_ = await ingest.recipient(await ingest.peer(STRANGER), address)
    assert isinstance(found_, Recipient)
    assert (found_.channel, found_.account_id, found_.tag.lower()) == (Channel.BCC, "us", tag)


async def test_a_retired_address_is_unknown(ingest: Ingest, store: Failing) -> None:
    await store.change(ask("UPDATE capture_address SET retires_at = $1 WHERE id = 'us/anakey'", NOON))
    assert await ingest.recipient(await ingest.peer(OFFICE), BCC) == "smtp.unknown_recipient"


async def test_a_source_serves_its_own_account_only(ingest: Ingest, store: Failing) -> None:
    world = load_world()
    them = replace(world, account="them", captures={"theirs": world.captures["officekey"]}, sources={})
    await store.change(seed(them, KEYED))
    assert await ingest.recipient(await ingest.peer(OFFICE), "theirs@relay.log.example") == "smtp.peer_denied"


async def test_what_a_peer_proves(ingest: Ingest) -> None:
    at_office = await envelope(ingest, BCC)
    [recipient] = at_office.recipients
    assert session.check(at_office, recipient).proofs == (Proof("source", "*"),)
    assert session.check(await envelope(ingest, BCC, ip=HOSTED), recipient).proofs == ()
    assert session.check(at_office, replace(recipient, account_id="them")).proofs == ()
    logged_in = replace(at_office, peer=Peer(STRANGER, login=ANA, account_id=recipient.account_id))
    assert session.check(logged_in, recipient).proofs == (Proof("smtp_auth", ANA),)


@pytest.mark.parametrize(
    "address",
    [
        "postmaster",
        "Postmaster",
        "POSTMASTER@log.example",
        "postmaster@gw.log.example",
        "abuse@bcc.log.example",
        "abuse@Journal.Log.example",
    ],
)
async def test_anybody_may_write_to_the_operator(ingest: Ingest, address: str) -> None:
    assert await ingest.recipient(await ingest.peer(STRANGER), address) == OperatorMailbox(address)


@pytest.mark.parametrize("address", ["abuse", "postmaster@client.example", "postmaster@deep.bcc.log.example"])
async def test_other_hosts_have_their_own_operators(ingest: Ingest, address: str) -> None:
    assert await ingest.recipient(await ingest.peer(STRANGER), address) == "smtp.peer_denied"


# --- the answer ---


async def test_the_answer_carries_the_trace_id_and_each_recipients_outcome(ingest: Ingest) -> None:
    sent = await envelope(ingest, BCC, RELAY)
    answer = await ingest.message(sent, mail(ANA, BOB))
    assert (answer.trace_id, answer.reason) == (sent.trace_id, "")
    assert answer.outcomes == (Outcome.LOGGED, Outcome.MERGED)


async def test_a_refusal_tells_its_reason(ingest: Ingest) -> None:
    answer = await ingest.message(await envelope(ingest, BCC, ip=STRANGER), mail(ANA, BOB))
    assert (answer.reason, answer.outcomes) == ("sender.unverified", ())


@pytest.mark.parametrize("error", [StoreUnavailable(), StoreFull(), StoreBroken()])
async def test_trouble_with_the_store_is_told_as_temporary_and_leaves_nothing(
    ingest: Ingest, store: Failing, error: StoreError
) -> None:
    store.before = error
    answer = await ingest.message(await envelope(ingest, BCC), mail(ANA, BOB))
    assert (answer.reason, answer.full) == ("smtp.store_unavailable", isinstance(error, StoreFull))
    store.before = None
    assert await store.read(seen("us")) == []


async def test_after_the_trouble_the_repeat_makes_one_activity(ingest: Ingest, store: Failing) -> None:
    sent, raw = await envelope(ingest, BCC), mail(ANA, BOB)
    store.before = StoreUnavailable()
    await ingest.message(sent, raw)
    store.before, store.after = None, StoreUnavailable()  # this time it is recorded, and the answer is lost
    assert (await ingest.message(sent, raw)).reason == "smtp.store_unavailable"
    store.after = None
    answer = await ingest.message(replace(sent, trace_id="again"), raw)
    assert (answer.reason, answer.outcomes) == ("", (Outcome.MERGED,))
    assert len(await store.read(seen("us"))) == 1


async def test_a_store_that_does_not_answer_in_time_is_trouble_too(store: Failing) -> None:
    setting = Setting("log.example", "gw.log.example", KEYED, ReadingLimits())
    session_only = Authenticator(None, DkimLimits())
    ingest = Ingest(store, setting, Sealing(KEY), session_only, 0.05, counting_ids(Clock()), Clock())
    store.slow = True
    assert (await ingest.message(await envelope(ingest, BCC), mail(ANA, BOB))).reason == "smtp.store_unavailable"


async def test_mail_to_the_operator_is_held_outside_every_account(ingest: Ingest, store: Failing) -> None:
    sent = OperatorMail("trace1", STRANGER, "", (OperatorMailbox("postmaster"),), NOON, b"Subject: x\r\n\r\nhi\r\n")
    assert (await ingest.operator_mail(sent)).outcomes == (Outcome.HELD,)
    assert [record.trace_id for record in await store.read(operator_mail.every())] == ["trace1"]
    assert await store.read(seen("us")) == []
    for n in range(operator_mail.MOST_A_DAY):
        answer = await ingest.operator_mail(replace(sent, raw=b"%d" % n))
    assert answer.reason == "smtp.busy"


async def test_trouble_with_mail_to_the_operator_is_temporary(ingest: Ingest, store: Failing) -> None:
    async def full(_plan: object) -> None:
        raise StoreFull

    store.change = full  # type: ignore[assignment]  # a fake of the store
    answer = await ingest.operator_mail(OperatorMail("t", STRANGER, "", (OperatorMailbox("postmaster"),), NOON, b"x"))
    assert (answer.reason, answer.full) == ("smtp.store_unavailable", True)


# --- the bytes ---


@pytest.mark.parametrize("damage", [b"\n", b"\r", b"\0"])
async def test_irregular_bytes_are_refused_from_a_user_and_repaired_from_a_server(
    ingest: Ingest, store: Failing, damage: bytes
) -> None:
    raw = mail(ANA, BOB).replace(b"Hello.", b"Hel" + damage + b"lo.")
    assert (await ingest.message(await envelope(ingest, BCC), raw)).reason == "smtp.malformed"
    assert (await ingest.message(await envelope(ingest, RELAY), raw)).outcomes == (Outcome.SKIPPED,)
    stages = await store.read(ask("SELECT reason FROM decision"))
    assert stages == [("rule.replies_only",)]


@pytest.mark.parametrize("size", [10, 200_000])
async def test_small_and_large_messages_are_stored_as_they_came(
    ingest: Ingest, store: Failing, tmp_path: Path, size: int
) -> None:
    words = "vermilion lighthouse " * (size // 20 + 1)
    raw = mail(ANA, BOB, text="\r\n".join(words[i : i + 70] for i in range(0, len(words), 70)))
    assert (await ingest.message(await envelope(ingest, BCC), raw)).outcomes == (Outcome.LOGGED,)
    assert found(tmp_path, "vermilion lighthouse") == {"vermilion lighthouse"}


@pytest.mark.parametrize("size", [10, 200_000])
async def test_small_and_large_messages_are_stored_without_a_listed_participant(
    ingest: Ingest, tmp_path: Path, size: int
) -> None:
    raw = mail(ANA, f"{BOB}, Eve Nightingale <{EVE}>", Delivered_To=EVE, text="x" * 60 + "\r\n" + "y\r\n" * (size // 3))
    assert (await ingest.message(await envelope(ingest, BCC), raw)).outcomes == (Outcome.LOGGED,)
    assert found(tmp_path, "Nightingale", f"<{EVE}>") == set()


async def test_a_message_of_any_bytes_gets_an_answer(ingest: Ingest) -> None:
    for raw in (b"", b"\r\n", b"\xff" * 100, b":\r\n\r\n", b"From: \r\n" * 50, b"a" * 70_000):
        for address in (BCC, RELAY):
            assert (await ingest.message(await envelope(ingest, address), raw)).trace_id


# --- the proof of a sender ---


def asking(store: Failing, zone: Mapping[str, tuple[str, ...] | None]) -> Ingest:
    """A gateway for which this is all of DNS."""
    setting = Setting("log.example", "gw.log.example", KEYED, ReadingLimits())
    authenticator = Authenticator(lambda: FakeLookups(zone), DkimLimits())
    return Ingest(store, setting, Sealing(KEY), authenticator, 30, counting_ids(Clock()), Clock())


async def test_a_signature_proves_a_user_whose_mail_comes_from_anywhere(store: Failing) -> None:
    signer = Signer("us.example")
    ingest = asking(store, signer.zone())
    raw = signer.sign(mail(ANA, BOB), t=str(NOON // 1000))
    answer = await ingest.message(await envelope(ingest, BCC, ip=STRANGER), raw)
    assert answer.outcomes == (Outcome.LOGGED,)


async def test_while_dns_is_down_the_sender_is_told_to_come_again(store: Failing) -> None:
    raw = Signer("us.example").sign(mail(ANA, BOB), t=str(NOON // 1000))
    down = asking(store, {"s1._domainkey.us.example TXT": None, "us.example TXT": None})
    sent = await envelope(down, BCC, ip=STRANGER)
    assert await down.message(sent, raw) == Answer(sent.trace_id, "smtp.dns_unavailable")
    assert await store.read(ask("SELECT count(*) FROM decision")) == [(0,)]
    assert await store.read(ask("SELECT count(*) FROM dns_trouble")) == [(1,)]
