"""Whose an address is within an account: a user's, a shared mailbox, internal by its domain, or a contact's.

An address has one holder at most; the first of that order wins.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from gateway.core.keyed_hash import KeyedHash
from storage.plan import Plan, ask


@dataclass(frozen=True, slots=True)
class Holder:
    """`kind` is user, mailbox, domain or contact; `id` is the user's or contact's."""

    kind: str
    id: str = ""
    name: str = ""

    def __str__(self) -> str:
        match self.kind:
            case "user":
                return f"an address of the user {self.name}"
            case "mailbox":
                return "a shared mailbox of the account"
            case "domain":
                return "internal: its domain is one of the account's own"
            case _:
                return f"an address of the contact {self.name or self.id}"


def address_hash(keyed: KeyedHash, canonical: str) -> str:
    """The hash under which an address is stored."""
    return keyed("address", canonical)


def holders(keyed: KeyedHash, account_id: str, canonicals: Sequence[str]) -> Plan[dict[str, Holder]]:
    """The holder of each canonical address that has one."""
    by_hash = {address_hash(keyed, c): c for c in canonicals}
    hashes = list(by_hash)
    users = yield from ask(
        "SELECT a.address_hash, u.id, u.name FROM user_address a JOIN account_user u ON u.id = a.user_id"
        " WHERE a.account_id = $1 AND a.address_hash = ANY($2)",
        account_id,
        hashes,
    )
    shared = yield from ask(
        "SELECT address_hash FROM shared_mailbox WHERE account_id = $1 AND address_hash = ANY($2)", account_id, hashes
    )
    own = yield from ask("SELECT domain FROM own_domain WHERE account_id = $1", account_id)
    contacts = yield from ask(
        "SELECT a.address_hash, c.id, c.name FROM contact_address a JOIN contact c ON c.id = a.contact_id"
        " WHERE a.account_id = $1 AND a.address_hash = ANY($2)",
        account_id,
        hashes,
    )
    own_domains = {d for (d,) in own}
    found = {by_hash[h]: Holder("contact", i, n) for h, i, n in contacts}
    found |= {c: Holder("domain") for c in canonicals if c.rpartition("@")[2] in own_domains}
    found |= {by_hash[h]: Holder("mailbox") for (h,) in shared}
    found |= {by_hash[h]: Holder("user", i, n) for h, i, n in users}
    return found


def holder(keyed: KeyedHash, account_id: str, canonical: str) -> Plan[Holder | None]:
    """The holder of one address."""
    found = yield from holders(keyed, account_id, [canonical])
    return found.get(canonical)
