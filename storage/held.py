"""Held mail: listed for a person, decided again by an admin's word or today's rules, discarded, expired."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from gateway.core.decision import Decision
from gateway.core.model import Outcome
from gateway.core.questions import Case
from storage.administration.act import Act, audit
from storage.content import Content, HeldCopy, place
from storage.erasing import release_held
from storage.errors import NotFound, Refused
from storage.facts import gather, read_settings
from storage.interface import Decide, Recorder
from storage.plan import Plan, Row, ask
from storage.settle import Considered, conclude

PAGE = 200
"""Held messages in one page, and those that expire in one transaction, at most."""
DAY = 24 * 60 * 60 * 1000


@dataclass(frozen=True, slots=True)
class HeldMail:
    """A held message, as far as it is known without opening it."""

    id: str
    """Of its decision."""
    trace_id: str
    account: str
    """Name."""
    account_id: str
    channel: str
    at: int
    """When it came; epoch ms."""
    expires_at: int
    """When it is erased if nobody resolves it."""
    reason: str
    sender: str
    """Canonical address of the author or forwarder; "" where From names nobody for certain."""
    subject: str | None
    size: int


def every(account: str = "", reason: str = "", after: str = "", limit: int = PAGE) -> Plan[Sequence[HeldMail]]:
    """A page of held mail, oldest first, from behind the id `after` on. `account`: name or id; "" for all, as for
    `reason`.
    """
    rows = yield from ask(
        f"{_HELD} WHERE ($1 = '' OR a.name = $1 OR a.id = $1) AND ($2 = '' OR d.reason = $2) AND h.decision_id > $3"
        " ORDER BY h.decision_id LIMIT $4",
        account,
        reason,
        after,
        limit,
    )
    return [_held(row) for row in rows]


def find(held: str, account: str = "") -> Plan[HeldMail]:
    """The one with this id or trace id. Raises Refused, with what became of it if it is held no more."""
    rows = yield from ask(
        f"{_HELD} WHERE (d.id = $1 OR d.trace_id = $1) AND ($2 = '' OR a.name = $2 OR a.id = $2) ORDER BY d.id",
        held,
        account,
    )
    if len(rows) > 1:
        several = ", ".join(str(row[0]) for row in rows)
        raise Refused(
            "Several messages of {held} are held, so name one by its id: {several}.", held=held, several=several
        )
    if not rows:
        raise (yield from _what_became(held, account))
    return _held(rows[0])


def these(ids: Sequence[str]) -> Plan[dict[str, HeldMail]]:
    """Those of them that are still held, by their ids."""
    rows = (yield from ask(f"{_HELD} WHERE h.decision_id = ANY($1)", ids)) if ids else ()
    return {row[0]: _held(row) for row in rows}


def copy(held: HeldMail) -> Plan[HeldCopy]:
    """What was kept of it."""
    rows = yield from ask("SELECT encoding, content, about, sender, subject FROM held WHERE decision_id = $1", held.id)
    encoding, content, about, sender, subject = rows[0]
    return HeldCopy(Content(encoding, content, place("held", held.id)), about, sender, subject)


def decided_again(case: Case, decide: Decide, recorder: Recorder, now: int) -> Plan[Considered]:
    """What would be decided now about a case that is held. Nothing is recorded."""
    facts = yield from gather(case.asked, recorder.keyed, again=True)
    return Considered(case, facts, replace(decide(case, facts), at=now))


def supersede(held: HeldMail, considered: Considered, decide: Decide, recorder: Recorder) -> Plan[Decision]:
    """Records a later decision in the place of the one that held the message; what that one kept goes."""
    decision = yield from conclude(considered, decide, recorder, held.id)
    yield from release_held([held.id])
    if decision.tombstone:
        yield from ask("UPDATE decision SET flags = '[]', stages = '[]' WHERE id = $1", held.id)
    return decision


def discard(act: Act, held: str, account: str = "") -> Plan[HeldMail]:
    """A person doesn't want it: nothing of its content stays."""
    record = yield from find(held, account)
    yield from end([record.id], "held.discarded")
    yield from audit(act, record.account_id, "held.discard", held=record.id, reason=record.reason)
    return record


def due(now: int) -> Plan[Sequence[HeldMail]]:
    """Those whose time is over, a page of each account."""
    found: list[HeldMail] = []
    for account_id, settings in (yield from ask("SELECT id, settings FROM account")):
        before = now - read_settings(settings).held_days * DAY
        rows = yield from ask(
            f"{_HELD} WHERE h.account_id = $1 AND h.at <= $2 ORDER BY h.at LIMIT $3", account_id, before, PAGE
        )
        found += [_held(row) for row in rows]
    return found


def expire(act: Act) -> Plan[int]:
    """Ends those whose time is over by the act's moment, and says how many: nothing of their content stays."""
    over = yield from due(act.at)
    yield from end([held.id for held in over], "held.expired")
    for held in over:
        yield from audit(act, held.account_id, "held.expire", held=held.id, reason=held.reason)
    return len(over)


def end(ids: Sequence[str], reason: str) -> Plan[None]:
    """The decisions stay, without what they kept."""
    yield from release_held(ids)
    skipped = Outcome.SKIPPED.value
    yield from ask("UPDATE decision SET outcome = $2, reason = $3 WHERE id = ANY($1)", ids, skipped, reason)


def _what_became(held: str, account: str) -> Plan[Refused]:
    rows = yield from ask(
        "SELECT d.outcome, d.reason FROM decision d JOIN account a ON a.id = d.account_id"
        " WHERE (d.id = $1 OR d.trace_id = $1) AND ($2 = '' OR a.name = $2 OR a.id = $2) ORDER BY d.id DESC LIMIT 1",
        held,
        account,
    )
    if not rows:
        return NotFound("Nothing is held under {held!r}.", "`held list` shows what is.", held=held)
    outcome, reason = rows[0]
    return Refused(
        "{held} isn't held: it was {outcome}, {reason}.",
        "`trace` tells more.",
        held=held,
        outcome=outcome,
        reason=reason,
    )


_HELD = (
    "SELECT h.decision_id, d.trace_id, a.name, d.account_id, d.channel, h.at, a.settings, d.reason, h.sender,"
    " h.subject, h.size FROM held h JOIN decision d ON d.id = h.decision_id JOIN account a ON a.id = d.account_id"
)


def _held(row: Row) -> HeldMail:
    held_id, trace_id, account, account_id, channel, at, settings, *rest = row
    expires_at = at + read_settings(settings).held_days * DAY
    return HeldMail(held_id, trace_id, account, account_id, channel, at, expires_at, *rest)
