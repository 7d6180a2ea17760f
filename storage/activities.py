"""What was logged, as people read it: lists by account, user, contact and thread, and one activity in full."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

from storage import outbox, search
from storage.administration import users
from storage.administration.act import Act, audit
from storage.content import Content, place
from storage.errors import NotFound
from storage.outbox import Change, Happened, Type
from storage.plan import Plan, Row, Statement, Value, ask

PAGE = 200
"""Activities of a page, unless said otherwise."""

Place: TypeAlias = tuple[int, str]
"""Where a list goes on: behind the activity sent at this moment, with this id."""


@dataclass(frozen=True, slots=True)
class Filter:
    """Which activities; "" and None for any."""

    user_id: str = ""
    contact_id: str = ""
    thread_id: str = ""
    direction: str = ""
    since: int | None = None
    """Epoch milliseconds, as the next: sent then or later."""
    until: int | None = None
    """Sent before then."""
    words: str = ""
    """Beginnings of words that all stand in it."""


@dataclass(frozen=True, slots=True)
class Named:
    """A user or contact beside an activity."""

    id: str
    name: str
    address: str


@dataclass(frozen=True, slots=True)
class Listed:
    """An activity in a list."""

    id: str
    sent_at: int
    direction: str
    subject: str | None
    user: Named | None
    contacts: tuple[Named, ...]
    explicit: bool
    """Somebody asked for it, by Bcc or forward."""
    thread_id: str | None
    attachments: int


@dataclass(frozen=True, slots=True)
class Participant:
    """Who takes part. Of somebody on the never-log list only the entry is known; "erased" stands for who was erased."""

    role: str
    name: str
    address: str
    user_id: str | None
    contact_id: str | None
    entry_id: str | None
    hidden: bool
    """Known from the envelope only, as those in Bcc are."""
    delivery_failed: bool


@dataclass(frozen=True, slots=True)
class Attached:
    """An attachment: `number` names it within its activity."""

    number: int
    name: str
    content_type: str
    size: int
    sha256: str
    inline: bool


@dataclass(frozen=True, slots=True)
class CameBy:
    """One copy by which an activity came."""

    decision_id: str
    trace_id: str
    channel: str
    at: int
    reason: str


@dataclass(frozen=True, slots=True)
class ActivityRecord:
    """One activity in full, but for its bytes."""

    listed: Listed
    account_id: str
    arrived_at: int
    attribution: str
    candidates: tuple[str, ...]
    """Ids of the users among whom it was chosen."""
    owner_id: str | None
    """The contact's owner at that time."""
    forward_of: str | None
    message_id: str | None
    text: str
    reference: str
    size: int
    participants: tuple[Participant, ...]
    attachments: tuple[Attached, ...]
    copies: tuple[CameBy, ...]
    message_gone_at: int | None
    """Since when the message itself is kept no more, so that nothing can be cut from it; None: it is kept."""


def page(account_id: str, wanted: Filter, behind: Place | None = None, limit: int = PAGE) -> Plan[list[Listed]]:
    """Activities: the newest first, or where words are looked for, those that arrived last."""
    if not wanted.words.strip():
        rows = yield _sorted_by_time(account_id, wanted, behind, limit)
    elif looked_for := search.words(wanted.words):
        rows = yield _found(account_id, wanted, looked_for, behind, limit)
    else:
        rows = []
    return (yield from _listed(rows))


def these(ids: Sequence[str]) -> Plan[list[Listed]]:
    """Those of them that are there and weren't withdrawn."""
    rows = yield from ask(
        f"SELECT {_LISTED} FROM activity a LEFT JOIN account_user u ON u.id = a.user_id"
        " WHERE a.id = ANY($1) AND a.withdrawn_at IS NULL",
        ids,
    )
    return (yield from _listed(rows))


class _Where:
    """Conditions of a statement, with their values."""

    def __init__(self, account_id: str, wanted: Filter) -> None:
        self.values: list[Value] = [account_id]
        self.rules = ["a.account_id = $1", "a.withdrawn_at IS NULL"]
        for column, one in (
            ("a.user_id", wanted.user_id),
            ("a.thread_id", wanted.thread_id),
            ("a.direction", wanted.direction),
        ):
            if one:
                self.add(f"{column} = {{}}", one)

    def add(self, rule: str, *values: Value) -> None:
        """One more."""
        self.rules.append(rule.format(*map(self.value, values)))

    def value(self, one: Value) -> str:
        """Its place in the statement."""
        self.values.append(one)
        return f"${len(self.values)}"

    def within(self, moment: str, wanted: Filter) -> None:
        """Those of its time."""
        if wanted.since is not None:
            self.add(f"{moment} >= {{}}", wanted.since)
        if wanted.until is not None:
            self.add(f"{moment} < {{}}", wanted.until)

    def statement(self, source: str, order: str, limit: int) -> Statement:
        """All of it."""
        last = self.value(limit)
        sql = (
            f"SELECT {_LISTED} FROM {source} LEFT JOIN account_user u ON u.id = a.user_id"
            f" WHERE {' AND '.join(self.rules)} ORDER BY {order} LIMIT {last}"
        )
        return Statement(sql, tuple(self.values))


def _sorted_by_time(account_id: str, wanted: Filter, behind: Place | None, limit: int) -> Statement:
    moment, name, source = ("t.at", "t.activity_id", _OF_CONTACT) if wanted.contact_id else _OF_ALL
    where = _Where(account_id, wanted)
    if wanted.contact_id:
        where.add("t.contact_id = {}", wanted.contact_id)
    where.within(moment, wanted)
    if behind is not None:
        where.add(f"({moment}, {name}) < ({{}}, {{}})", *behind)
    return where.statement(source, f"{moment} DESC, {name} DESC", limit)


def _found(account_id: str, wanted: Filter, looked_for: Sequence[str], behind: Place | None, limit: int) -> Statement:
    here, there = _Where(account_id, wanted), _Where(account_id, wanted)
    for where in (here, there):
        where.within("a.sent_at", wanted)
        if wanted.contact_id:
            where.add(
                "EXISTS (SELECT 1 FROM activity_contact t WHERE t.activity_id = a.id AND t.contact_id = {})",
                wanted.contact_id,
            )
    here.add("search MATCH {}", search.in_sqlite(account_id, looked_for))
    there.add("a.document @@ to_tsquery('simple', {})", search.in_postgres(looked_for))
    if behind is not None:
        # Where that one has been indexed anew since, its neighbour tells the place.
        here.add(
            "s.rowid < coalesce((SELECT number FROM search_document WHERE activity_id = {}),"
            " (SELECT max(number) + 1 FROM search_document WHERE activity_id < {}), 0)",
            behind[1],
            behind[1],
        )
        there.add("a.id < {}", behind[1])
    return replace(
        there.statement("activity a", "a.id DESC", limit),
        on_sqlite=here.statement(_OF_INDEX, "s.rowid DESC", limit),
    )


def show(account_id: str, activity_id: str) -> Plan[ActivityRecord | None]:
    """One of them; None where the account has no such activity, or it was withdrawn."""
    rows = yield from ask(
        f"SELECT {_LISTED}, a.arrived_at, a.attribution, a.candidates, a.owner_id, a.forward_of, a.message_id, a.text,"
        " a.reference, a.size, CASE WHEN EXISTS (SELECT 1 FROM raw_message r WHERE r.activity_id = a.id) THEN NULL"
        " ELSE a.message_gone_at END FROM activity a LEFT JOIN account_user u ON u.id = a.user_id"
        " WHERE a.account_id = $1 AND a.id = $2 AND a.withdrawn_at IS NULL",
        account_id,
        activity_id,
    )
    if not rows:
        return None
    [listed] = yield from _listed([row[:_COLUMNS] for row in rows])
    arrived_at, attribution, candidates, owner_id, forward_of, message_id, text, reference, *sizes = rows[0][_COLUMNS:]
    size, message_gone_at = sizes
    return ActivityRecord(
        listed,
        account_id,
        arrived_at,
        attribution,
        tuple(json.loads(candidates)),
        owner_id,
        forward_of,
        message_id,
        text,
        reference,
        size,
        (yield from _participants(activity_id)),
        (yield from _attachments(activity_id)),
        (yield from _copies(activity_id)),
        message_gone_at,
    )


def number(account_id: str) -> Plan[int]:
    """How many the account has."""
    rows = yield from ask("SELECT count(*) FROM activity WHERE account_id = $1 AND withdrawn_at IS NULL", account_id)
    return int(rows[0][0])


def places(account_id: str, behind: Place, limit: int = PAGE) -> Plan[Sequence[Place]]:
    """Where the account's activities stand, the oldest first, behind one of them."""
    rows = yield from ask(
        "SELECT sent_at, id FROM activity WHERE account_id = $1 AND withdrawn_at IS NULL AND (sent_at, id) > ($2, $3)"
        " ORDER BY sent_at, id LIMIT $4",
        account_id,
        *behind,
        limit,
    )
    return [(sent_at, activity_id) for sent_at, activity_id in rows]


def of_user(account_id: str, user_id: str) -> Plan[Sequence[str]]:
    """Ids of those in a user's name, or in which the user takes part under any address of theirs."""
    rows = yield from ask(
        "SELECT id FROM activity WHERE account_id = $1 AND user_id = $2 AND withdrawn_at IS NULL"
        " UNION SELECT a.id FROM participant p JOIN activity a ON a.id = p.activity_id"
        " WHERE a.account_id = $1 AND a.withdrawn_at IS NULL AND p.canonical IN"
        " (SELECT x.address FROM user_address x WHERE x.user_id = $2) ORDER BY 1",
        account_id,
        user_id,
    )
    return [activity_id for (activity_id,) in rows]


def content(account_id: str, activity_id: str) -> Plan[Content | None]:
    """The stored message itself."""
    rows = yield from ask(
        "SELECT r.encoding, r.content FROM raw_message r JOIN activity a ON a.id = r.activity_id"
        " WHERE a.account_id = $1 AND a.id = $2",
        account_id,
        activity_id,
    )
    return next((Content(encoding, data, place("raw_message", activity_id)) for encoding, data in rows), None)


def attribute(act: Act, account_id: str, activity_id: str, user: str) -> Plan[None]:
    """Puts an activity in a user's name, whoever sent it; "" for nobody's. Later copies leave it there."""
    rows = yield from ask(
        "SELECT user_id FROM activity WHERE account_id = $1 AND id = $2 AND withdrawn_at IS NULL",
        account_id,
        activity_id,
    )
    if not rows:
        raise NotFound("There is no such activity.")
    user_id = (yield from users.find(act, account_id, user)) if user else None
    yield from ask(
        "UPDATE activity SET user_id = $2, attribution = 'attribution.manual' WHERE id = $1", activity_id, user_id
    )
    yield from outbox.write(act.new_id, account_id, act.at, [Happened(Type.UPDATED, activity_id, Change.USER)])
    yield from audit(act, account_id, "activity.attribute", activity=activity_id, before=rows[0][0], user=user_id)


_LISTED = "a.id, a.sent_at, a.direction, a.subject, u.id, u.name, u.address, a.explicit, a.thread_id"
_COLUMNS = 9
_OF_ALL = "a.sent_at", "a.id", "activity a"
_OF_CONTACT = "activity_contact t JOIN activity a ON a.id = t.activity_id"
_OF_INDEX = "search s JOIN search_document n ON n.number = s.rowid JOIN activity a ON a.id = n.activity_id"


def _listed(rows: Sequence[Row]) -> Plan[list[Listed]]:
    ids = [row[0] for row in rows]
    contacts = yield from _contacts(ids)
    counted = yield from ask(
        "SELECT activity_id, count(*) FROM attachment WHERE activity_id = ANY($1) GROUP BY activity_id", ids
    )
    attachments: dict[str, int] = dict(counted)
    return [
        Listed(
            activity_id,
            sent_at,
            direction,
            subject,
            Named(user_id, name, address) if user_id else None,
            tuple(contacts.get(activity_id, ())),
            bool(explicit),
            thread_id,
            attachments.get(activity_id, 0),
        )
        for activity_id, sent_at, direction, subject, user_id, name, address, explicit, thread_id in rows
    ]


def _contacts(activity_ids: Sequence[str]) -> Plan[Mapping[str, Sequence[Named]]]:
    rows = yield from ask(
        "SELECT t.activity_id, c.id, c.name, coalesce((SELECT d.address FROM contact_address d"
        " WHERE d.contact_id = c.id ORDER BY d.position LIMIT 1), '')"
        " FROM activity_contact t JOIN contact c ON c.id = t.contact_id WHERE t.activity_id = ANY($1)"
        " ORDER BY t.activity_id, t.position, c.id",
        activity_ids,
    )
    found: dict[str, list[Named]] = defaultdict(list)
    for activity_id, *contact in rows:
        found[activity_id].append(Named(*contact))
    return found


def _participants(activity_id: str) -> Plan[tuple[Participant, ...]]:
    rows = yield from ask(
        "SELECT role, name, address, user_id, contact_id, entry_id, hidden, delivery_failed FROM participant"
        " WHERE activity_id = $1 ORDER BY position",
        activity_id,
    )
    return tuple(
        Participant(role, name, address, user, contact, entry, bool(hidden), bool(failed))
        for role, name, address, user, contact, entry, hidden, failed in rows
    )


def _attachments(activity_id: str) -> Plan[tuple[Attached, ...]]:
    rows = yield from ask(
        "SELECT position, name, content_type, size, sha256, inline FROM attachment WHERE activity_id = $1"
        " ORDER BY position",
        activity_id,
    )
    return tuple(
        Attached(number, name, content_type, size, sha256, bool(inline))
        for number, name, content_type, size, sha256, inline in rows
    )


def _copies(activity_id: str) -> Plan[tuple[CameBy, ...]]:
    rows = yield from ask(
        "SELECT d.id, d.trace_id, p.channel, p.at, d.reason FROM provenance p JOIN decision d ON d.id = p.decision_id"
        " WHERE p.activity_id = $1 ORDER BY p.at, d.id",
        activity_id,
    )
    return tuple(CameBy(*row) for row in rows)
