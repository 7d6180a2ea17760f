"""Messages that DNS kept from being decided: for how long their senders are told to come again."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from gateway.core.questions import Case
from storage.plan import Plan, ask, insert

PATIENCE = 24 * 60 * 60 * 1000
"""Ms from the first failure; after that what DNS can't tell counts as unproven."""


def considered(case: Case) -> Plan[Case]:
    """The case, waiting for nothing any more once its time is over."""
    if not case.evidence.pending:
        return case
    rows = yield from ask("SELECT since FROM dns_trouble WHERE retry_hash = $1", case.asked.retry)
    if any(case.envelope.received_at - since >= PATIENCE for (since,) in rows):
        return replace(case, evidence=replace(case.evidence, pending=()))
    return case


def note(cases: Iterable[Case]) -> Plan[None]:
    """Remembers since when they wait: keyed hashes and a time, nothing of the messages."""
    for case in cases:
        if case.evidence.pending:
            yield from insert(
                "dns_trouble", "DO NOTHING", retry_hash=case.asked.retry, since=case.envelope.received_at
            )


def expire(now: int) -> Plan[None]:
    """Forgets those that came again long ago, or never."""
    yield from ask("DELETE FROM dns_trouble WHERE since < $1", now - 2 * PATIENCE)
