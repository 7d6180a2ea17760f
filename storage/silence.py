"""Sources that have gone silent: each is told of once, and once when it is back, whichever gateway sees it first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from storage.plan import Plan, ask

HOUR = 60 * 60 * 1000
"""Milliseconds. It is also how exactly it is known when a source was last seen."""

_SILENT = "silent_at IS NULL AND silence_hours > 0 AND seen_at < $1 - (silence_hours + 1) * $2"
_BACK = "silent_at IS NOT NULL AND seen_at > silent_at"
_AHEAD = "(silent_at - $2 > $1 OR seen_at - $2 > $1)"


@dataclass(frozen=True, slots=True)
class Change:
    """A source, by its id, that has gone silent or is back."""

    source_id: str
    hours: int
    """Its silence_hours."""
    silent: bool


def is_due(at: int) -> Plan[bool]:
    """Whether `note` would find anything."""
    rows = yield from ask(f"SELECT 1 FROM source WHERE ({_SILENT}) OR ({_BACK}) OR {_AHEAD} LIMIT 1", at, HOUR)
    return bool(rows)


def note(at: int) -> Plan[Sequence[Change]]:
    """What has changed by this moment, epoch milliseconds; a second time it has not. What a clock that was ahead has
    noted is forgotten first.
    """
    seen_at = "CASE WHEN seen_at > $1 THEN $1 ELSE seen_at END"
    yield from ask(f"UPDATE source SET silent_at = NULL, seen_at = {seen_at} WHERE {_AHEAD}", at, HOUR)
    back = yield from ask(f"UPDATE source SET silent_at = NULL WHERE {_BACK} RETURNING id, silence_hours")
    silent = yield from ask(f"UPDATE source SET silent_at = $1 WHERE {_SILENT} RETURNING id, silence_hours", at, HOUR)
    changes = [Change(source_id, hours, silent=False) for source_id, hours in back]
    return changes + [Change(source_id, hours, silent=True) for source_id, hours in silent]
