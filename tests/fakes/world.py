"""The cast of the cases: one account and everything it knows, as plain values."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from gateway.core.address_keys import entry_keys, parse_pattern
from gateway.core.facts import AccountSettings
from gateway.core.keyed_hash import KeyedHash
from gateway.core.model import Channel, Source
from storage.facts import read_settings
from storage.plan import Plan, insert

FIXTURES = Path(__file__).parents[2] / "fixtures"


@dataclass(frozen=True)
class UserRow:
    addresses: tuple[str, ...]
    permissions: str = "personal_email_access"
    active: bool = True


@dataclass(frozen=True)
class ContactRow:
    addresses: tuple[str, ...]
    owner: str | None = None


@dataclass(frozen=True)
class EntryRow:
    pattern: str
    effect: str = "participant"
    user: str | None = None

    @property
    def id(self) -> str:
        return f"{self.pattern} {self.user or ''}".strip()

    @property
    def kind(self) -> str:
        return parse_pattern(self.pattern).kind

    @property
    def keys(self) -> frozenset[str]:
        return entry_keys(parse_pattern(self.pattern))


@dataclass(frozen=True)
class CaptureRow:
    channel: Channel
    user: str | None = None


@dataclass(frozen=True)
class SourceRow:
    network: str
    vouches: bool = False
    trusts: tuple[str, ...] = ()
    alternate: bool = False
    hosts: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()


@dataclass(frozen=True)
class World:
    """One account. Users, contacts and sources are keyed by their ids, capture addresses by their key."""

    domain: str
    host: str
    account: str
    domains: tuple[str, ...]
    shared: tuple[str, ...]
    settings: Mapping[str, Any]  # as stored: JSON values by name
    users: Mapping[str, UserRow]
    contacts: Mapping[str, ContactRow]
    never_log: tuple[EntryRow, ...]
    captures: Mapping[str, CaptureRow]
    sources: Mapping[str, SourceRow] = field(default_factory=dict)

    def source(self, name: str) -> Source:
        """A mail server as a peer shows it, for both passive channels."""
        row = self.sources[name]
        return Source(
            name,
            self.account,
            name,
            row.network,
            frozenset({Channel.RELAY, Channel.JOURNAL}),
            row.vouches,
            frozenset(row.trusts),
            row.alternate,
            frozenset(row.hosts),
            frozenset(row.labels),
        )

    @property
    def account_settings(self) -> AccountSettings:
        return read_settings(json.dumps(dict(self.settings)))

    def with_settings(self, **changed: Any) -> World:
        return replace(self, settings={**self.settings, **changed})

    def with_entries(self, *added: EntryRow) -> World:
        return replace(self, never_log=(*self.never_log, *added))


def load_world(path: Path = FIXTURES / "world.toml") -> World:
    text = tomllib.loads(path.read_text(encoding="utf-8"))
    account = text["account"]
    return World(
        domain=text["domain"],
        host=text["host"],
        account=account["name"],
        domains=tuple(account["domains"]),
        shared=tuple(account["shared"]),
        settings=account["settings"],
        users={i: UserRow(**_tupled(row)) for i, row in text["users"].items()},
        contacts={i: ContactRow(**_tupled(row)) for i, row in text["contacts"].items()},
        never_log=tuple(EntryRow(**row) for row in text["never_log"]),
        captures={k: CaptureRow(Channel(row["channel"]), row.get("user")) for k, row in text["capture"].items()},
        sources={i: SourceRow(**_tupled(row)) for i, row in text["sources"].items()},
    )


def _tupled(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: tuple(value) if isinstance(value, list) else value for name, value in row.items()}


def seed(world: World, keyed: KeyedHash) -> Plan[None]:
    """The world as rows of a database. Ids are prefixed by the account's, so that worlds can share one."""
    acc = world.account
    yield from insert("account", id=acc, name=acc, settings=json.dumps(dict(world.settings)), created_at=0)
    for domain in world.domains:
        yield from insert("own_domain", account_id=acc, domain=domain)
    for address in world.shared:
        yield from insert(
            "shared_mailbox", account_id=acc, address_hash=keyed("address", address), address=address
        )
    for user_id, user in world.users.items():
        yield from _seed_user(acc, user_id, user, keyed)
    for contact_id, contact in world.contacts.items():
        yield from _seed_contact(acc, contact_id, contact, keyed)
    for entry in world.never_log:
        yield from seed_entry(acc, entry, keyed)
    for key, capture in world.captures.items():
        yield from insert(
            "capture_address",
            id=f"{acc}/{key}",
            account_id=acc,
            channel=capture.channel.value,
            key_hash=keyed("capture", key),
            key_sealed=b"",
            user_id=capture.user and f"{acc}/{capture.user}",
            created_at=0,
        )
    for source_id, source in world.sources.items():
        yield from insert(
            "source",
            id=f"{acc}/{source_id}",
            account_id=acc,
            name=source_id,
            network=source.network,
            channels="journal relay",
            vouches=int(source.vouches),
            trusts=" ".join(source.trusts),
            alternate=int(source.alternate),
            hosts=" ".join(source.hosts),
            labels="\n".join(source.labels),
            created_at=0,
        )


def _seed_user(acc: str, user_id: str, user: UserRow, keyed: KeyedHash) -> Plan[None]:
    yield from insert(
        "account_user",
        id=f"{acc}/{user_id}",
        account_id=acc,
        name=user_id,
        address=user.addresses[0],
        permissions=user.permissions,
        active=int(user.active),
        created_at=0,
    )
    for position, address in enumerate(user.addresses):
        yield from insert(
            "user_address",
            account_id=acc,
            address_hash=keyed("address", address),
            user_id=f"{acc}/{user_id}",
            address=address,
            kind="alias" if position else "primary",
        )


def _seed_contact(acc: str, contact_id: str, contact: ContactRow, keyed: KeyedHash) -> Plan[None]:
    yield from insert(
        "contact",
        id=f"{acc}/{contact_id}",
        account_id=acc,
        name=contact_id,
        owner_id=contact.owner and f"{acc}/{contact.owner}",
        created_at=0,
        created_by="seed",
    )
    for position, address in enumerate(contact.addresses):
        yield from insert(
            "contact_address",
            account_id=acc,
            address_hash=keyed("address", address),
            contact_id=f"{acc}/{contact_id}",
            address=address,
            position=position,
        )


def seed_entry(acc: str, entry: EntryRow, keyed: KeyedHash) -> Plan[None]:
    """One never-log entry of an account that is there already."""
    yield from insert(
        "never_log_entry",
        id=f"{acc}/{entry.id}",
        account_id=acc,
        pattern=entry.pattern,
        kind=entry.kind,
        effect=entry.effect,
        user_id=entry.user and f"{acc}/{entry.user}",
        added_by="seed",
        added_at=0,
    )
    for key in entry.keys:
        yield from insert(
            "never_log_key",
            account_id=acc,
            key_hash=keyed("never-log", key),
            entry_id=f"{acc}/{entry.id}",
        )
