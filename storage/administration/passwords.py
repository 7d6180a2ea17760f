"""Passwords for SMTP AUTH: of users, under any of their addresses, and of sources, under their logins."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from gateway.core import addresses
from gateway.core.keyed_hash import KeyedHash
from gateway.core.model import Login, Source
from storage.administration import sign_out, sources, users
from storage.administration.act import Act, audit
from storage.administration.holders import address_hash
from storage.administration.users import UserRecord
from storage.errors import Refused
from storage.plan import Plan, ask, insert


@dataclass(frozen=True, slots=True)
class Known:
    """What a name may be proven with."""

    logins: Sequence[Login]
    """What each of the hashes proves: a name may be known in several accounts."""
    hashes: Sequence[str]
    most: int
    """Hashes of whichever name has most of them, at least 1."""


def known(keyed: KeyedHash, name: str) -> Plan[Known]:
    """The passwords of all who have this name, the longest-standing first. An inactive user has none."""
    canonical = addresses.canonical(name)
    if canonical:
        rows = yield from ask(
            "SELECT p.account_id, p.hash FROM user_address a JOIN account_user u ON u.id = a.user_id"
            " JOIN password p ON p.user_id = u.id WHERE a.address_hash = $1 AND u.active = 1 ORDER BY u.id",
            address_hash(keyed, canonical),
        )
    else:
        canonical = sources.login_name(name)
        rows = yield from ask(
            "SELECT p.account_id, p.hash FROM source s JOIN password p ON p.source_id = s.id"
            " WHERE s.login <> '' AND s.login = $1",
            canonical,
        )
    most = yield from most_together()
    return Known([Login(canonical, account) for account, _ in rows], [one for _, one in rows], most)


def most_together() -> Plan[int]:
    """How many hashes whichever address has most of them has, at least 1."""
    [(most,)] = yield from ask(
        "SELECT coalesce(max(together), 1) FROM (SELECT count(*) AS together FROM user_address a"
        " JOIN password p ON p.user_id = a.user_id GROUP BY a.address_hash) AS counted"
    )
    return int(most)


def give_user(act: Act, account_id: str, user: str, password_hash: str, session: str = "") -> Plan[UserRecord]:
    """The user can sign in with it under any of their addresses; an earlier one is void.

    All sessions of the user end but the one with the hash `session`.
    """
    record = yield from users.show(act, account_id, user)
    yield from sign_out.everywhere(record.id, session)
    yield from ask("DELETE FROM password WHERE user_id = $1", record.id)
    yield from insert("password", user_id=record.id, account_id=account_id, hash=password_hash, changed_at=act.at)
    yield from audit(act, account_id, "user.password", user=record.id)
    return record


def take_from_user(act: Act, account_id: str, user: str) -> Plan[UserRecord]:
    """The user can't sign in any more."""
    record = yield from users.show(act, account_id, user)
    removed = yield from ask("DELETE FROM password WHERE user_id = $1 RETURNING 1", record.id)
    if not removed:
        raise Refused("The user {name} has no password.", name=record.name)
    yield from sign_out.everywhere(record.id)
    yield from audit(act, account_id, "user.remove_password", user=record.id)
    return record


def give_source(act: Act, account_id: str, source: str, password_hash: str) -> Plan[Source]:
    """The source can sign in with it under its login; an earlier one is void."""
    record = yield from sources.find(account_id, source)
    if not record.login:
        raise Refused("{name} has no name to sign in with; add it with --login.", name=record.name)
    yield from ask("DELETE FROM password WHERE source_id = $1", record.id)
    yield from insert("password", source_id=record.id, account_id=account_id, hash=password_hash, changed_at=act.at)
    yield from audit(act, account_id, "source.password", source=record.id)
    return record


def take_from_source(act: Act, account_id: str, source: str) -> Plan[Source]:
    """The source can't sign in any more."""
    record = yield from sources.find(account_id, source)
    removed = yield from ask("DELETE FROM password WHERE source_id = $1 RETURNING 1", record.id)
    if not removed:
        raise Refused("{name} has no password.", name=record.name)
    yield from audit(act, account_id, "source.remove_password", source=record.id)
    return record
