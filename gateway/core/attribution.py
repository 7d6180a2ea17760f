"""Stage 11, attribution: in whose name the activity counts.

Outgoing and explicit mail: the user who sent it. Incoming mail: the addressed user of the thread, else rules 1 to 3
(one recipient; one user among several; the contact's owner), else the latest activity, To, Cc, nobody.
"""

from __future__ import annotations

from collections.abc import Sequence

from gateway.core.decision import Attribution, Target
from gateway.core.facts import Facts, User
from gateway.core.model import Finding, Role
from gateway.core.reasons import finding
from gateway.core.results import People, Place, Standing


def attribute(
    people: People,
    standing: Standing,
    targets: Sequence[Target],
    place: Place,
    facts: Facts,
    without: frozenset[str],
    withheld: int,
) -> Attribution:
    """The user, the rule that named him, and what the choice was made from.

    `people` are all participants, the listed ones included, since they count as recipients, and so do those `withheld`
    in earlier copies; `without` are users whose own never-log entries keep their copy out.
    """
    if standing.forwarder:
        return Attribution("attribution.forwarder", standing.forwarder.id)
    if standing.writer:
        behalf = people.sender and people.sender.user != standing.writer and people.sender.user is not None
        on_behalf = behalf or not (people.author and people.author.user)
        return Attribution("attribution.on_behalf" if on_behalf else "attribution.author", standing.writer.id)
    recipients = people.addressed()
    users = [(p.role, p.user) for p in recipients if p.user and p.user.may_log and p.user.id not in without]
    candidates = tuple(user.id for _, user in users)
    owner = _owner(targets, facts, without)
    slug, chosen = _rule(len(recipients) + withheld, users, place, owner)
    if chosen is None:
        slug, chosen = _fallback(users, targets, facts, without)
    return Attribution(slug, chosen.id if chosen else None, candidates, owner.id if owner else None)


def seen(attribution: Attribution, facts: Facts) -> Finding:
    """The stage's finding: the rule, the user, and what the choice was made from."""
    users = [*facts.users.values(), *facts.owners.values(), *facts.latest.values()]
    names = {user.id: user.address for user in users}
    chosen = names.get(attribution.user_id or "", "nobody")
    others = ", ".join(names[c] for c in attribution.candidates if c in names)
    owner = names.get(attribution.owner_id or "")
    parts = (f"addressed users: {others}" if others else "", f"owner: {owner}" if owner else "")
    return finding("attribution", attribution.slug, "; ".join(filter(None, (chosen, *parts))))


def _rule(
    count: int, users: Sequence[tuple[Role, User]], place: Place, owner: User | None
) -> tuple[str, User | None]:
    if place.thread and place.logged:
        in_thread = [user for _, user in users if f"user:{user.id}" in place.thread.members]
        if len(in_thread) == 1:
            return "attribution.thread_user", in_thread[0]
    if len(users) == 1:
        return "attribution.single_recipient" if count == 1 else "attribution.single_user", users[0][1]
    return "attribution.contact_owner", owner


def _fallback(
    users: Sequence[tuple[Role, User]], targets: Sequence[Target], facts: Facts, without: frozenset[str]
) -> tuple[str, User | None]:
    """Where the contact has no owner: nobody is guessed, each step is a stated rule."""
    for target in targets[:1]:
        latest = facts.latest.get(target.contact_id or "")
        if latest and latest.may_log and latest.id not in without:
            return "attribution.latest_activity", latest
    for role, slug in ((Role.TO, "attribution.first_to"), (Role.CC, "attribution.first_cc")):
        first = next((user for r, user in users if r is role), None)
        if first:
            return slug, first
    return "attribution.none", None


def _owner(targets: Sequence[Target], facts: Facts, without: frozenset[str]) -> User | None:
    """The active owner of the contact that the mail is from: the first target."""
    contact_id = targets[0].contact_id if targets else None
    contacts = [*facts.contacts.values(), *(c for t in facts.threads.values() for c in t.contacts)]
    owner_id = next((c.owner_id for c in contacts if c.id == contact_id and c.owner_id), None)
    owner = facts.owners.get(owner_id or "")
    return owner if owner and owner.may_log and owner.id not in without else None
