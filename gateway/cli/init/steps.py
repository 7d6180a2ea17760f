"""What `init` makes, step by step, each only if it isn't there."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from config.settings import Settings
from gateway.cli import common
from gateway.cli.init.answers import First, Standing
from gateway.clock import new_id, now
from gateway.core.keyed_hash import KeyedHash
from storage import durable
from storage import open as store
from storage.administration import accounts, addresses, sessions, users
from storage.administration.accounts import AccountRecord
from storage.administration.act import Act
from storage.administration.addresses import AddressRecord
from storage.plan import Plan
from storage.sealing import Sealing

ADMIN = ("super_admin", "personal_email_access")


@dataclass(slots=True)
class Made:
    """What stands, in the order in which it came about."""

    lines: list[str] = field(default_factory=list)
    captures: Sequence[AddressRecord] = ()
    secret: str = ""
    """Of a link by which the first admin chooses a password; "" where none was made."""


async def standing(settings: Settings) -> list[Standing]:
    """The accounts that there are already. Raises StoreError where the database can't be used."""
    place = settings.store.place()
    version, _ = await store.status(place)
    if version == 0:
        return []
    await store.check(place)
    key = store.installation_key(settings.store.key_file, create=False)
    opened = await store.open_store(place, key, new_id)
    try:
        return await opened.read(_standing(Sealing(key), settings.domain))
    finally:
        await opened.close()


def _standing(sealing: Sealing, domain: str) -> Plan[list[Standing]]:
    found = []
    for account in (yield from accounts.every()):
        known = yield from users.every(account.id)
        channels = {record.channel for record in (yield from addresses.every(account.id, sealing, domain))}
        own = [one for user in known for one in (user.address, *(other.address for other in user.other_addresses))]
        found.append(Standing(account.name, account.domains, own, [user.name for user in known], sorted(channels)))
    return found


async def make(file: Path, text: str, settings: Settings, first: First, made: Made) -> None:
    """Makes what isn't there, and notes what stands. Raises StoreError or OSError. `text`: of a file yet to be made."""
    place, key_file = settings.store.place(), settings.store.key_file
    version, _ = await store.status(place)
    key = store.installation_key(key_file, create=version == 0)
    made.lines.append(f"  {key_file}: the installation's key; keep a copy, apart from the database's")
    await store.migrate(place, now())
    made.lines.append(f"  {place}: the database")
    if text:  # last of the three: what it says has been found to work
        durable.make_folder(file.parent)
        durable.write_once(file, text)
        durable.sync_folder(file.parent)
    if file.exists():
        made.lines.insert(0, f"  {file}: the settings")
    opened = await store.open_store(place, key, new_id)
    try:
        sealing, secret = Sealing(key), secrets.token_urlsafe(32) if settings.console.listen else ""
        act = Act(f"cli:{common.login()}", now(), new_id, KeyedHash(key))
        account, made.secret = await opened.change(_account(act, sealing, first, secret))
        made.captures = await opened.read(addresses.every(account.id, sealing, settings.domain))
    finally:
        await opened.close()
    made.lines.append(f"  the account {account.name}, own domains: {', '.join(account.domains) or 'none yet'}")


def _account(act: Act, sealing: Sealing, first: First, secret: str) -> Plan[tuple[AccountRecord, str]]:
    """The account, made in one transaction with its admin and capture addresses unless there is one.

    The secret comes back if it is now that of a link for the first admin.
    """
    if not (yield from accounts.every()):
        account_id = yield from accounts.create(act, first.account, first.own_domains)
        yield from users.add(act, account_id, first.admin_name, first.admin_address, ADMIN)
        for channel in dict.fromkeys(first.channels):
            yield from addresses.create(act, account_id, sealing, channel)
    account, *_ = yield from accounts.every()
    admin = (yield from sessions.first_admin(act.at)) if secret else None
    if admin:
        yield from sessions.make_link(act, *admin, secret)
    return account, secret if admin else ""
