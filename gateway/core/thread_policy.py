"""Stage 9, thread_policy: where the message stands among threads, and whether a passive copy may be logged.

Messages that name one another stand in one thread, in whatever order they come. Message-IDs are no secrets, though: a
thread speaks only for people who take part in it, or whom a proof brings in.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from gateway.core import subjects
from gateway.core.facts import Facts, KnownThread, Rule
from gateway.core.model import Outcome
from gateway.core.questions import Case, Questions
from gateway.core.reasons import finding
from gateway.core.results import Direction, Kind, People, Person, Place, Standing, Stop


def place(case: Case, facts: Facts, people: People, standing: Standing, *, reachable: bool) -> Place:
    """The thread that the message joins: the one that In-Reply-To names, else one that References lead to under the
    same base subject, else one of answers that came before it.

    `reachable` is False for a message under a reused id: what others say of that id isn't about it.
    """
    asked, threads = case.asked, facts.threads
    answered = [threads[h] for h in asked.parents.in_reply_to if h in threads]
    related = [threads[h] for h in asked.parents.references if h in threads]
    parent = answered[0] if answered else _largest(related)
    related = answered[1:] + related
    apart = _passes_on(case, people, standing, parent)
    forward_of = parent.activity_id if apart and parent else None
    if apart:
        parent, related = None, []
    closed = {t.id for t in threads.values() if not (standing.proven or _counts(people, t, asked, standing))}
    names = _open_names(asked.names, threads, closed) if reachable else ()
    other_names = _open_names(asked.other_names, threads, closed) if reachable else ()
    answers = [threads[h] for h in names + other_names if h in threads]
    primary = parent or _largest(answers)
    if primary is None:
        slug = "thread.isolated" if apart else "thread.hint" if asked.conversation in threads else "thread.new"
        return Place(finding("thread_policy", slug), names=names, forward_of=forward_of, apart=apart)
    counts = parent is None or _counts(people, primary, asked, standing)
    known = people.author is not None and _member(people.author, primary, asked)
    slug = "thread.isolated" if apart else "thread.joined" if counts else "thread.guarded"
    akin = (t for t in related if counts and _akin(t, primary) and t.id not in closed)
    tied = [*answers, *akin] if counts or standing.proven else []
    return Place(
        finding("thread_policy", slug),
        primary,
        counts=counts,
        follows=parent is not None,
        names=names,
        merge=tuple(dict.fromkeys(t.id for t in tied if t.id != primary.id)),
        subject_differs=_subject_differs(asked, threads),
        forward_of=forward_of,
        apart=apart,
        flags=() if known or standing.writer else ("thread.unknown_author",),
    )


def allow(place: Place, standing: Standing, people: People, facts: Facts) -> Stop | None:
    """Why the logging rule keeps a passive copy out; None where it lets it through."""
    settings = facts.account.settings
    on_record = _on_record(place, standing, people)
    creates = settings.rule is Rule.LOG_ALL_AND_CREATE
    if place.logged and settings.strict_subject and place.subject_differs:
        return Stop(Outcome.SKIPPED, "thread.subject_changed")
    if place.logged:
        return None if on_record or creates else Stop(Outcome.SKIPPED, "rule.unknown_contact")
    if settings.rule is Rule.REPLIES_ONLY:
        return Stop(Outcome.SKIPPED, "rule.replies_only")
    return None if on_record or creates else Stop(Outcome.SKIPPED, "rule.unknown_contact")


def waits_until(stop: Stop, case: Case, facts: Facts) -> int | None:
    """Until when (epoch ms) a reply without a logged thread is kept for its parent; None if it isn't.

    A parent that came that long ago and wasn't logged then won't be any more.
    """
    patience = facts.account.settings.late_parent_hours * 3_600_000
    arrived = case.envelope.received_at
    parents = [facts.threads.get(h) for h in case.asked.parents.all]
    hopes = any(t is None or not t.seen or (not t.activity_id and t.seen_at > arrived - patience) for t in parents)
    return arrived + patience if patience and hopes and stop.reason == "rule.replies_only" else None


def _passes_on(case: Case, people: People, standing: Standing, parent: KnownThread | None) -> bool:
    """A user's forward of a thread to people outside it. They aren't to inherit its contacts."""
    if standing.writer is None or not subjects.has_forward_prefix(case.message.subject or ""):
        return False
    outsiders = [p for p in people.recipients() if p.kind is Kind.EXTERNAL]
    return bool(outsiders) and not (parent and any(_member(p, parent, case.asked) for p in outsiders))


def _largest(threads: Iterable[KnownThread]) -> KnownThread | None:
    return max(threads, key=lambda t: (t.messages, -t.started_at), default=None)


def _akin(thread: KnownThread, other: KnownThread) -> bool:
    """One message that refers to both, under the base subject of one, ties them together; logged ones only if they have
    an outsider in common.
    """
    outsiders = (m for m in thread.members & other.members if not m.startswith("user:"))
    return not (thread.logged and other.logged) or any(outsiders)


def _subject_differs(asked: Questions, threads: Mapping[str, KnownThread]) -> bool:
    """It answers messages that all have another base subject; for an unseen one that of its thread counts."""
    answered = [threads[h] for h in asked.parents.in_reply_to if h in threads]
    agrees = any(threads[h].seen for h in asked.parents.agreeing if h in threads)
    unseen = asked.subject != "" and any(not t.seen and t.subject_hash == asked.subject for t in answered)
    return bool(answered) and not (agrees or unseen)


def _open_names(names: Iterable[str], threads: Mapping[str, KnownThread], closed: Collection[str]) -> tuple[str, ...]:
    """The message's names without those that threads wait for into which an unproven author can't bring himself."""
    return tuple(h for h in names if h not in threads or threads[h].id not in closed)


def _counts(people: People, thread: KnownThread, asked: Questions, standing: Standing) -> bool:
    """Whether the message takes part in the thread: by its author; if he is proven, by a recipient or by a user's word.

    A thread of which nothing is logged is open.
    """
    if not thread.logged:
        return True
    author = people.author
    if author is not None and _member(author, thread, asked):
        return True
    asked_for = standing.explicit and (standing.writer or standing.forwarder)
    return standing.proven and (bool(asked_for) or any(_member(p, thread, asked) for p in people.recipients()))


def _member(person: Person, thread: KnownThread, asked: Questions) -> bool:
    if person.contact and any(person.contact.id == c.id for c in thread.contacts):
        return True
    if person.user:
        return f"user:{person.user.id}" in thread.members
    return any(h in thread.members for h in asked.people.get(person.canonical, ()))


def _on_record(place: Place, standing: Standing, people: People) -> bool:
    """There is a record to write on: the author's for incoming mail (or the thread's), a recipient's for outgoing."""
    if standing.direction is Direction.IN:
        author = people.author
        return bool(author and author.contact) or (place.logged and bool(place.contacts))
    return any(p.contact for p in people.recipients())
