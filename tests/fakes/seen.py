"""An activity as anybody would see it, without ids and hashes: what two stores can be compared by."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from storage.plan import Plan, ask


@dataclass(frozen=True, order=True)
class Seen:
    """Lists are sorted. A participant is `role address`, with `hidden` or `failed` behind it."""

    subject: str
    text: str
    direction: str
    explicit: bool
    user: str
    attribution: str
    contacts: tuple[str, ...]
    created: tuple[str, ...]
    participants: tuple[str, ...]
    reference: str
    copies: tuple[str, ...]
    """The channels by which it came."""


def seen(account: str) -> Plan[list[Seen]]:
    """The activities of an account in a database."""
    rows = yield from ask(
        "SELECT id, subject, text, direction, explicit, user_id, attribution, reference FROM activity"
        " WHERE account_id = $1 AND withdrawn_at IS NULL",
        account,
    )
    contacts = yield from _listed(
        "SELECT t.activity_id, a.address FROM activity_contact t JOIN contact_address a"
        " ON a.contact_id = t.contact_id AND a.position = 0"
    )
    created = yield from _listed(
        "SELECT t.activity_id, a.address FROM activity_contact t JOIN contact_address a"
        " ON a.contact_id = t.contact_id AND a.position = 0 WHERE t.created = 1"
    )
    people = yield from _listed(
        "SELECT activity_id, role || ' ' || CASE WHEN canonical = '' THEN '(listed)' ELSE canonical END"
        " || CASE WHEN hidden = 1 THEN ' hidden' ELSE '' END"
        " || CASE WHEN delivery_failed = 1 THEN ' failed' ELSE '' END FROM participant"
    )
    copies = yield from _listed("SELECT activity_id, channel FROM provenance")
    return sorted(
        Seen(
            subject or "",
            text,
            direction,
            bool(explicit),
            user or "",
            attribution,
            contacts[activity],
            created[activity],
            people[activity],
            reference,
            copies[activity],
        )
        for activity, subject, text, direction, explicit, user, attribution, reference in rows
    )


def _listed(sql: str) -> Plan[defaultdict[str, tuple[str, ...]]]:
    rows = yield from ask(sql)
    found: defaultdict[str, tuple[str, ...]] = defaultdict(tuple)
    for activity, text in rows:
        found[activity] = tuple(sorted((*found[activity], text)))
    return found
