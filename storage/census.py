"""How many there are of what an installation can't do without, over all accounts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from storage.plan import Plan, Statement, ask


@dataclass(frozen=True, slots=True)
class Census:
    """Counts, and two times in epoch milliseconds."""

    accounts: int
    users: int
    """Active, and allowed to log."""
    admins: int
    """Active."""
    admins_with_password: int
    captures: Mapping[str, int]
    """Capture addresses that aren't retired, by channel."""
    sources: Mapping[str, int]
    """By channel."""
    newest: int | None
    """When the newest decision was made, by the clock of then."""
    server_time: int | None
    """By the clock of the database's server; None where that is this machine."""


_ADMIN = "u.active = 1 AND (u.permissions LIKE '%super_admin%' OR u.permissions LIKE '%account_access%')"


def take(now: int) -> Plan[Census]:
    """All of them, at this time."""
    [(accounts,)] = yield from ask("SELECT count(*) FROM account")
    [(users,)] = yield from ask(
        "SELECT count(*) FROM account_user WHERE active = 1 AND permissions LIKE '%personal_email_access%'"
    )
    [(admins,)] = yield from ask(f"SELECT count(*) FROM account_user u WHERE {_ADMIN}")
    [(known,)] = yield from ask(
        f"SELECT count(*) FROM account_user u JOIN password p ON p.user_id = u.id WHERE {_ADMIN}"
    )
    captures = yield from ask(
        "SELECT channel, count(*) FROM capture_address WHERE retires_at IS NULL OR retires_at > $1 GROUP BY channel",
        now,
    )
    given = yield from ask("SELECT channels FROM source")
    [(newest,)] = yield from ask("SELECT max(at) FROM decision")
    [(server_time,)] = yield Statement(
        "SELECT CAST(extract(epoch FROM clock_timestamp()) * 1000 AS bigint)", (), Statement("SELECT NULL", ())
    )
    sources = {name: sum(name in channels for (channels,) in given) for name in ("relay", "journal")}
    return Census(accounts, users, admins, known, dict(map(tuple, captures)), sources, newest, server_time)
