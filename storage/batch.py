"""Many transactions settled side by side: what all of them ask is asked at once, wherever none concerns another.

Everything is read and decided for the whole batch, then recorded for as many as haven't read what one before them
writes. The rest is read and decided again, now that those are recorded. So each is decided as if it had come alone,
in the order of the batch.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import TypeAlias, TypeVar

from gateway.core.decision import Decision
from gateway.core.facts import Contact, Facts, KnownActivity
from gateway.core.model import Outcome
from gateway.core.questions import Case
from storage.errors import Undecided
from storage.interface import Decide, Recorder
from storage.plan import Plan, Rows, Statement
from storage.settle import Considered, conclude, known, settle

T = TypeVar("T")

Rounds: TypeAlias = Generator[Sequence[Statement], Sequence[Rows], T]
"""Yields statements of which none hangs on another, and is sent the rows of each."""


@dataclass(frozen=True, slots=True)
class Transaction:
    """What `settle` takes: the cases of one SMTP transaction."""

    cases: Sequence[Case]
    decide: Decide
    recorder: Recorder


Settled: TypeAlias = list[Decision] | Exception


def together(plans: Sequence[Plan[T]]) -> Rounds[list[T | Exception]]:
    """All plans step by step; the result of each, or what it raised."""
    ended: dict[int, T | Exception] = {}
    answers: dict[int, Rows | None] = dict.fromkeys(range(len(plans)))
    while answers:
        asked: dict[int, Statement] = {}
        for number, rows in answers.items():
            try:
                asked[number] = next(plans[number]) if rows is None else plans[number].send(rows)
            except StopIteration as end:
                ended[number] = end.value
            except Exception as error:
                ended[number] = error
        answers = dict(zip(asked, (yield [*asked.values()]), strict=True)) if asked else {}
    return [ended[number] for number in range(len(plans))]


def settle_all(transactions: Sequence[Transaction]) -> Rounds[list[Settled]]:
    """For each what `settle` gives, or raises before it writes. Raises what happens while something is written."""
    settled: dict[int, Settled] = {}
    left = list(range(len(transactions)))
    while left:
        done = yield from _next([transactions[number] for number in left])
        settled |= {left[position]: result for position, result in done.items()}
        left = [number for number in left if number not in settled]
    return [settled[number] for number in range(len(transactions))]


def _next(transactions: Sequence[Transaction]) -> Rounds[dict[int, Settled]]:
    """The first of them and those that can be settled beside it, by position."""
    beside = list(takewhile(lambda transaction: len(transaction.cases) == 1, transactions))
    if beside:
        return (yield from _wave(beside))
    first = transactions[0]  # each of its recipients is decided after what was written for the one before
    recorded = yield from together([settle(first.cases, first.decide, first.recorder)])
    return dict(enumerate(_written(recorded)))


def _wave(transactions: Sequence[Transaction]) -> Rounds[dict[int, Settled]]:
    read = yield from together([known(t.cases[0], t.recorder.keyed) for t in transactions])
    found = [_decided(transaction, facts) for transaction, facts in zip(transactions, read, strict=True)]
    settled: dict[int, Settled] = {}
    recording: dict[int, Plan[Decision]] = {}
    written: set[str] = set()
    awaited: set[str] = set()
    """Read by those that are put off: whoever writes it comes after them."""
    for position, (transaction, considered) in enumerate(zip(transactions, found, strict=True)):
        if isinstance(considered, Exception):
            settled[position] = considered
            continue
        alone = _reaches_far(considered)
        if alone and (recording or settled):
            break
        reads, writes = _read(considered), _writes(considered)
        if not (written.isdisjoint(reads) and awaited.isdisjoint(writes)):
            awaited |= reads
            written |= writes
            continue
        if considered.decision.outcome is Outcome.DEFERRED:
            settled[position] = Undecided()
        else:
            recording[position] = conclude(considered, transaction.decide, transaction.recorder)
            written |= writes
        if alone:
            break
    recorded = _written((yield from together([*recording.values()])))
    return settled | {position: [decision] for position, decision in zip(recording, recorded, strict=True)}


def _decided(transaction: Transaction, read: tuple[Case, Facts] | Exception) -> Considered | Exception:
    if isinstance(read, Exception):
        return read
    try:
        return Considered(*read, transaction.decide(*read))
    except Exception as error:
        return error


def _written(recorded: Sequence[T | Exception]) -> Iterator[T]:
    for result in recorded:
        if isinstance(result, Exception):  # half of it may be written
            raise result
        yield result


def _reaches_far(considered: Considered) -> bool:
    """It may change what nobody can tell beforehand: other copies that are taken back, replies that are called in."""
    decision, settings = considered.decision, considered.facts.account.settings
    joins = decision.remembered is not None and decision.remembered.thread.join is not None
    return bool(decision.keeps_out) or (joins and settings.late_parent_hours > 0)


def _read(considered: Considered) -> set[str]:
    """All that its facts were found by, and the rows that they show, as far as other messages may change them."""
    asked, facts = considered.case.asked, considered.facts
    parents = asked.parents
    names = (*asked.names, *asked.other_names, *parents.all, *parents.agreeing, asked.conversation)
    found = {asked.retry, asked.message_id, *asked.aliases, *asked.links, *asked.reported, *names}
    found.update(h for hashes in asked.people.values() for h in hashes)
    found.update(t.id for t in facts.threads.values())
    found.update(a.id for a in _activities(facts))
    found.update(c.id for c in _contacts(facts))
    return found - {""}


def _writes(considered: Considered) -> set[str]:
    """The same of what its decision changes."""
    decision, asked = considered.decision, considered.case.asked
    written = {decision.retry_hash, *(activity_id for activity_id, _ in decision.failed)}
    if seen := decision.remembered:
        thread = seen.thread
        written.update(h for _, h in seen.ids)
        written.update((*thread.names, *thread.parents, thread.hint, thread.join or "", *thread.merge))
    if activity := decision.activity:
        written.add(activity.into or "")
        written.update(c.id for a in _activities(considered.facts) if a.id == activity.into for c in a.contacts)
        written.update(t.contact_id or asked.people[t.canonical][0] for t in activity.targets)
    return written - {""}


def _activities(facts: Facts) -> Iterator[KnownActivity]:
    yield from (known.activity for known in (*facts.same_id, *facts.linked) if known.activity)
    yield from facts.reported.values()


def _contacts(facts: Facts) -> Iterator[Contact]:
    yield from facts.contacts.values()
    yield from (contact for thread in facts.threads.values() for contact in thread.contacts)
    yield from (contact for activity in _activities(facts) for contact in activity.contacts)
