"""Tokens by which programs use the API: each of one account, with scopes, and void from the moment it is revoked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from gateway.core.keyed_hash import KeyedHash
from storage.administration import typed
from storage.administration.act import Act, audit
from storage.errors import NotFound, Refused
from storage.plan import Plan, ask, insert

SCOPES = ("read", "content", "write", "admin")
"""Reads all but what messages say; reads that, too; changes contacts; changes what admins change."""


@dataclass(frozen=True, slots=True)
class TokenRecord:
    """A token as admins see it; its secret is shown once, when it is made."""

    id: str
    name: str
    scopes: tuple[str, ...]
    created_by: str
    created_at: int
    used_at: int | None
    """At most an hour before it was last used."""


@dataclass(frozen=True, slots=True)
class Bearer:
    """Whoever shows a token."""

    token_id: str
    account_id: str
    account: str
    scopes: frozenset[str]
    used_at: int


def create(act: Act, account_id: str, name: str, scopes: Sequence[str], secret: str) -> Plan[TokenRecord]:
    """A new token with this secret."""
    name = typed.name(name, "a token")
    unknown = [scope for scope in scopes if scope not in SCOPES]
    if unknown or not scopes:
        raise Refused("A token has one or more of the scopes {scopes}.", scopes=", ".join(SCOPES))
    if (yield from ask("SELECT 1 FROM api_token WHERE account_id = $1 AND name = $2", account_id, name)):
        raise Refused("There is a token {name!r} already.", name=name)
    granted = tuple(scope for scope in SCOPES if scope in scopes)
    token_id = act.new_id()
    yield from insert(
        "api_token",
        id=token_id,
        account_id=account_id,
        hash=act.keyed("token", secret),
        name=name,
        scopes=" ".join(granted),
        created_by=act.who,
        created_at=act.at,
    )
    yield from audit(act, account_id, "token.create", token=token_id, name=name, scopes=granted)
    return TokenRecord(token_id, name, granted, act.who, act.at, None)


def every(account_id: str) -> Plan[Sequence[TokenRecord]]:
    """All tokens of the account, by name."""
    rows = yield from ask(
        "SELECT id, name, scopes, created_by, created_at, used_at FROM api_token WHERE account_id = $1 ORDER BY name",
        account_id,
    )
    return [TokenRecord(i, name, tuple(scopes.split()), *rest) for i, name, scopes, *rest in rows]


def revoke(act: Act, account_id: str, token: str) -> Plan[TokenRecord]:
    """Void from now on. `token`: its id or name."""
    found = [record for record in (yield from every(account_id)) if token in (record.id, record.name)]
    if not found:
        raise NotFound("There is no token {token!r}.", token=token)
    yield from ask("DELETE FROM api_token WHERE id = $1", found[0].id)
    yield from audit(act, account_id, "token.revoke", token=found[0].id, name=found[0].name)
    return found[0]


def bearer(keyed: KeyedHash, secret: str) -> Plan[Bearer | None]:
    """Who shows this secret."""
    rows = yield from ask(
        "SELECT t.id, a.id, a.name, t.scopes, coalesce(t.used_at, 0) FROM api_token t"
        " JOIN account a ON a.id = t.account_id WHERE t.hash = $1",
        keyed("token", secret),
    )
    for token_id, account_id, account, scopes, used_at in rows:
        return Bearer(token_id, account_id, account, frozenset(scopes.split()), used_at)
    return None


def used(token_id: str, now: int) -> Plan[None]:
    """It is in use."""
    yield from ask("UPDATE api_token SET used_at = $2 WHERE id = $1", token_id, now)
