"""Whether a gateway has kept its promise: what its clients were told against what its database holds."""

from __future__ import annotations

import sqlite3
import zlib
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path

from fakes.scan import breaches

from tests.proofs.load import Ledger, digest


def faults(database: Path, ledger: Ledger) -> list[str]:
    """Everything that is wrong; nothing, where the promise was kept."""
    db = sqlite3.connect(f"file:{database}?mode=ro", uri=True)
    try:
        return [*_faults(db, ledger), *(f"{breach}: {where}" for breach, where in breaches(database))]
    finally:
        db.close()


def repeats(database: Path) -> int:
    """Deliveries of what had been decided before."""
    db = sqlite3.connect(f"file:{database}?mode=ro", uri=True)
    try:
        return int(db.execute("SELECT count(*) FROM repeat").fetchone()[0])
    finally:
        db.close()


def _faults(db: sqlite3.Connection, ledger: Ledger) -> Iterator[str]:
    yield from (f"wrong reply: {reply}" for reply in ledger.wrong)
    yield from (f"integrity: {line}" for (line,) in db.execute("PRAGMA integrity_check") if line != "ok")
    deliveries: dict[str, dict[str, int]] = defaultdict(dict)
    for ident, channel, times in db.execute(
        "SELECT a.subject, d.channel, d.deliveries FROM decision d JOIN activity a ON a.id = d.activity_id"
    ):
        if channel in deliveries[ident]:
            yield f"doubled: {ident} by {channel}"
        deliveries[ident][channel] = times
    if not ledger.acknowledged:
        yield "nothing was delivered at all"
    for ident, times in ledger.acknowledged.items():
        for channel in ledger.sent[ident][0]:
            if channel not in deliveries[ident]:
                yield f"lost: {ident} by {channel}"
            elif not times <= deliveries[ident][channel] <= ledger.attempts[ident]:
                yield f"miscounted: {ident} by {channel}, {deliveries[ident][channel]} deliveries, {times} answered"
    yield from _contents(db, ledger)


def _contents(db: sqlite3.Connection, ledger: Ledger) -> Iterator[str]:
    activities = Counter[str]()
    for ident, content in db.execute(
        "SELECT a.subject, r.content FROM activity a LEFT JOIN raw_message r ON r.activity_id = a.id"
    ):
        activities[ident] += 1
        whole = content is not None and ident in ledger.sent
        if not whole or digest(zlib.decompress(content)) != ledger.sent[ident][1]:
            yield f"another content: {ident}"
    yield from (f"doubled: {ident}, {times} activities" for ident, times in activities.items() if times > 1)
