"""The addresses of contacts, the first of which is the primary one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from storage.administration.act import Act, audit
from storage.administration.holders import address_hash
from storage.administration.typed import like
from storage.plan import Plan, ask, insert


@dataclass(frozen=True, slots=True)
class Released:
    """An address that a contact had to give up, and what the contact still has."""

    address: str
    contact_id: str
    contact_name: str
    addresses_left: int
    activities: int


def append(act: Act, account_id: str, contact_id: str, canonicals: Sequence[str]) -> Plan[None]:
    """Adds addresses behind those that the contact has."""
    rows = yield from ask("SELECT count(*) FROM contact_address WHERE contact_id = $1", contact_id)
    for position, canonical in enumerate(canonicals, rows[0][0]):
        yield from insert(
            "contact_address",
            account_id=account_id,
            address_hash=address_hash(act.keyed, canonical),
            contact_id=contact_id,
            address=canonical,
            position=position,
        )


def take_away(contact_id: str, canonical: str) -> Plan[int]:
    """Removes an address; the next one becomes the primary if it was. Returns how many are left."""
    rows = yield from ask(
        "SELECT address_hash, address, position FROM contact_address WHERE contact_id = $1 ORDER BY position",
        contact_id,
    )
    left = [(h, position) for h, address, position in rows if address != canonical]
    yield from ask("DELETE FROM contact_address WHERE contact_id = $1 AND address = $2", contact_id, canonical)
    for place, (hashed, position) in enumerate(left):
        if place != position:
            yield from ask(
                "UPDATE contact_address SET position = $3 WHERE contact_id = $1 AND address_hash = $2",
                contact_id,
                hashed,
                place,
            )
    return len(left)


def release(act: Act, account_id: str, canonical: str) -> Plan[Sequence[Released]]:
    """Takes an address from the contact that has it, since it turned out to be internal. Its activities stay."""
    rows = yield from ask(
        "SELECT a.address, c.id, c.name FROM contact_address a JOIN contact c ON c.id = a.contact_id"
        " WHERE a.account_id = $1 AND a.address_hash = $2",
        account_id,
        address_hash(act.keyed, canonical),
    )
    return (yield from _release(act, account_id, rows))


def release_domain(act: Act, account_id: str, domain: str) -> Plan[Sequence[Released]]:
    """The same for every address of a domain."""
    rows = yield from ask(
        "SELECT a.address, c.id, c.name FROM contact_address a JOIN contact c ON c.id = a.contact_id"
        " WHERE a.account_id = $1 AND a.address LIKE $2 ESCAPE '\\' ORDER BY a.address",
        account_id,
        f"%@{like(domain)}",
    )
    return (yield from _release(act, account_id, rows))


def _release(act: Act, account_id: str, rows: Sequence[tuple[str, str, str]]) -> Plan[Sequence[Released]]:
    released = []
    for address, contact_id, name in rows:
        left = yield from take_away(contact_id, address)
        counted = yield from ask("SELECT count(*) FROM activity_contact WHERE contact_id = $1", contact_id)
        yield from audit(act, account_id, "contact.address_released", contact=contact_id, address=address)
        released.append(Released(address, contact_id, name, left, counted[0][0]))
    return released
