"""Who is signed in to the console: sessions in the store, so that each of them can be ended there.

Whoever has a session's secret is its user; only the secret's keyed hash is stored.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from gateway.core import addresses
from gateway.core.keyed_hash import KeyedHash
from storage.administration import passwords, sign_out, users
from storage.administration.act import Act, audit
from storage.administration.holders import address_hash
from storage.errors import Refused
from storage.plan import Plan, ask, insert

MINUTE = 60 * 1000
"""Milliseconds, as all here."""
IDLE, LONGEST = 12 * 60 * MINUTE, 7 * 24 * 60 * MINUTE
"""After which a session ends that nobody uses, and any."""
LINK = 24 * 60 * MINUTE
"""For which a setup link works."""


@dataclass(frozen=True, slots=True)
class Viewer:
    """A user who is signed in, as far as it matters what they may see and do."""

    user_id: str
    account_id: str
    account: str
    name: str
    address: str
    permissions: frozenset[str]


def begin(act: Act, user_id: str, secret: str) -> Plan[None]:
    """A session for a user who has shown who they are. What nobody may use any more goes."""
    yield from ask(
        "DELETE FROM session WHERE user_id = $1 AND (seen_at <= $2 OR begun_at <= $3)",
        user_id,
        act.at - IDLE,
        act.at - LONGEST,
    )
    yield from insert(
        "session", hash=act.keyed("session", secret), user_id=user_id, begun_at=act.at, seen_at=act.at
    )


def viewer(keyed: KeyedHash, secret: str, now: int) -> Plan[tuple[Viewer, int] | None]:
    """Whose session it is, and when it was last seen; None where there is none, or it is over."""
    rows = yield from ask(
        "SELECT u.id, a.id, a.name, u.name, u.address, u.permissions, s.seen_at FROM session s"
        " JOIN account_user u ON u.id = s.user_id JOIN account a ON a.id = u.account_id"
        " WHERE s.hash = $1 AND s.seen_at > $2 AND s.begun_at > $3 AND u.active = 1",
        keyed("session", secret),
        now - IDLE,
        now - LONGEST,
    )
    for user_id, account_id, account, name, own, permissions, seen_at in rows:
        return Viewer(user_id, account_id, account, name, own, frozenset(permissions.split())), seen_at
    return None


def seen(keyed: KeyedHash, secret: str, now: int) -> Plan[None]:
    """It is in use."""
    yield from ask("UPDATE session SET seen_at = $2 WHERE hash = $1 AND seen_at < $2", keyed("session", secret), now)


def end(keyed: KeyedHash, secret: str) -> Plan[None]:
    """Its user signs out."""
    yield from ask("DELETE FROM session WHERE hash = $1", keyed("session", secret))


def end_all(user_id: str, keyed: KeyedHash, but: str = "") -> Plan[int]:
    """Its user signs out everywhere, `but` in the session with this secret. How many were ended."""
    return (yield from sign_out.everywhere(user_id, keyed("session", but) if but else ""))


def known(keyed: KeyedHash, address: str) -> Plan[tuple[Sequence[tuple[str, str]], int]]:
    """Ids of the active users who have this address, with the hashes of their passwords: one in each account.

    And how many hashes whichever address has most of them has, at least 1.
    """
    rows = yield from ask(
        "SELECT u.id, p.hash FROM user_address a JOIN account_user u ON u.id = a.user_id"
        " JOIN password p ON p.user_id = u.id WHERE a.address_hash = $1 AND u.active = 1 ORDER BY u.id",
        address_hash(keyed, addresses.canonical(address) or "-"),
    )
    return [(user_id, hashed) for user_id, hashed in rows], (yield from passwords.most_together())


def password_of(user_id: str) -> Plan[Sequence[str]]:
    """The hash of the user's password, if there is one."""
    rows = yield from ask("SELECT hash FROM password WHERE user_id = $1", user_id)
    return [one for (one,) in rows]


def first_admin(now: int) -> Plan[tuple[str, str] | None]:
    """Account and user of the admin who came first, as long as nobody at all has a password or a link."""
    rows = yield from ask(
        "SELECT u.account_id, u.id FROM account_user u WHERE u.active = 1"
        " AND (u.permissions LIKE '%super_admin%' OR u.permissions LIKE '%account_access%')"
        " AND NOT EXISTS (SELECT 1 FROM password WHERE user_id IS NOT NULL)"
        " AND NOT EXISTS (SELECT 1 FROM setup_link WHERE expires_at > $1) ORDER BY u.id LIMIT 1",
        now,
    )
    return next(((account_id, user_id) for account_id, user_id in rows), None)


def make_link(act: Act, account_id: str, user: str, secret: str) -> Plan[users.UserRecord]:
    """A link with this secret, by which a user signs in once and chooses a password; an earlier one is void."""
    record = yield from users.show(act, account_id, user)
    if not record.active:
        raise Refused("{name} isn't active.", "`user reactivate` changes that.", name=record.name)
    yield from ask("DELETE FROM setup_link WHERE user_id = $1 OR expires_at <= $2", record.id, act.at)
    yield from insert(
        "setup_link", hash=act.keyed("setup link", secret), user_id=record.id, expires_at=act.at + LINK
    )
    yield from audit(act, account_id, "user.setup_link", user=record.id)
    return record


@dataclass(frozen=True, slots=True)
class Invited:
    """Whom a link is for."""

    user_id: str
    account_id: str


def of_link(keyed: KeyedHash, secret: str, now: int) -> Plan[Invited | None]:
    """Whom a link is for, as long as nobody has used it."""
    rows = yield from ask(
        "SELECT u.id, u.account_id FROM setup_link l JOIN account_user u ON u.id = l.user_id"
        " WHERE l.hash = $1 AND l.expires_at > $2 AND u.active = 1",
        keyed("setup link", secret),
        now,
    )
    return next((Invited(*row) for row in rows), None)


def use_link(act: Act, secret: str) -> Plan[Invited | None]:
    """The same, and from now on nobody else."""
    invited = yield from of_link(act.keyed, secret, act.at)
    yield from ask("DELETE FROM setup_link WHERE hash = $1", act.keyed("setup link", secret))
    return invited
