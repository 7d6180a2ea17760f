"""Importing a table: in batches, going on behind lines that are refused."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Literal, TypeAlias

from storage.csv_text import Line, Table
from storage.errors import Refused
from storage.interface import Store
from storage.plan import Plan

BATCH = 500
"""Lines in one transaction; mail is settled between them."""

Result: TypeAlias = Literal["created", "updated", "unchanged"]
TakeLine: TypeAlias = Callable[[Mapping[str, str]], Plan[Result]]
"""Takes the cells of a line; raises Refused before it has written anything."""


@dataclass(slots=True)
class Report:
    """What became of the lines."""

    counts: Counter[Result] = field(default_factory=Counter)
    refused: list[tuple[int, str]] = field(default_factory=list)
    """(line number, reason)"""


async def import_table(store: Store, table: Table, take: TakeLine, progress: Callable[[int], None]) -> Report:
    """Takes every line; `progress` is told how many are done. Importing again changes nothing more."""
    report, done = Report(), 0
    while batch := list(islice(table.lines, BATCH)):
        for line, result, reason in await store.change(_take(batch, take)):
            if result is None:
                report.refused.append((line, reason))
            else:
                report.counts[result] += 1
        done += len(batch)
        progress(done)
    return report


def _take(batch: Sequence[Line], take: TakeLine) -> Plan[list[tuple[int, Result | None, str]]]:
    results: list[tuple[int, Result | None, str]] = []
    for line in batch:
        result: Result | None = None
        reason = line.fault
        if not reason:
            try:
                result = yield from take(line.cells)
            except Refused as error:
                reason = str(error)
        results.append((line.number, result, reason))
    return results
