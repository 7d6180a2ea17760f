"""Whether the promise holds in what a fault has left: nothing acknowledged is lost, nothing is there twice."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from fakes.scan import breaches_in


@dataclass
class Findings:
    """What was found in how many images."""

    images: int = 0
    lost: int = 0
    corrupt: int = 0
    doubled: int = 0
    examples: list[str] = field(default_factory=list)
    """The first few."""

    def __str__(self) -> str:
        return f"{self.images} images: {self.lost} lost mail, {self.corrupt} corrupt, {self.doubled} doubled"

    @property
    def sound(self) -> bool:
        return not (self.lost or self.corrupt or self.doubled)

    def take(self, where: str, wrong: Counter[str]) -> None:
        """One image."""
        self.images += 1
        self.lost += wrong["lost"] > 0
        self.corrupt += wrong["corrupt"] > 0
        self.doubled += wrong["doubled"] > 0
        if wrong and len(self.examples) < 10:
            self.examples.append(f"{where}: {dict(wrong)}")


def verdict(database: Path, acknowledged: Iterable[str]) -> Counter[str]:
    """How many acknowledged trace ids have no row, what is corrupt, what is there twice. The file may be changed."""
    wrong: Counter[str] = Counter()
    due = set(acknowledged)
    if not database.exists():
        return Counter(lost=len(due)) if due else wrong
    try:
        with closing(sqlite3.connect(database)) as db:
            db.execute("PRAGMA synchronous = OFF")
            if db.execute("PRAGMA integrity_check").fetchone() != ("ok",) or breaches_in(db):
                wrong["corrupt"] += 1
            there = {i for (i,) in db.execute("SELECT trace_id FROM decision UNION SELECT trace_id FROM repeat")}
            wrong["lost"] = len(due - there)
            [(twice,)] = db.execute("SELECT count(*) - count(DISTINCT subject) FROM activity").fetchall()
            wrong["doubled"] = twice
    except sqlite3.Error:
        wrong["corrupt"] += 1
    return +wrong
