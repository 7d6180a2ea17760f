"""Events on their way to webhooks: taken up from the outbox, leased to whoever sends them, and what came of it.

A lease is an attempt that is put off: whoever dies while sending is followed by whoever looks next.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from storage import outbox
from storage.administration import webhooks
from storage.administration.act import Act
from storage.outbox import FIRST
from storage.plan import Plan, ask, insert_all

K = TypeVar("K")

MOST_WAITING = 1000
"""Events on their way to one webhook; the others stay in the outbox until some of these have ended."""


@dataclass(frozen=True, slots=True)
class Due:
    """One attempt to be made now."""

    until: int
    """Nobody else makes it before."""
    webhook_id: str
    account_id: str
    url: str
    secret: bytes
    """Sealed, as the next."""
    old_secret: bytes | None
    old_retires_at: int | None
    event_id: str
    begun_at: int
    attempts: int
    """This one included."""


@dataclass(frozen=True, slots=True)
class Ended:
    """What came of an attempt."""

    due: Due
    failure: str = ""
    """"" where it was delivered."""
    next_at: int | None = None
    """When to try again; None: it is given up."""
    dropped: bool = False
    """What it is about isn't there any more."""
    gone: bool = False
    """The webhook doesn't want to be called any more."""
    untried: bool = False
    """It wasn't made; whoever comes next may."""


def busy(now: int) -> Plan[Mapping[str, bool]]:
    """Webhooks for which there is something to do: whether something is due, else events are to be taken up."""
    due = yield from ask(
        "SELECT DISTINCT d.webhook_id FROM delivery d JOIN webhook w ON w.id = d.webhook_id"
        " WHERE d.given_up_at IS NULL AND d.next_at <= $1 AND w.disabled_at IS NULL",
        now,
    )
    new = yield from _with_news()
    return dict.fromkeys((row[0] for row in new), False) | dict.fromkeys((row[0] for row in due), True)


def take_up(now: int) -> Plan[None]:
    """The next events of each webhook that has any begin their way."""
    for webhook_id, account_id, types, reached, waiting in (yield from _with_news()):
        rows = yield from outbox.since(account_id, reached, MOST_WAITING - waiting)
        wanted = types.split()
        yield from insert_all(
            "delivery",
            [
                {"webhook_id": webhook_id, "event_id": row.id, "begun_at": now, "next_at": now}
                for row in rows
                if not wanted or row.type in wanted
            ],
            "DO NOTHING",
        )
        if rows:
            yield from ask("UPDATE webhook SET reached = $2 WHERE id = $1", webhook_id, rows[-1].id)


def lease(webhook_id: str, now: int, until: int, most: int) -> Plan[list[Due]]:
    """What is due for a webhook, oldest attempt first; nobody else takes it before `until`."""
    rows = yield from ask(
        "SELECT w.id, w.account_id, w.url, w.secret_sealed, w.old_secret_sealed, w.old_retires_at, d.event_id,"
        " d.begun_at, d.attempts + 1 FROM delivery d JOIN webhook w ON w.id = d.webhook_id"
        " WHERE w.id = $1 AND w.disabled_at IS NULL AND d.given_up_at IS NULL AND d.next_at <= $2"
        " ORDER BY d.next_at, d.event_id LIMIT $3",
        webhook_id,
        now,
        most,
    )
    due = [Due(until, *row) for row in rows]
    yield from ask(
        "UPDATE delivery SET next_at = $2 WHERE webhook_id = $1 AND event_id = ANY($3)",
        webhook_id,
        until,
        [one.event_id for one in due],
    )
    return due


def end(act: Act, ended: Sequence[Ended]) -> Plan[None]:
    """Notes what came of attempts. What was delivered goes, whoever has it leased by now."""
    over = [one for one in ended if not one.failure and not one.untried]
    for webhook_id, event_ids in _grouped(over, lambda due: due.webhook_id).items():
        yield from ask("DELETE FROM delivery WHERE webhook_id = $1 AND event_id = ANY($2)", webhook_id, event_ids)
    untried = [one for one in ended if one.untried]
    for (webhook_id, until), event_ids in _grouped(untried, lambda due: (due.webhook_id, due.until)).items():
        yield from ask(
            "UPDATE delivery SET next_at = $3 WHERE webhook_id = $1 AND next_at = $2 AND event_id = ANY($4)",
            webhook_id,
            until,
            act.at,
            event_ids,
        )
    for one in ended:
        if one.failure:
            yield from _failed(act, one)
    delivered = {one.due.webhook_id for one in over if not one.dropped}
    yield from ask("UPDATE webhook SET succeeded_at = $2 WHERE id = ANY($1)", sorted(delivered), act.at)


def events(due: Sequence[Due]) -> Plan[Sequence[outbox.OutboxRow]]:
    """What these attempts are about, as far as it is kept."""
    return (yield from outbox.these(sorted({one.event_id for one in due})))


def _failed(act: Act, one: Ended) -> Plan[None]:
    due = one.due
    given_up = act.at if one.next_at is None else None
    yield from ask(
        "UPDATE delivery SET failure = $4, next_at = $5, given_up_at = $6, attempts = $7"
        " WHERE webhook_id = $1 AND event_id = $2 AND next_at = $3 AND given_up_at IS NULL",
        due.webhook_id,
        due.event_id,
        due.until,
        one.failure,
        one.next_at or act.at,
        given_up,
        due.attempts,
    )
    yield from ask(
        "UPDATE webhook SET failed_at = $2, failure = $3 WHERE id = $1", due.webhook_id, act.at, one.failure
    )
    if one.gone and (yield from ask("SELECT 1 FROM webhook WHERE id = $1 AND disabled_at IS NULL", due.webhook_id)):
        yield from webhooks.disable(act, due.account_id, due.webhook_id, "gone")


def _grouped(ended: Sequence[Ended], by: Callable[[Due], K]) -> Mapping[K, list[str]]:
    """Their events' ids."""
    found: defaultdict[K, list[str]] = defaultdict(list)
    for one in ended:
        found[by(one.due)].append(one.due.event_id)
    return found


def _with_news() -> Plan[Sequence[tuple[str, str, str, str, int]]]:
    """Webhooks behind which events stand, and which have room for them: with account, types, place and those on their
    way.
    """
    rows = yield from ask(_WITH_NEWS, MOST_WAITING)
    return [(i, account, types, reached, waiting) for i, account, types, reached, waiting in rows]


_WITH_NEWS = (
    "SELECT b.id, b.account_id, b.types, b.reached, b.waiting FROM (SELECT w.id, w.account_id, w.types, w.reached,"
    " (SELECT count(*) FROM delivery d WHERE d.webhook_id = w.id AND d.given_up_at IS NULL) AS waiting"
    " FROM webhook w LEFT JOIN announced s ON s.id = w.reached WHERE w.disabled_at IS NULL AND EXISTS"
    " (SELECT 1 FROM announced n WHERE n.account_id = w.account_id"
    f" AND n.position >= coalesce(s.position, {FIRST})"
    f" AND (n.position, n.id) > (coalesce(s.position, {FIRST}), coalesce(s.id, '')))) b WHERE b.waiting < $1"
)
