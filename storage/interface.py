"""What the product asks of a store. One contract suite holds every store to it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TypeAlias, TypeVar

from gateway.core.decision import Decision
from gateway.core.facts import Facts
from gateway.core.keyed_hash import KeyedHash
from gateway.core.questions import Case
from storage.content import Content, HeldCopy
from storage.copying import Bar, no_bar
from storage.plan import Plan

T = TypeVar("T")

Decide: TypeAlias = Callable[[Case, Facts], Decision]
"""Pure: the store may call it again, after a conflict or within a batch."""


Committed: TypeAlias = Callable[[int, float, int], None]
"""Takes the pieces of work in a transaction, the seconds that it took, and how many pieces came meanwhile."""


def unheeded(_pieces: int, _seconds: float, _waiting: int) -> None:
    """Counts nothing."""


class Keeper(Protocol):
    """What is stored of a case."""

    def content(self, case: Case, withheld: tuple[str, ...], activity_id: str) -> Content:
        """Its bytes, without the header fields that hold these tokens, as they are to stand in that activity's row."""
        ...

    def held(self, case: Case, decision: Decision, decision_id: str) -> HeldCopy:
        """The whole copy that it came in, as it is to stand in that decision's row, and what it can be decided by
        again.
        """
        ...

    def seal(self, case: Case) -> bytes:
        """All that it can be made from again, encrypted."""
        ...

    def reopen(self, sealed: bytes) -> Case:
        """A sealed case, of whatever copy. Raises StoreBroken."""
        ...


@dataclass(frozen=True, slots=True)
class Recorder:
    """What recording needs besides the decision: new ids, the key, and what is stored of a case."""

    new_id: Callable[[], str]
    keyed: KeyedHash
    keeper: Keeper


class Store(Protocol):
    """A database that decisions are made in."""

    failed: asyncio.Event
    """Set when the disk failed. A later success would prove nothing about what was lost: the process must end."""

    committed: Committed
    """Called after each transaction that writes."""

    async def settle(self, cases: Sequence[Case], decide: Decide, keeper: Keeper) -> Sequence[Decision]:
        """Decides and records all recipients of one SMTP transaction in one durable step.

        Facts are read, decisions made and rows written in one database transaction; when this returns they are on
        disk. Where some recipients would be refused and others not, the former are decided again as not refusable; if
        all are refused nothing is written. Raises Undecided where a decision hangs on DNS; then nothing was written.
        Raises StoreUnavailable; then nothing was written, or a repeat will meet what was.
        """
        ...

    async def read(self, plan: Plan[T]) -> T:
        """Runs a plan that only reads, on a snapshot of what is committed."""
        ...

    async def change(self, plan: Plan[T], *, erases: bool = False) -> T:
        """Runs a plan that writes, in one transaction that is on disk when this returns.

        `erases`: what it takes away must not be left in any log of the database either, as soon as nobody reads it.
        """
        ...

    async def news(self, patience: float) -> None:
        """Returns when something may have been recorded by any process, or after `patience` seconds."""
        ...

    async def backup(self, target: Path, bar: Bar = no_bar) -> None:
        """Writes a consistent copy of everything to a new file, while others go on writing."""
        ...

    async def close(self) -> None:
        """Ends what was begun, then closes the database."""
        ...
