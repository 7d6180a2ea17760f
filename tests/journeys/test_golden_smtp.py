"""Every golden case over real SMTP into a database: what is recorded is what the core said."""

from __future__ import annotations

from pathlib import Path

import pytest
from fakes.deliveries import KEYED, deliver
from fakes.gateway import Gateway, gateway
from fakes.memory_store import MemoryStore
from fakes.seen import seen
from journeys.golden import Golden, golden_cases

from gateway.core.decision import Decision
from gateway.core.explain import KEPT, explain, render
from gateway.core.model import Outcome
from storage import reads

REFUSALS = {"sender.unverified": (550, "5.7.26"), "smtp.malformed": (550, "5.6.0")}


@pytest.mark.parametrize("case", [c for c in golden_cases() if c.over_smtp], ids=lambda case: case.name)
async def test_the_recorded_decision_is_the_expected_one(case: Golden, tmp_path: Path, template: Path) -> None:
    oracle = MemoryStore(KEYED, case.world)
    expected = deliver(oracle, case.world, *case.deliveries)
    async with gateway(tmp_path / "gateway.db", template, case.world) as running:
        for delivery in case.deliveries:
            code, text = await running.send(delivery)
        if expected[0].outcome is Outcome.REFUSED:
            assert (code, text.split()[0]) == REFUSALS[expected[0].reason]
            assert await running.store.read(reads.latest(9, reads.Filter())) == []
        else:
            assert code == 250
            trace_id = text.split()[-1]
            for recorded, one in zip(await running.store.read(reads.by_trace(trace_id)), expected, strict=True):
                await _compare(running, trace_id, recorded, one)
        assert await running.store.read(seen(case.world.account)) == oracle.seen(case.world.account)


async def _compare(running: Gateway, trace_id: str, recorded: reads.RecordedDecision, expected: Decision) -> None:
    if expected.first:
        assert recorded.trace_id != trace_id
        assert recorded.deliveries == 2
        return
    assert (recorded.outcome, recorded.reason) == (expected.outcome.value, expected.reason)
    if expected.tombstone:
        assert (recorded.flags, recorded.stages) == ((), ())
        return
    assert recorded.flags == expected.flags
    assert recorded.stages == tuple((f.stage, f.slug) for f in expected.findings)
    findings = await running.store.read(reads.findings(recorded))
    if recorded.outcome == "skipped":
        assert findings == []
        return
    told = render(
        recorded.outcome,
        recorded.reason,
        recorded.flags,
        findings,
        account=recorded.account,
        channel=recorded.channel,
        kept=KEPT[Outcome(recorded.outcome)],
    )
    assert told == explain(expected)
