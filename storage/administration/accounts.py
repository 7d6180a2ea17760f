"""Accounts: the tenants, their settings, own domains and shared mailboxes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from gateway.core.facts import AccountSettings
from storage import waiting
from storage.administration import settings as account_settings
from storage.administration import typed
from storage.administration.act import Act, audit
from storage.administration.contact_addresses import Released, release, release_domain
from storage.administration.holders import address_hash, holder
from storage.errors import Refused
from storage.facts import read_settings
from storage.plan import Plan, Row, ask, insert


@dataclass(frozen=True, slots=True)
class AccountRecord:
    """An account as admins see it."""

    id: str
    name: str
    created_at: int
    settings: dict[str, object]
    domains: tuple[str, ...]
    mailboxes: tuple[str, ...]
    users: int
    contacts: int


def create(act: Act, name: str, own_domains: Sequence[str] = ()) -> Plan[str]:
    """A new account; returns its id."""
    name = typed.name(name, "an account")
    yield from _must_be_free(name)
    account_id = act.new_id()
    yield from insert(
        "account", id=account_id, name=name, settings=account_settings.stored(AccountSettings()), created_at=act.at
    )
    yield from audit(act, account_id, "account.create", name=name)
    for domain in dict.fromkeys(map(typed.domain, own_domains)):
        yield from add_domain(act, account_id, domain)
    return account_id


def find(name: str = "") -> Plan[str]:
    """The id of the account with this name or id; of the only one, if none is named."""
    rows = yield from ask("SELECT id, name FROM account ORDER BY name")
    names = ", ".join(n for _, n in rows)
    if not rows:
        raise Refused("There is no account yet.", "`bcc-gateway account create NAME --domain example.com` makes one.")
    if not name:
        if len(rows) > 1:
            raise Refused("There are several accounts, so name one with --account: {names}.", names=names)
        return str(rows[0][0])
    found = [i for i, n in rows if name in (i, n)]
    if not found:
        raise Refused("There is no account {name!r}; the accounts are {names}.", name=name, names=names)
    return str(found[0])


def every() -> Plan[Sequence[AccountRecord]]:
    """All accounts, by name."""
    rows = yield from ask("SELECT id FROM account ORDER BY name")
    records = []
    for (account_id,) in rows:
        records.append((yield from show(account_id)))
    return records


def show(account_id: str) -> Plan[AccountRecord]:
    """One account with everything that was set up for it."""
    account = yield from _row(account_id)
    domains = yield from ask("SELECT domain FROM own_domain WHERE account_id = $1 ORDER BY domain", account_id)
    shared = yield from ask("SELECT address FROM shared_mailbox WHERE account_id = $1 ORDER BY address", account_id)
    users = yield from ask("SELECT count(*) FROM account_user WHERE account_id = $1", account_id)
    contacts = yield from ask(
        "SELECT count(*) FROM contact WHERE account_id = $1 AND merged_into IS NULL AND removed_at IS NULL", account_id
    )
    return AccountRecord(
        id=account_id,
        name=account[0],
        created_at=account[2],
        settings=account_settings.plain(read_settings(account[1])),
        domains=tuple(d for (d,) in domains),
        mailboxes=tuple(a for (a,) in shared),
        users=users[0][0],
        contacts=contacts[0][0],
    )


def rename(act: Act, account_id: str, name: str) -> Plan[None]:
    """Another name; the id and all capture addresses stay."""
    name = typed.name(name, "an account")
    before = (yield from _row(account_id))[0]
    if name == before:
        return
    yield from _must_be_free(name)
    yield from ask("UPDATE account SET name = $2 WHERE id = $1", account_id, name)
    yield from audit(act, account_id, "account.rename", before=before, after=name)


def change_setting(act: Act, account_id: str, setting: str, text: str) -> Plan[tuple[object, object]]:
    """Changes one setting to what a person wrote, from the next message on; returns its value before and after."""
    before = read_settings((yield from _row(account_id))[1])
    after = account_settings.change(before, setting, text)
    values = account_settings.plain(before)[setting], account_settings.plain(after)[setting]
    if after != before:
        yield from ask("UPDATE account SET settings = $2 WHERE id = $1", account_id, account_settings.stored(after))
        yield from audit(act, account_id, "account.set", setting=setting, before=values[0], after=values[1])
        yield from waiting.shorten(account_id, after.late_parent_hours, act.at)
    return values


def add_domain(act: Act, account_id: str, domain: str) -> Plan[Sequence[Released]]:
    """Makes a domain the account's own: its addresses are internal. Contacts give theirs up."""
    label = typed.domain(domain)
    if label in (yield from show(account_id)).domains:
        raise Refused("{domain} is one of the account's own domains already.", domain=label)
    yield from insert("own_domain", account_id=account_id, domain=label)
    yield from audit(act, account_id, "account.add_domain", domain=label)
    return (yield from release_domain(act, account_id, label))


def remove_domain(act: Act, account_id: str, domain: str) -> Plan[None]:
    """Its addresses are outside ones from now on, but for those of users and shared mailboxes."""
    label = typed.domain(domain)
    domains = (yield from show(account_id)).domains
    if label not in domains:
        raise Refused(
            "{domain} is none of the account's own domains: {domains}.",
            domain=label,
            domains=", ".join(domains) or "there are none",
        )
    yield from ask("DELETE FROM own_domain WHERE account_id = $1 AND domain = $2", account_id, label)
    yield from audit(act, account_id, "account.remove_domain", domain=label)


def add_mailbox(act: Act, account_id: str, address: str) -> Plan[Sequence[Released]]:
    """A shared mailbox or list of the account, such as sales@: internal, and nobody's in particular."""
    canonical = typed.address(address)
    held = yield from holder(act.keyed, account_id, canonical)
    if held and held.kind in ("mailbox", "user"):
        raise Refused("{address} is {held} already.", address=canonical, held=held)
    yield from insert(
        "shared_mailbox", account_id=account_id, address_hash=address_hash(act.keyed, canonical), address=canonical
    )
    yield from audit(act, account_id, "account.add_mailbox", address=canonical)
    return (yield from release(act, account_id, canonical))


def remove_mailbox(act: Act, account_id: str, address: str) -> Plan[None]:
    """The address is an ordinary one again."""
    canonical = typed.address(address)
    held = yield from holder(act.keyed, account_id, canonical)
    if not held or held.kind != "mailbox":
        raise Refused("{address} is no shared mailbox.", "`account show` lists them.", address=canonical)
    yield from ask(
        "DELETE FROM shared_mailbox WHERE account_id = $1 AND address_hash = $2",
        account_id,
        address_hash(act.keyed, canonical),
    )
    yield from audit(act, account_id, "account.remove_mailbox", address=canonical)


def _row(account_id: str) -> Plan[Row]:
    rows = yield from ask("SELECT name, settings, created_at FROM account WHERE id = $1", account_id)
    return rows[0]


def _must_be_free(name: str) -> Plan[None]:
    if (yield from ask("SELECT 1 FROM account WHERE name = $1 OR id = $1", name)):
        raise Refused("There is an account {name!r} already.", name=name)
