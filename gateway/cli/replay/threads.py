"""In which thread each replayed message stands. It is asked once all are in: threads merge while mail comes in."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

from gateway.cli.replay.batches import Result
from gateway.core.keyed_hash import KeyedHash
from gateway.core.threads import Ties
from storage.interface import Store
from storage.replay import threads_by_name, threads_of

T = TypeVar("T")

_AT_ONCE = 500
"""Messages, or names of threads, that one statement asks for."""


@dataclass(frozen=True, slots=True)
class _Place:
    """Under what a message is known: to the store, and among those that were replayed with it."""

    id_hash: str
    anchor: str
    text: str
    names: tuple[str, ...]
    """Hashed ids that may lead to a thread of the store."""
    tie: str


class Threads:
    """Threads of the messages of one replay, of one account."""

    def __init__(self, store: Store, account_id: str, keyed: KeyedHash) -> None:
        self._store = store
        self._account_id = account_id
        self._keyed = keyed
        self._ties = Ties()
        self._places: list[_Place] = []
        self._names: dict[str, str] = {}

    def add(self, result: Result) -> None:
        """Takes in the next message that was decided. Of one that holds several originals, the first counts."""
        case, decision = result.cases[0], result.decisions[0]
        asked = case.asked
        # In a thread that the store keeps, its row says which; the names are for the others.
        names = () if decision.remembered else (asked.message_id, *asked.parents.all)
        shared = tuple(self._names.setdefault(name, name) for name in names)
        tie = self._ties.add(case.message, asked.retry)
        self._places.append(_Place(asked.message_id, asked.anchor, asked.text, shared, tie))

    async def keys(self) -> list[str]:
        """The key of each message's thread, in the order of `add`.

        That of the store, if it keeps one of the message; else of the thread that the message's ids lead to, directly
        or through other messages; else one that only those share whom their ids tie together.
        """
        found = await self._found()
        ties = [self._ties.thread(place.tie) for place in self._places]
        tied: dict[str, str] = {}
        for tie, thread_id in zip(ties, found, strict=True):
            if thread_id:
                tied[tie] = min(thread_id, tied.get(tie, thread_id))
        return [
            thread_id or tied.get(tie) or self._keyed("thread", tie)
            for tie, thread_id in zip(ties, found, strict=True)
        ]

    async def _found(self) -> list[str | None]:
        """Of each message the thread that the store keeps it in, or that one of its names leads to."""
        led: dict[str, str] = {}
        for names in _slices(list(self._names)):
            led |= await self._store.read(threads_by_name(self._account_id, names))
        found: list[str | None] = []
        for places in _slices(self._places):
            kept = await self._store.read(threads_of(self._account_id, [place.id_hash for place in places]))
            for place in places:
                own = dict(kept.get((place.id_hash, place.anchor), ()))
                leads = (led[name] for name in place.names if name in led)
                # Under one id and anchor: the one with this text, else the one that came first.
                found.append(own.get(place.text) or own.get("") or next(leads, None))
        return found


def _slices(everything: Sequence[T]) -> Iterator[Sequence[T]]:
    return (everything[at : at + _AT_ONCE] for at in range(0, len(everything), _AT_ONCE))
