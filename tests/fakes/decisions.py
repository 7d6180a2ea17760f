"""One decision, or several in a row, in the usual world."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from fakes.deliveries import KEYED, MINUTE, NOON, RELAY, Delivery, deliver
from fakes.memory_store import MemoryStore
from fakes.world import World, load_world

from gateway.core.decision import Activity, Decision
from gateway.core.model import Evidence, Proof


def decided(
    raw: bytes,
    to: str = RELAY,
    mail_from: str = "",
    *,
    before: tuple[Delivery, ...] = (),
    world: World | None = None,
    source: str = "office",
    proofs: tuple[Proof, ...] = (),
    seen: Evidence = Evidence(),  # noqa: B008 - it can't be changed
    **account: Any,
) -> Decision:
    """What becomes of a message after others. `account` are settings that differ from those of the world."""
    there = (world or load_world()).with_settings(**account)
    last = Delivery(raw, [to], mail_from or "x@sender.example", source, proofs=proofs, seen=seen)
    arrivals = [replace(d, at=NOON + n * MINUTE) for n, d in enumerate((*before, last))]
    [decision] = deliver(MemoryStore(KEYED, there), there, *arrivals)
    return decision


def stage(decision: Decision, name: str) -> str:
    """The slug of what a stage said, or ""."""
    return next((f.slug for f in decision.findings if f.stage == name), "")


def activity(decision: Decision) -> Activity:
    """The activity that a decision makes."""
    assert decision.activity is not None, decision.reason
    return decision.activity


def targets(decision: Decision) -> list[str]:
    """The addresses of the records that it is written on."""
    return [target.address for target in activity(decision).targets]
