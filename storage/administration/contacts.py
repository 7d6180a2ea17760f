"""Contacts: outside persons, with addresses and perhaps an owner."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from gateway.core.addresses import canonical
from storage import outbox
from storage.administration import typed, users
from storage.administration.act import Act, audit
from storage.administration.contact_addresses import append, take_away
from storage.administration.holders import Holder, address_hash, holder, holders
from storage.administration.imports import Result
from storage.errors import NotFound, Refused
from storage.outbox import Happened, Type
from storage.plan import Plan, Row, Statement, ask, insert

PAGE = 200
"""Contacts in one page at most."""


@dataclass(frozen=True, slots=True)
class ContactRecord:
    """A contact as admins see it."""

    id: str
    name: str
    addresses: tuple[str, ...]
    """The first one is the primary."""
    owner: str | None
    """The owner's primary address."""
    created_at: int
    created_by: str
    """Who added it, or the trace id of the message that made it."""
    merged_into: str | None
    removed_at: int | None


@dataclass(frozen=True, slots=True)
class ContactDetail:
    """A contact with what is on its record."""

    contact: ContactRecord
    activities: int
    latest_at: int | None
    approved: tuple[str, ...] = ()
    """The addresses from which what it sends to a Bcc address is logged."""


def add(act: Act, account_id: str, name: str, addresses: Sequence[str], owner: str = "") -> Plan[str]:
    """A new contact; returns its id."""
    name, wanted = typed.optional_name(name, "a contact"), list(dict.fromkeys(map(typed.address, addresses)))
    if not wanted:
        raise Refused("A contact needs an address.")
    owner_id = (yield from users.find(act, account_id, owner)) if owner else None
    yield from _must_be_free(act, account_id, wanted)
    return (yield from create(act, account_id, name, wanted, owner_id))


def create(act: Act, account_id: str, name: str, canonicals: Sequence[str], owner_id: str | None) -> Plan[str]:
    """The rows of a new contact, for what was found sound."""
    contact_id = act.new_id()
    yield from insert(
        "contact",
        id=contact_id,
        account_id=account_id,
        name=name,
        owner_id=owner_id,
        created_at=act.at,
        created_by=act.who,
    )
    yield from append(act, account_id, contact_id, canonicals)
    yield from outbox.write(act.new_id, account_id, act.at, [Happened(Type.CONTACT, contact_id)])
    yield from audit(
        act, account_id, "contact.add", contact=contact_id, name=name, addresses=canonicals, owner=owner_id
    )
    return contact_id


def every(account_id: str, search: str = "", after: str = "", limit: int = PAGE) -> Plan[Sequence[ContactRecord]]:
    """A page of contacts in the order of their ids, from behind `after` on. `search` is part of a name or address."""
    values = account_id, after, f"%{typed.like(search.strip().lower())}%", limit
    on_sqlite = Statement(_PAGE.format(name="lower(c.name)"), values)
    rows = yield Statement(_PAGE.format(name='lower(c.name COLLATE "und-x-icu")'), values, on_sqlite)
    return (yield from _records(rows))


def find(act: Act, account_id: str, contact: str) -> Plan[str]:
    """The id of the contact with this id or any of these addresses. Merged and removed ones can't be changed."""
    rows = yield from ask(
        "SELECT id, merged_into, removed_at FROM contact WHERE account_id = $1 AND id = $2", account_id, contact
    )
    if rows:
        contact_id, merged_into, removed_at = rows[0]
        if merged_into:
            raise Refused("That contact was merged into {merged_into}.", merged_into=merged_into)
        if removed_at:
            raise Refused("That contact was removed.")
        return str(contact_id)
    held = yield from holder(act.keyed, account_id, canonical(contact))
    if not held or held.kind != "contact":
        raise NotFound("There is no contact {contact!r}.", "`contact list --search TEXT` finds them.", contact=contact)
    return held.id


def show(act: Act, account_id: str, contact: str) -> Plan[ContactDetail]:
    """One contact, by id or any address; by id also one that was merged or removed."""
    rows = yield from ask(f"{_CONTACT} WHERE c.account_id = $1 AND c.id = $2", account_id, contact)
    if not rows:
        contact_id = yield from find(act, account_id, contact)
        rows = yield from ask(f"{_CONTACT} WHERE c.id = $1", contact_id)
    (record,) = yield from _records(rows)
    counted = yield from ask("SELECT count(*), max(at) FROM activity_contact WHERE contact_id = $1", record.id)
    approved = yield from ask(
        "SELECT address FROM contact_address WHERE contact_id = $1 AND approved_at IS NOT NULL ORDER BY position",
        record.id,
    )
    [(activities, latest_at)] = counted
    return ContactDetail(record, activities, latest_at, tuple(a for (a,) in approved))


def these(ids: Sequence[str]) -> Plan[dict[str, ContactRecord]]:
    """Those of them that weren't removed, by their ids."""
    if not ids:
        return {}
    rows = yield from ask(f"{_CONTACT} WHERE c.id = ANY($1) AND c.removed_at IS NULL", ids)
    return {record.id: record for record in (yield from _records(rows))}


def take_line(act: Act, account_id: str, cells: Mapping[str, str]) -> Plan[Result]:
    """One line of an import: email, name, owner. An empty cell leaves what a contact has."""
    address, name = typed.address(cells["email"]), typed.optional_name(cells["name"], "a contact")
    owner_id = (yield from users.find(act, account_id, cells["owner"])) if cells["owner"] else None
    held = yield from holder(act.keyed, account_id, address)
    if held is None:
        yield from create(act, account_id, name, [address], owner_id)
        return "created"
    if held.kind != "contact":
        raise _not_a_contact(address, held)
    before = yield from ask("SELECT name, owner_id FROM contact WHERE id = $1", held.id)
    renamed, owned = name not in ("", before[0][0]), owner_id not in (None, before[0][1])
    if renamed:
        yield from rename(act, account_id, held.id, name)
    if owned:
        yield from set_owner(act, account_id, held.id, cells["owner"])
    return "updated" if renamed or owned else "unchanged"


def rename(act: Act, account_id: str, contact: str, name: str) -> Plan[None]:
    """Another name, or none."""
    contact_id = yield from find(act, account_id, contact)
    name = typed.optional_name(name, "a contact")
    before = yield from ask("SELECT name FROM contact WHERE id = $1", contact_id)
    yield from ask("UPDATE contact SET name = $2 WHERE id = $1", contact_id, name)
    yield from audit(act, account_id, "contact.rename", contact=contact_id, before=before[0][0], after=name)


def set_owner(act: Act, account_id: str, contact: str, owner: str) -> Plan[None]:
    """Another owner (id or address of a user), or none. Activities stay in the name they are in."""
    contact_id = yield from find(act, account_id, contact)
    owner_id = (yield from users.find(act, account_id, owner)) if owner else None
    before = yield from ask("SELECT owner_id FROM contact WHERE id = $1", contact_id)
    yield from ask("UPDATE contact SET owner_id = $2 WHERE id = $1", contact_id, owner_id)
    yield from audit(act, account_id, "contact.set_owner", contact=contact_id, before=before[0][0], after=owner_id)


def add_address(act: Act, account_id: str, contact: str, address: str) -> Plan[None]:
    """Another address of the same person."""
    contact_id = yield from find(act, account_id, contact)
    other = typed.address(address)
    yield from _must_be_free(act, account_id, [other])
    yield from append(act, account_id, contact_id, [other])
    yield from audit(act, account_id, "contact.add_address", contact=contact_id, address=other)


def add_free(act: Act, account_id: str, contact: str, addresses: Sequence[str]) -> Plan[int]:
    """Gives a contact those of the canonical addresses that nobody has yet; how many."""
    added = 0
    for one in dict.fromkeys(addresses):
        if (yield from holder(act.keyed, account_id, one)) is None:
            yield from add_address(act, account_id, contact, one)
            added += 1
    return added


def approve(act: Act, account_id: str, address: str, name: str = "") -> Plan[str]:
    """Lets through what is sent to a Bcc address from this address; who is no contact becomes one. Its id."""
    canonical_ = typed.address(address)
    held = yield from holder(act.keyed, account_id, canonical_)
    if held and held.kind == "contact":
        contact_id = held.id
    else:
        contact_id = yield from add(act, account_id, "" if "@" in name else typed.fitting_name(name), [canonical_])
    yield from ask(
        "UPDATE contact_address SET approved_at = coalesce(approved_at, $3)"
        " WHERE account_id = $1 AND address_hash = $2",
        account_id,
        address_hash(act.keyed, canonical_),
        act.at,
    )
    yield from audit(act, account_id, "contact.approve", contact=contact_id, address=canonical_)
    return contact_id


def disapprove(act: Act, account_id: str, contact: str) -> Plan[None]:
    """Holds again what the contact sends to a Bcc address, from whichever of its addresses."""
    contact_id = yield from find(act, account_id, contact)
    rows = yield from ask(
        "UPDATE contact_address SET approved_at = NULL WHERE contact_id = $1 AND approved_at IS NOT NULL"
        " RETURNING address",
        contact_id,
    )
    if not rows:
        raise Refused("Nothing that this contact sends is let through.", "`contact show` tells what is.")
    yield from audit(act, account_id, "contact.disapprove", contact=contact_id, addresses=[a for (a,) in rows])


def remove_address(act: Act, account_id: str, contact: str, address: str) -> Plan[None]:
    """Mail with this address is the contact's no longer; its activities stay."""
    contact_id = yield from find(act, account_id, contact)
    other = typed.address(address)
    rows = yield from ask("SELECT address FROM contact_address WHERE contact_id = $1", contact_id)
    if (other,) not in [tuple(row) for row in rows]:
        raise Refused("{address} is no address of that contact.", "`contact show` lists them.", address=other)
    if len(rows) == 1:
        raise Refused(
            "{address} is the contact's only address; add another one first, or remove the contact.", address=other
        )
    yield from take_away(contact_id, other)
    yield from audit(act, account_id, "contact.remove_address", contact=contact_id, address=other)


def merge(act: Act, account_id: str, contact: str, into: str) -> Plan[int]:
    """Moves addresses and activities of a contact to another one, and returns how many activities moved.

    The merged contact stays as a row that names the other, so that whatever still refers to it finds its way.
    """
    merged, kept = (yield from find(act, account_id, contact)), (yield from find(act, account_id, into))
    if merged == kept:
        raise Refused("A contact can't be merged into itself; both names lead to the same one.")
    moved = yield from ask("SELECT count(*) FROM activity_contact WHERE contact_id = $1", merged)
    yield from _move_participants(merged, kept)
    yield from _move_activities(merged, kept)
    before = yield from ask("SELECT count(*) FROM contact_address WHERE contact_id = $1", kept)
    yield from ask(
        "UPDATE contact_address SET contact_id = $2, position = position + $3 WHERE contact_id = $1",
        merged,
        kept,
        before[0][0],
    )
    yield from ask(
        "UPDATE contact SET owner_id = coalesce(owner_id, (SELECT m.owner_id FROM contact m WHERE m.id = $1)),"
        " name = CASE WHEN name = '' THEN (SELECT m.name FROM contact m WHERE m.id = $1) ELSE name END WHERE id = $2",
        merged,
        kept,
    )
    yield from ask("UPDATE contact SET merged_into = $2 WHERE id = $1", merged, kept)
    yield from audit(act, account_id, "contact.merge", contact=merged, into=kept, activities=moved[0][0])
    return int(moved[0][0])


def remove(act: Act, account_id: str, contact: str) -> Plan[None]:
    """Takes a contact and its addresses from the record; its activities stay."""
    contact_id = yield from find(act, account_id, contact)
    rows = yield from ask("SELECT address FROM contact_address WHERE contact_id = $1 ORDER BY position", contact_id)
    yield from ask("DELETE FROM contact_address WHERE contact_id = $1", contact_id)
    yield from ask("UPDATE contact SET removed_at = $2 WHERE id = $1", contact_id, act.at)
    yield from audit(act, account_id, "contact.remove", contact=contact_id, addresses=[a for (a,) in rows])


def _move_participants(merged: str, kept: str) -> Plan[None]:
    """Those on the contact's activities, and those of its addresses: no index leads from a contact to all mentions."""
    yield from ask(
        "UPDATE participant SET contact_id = $2 WHERE contact_id = $1 AND ("
        "activity_id IN (SELECT t.activity_id FROM activity_contact t WHERE t.contact_id = $1)"
        " OR canonical IN (SELECT a.address FROM contact_address a WHERE a.contact_id = $1))",
        merged,
        kept,
    )


def _move_activities(merged: str, kept: str) -> Plan[None]:
    yield from ask(
        "INSERT INTO activity_contact (activity_id, contact_id, position, at, created)"
        " SELECT activity_id, $2, position, at, created FROM activity_contact WHERE contact_id = $1"
        " ON CONFLICT DO NOTHING",
        merged,
        kept,
    )
    yield from ask("DELETE FROM activity_contact WHERE contact_id = $1", merged)


def _must_be_free(act: Act, account_id: str, canonicals: Sequence[str]) -> Plan[None]:
    found = yield from holders(act.keyed, account_id, canonicals)
    for address, held in found.items():
        if held.kind == "contact":
            raise Refused("{address} is {held} already.", address=address, held=held)
        raise _not_a_contact(address, held)


def _not_a_contact(address: str, held: Holder) -> Refused:
    return Refused("{address} can't be a contact's address: it is {held}.", address=address, held=held)


_CONTACT = (
    "SELECT c.id, c.name, u.address, c.created_at, c.created_by, c.merged_into, c.removed_at"
    " FROM contact c LEFT JOIN account_user u ON u.id = c.owner_id"
)
_PAGE = (
    f"{_CONTACT} WHERE c.account_id = $1 AND c.id > $2 AND c.merged_into IS NULL AND c.removed_at IS NULL"
    " AND ($3 = '%%' OR {name} LIKE $3 ESCAPE '\\' OR EXISTS (SELECT 1 FROM contact_address a"
    " WHERE a.contact_id = c.id AND a.address LIKE $3 ESCAPE '\\')) ORDER BY c.id LIMIT $4"
)


def _records(rows: Sequence[Row]) -> Plan[Sequence[ContactRecord]]:
    found = yield from ask(
        "SELECT contact_id, address FROM contact_address WHERE contact_id = ANY($1) ORDER BY contact_id, position",
        [row[0] for row in rows],
    )
    addresses: dict[str, list[str]] = {}
    for contact_id, address in found:
        addresses.setdefault(contact_id, []).append(address)
    return [ContactRecord(row[0], row[1], tuple(addresses.get(row[0], ())), *row[2:]) for row in rows]
