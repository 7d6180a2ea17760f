"""Any bytes to any address: read, taken apart, decided, explained and made ready to be stored, in time."""

from __future__ import annotations

import time
from functools import cache

from fakes.copies import asked_for, attached, journalled, relayed
from fakes.deliveries import ANA, BOB, KEYED, KIM, NOON, Delivery, cases, deliver, keeper, mail
from fakes.memory_store import MemoryStore
from fakes.world import World, load_world

from gateway.core.decide import decide
from gateway.core.explain import explain
from gateway.core.model import Outcome, Proof
from gateway.core.prescan import usual
from gateway.core.redact import redacted, redacted_copy

BASE, RATE = 0.02, 0.05 / (256 * 1024)
"""No input takes more CPU time than BASE seconds and RATE seconds for each byte; a usual one takes BASE alone."""

RULES = ("replies_only", "log_all", "log_all_and_create")
SENDERS = (ANA, BOB, "", "x@elsewhere.example", "eve@rival.example", "dan@us.example")
PROOFS = ((), (Proof("dkim", "us.example"),), (Proof("spf", "client.example"),), (Proof("smtp_auth", ANA),))


@cache
def _world(rule: str) -> World:
    return load_world().with_settings(rule=rule)


@cache
def _store(rule: str) -> MemoryStore:
    """An account that has seen mail before, so that ids, threads and copies meet others."""
    store, world = MemoryStore(KEYED, _world(rule)), _world(rule)
    before = (
        asked_for(mail(ANA, BOB)),
        relayed(mail(BOB, ANA, "Re: Offer", message_id="two", In_Reply_To="<one@mail.example>")),
        journalled(mail(KIM, ANA, message_id="three")),
        attached(mail(BOB, ANA, "Other", message_id="four")),
        asked_for(mail(ANA, "x@lawyer.example", message_id="five")),
    )
    deliver(store, world, *before)
    return store


def delivery(data: bytes) -> tuple[str, Delivery]:
    """The first four bytes choose rule, address, sender and proof; the others are the message."""
    choice, raw = data[:4].ljust(4, b"\0"), data[4:]
    world = _world(RULES[choice[0] % len(RULES)])
    keys = [f"{key}@{capture.channel.value}.{world.domain}" for key, capture in world.captures.items()]
    to = [keys[choice[1] % len(keys)]]
    if choice[1] >= 0x80:
        to.append(keys[(choice[1] + 1) % len(keys)])
    sources = sorted(world.sources)
    sender = SENDERS[choice[2] % len(SENDERS)]
    proofs = PROOFS[choice[3] // 16 % len(PROOFS)]
    return world.settings["rule"], Delivery(raw, to, sender, sources[choice[3] % len(sources)], NOON, proofs=proofs)


def check(data: bytes, patience: float = 1) -> None:
    """Each recipient gets a decision, twice the same one, that can be told and stored; within the time.

    `patience`: how many times slower the code runs here than by itself.
    """
    rule, arrived = delivery(data)
    most = patience * (BASE if usual(arrived.raw) else BASE + RATE * len(data))
    seconds = 0.0
    for _ in range(4):  # others may have had the machine, or a table was made for the first time
        seconds = _decided(rule, arrived)
        if seconds <= most:
            return
    raise AssertionError(f"{seconds:.3f} s for {len(data)} bytes")


def _decided(rule: str, arrived: Delivery) -> float:
    world, store = _world(rule), _store(rule)
    started = time.process_time()
    found = cases(world, arrived)
    facts = [store.facts(case) for case in found]
    decisions = [decide(case, known) for case, known in zip(found, facts, strict=True)]
    texts = [explain(decision) for decision in decisions]
    seconds = time.process_time() - started
    assert len(decisions) >= len(arrived.to)
    assert all(d.reason and (d.outcome is Outcome.LOGGED) == (d.activity is not None) for d in decisions)
    assert [decide(case, known) for case, known in zip(found, facts, strict=True)] == decisions
    assert [explain(decision) for decision in decisions] == texts
    keeping = keeper(arrived, world)
    for case in found:
        redacted(case, ("bob@client.example",))
        redacted_copy(case, ("bob@client.example",))
        keeping.content(case, (), "a")
    return seconds
