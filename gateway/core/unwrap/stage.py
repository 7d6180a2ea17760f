"""Stage 2, unwrap: whether what was found inside a forward or a journal report may be decided.

What can't be read with confidence is held with a reason; nothing is guessed.
"""

from __future__ import annotations

from gateway.core.model import Channel, Finding, Outcome
from gateway.core.questions import Case
from gateway.core.reasons import finding
from gateway.core.results import Stop
from gateway.core.unwrap.original import HIGH, MEDIUM


def judge(case: Case) -> tuple[Finding | None, Stop | None]:
    """What the stage saw, and the hold where there is no original to decide."""
    channel, found, original = case.recipient.channel, case.unwrapped, case.original
    findings = found.findings if found else ()
    for reason in ("journal.untrusted_peer", "journal.malformed", "unwrap.too_deep"):
        if reason in findings:
            returned = reason == "journal.untrusted_peer" and channel is Channel.JOURNAL
            return _hold(reason, "it was returned, and the source is no alternate journal mailbox" if returned else "")
    if channel is Channel.JOURNAL and original is None:
        return _hold("journal.malformed")
    if "unwrap.automatic" in findings:
        return finding("unwrap", "unwrap.automatic"), None
    if channel is Channel.FORWARD and original is None:
        return _hold(next(iter(findings), "forward.not_found"))
    if original and channel is Channel.FORWARD and original.confidence < HIGH:
        return _hold("forward.ambiguous" if original.confidence >= MEDIUM else "forward.not_found")
    if "journal.id_differs" in findings:
        return finding("unwrap", "journal.id_differs"), None
    return (finding("unwrap", f"unwrap.{found.kind}"), None) if found and original else (None, None)


def inner_candidate(case: Case) -> bool:
    """A colleague had passed a mail on, and that mail can be read too: the forwarder must say which is meant."""
    chain = case.unwrapped.chain if case.unwrapped else ()
    return len(chain) > 1 and chain[1].confidence >= HIGH


def _hold(reason: str, evidence: str = "") -> tuple[Finding, Stop]:
    return finding("unwrap", reason, evidence), Stop(Outcome.HELD, reason)
