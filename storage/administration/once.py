"""Requests that are sent again because their answer was lost: what the first one made is what the next one gets."""

from __future__ import annotations

from storage.administration.act import Act
from storage.plan import Plan, ask, insert

KEPT = 24 * 60 * 60 * 1000
"""Milliseconds for which a request is known again."""


def once(act: Act, account_id: str, key: str, make: Plan[str]) -> Plan[str]:
    """The id of what is made; of what was made where the account gave the same key before. "": nobody asks twice."""
    if not key:
        return (yield from make)
    key_hash = act.keyed("request key", account_id, key)
    rows = yield from ask("SELECT made FROM request_key WHERE hash = $1 AND at > $2", key_hash, act.at - KEPT)
    if rows:
        make.close()
        return str(rows[0][0])
    made = yield from make
    yield from ask("DELETE FROM request_key WHERE at <= $1", act.at - KEPT)
    yield from insert("request_key", hash=key_hash, made=made, at=act.at)
    return made
