"""A decision in words: the same text for the operator, the console and the golden tests."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from gateway.core.decision import Decision
from gateway.core.model import Finding, Outcome
from gateway.core.reasons import sentence


def explain(decision: Decision) -> str:
    """Outcome and reason, then every stage in its order; ends with a line break."""
    return render(
        decision.outcome.value,
        decision.reason,
        decision.flags,
        decision.findings,
        account=decision.account_name,
        channel=decision.channel.value,
        kept=_kept(decision),
    )


def render(
    outcome: str,
    reason: str,
    flags: Iterable[str],
    findings: Sequence[Finding],
    *,
    account: str,
    channel: str,
    kept: str,
) -> str:
    """The text of a decision from its parts, as they are recorded."""
    lines = [f"{outcome} {reason}", f"  {sentence(reason)}", f"  account {account}, channel {channel}"]
    lines += [f"  flag {flag}: {sentence(flag)}" for flag in flags]
    lines += [f"  kept: {kept}", "  stages:"]
    for said in findings:
        lines.append(f"    {said.stage:<14} {said.slug}: {said.sentence}")
        if said.evidence:
            lines.append(f"    {'':<14} {said.evidence}")
    return "\n".join(lines) + "\n"


def _kept(decision: Decision) -> str:
    if decision.tombstone:
        return "nothing of the message"
    return WAITS if decision.waits_until else KEPT[decision.outcome]


WAITS = "the message, encrypted, until its thread is logged or its time is over"
KEPT = {
    Outcome.LOGGED: "the message, as an activity",
    Outcome.MERGED: "what it adds to the activity",
    Outcome.SKIPPED: "keyed hashes for threads and duplicates",
    Outcome.HELD: "the message, until a person decides",
    Outcome.REFUSED: "nothing; the sending server was told",
    Outcome.DEFERRED: "nothing; the sending server comes again",
}
