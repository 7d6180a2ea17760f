"""Who changes something and when, and the record of it."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from gateway.core.keyed_hash import KeyedHash
from storage.plan import Plan, ask, insert


@dataclass(frozen=True, slots=True)
class Act:
    """One act of an admin: what every verb needs from outside."""

    who: str
    """Such as "cli:login", or a user's id."""
    at: int
    """Epoch milliseconds, UTC."""
    new_id: Callable[[], str]
    keyed: KeyedHash


@dataclass(frozen=True, slots=True)
class AuditRecord:
    """One change that was made."""

    id: str
    at: int
    who: str
    action: str
    """noun.verb"""
    detail: dict[str, object]


def audit(act: Act, account_id: str, action: str, **detail: object) -> Plan[None]:
    """Leaves a row: ids and what changed, never a secret."""
    yield from record(act, account_id, act.new_id(), action, detail)


def record(act: Act, account_id: str, audit_id: str, action: str, detail: dict[str, object]) -> Plan[None]:
    """The same under an id that is known already: what is done in several steps has one row, of all of them so far."""
    yield from insert(
        "audit",
        "(id) DO UPDATE SET detail = excluded.detail",
        id=audit_id,
        account_id=account_id,
        at=act.at,
        who=act.who,
        action=action,
        detail=json.dumps(detail),
    )


_CHANGE = (
    "SELECT c.id, c.at, coalesce(w.address, t.name, c.who), c.action, c.detail FROM audit c"
    " LEFT JOIN account_user w ON w.id = c.who LEFT JOIN api_token t ON 'token:' || t.id = c.who"
)


def page(account_id: str, before: str = "", limit: int = 200) -> Plan[Sequence[AuditRecord]]:
    """Changes, the newest first, from behind the id `before` on."""
    rows = yield from ask(
        f"{_CHANGE} WHERE c.account_id = $1 AND ($2 = '' OR c.id < $2) ORDER BY c.id DESC LIMIT $3",
        account_id,
        before,
        limit,
    )
    return [AuditRecord(i, at, who, action, json.loads(detail)) for i, at, who, action, detail in rows]


def latest(account_id: str, count: int) -> Plan[Sequence[AuditRecord]]:
    """The newest changes, oldest of them first."""
    return list(reversed((yield from page(account_id, "", count))))
