"""Stage 9, thread_policy: where the message stands among threads, and whether a passive copy may be logged.

Message-IDs are no secrets: a thread counts only for people who take part in it, or whom a proof brings in.
"""

from __future__ import annotations

from collections.abc import Mapping

from gateway.core import subjects
from gateway.core.facts import Facts, KnownThread, Rule
from gateway.core.model import Outcome
from gateway.core.questions import Case, Questions
from gateway.core.reasons import finding
from gateway.core.results import Direction, Kind, People, Person, Place, Standing, Stop


def place(case: Case, facts: Facts, people: People, standing: Standing, *, reachable: bool) -> Place:
    """The thread that the message joins.

    `reachable` is False for a message under a reused id: what others say of that id isn't about it.
    """
    asked, threads = case.asked, facts.threads
    candidates = _candidates(asked, threads, reachable=reachable)
    if not candidates:
        return Place(finding("thread_policy", "thread.new"))
    primary = _primary(candidates, asked, threads)
    outsiders = [p for p in people.recipients() if p.kind is Kind.EXTERNAL]
    passes_on = standing.writer is not None and subjects.has_forward_prefix(case.message.subject or "")
    if passes_on and outsiders and not any(_member(p, primary, asked) for p in outsiders):
        seen = finding("thread_policy", "thread.isolated")
        return Place(seen, forward_of=primary.activity_id)
    known = people.author is not None and _member(people.author, primary, asked)
    if not _shared(people, primary, asked) or not (known or standing.proven):
        return Place(finding("thread_policy", "thread.new"))
    others = {t.id: t for t in candidates if t.id != primary.id and t.subject_hash == primary.subject_hash}
    return Place(
        finding("thread_policy", "thread.joined"),
        primary,
        merge=tuple(t.id for t in others.values() if t.members & primary.members),
        subject_differs=_subject_differs(asked, threads, primary),
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


def _candidates(asked: Questions, threads: Mapping[str, KnownThread], *, reachable: bool) -> list[KnownThread]:
    """Threads that the ids lead to, best first: In-Reply-To always, others under the same base subject."""
    found = [threads[h] for h in asked.in_reply_to if h in threads]
    found += [threads[h] for h in asked.references if h in threads and _same_subject(asked, threads[h])]
    if reachable and asked.message_id in threads:
        found.append(threads[asked.message_id])
    return found


def _same_subject(asked: Questions, thread: KnownThread) -> bool:
    subject = thread.subject_hash if thread.message_subject is None else thread.message_subject
    return bool(asked.subject) and asked.subject == subject


def _primary(candidates: list[KnownThread], asked: Questions, threads: Mapping[str, KnownThread]) -> KnownThread:
    answered = next((threads[h] for h in asked.in_reply_to if h in threads), None)
    return answered or max(candidates, key=lambda t: (t.messages, -t.started_at))


def _subject_differs(asked: Questions, threads: Mapping[str, KnownThread], primary: KnownThread) -> bool:
    parents = [threads[h] for h in asked.parents if h in threads and threads[h].id == primary.id]
    return bool(parents) and not any(_same_subject(asked, parent) for parent in parents)


def _member(person: Person, thread: KnownThread, asked: Questions) -> bool:
    if person.contact and any(person.contact.id == c.id for c in thread.contacts):
        return True
    if person.user and f"user:{person.user.id}" in thread.members:
        return True
    return any(h in thread.members for h in asked.people.get(person.canonical, ()))


def _shared(people: People, thread: KnownThread, asked: Questions) -> bool:
    """A user or contact of the thread takes part in this message too."""
    everyone = [p for p in (people.author, *people.recipients()) if p is not None]
    return any(_member(p, thread, asked) for p in everyone)


def _on_record(place: Place, standing: Standing, people: People) -> bool:
    """There is a record to write on: the author's for incoming mail (or the thread's), a recipient's for outgoing."""
    if standing.direction is Direction.IN:
        author = people.author
        return bool(author and author.contact) or (place.logged and bool(place.contacts))
    return any(p.contact for p in people.recipients())
