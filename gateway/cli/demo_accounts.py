"""The demo's accounts: made by the same verbs that admins use; made once, found again afterwards."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence

from gateway.clock import new_id, now
from gateway.core.keyed_hash import KeyedHash
from storage.administration import accounts, addresses, contacts, never_log, sources, users
from storage.administration.act import Act
from storage.interface import Store
from storage.plan import Plan
from storage.sealing import Sealing


async def ensure(store: Store, key: bytes, domain: str, wanted: Sequence[Mapping[str, object]]) -> dict[str, str]:
    """Makes what is missing, and returns the capture addresses: "account channel [user]" → address."""
    act, sealing = Act("demo", now(), new_id, KeyedHash(key)), Sealing(key, secrets.token_bytes)
    existing = {account.name for account in await store.read(accounts.every())}
    captures: dict[str, str] = {}
    for account in wanted:
        if account["name"] not in existing:
            await store.change(_make(act, sealing, account))
        account_id = await store.read(accounts.find(str(account["name"])))
        for record in await store.read(addresses.every(account_id, sealing, domain)):
            captures[" ".join(filter(None, (str(account["name"]), record.channel, record.user)))] = record.address
    return captures


def _make(act: Act, sealing: Sealing, wanted: Mapping[str, object]) -> Plan[None]:
    account_id = yield from accounts.create(act, str(wanted["name"]), [str(wanted["domain"])])
    yield from accounts.change_setting(act, account_id, "rule", str(wanted["rule"]))
    for number, line in enumerate(_lines(wanted["users"])):
        address, _, name = line.partition(" ")
        permissions = ["account_access", "personal_email_access"] if number == 0 else ["personal_email_access"]
        yield from users.add(act, account_id, name, address, permissions)
        for channel in ("bcc", "forward"):
            yield from addresses.create(act, account_id, sealing, channel, address)
    for line in _lines(wanted["contacts"]):
        person, _, owner = line.partition(", owner ")
        address, _, name = person.partition(" ")
        yield from contacts.add(act, account_id, name, [address], owner)
    for pattern in _lines(wanted["never_log"]):
        yield from never_log.add(act, account_id, pattern)
    personal = wanted.get("personal")
    for user, pattern in personal.items() if isinstance(personal, dict) else ():
        yield from never_log.add(act, account_id, pattern, user=user)
    for channel in ("relay", "journal"):
        yield from addresses.create(act, account_id, sealing, channel)
    yield from sources.add(act, account_id, "this machine", "127.0.0.1/32", ["relay", "journal"], vouches=True)


def _lines(value: object) -> list[str]:
    return [str(line) for line in value] if isinstance(value, list) else []
