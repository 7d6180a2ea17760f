"""The promises that hold in whatever order mail comes, told without how they are kept."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from fakes.copies import LAWYER
from fakes.deliveries import ANA, EVE
from fakes.in_turn import Answered
from fakes.letters import LAWYERS_REPORT, WITHIN_THE_TEXT
from fakes.works import FAILED, LEFT, UNDECIDED, Listed, Sent

from storage.plan import Plan, ask


@dataclass(frozen=True)
class Standing:
    """A decision that stands."""

    account: str
    channel: str
    traces: frozenset[str]
    """Of the deliveries that it answers for."""
    activity: str | None
    """If that was not withdrawn."""


@dataclass(frozen=True)
class Books:
    """What can be read in a database."""

    standing: Sequence[Standing]
    on_record: frozenset[str]
    """Addresses of the people in its activities, and on whose record these are."""


def books() -> Plan[Books]:
    decisions = yield from ask(
        "SELECT d.id, d.account_id, d.channel, d.trace_id, d.deliveries, a.id FROM decision d"
        " LEFT JOIN activity a ON a.id = d.activity_id AND a.withdrawn_at IS NULL WHERE d.superseded_by IS NULL"
    )
    repeats = yield from ask("SELECT decision_id, trace_id FROM repeat")
    people = yield from ask("SELECT canonical FROM participant")
    contacts = yield from ask(
        "SELECT c.address FROM activity_contact a JOIN contact_address c ON c.contact_id = a.contact_id"
    )
    standing = [
        Standing(account, channel, frozenset([trace, *(t for d, t in repeats if d == i)]), activity)
        for i, account, channel, trace, _, activity in decisions
    ]
    return Books(standing, frozenset(address for (address,) in (*people, *contacts)))


def broken(answered: Iterable[Answered], read: Books) -> list[str]:
    """Which promises these books break, after these were answered."""
    every = [(one.work, one.told) for one in answered]
    sent = [(work, told) for work, told in every if isinstance(work, Sent)]
    known = {t for s in read.standing for t in s.traces}
    accepted = [
        (work, account, address)
        for work, told in sent
        if told not in (UNDECIDED, FAILED)
        for number, (account, address) in enumerate((a, t) for a in work.accounts for t in work.to(a).to)
        if (work.trace_id in known if told is LEFT else _outcome(told[number]) != "refused")
    ]
    listed = any(isinstance(work, Listed) for work, _ in every)
    return [
        *_one_decision_each(accepted, read),
        *_one_activity_each(accepted, read),
        *_nobody_on_the_list(read),
        *_none_that_the_list_keeps_out(accepted, read),
        *(() if listed else _what_was_asked_for(accepted, read)),
    ]


Accepted = tuple[Sent, str, str]
"""With account and recipient."""


def _one_decision_each(accepted: Sequence[Accepted], read: Books) -> Iterable[str]:
    """Each copy has one decision, which answers for all deliveries of it and for nothing else."""
    copies: defaultdict[tuple[str, str, str, bytes], set[str]] = defaultdict(set)
    for work, account, address in accepted:
        copies[account, address, work.delivery.mail_from, work.delivery.raw].add(work.trace_id)
    wanted = Counter((account, _channel(address), frozenset(ids)) for (account, address, *_), ids in copies.items())
    found = Counter((s.account, s.channel, s.traces) for s in read.standing)
    for account, channel, traces in (wanted - found).elements():
        yield f"no decision of its own, {account}, {channel}: {sorted(traces)}"
    for account, channel, traces in (found - wanted).elements():
        yield f"a decision that nobody was told of, {account}, {channel}: {sorted(traces)}"


def _one_activity_each(accepted: Sequence[Accepted], read: Books) -> Iterable[str]:
    """All copies of a letter are one activity in each account."""
    for work, account, activities in _activities(accepted, read):
        if len(activities) > 1:
            yield f"{len(activities)} activities, {account}: {work.letter.title}"


def _nobody_on_the_list(read: Books) -> Iterable[str]:
    """These two were there from the beginning, and stay."""
    yield from (f"on record: {address}" for address in {EVE, LAWYER} & read.on_record)


def _none_that_the_list_keeps_out(accepted: Sequence[Accepted], read: Books) -> Iterable[str]:
    """Once a copy has shown the lawyer, the letter is nowhere."""
    shown = {(work.letter, account) for work, account, _ in accepted if work.copy == LAWYERS_REPORT}
    for work, account, activities in _activities(accepted, read):
        if activities and (work.letter, account) in shown and not work.letter.bounces:
            yield f"logged, though the lawyer was shown, {account}: {work.letter.title}"


def _what_was_asked_for(accepted: Sequence[Accepted], read: Books) -> Iterable[str]:
    """What a user has sent by Bcc is logged, unless a copy of that id shows the lawyer."""
    shown = {(name, account) for work, account, _ in accepted for name in _names(work) if work.copy == LAWYERS_REPORT}
    doubtful = {(work.delivery.raw, account) for work, account, _ in accepted if work.delivery.source != "office"}
    for work, account, activities in _activities([a for a in accepted if a[0].copy == "by Bcc"], read):
        private = any((name, account) in shown for name in _names(work))
        certain = work.letter.author == ANA and (work.delivery.raw, account) not in doubtful
        if certain and not private and not activities:
            yield f"asked for and not logged, {account}: {work.letter.title}"


def _activities(accepted: Sequence[Accepted], read: Books) -> Iterable[tuple[Sent, str, set[str]]]:
    """For each letter and account one of its copies, and the activities that all lead to. What stands within the text
    of a forward can't be told for certain.
    """
    found: dict[tuple[object, str], tuple[Sent, str, set[str]]] = {}
    for work, account, address in accepted:
        if work.copy != WITHIN_THE_TEXT and work.letter.name:
            *_, activities = found.setdefault((work.letter, account), (work, account, set()))
            activities |= {
                s.activity
                for s in read.standing
                if s.activity
                and (s.account, s.channel) == (account, _channel(address))
                and work.trace_id in s.traces
            }
    return found.values()


def _outcome(told: object) -> object:
    return told[0] if isinstance(told, tuple) else told


def _names(work: Sent) -> set[str]:
    return {work.letter.name, work.letter.was} - {""}


def _channel(address: str) -> str:
    return address.partition("@")[2].partition(".")[0]
