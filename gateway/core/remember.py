"""What is remembered of a message, logged or not, so that copies of it and its thread are known: keyed hashes only."""

from __future__ import annotations

from gateway.core.decision import Remembered, ThreadPlan
from gateway.core.questions import Questions
from gateway.core.results import Duplicate, People, Place, Standing


def remember(
    asked: Questions, place: Place, people: People, standing: Standing, duplicate: Duplicate, *, logged: bool
) -> Remembered:
    """`people` are those whom the never-log list leaves."""
    aliases, links = (("alias", h) for h in asked.aliases), (("link", h) for h in asked.links)
    return Remembered(
        (("", asked.message_id), *aliases, *links),
        asked.anchor,
        asked.author,
        asked.text,
        asked.subject,
        _plan(asked, place, people, standing, duplicate, logged=logged),
        first=duplicate.same is None,
        reachable=not duplicate.reused_id,
    )


def _plan(
    asked: Questions, place: Place, people: People, standing: Standing, duplicate: Duplicate, *, logged: bool
) -> ThreadPlan:
    """A copy of a message stands where that one does. It ties its thread to where its own ids lead, if it is proven."""
    same = duplicate.same
    known = (same.activity or same).thread_id if same else None
    own = place.thread.id if place.thread else None
    joined, merge = own or known, set(place.merge)
    if known and not standing.proven:
        joined, merge = known, set()
    elif known and known != joined:
        merge.add(known)
    heeded = (place.counts or standing.proven) and not place.apart
    return ThreadPlan(
        join=joined,
        counts=place.counts,
        merge=tuple(sorted(merge)),
        names=place.names,
        parents=asked.other_names + asked.parents.all if heeded else asked.other_names,
        hint=asked.conversation,
        members=_members(asked, people, standing) if logged and place.counts else (),
        forward_of=place.forward_of,
    )


def _members(asked: Questions, people: People, standing: Standing) -> tuple[str, ...]:
    """Who takes part in the thread now. Whom nothing proves can't bring himself in, or his friends."""
    there = [p for p in (people.author, *people.recipients()) if p and (p.user or standing.proven)]
    users = [f"user:{p.user.id}" for p in there if p.user]
    hashes = [h for p in there if not p.user for h in asked.people.get(p.canonical, ())]
    return tuple(dict.fromkeys(users + hashes))
