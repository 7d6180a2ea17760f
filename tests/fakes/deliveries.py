"""From a message and its envelope to a case, as the journey makes it, but with everything given."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from fakes.memory_store import MemoryStore
from fakes.world import World

from gateway.core import addressing
from gateway.core.cases import Setting
from gateway.core.cases import cases as cases_of
from gateway.core.claims import with_evidence
from gateway.core.decide import decide
from gateway.core.decision import Decision
from gateway.core.keyed_hash import KeyedHash
from gateway.core.limits import ReadingLimits
from gateway.core.message import read_parts
from gateway.core.model import Channel, Envelope, Evidence, Peer, Proof, Recipient
from gateway.core.questions import Case
from gateway.keeping import Keeping
from storage.sealing import Sealing

KEY = bytes(range(32))
KEYED = KeyedHash(KEY)
NOON = 1_741_089_600_000
"""4 March 2025, 12:00 UTC, in ms: when the first message of any test arrives."""
MINUTE = 60_000


@dataclass(frozen=True)
class Delivery:
    """One SMTP transaction."""

    raw: bytes
    to: Sequence[str]
    mail_from: str
    source: str = "office"
    """Which of the world's mail servers brought it."""
    at: int = NOON
    trace_id: str = "trace"
    proofs: tuple[Proof, ...] = ()
    """Besides what the source proves."""
    seen: Evidence = Evidence()  # noqa: RUF009 - it can't be changed
    """What else was found out."""


def cases(world: World, delivery: Delivery, keyed: KeyedHash = KEYED) -> list[Case]:
    """The cases of a delivery, one for each recipient."""
    recipients = tuple(_recipient(world, address, keyed) for address in delivery.to)
    login = next((p.name for p in delivery.proofs if p.method == "smtp_auth"), "")
    source = world.source(delivery.source)
    peer = Peer("127.0.0.1", (source,), login=login, account_id=world.account)
    envelope = Envelope(delivery.trace_id, peer, delivery.mail_from, recipients, delivery.at)
    vouched = (Proof("source", "*"),) if source.vouches else ()
    evidence = Evidence((*vouched, *delivery.proofs)) + delivery.seen
    setting = _setting(world, keyed)
    found = cases_of(envelope, read_parts(delivery.raw, setting.limits), setting)
    return [with_evidence(case, evidence) for case in found]


def _recipient(world: World, address: str, keyed: KeyedHash) -> Recipient:
    capture = addressing.take_apart(address, world.domain)
    assert capture is not None, f"{address} is no capture address"
    return Recipient(address, keyed("capture", capture.key), capture.tag, capture.channel, world.account)


def keeper(delivery: Delivery, world: World) -> Keeping:
    """What is stored of a delivery, as the journey stores it."""
    return Keeping(_setting(world, KEYED), Sealing(KEY))


def _setting(world: World, keyed: KeyedHash) -> Setting:
    return Setting(world.domain, world.host, keyed, ReadingLimits())


def deliver(store: MemoryStore, world: World, *deliveries: Delivery) -> list[Decision]:
    """Settles them in their order; the decisions of the last one."""
    decisions: list[Decision] = []
    for delivery in deliveries:
        decisions = store.settle_now(cases(world, delivery), decide)
    return decisions


def mail(
    author: str,
    to: str,
    subject: str = "Offer",
    *more: str,
    message_id: str = "one",
    date: str = "Tue, 4 Mar 2025 12:00:00 +0000",
    text: str = "Hello.",
    **fields: str,
) -> bytes:
    """A small message. `more` are header lines as they are; `fields` further fields by name, _ for -."""
    lines = [f"From: {author}", f"To: {to}", f"Subject: {subject}", f"Date: {date}"]
    lines += [f"Message-ID: <{message_id}@mail.example>"] if message_id else []
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in fields.items()]
    return "\r\n".join([*lines, *more, "", text, ""]).encode()


ANA, BOB, KIM, EVE = "ana@us.example", "bob@client.example", "kim@client.example", "eve@rival.example"
BCC, DANS_BCC = f"anakey@{Channel.BCC}.log.example", f"dankey@{Channel.BCC}.log.example"
RELAY = f"officekey@{Channel.RELAY}.log.example"
