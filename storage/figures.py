"""What operators watch of a whole installation, in numbers and ids."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from storage import outbox
from storage.plan import Plan, ask


@dataclass(frozen=True, slots=True)
class SourceFigures:
    """One source, by its id."""

    id: str
    seen_at: int
    silent: bool


@dataclass(frozen=True, slots=True)
class Figures:
    """Of all accounts together. Times are epoch milliseconds."""

    held: int
    held_since: int | None
    """When the oldest of them came."""
    never_log_entries: int
    sources: Sequence[SourceFigures]
    """Those that have ever sent."""
    deliveries: int
    """Events on their way to webhooks."""
    dead_letters: int
    """Those that were given up."""
    held_back_since: int | None
    """When the oldest event happened that waits for a transaction on the server to end."""


def figures() -> Plan[Figures]:
    """How it stands now."""
    [(held, held_since)] = yield from ask("SELECT count(*), min(at) FROM held")
    [(entries,)] = yield from ask("SELECT count(*) FROM never_log_entry")
    rows = yield from ask("SELECT id, seen_at, silent_at FROM source WHERE seen_at IS NOT NULL ORDER BY id")
    sources = [SourceFigures(source_id, seen_at, silent_at is not None) for source_id, seen_at, silent_at in rows]
    [(all_of_them, dead)] = yield from ask("SELECT count(*), count(given_up_at) FROM delivery")
    held_back_since = yield from outbox.held_back()
    return Figures(held, held_since, entries, sources, all_of_them - dead, dead, held_back_since)
