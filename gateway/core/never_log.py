"""Stage 6, never_log: the list is held against every participant, before any content is written.

An entry for all users covers each copy; a personal one covers its user's copies only. A mail with several users is
judged for each of them, and what any of them may log is logged, without those who may not.
"""

from __future__ import annotations

from collections.abc import Sequence

from gateway.core.facts import Entry, Facts
from gateway.core.model import Outcome, Role
from gateway.core.reasons import finding
from gateway.core.results import RECIPIENT_ROLES, Direction, Judgement, Kind, People, Person, Standing, Stop

_STRENGTH = {"address": 0, "domain": 1, "subdomain": 2}


def judge(people: People, standing: Standing, facts: Facts) -> Judgement:
    """Who is passed over, or why nothing is logged."""
    views = {user: _view(people.persons, standing, user) for user in _users(people, standing, facts)}
    open_views = {user: hits for user, (hits, blocked) in views.items() if blocked is None}
    if not open_views:
        whole = _whole(people, standing)
        # The entry on record is one that keeps out the copies that don't show whom it names.
        blocked = whole[0] if whole else next(b for _, b in views.values() if b is not None)
        reason = f"never_log.{blocked.kind}"
        stop = Stop(Outcome.SKIPPED, reason, blocked.id)
        return Judgement(finding("never_log", reason), {}, stop=stop, whole=tuple(entry.id for entry in whole))
    first, *others = open_views.values()
    passed_over = {i: entry for i, entry in first.items() if all(i in hits for hits in others)}
    if all(hits.keys() - passed_over.keys() for hits in open_views.values()):  # each user keeps somebody else private
        passed_over = {i: entry for hits in open_views.values() for i, entry in hits.items()}
    private = (u for u, (hits, _) in views.items() if u not in open_views or hits.keys() - passed_over.keys())
    without = frozenset(u for u in private if u is not None)
    slug = "passed_over" if passed_over else "personal" if without else "clear"
    told = ", ".join(f"{people.persons[i].role.value}: never_log.{e.kind}" for i, e in sorted(passed_over.items()))
    return Judgement(finding("never_log", f"never_log.{slug}", told), passed_over, without)


def of_hold(people: People, standing: Standing, facts: Facts) -> Stop | None:
    """Why a copy isn't even held: its other messages, or a text that nobody can read for sure, name somebody listed."""
    user = standing.writer or standing.forwarder
    entry = _strongest(people.beside, user.id if user else facts.capture_user_id)
    return Stop(Outcome.SKIPPED, f"never_log.{entry.kind}", entry.id) if entry else None


def _whole(people: People, standing: Standing) -> list[Entry]:
    """The entries that keep every copy out, the strongest first. Who isn't believed would erase what others sent."""
    entries = (e for p in people.persons if standing.proven or p.proven for e in p.entries)
    keeping_out = dict.fromkeys(e for e in entries if e.effect == "message" and e.user_id is None)
    return sorted(keeping_out, key=lambda e: _STRENGTH[e.kind])


def _users(people: People, standing: Standing, facts: Facts) -> list[str | None]:
    """In whose names the copy may be logged; None stands for nobody's (a shared mailbox)."""
    if user := standing.writer or standing.forwarder:
        return [user.id]
    recipients = people.recipients()
    users: list[str | None] = list(dict.fromkeys(p.user.id for p in recipients if p.user and p.user.may_log))
    if not users and standing.explicit:
        return [facts.capture_user_id]
    if not users or any(p.kind is Kind.SHARED for p in recipients):
        users.append(None)
    return users


def _view(
    persons: Sequence[Person], standing: Standing, user: str | None
) -> tuple[dict[int, Entry], Entry | None]:
    """The hits that count for one user's copy, and the entry that keeps it out altogether.

    An unknown author of an explicit copy may turn out to be a user: only others can be those it is logged for.
    """
    known = standing.writer or standing.forwarder or not standing.explicit
    roles = (Role.FROM, *RECIPIENT_ROLES) if known else RECIPIENT_ROLES
    hits = {i: entry for i, p in enumerate(persons) if (entry := _strongest(p.entries, user))}
    for i, entry in hits.items():
        if entry.effect == "message" or (standing.direction is not Direction.OUT and _speaks(persons[i])):
            return hits, entry
    if hits and not any(_outside(p) and p.role in roles and i not in hits for i, p in enumerate(persons)):
        return hits, next(iter(hits.values()))
    return hits, None


def _strongest(entries: Sequence[Entry], user: str | None) -> Entry | None:
    """An address beats its domain, and that a domain above; the strictest effect among all counts."""
    counting = [e for e in entries if e.user_id is None or e.user_id == user]
    if not counting:
        return None
    strictest = [e for e in counting if e.effect == "message"] or counting
    return min(strictest, key=lambda e: _STRENGTH[e.kind])


def _speaks(person: Person) -> bool:
    """Counts as author of incoming mail. A group of the account's own in Sender or Reply-To doesn't."""
    if person.role is Role.FROM:
        return person.kind is not Kind.USER
    return person.role in (Role.SENDER, Role.REPLY_TO) and person.kind is Kind.EXTERNAL


def _outside(person: Person) -> bool:
    return bool(person.canonical) and person.kind is Kind.EXTERNAL
