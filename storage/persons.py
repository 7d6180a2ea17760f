"""All that an account has of a person outside: found, and erased step by step, with nothing half done in between."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gateway.core.address_keys import token_keys
from gateway.core.model import Role
from gateway.core.questions import Questions
from gateway.core.spellings import ERASED, Spellings, spellings
from storage import erasing, held, outbox
from storage.administration import typed
from storage.administration.act import Act
from storage.administration.holders import Holder, holder, holders
from storage.content import Content, place
from storage.errors import NotFound, Refused
from storage.outbox import Change, Happened, Type
from storage.plan import Plan, Row, ask, insert

PLACEHOLDER = "erased"
"""What a placeholder of somebody who was erased has for an entry's id."""
AUTHORS = (Role.FROM.value, Role.SENDER.value)
PAGE = 50
"""Activities in one step."""
MOST_HELD = 5
"""Held or waiting messages in one step: each has its bytes."""
MOST_CHANGES = 500
"""Entries of the audit in one step."""


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody outside, by all that leads to them."""

    account_id: str
    contact_ids: tuple[str, ...]
    """Their contact's, and those that were merged into it or removed."""
    addresses: tuple[str, ...]
    """Canonical."""
    names: tuple[str, ...]
    spelt: tuple[str, ...]
    """The addresses as mail writes them, where that differs."""

    @property
    def spellings(self) -> Spellings:
        """Finds them in texts that are known to be about them."""
        return spellings({*self.addresses, *self.spelt}, self.names)

    @property
    def by_address(self) -> Spellings:
        """Finds them in any text: others may have the same name."""
        return spellings({*self.addresses, *self.spelt}, ())


@dataclass(frozen=True, slots=True)
class Concerned:
    """An activity in which they take part. `wholly`: it goes as a whole, for nobody else's record has it, or they are
    its author.
    """

    id: str
    sent_at: int
    subject: str | None
    wholly: bool
    richness: str


def find(act: Act, account_id: str, who: Sequence[str]) -> Plan[Person]:
    """Who has these addresses, or is the contact with this id. Raises Refused."""
    contacts: set[str] = set()
    addresses: set[str] = set()
    for one in who:
        rows = yield from ask("SELECT id FROM contact WHERE account_id = $1 AND id = $2", account_id, one)
        if rows:
            contacts.add(one)
            continue
        if "@" not in one:
            raise NotFound("There is no contact {contact!r}.", "`contact list --search TEXT` finds them.", contact=one)
        if one.startswith("*@"):
            raise Refused(
                "{pattern} stands for many: name each address.",
                "`contact list --search TEXT` finds contacts.",
                pattern=one,
            )
        canonical = typed.address(one)
        held_by = yield from holder(act.keyed, account_id, canonical)
        if held_by and held_by.kind in ("user", "mailbox"):
            raise Refused("{address} is {held}, nobody outside.", address=canonical, held=held_by)
        contacts |= {held_by.id} if held_by and held_by.kind == "contact" else set()
        addresses.add(canonical)
    reached = -1
    while reached < len(contacts) + len(addresses):  # an address leads to a contact, and that to others
        reached = len(contacts) + len(addresses)
        contacts |= yield from _contacts_of(account_id, addresses, contacts)
        addresses |= yield from _addresses_of(account_id, contacts)
        ours = yield from holders(act.keyed, account_id, sorted(addresses))
        addresses -= {address for address, held_by in ours.items() if _somebody_else(held_by, contacts)}
    told = yield from ask(
        "SELECT DISTINCT p.name, p.address FROM participant p JOIN activity a ON a.id = p.activity_id"
        " WHERE a.account_id = $1 AND p.canonical = ANY($2)",
        account_id,
        sorted(addresses),
    )
    known = yield from ask("SELECT name FROM contact WHERE id = ANY($1)", sorted(contacts))
    names = {name for name, *_ in (*told, *known) if name}
    spelt = {address for _, address in told} - addresses
    return Person(account_id, *(tuple(sorted(some)) for some in (contacts, addresses, names, spelt)))


def concerned(person: Person, after: str = "", limit: int = PAGE) -> Plan[Sequence[Concerned]]:
    """A page of the activities in which they take part, in the order of their ids."""
    rows = yield from ask(
        "SELECT id FROM (SELECT a.id FROM participant p JOIN activity a ON a.id = p.activity_id"
        " WHERE a.account_id = $1 AND p.canonical = ANY($2) AND p.user_id IS NULL"
        " UNION SELECT a.id FROM activity_contact t JOIN activity a ON a.id = t.activity_id"
        " WHERE a.account_id = $1 AND t.contact_id = ANY($3)) found WHERE id > $4 ORDER BY id LIMIT $5",
        person.account_id,
        person.addresses,
        person.contact_ids,
        after,
        limit,
    )
    return (yield from _judged(person, [activity_id for (activity_id,) in rows]))


def stored(activity_id: str) -> Plan[Content | None]:
    """The message of an activity."""
    rows = yield from ask("SELECT encoding, content FROM raw_message WHERE activity_id = $1", activity_id)
    return next((Content(encoding, data, place("raw_message", activity_id)) for encoding, data in rows), None)


def erase_from(act: Act, person: Person, seen: Concerned, left: Content | None) -> Plan[str]:
    """Takes the person out of an activity, or the activity away. `left`: its message without them; None: that goes.

    What was done: erased, placeholder, or "" where they take no part in it any more.
    """
    for one in (yield from _judged(person, [seen.id])):
        if one.wholly:
            yield from erasing.erase(one.id, act.at)
            yield from _tell(act, person, one.id, Change.WITHDRAWN)
            return "erased"
        yield from erasing.keep_copies_out(one.id, act.at)
        yield from erasing.forget_evidence(one.id)
        yield from _take_out(person, one.id)
        yield from _tell(act, person, one.id, Change.PERSON)
        if left and one.richness == seen.richness:  # or another copy has brought other bytes meanwhile
            yield from erasing.replace_bytes(one.id, left)
        else:
            yield from erasing.drop_bytes(one.id, act.at)
        return "placeholder"
    return ""


def _tell(act: Act, person: Person, activity_id: str, change: Change) -> Plan[None]:
    yield from outbox.write(act.new_id, person.account_id, act.at, [Happened(Type.UPDATED, activity_id, change)])


def held_copies(account_id: str, after: str) -> Plan[Sequence[tuple[str, Content]]]:
    """Some held messages behind the id `after`, with what is kept of them."""
    rows = yield from ask(
        "SELECT decision_id, encoding, content FROM held WHERE account_id = $1 AND decision_id > $2"
        " ORDER BY decision_id LIMIT $3",
        account_id,
        after,
        MOST_HELD,
    )
    return [(held_id, Content(encoding, data, place("held", held_id))) for held_id, encoding, data in rows]


def waiting_copies(account_id: str, after: str) -> Plan[Sequence[tuple[str, bytes]]]:
    """The same of replies that wait, sealed."""
    rows = yield from ask(
        "SELECT decision_id, sealed FROM waiting WHERE account_id = $1 AND decision_id > $2"
        " ORDER BY decision_id LIMIT $3",
        account_id,
        after,
        MOST_HELD,
    )
    return [(decision_id, bytes(sealed)) for decision_id, sealed in rows]


def erase_kept(act: Act, person: Person, decision_id: str, asked: Questions | None) -> Plan[None]:
    """A held or waiting message goes. `asked`: the hashes by which its copies are known, to be kept out as well."""
    rows = yield from ask("SELECT 1 FROM held WHERE decision_id = $1", decision_id)
    if rows:
        yield from held.end([decision_id], "held.erased")
    yield from ask("DELETE FROM waiting WHERE decision_id = $1", decision_id)
    if asked:
        yield from insert(
            "message",
            "(account_id, id_hash, anchor_hash, conflict)"
            " DO UPDATE SET erased_at = coalesce(message.erased_at, excluded.erased_at)",
            account_id=person.account_id,
            id_hash=asked.message_id,
            anchor_hash=asked.anchor,
            conflict="",
            author_hash=asked.author,
            text_hash=asked.text,
            subject_hash=asked.subject,
            outcome="skipped",
            at=act.at,
            erased_at=act.at,
        )


def changes(account_id: str, after: str) -> Plan[Sequence[tuple[str, str, dict[str, Any]]]]:
    """Some entries of the audit behind the id `after`: id, action, detail."""
    rows = yield from ask(
        "SELECT id, action, detail FROM audit WHERE account_id = $1 AND id > $2 ORDER BY id LIMIT $3",
        account_id,
        after,
        MOST_CHANGES,
    )
    return [(audit_id, action, json.loads(detail)) for audit_id, action, detail in rows]


def without_them(person: Person, who: Spellings, action: str, detail: dict[str, Any]) -> dict[str, Any]:
    """What stays of an entry of the audit."""
    if detail.get("contact") in person.contact_ids and action in ("contact.add", "contact.rename"):
        named = {name: ERASED for name in ("name", "before", "after") if detail.get(name)}
        detail = detail | named
    return {name: _masked(value, who) for name, value in detail.items()}


def rewrite(entries: Mapping[str, dict[str, Any]]) -> Plan[None]:
    """Entries of the audit get this detail."""
    for audit_id, detail in entries.items():
        yield from ask("UPDATE audit SET detail = $2 WHERE id = $1", audit_id, json.dumps(detail))


def erase_contact(act: Act, person: Person) -> Plan[int]:
    """Their own record goes; an empty row stays, to which the audit refers. How many addresses it had."""
    gone = yield from ask(
        "DELETE FROM contact_address WHERE contact_id = ANY($1) RETURNING 1", person.contact_ids
    )
    yield from ask(
        "UPDATE contact SET name = '', owner_id = NULL, removed_at = coalesce(removed_at, $2) WHERE id = ANY($1)",
        person.contact_ids,
        act.at,
    )
    return len(gone)


def listed(act: Act, person: Person) -> Plan[Sequence[str]]:
    """Ids of entries of the never-log list that name them."""
    keys = {key for address in person.addresses for key in token_keys(address) if key.startswith("a:")}
    rows = yield from ask(
        "SELECT DISTINCT entry_id FROM never_log_key WHERE account_id = $1 AND key_hash = ANY($2) ORDER BY entry_id",
        person.account_id,
        sorted(act.keyed("never-log", key) for key in keys),
    )
    return [entry_id for (entry_id,) in rows]


def must_be_known(person: Person, *, found: bool) -> None:
    """Raises NotFound where the account has nothing of them."""
    if not person.contact_ids and not found:
        raise NotFound("Nothing is stored about {who}.", who=", ".join(person.addresses))


def _somebody_else(held_by: Holder, contacts: Collection[str]) -> bool:
    return held_by.kind in ("user", "mailbox") or (held_by.kind == "contact" and held_by.id not in contacts)


def _contacts_of(account_id: str, addresses: Collection[str], contacts: Collection[str]) -> Plan[set[str]]:
    """Merged ones, both ways, and those that have no address any more. One that has is somebody in whose thread they
    wrote.
    """
    rows = yield from ask(
        "SELECT DISTINCT p.contact_id FROM participant p JOIN activity a ON a.id = p.activity_id"
        " WHERE a.account_id = $1 AND p.canonical = ANY($2) AND p.contact_id IS NOT NULL"
        " AND NOT EXISTS (SELECT 1 FROM contact_address x WHERE x.contact_id = p.contact_id)"
        " UNION SELECT id FROM contact WHERE account_id = $1 AND merged_into = ANY($3)"
        " UNION SELECT merged_into FROM contact WHERE account_id = $1 AND id = ANY($3) AND merged_into IS NOT NULL",
        account_id,
        sorted(addresses),
        sorted(contacts),
    )
    return {contact_id for (contact_id,) in rows}


def _addresses_of(account_id: str, contacts: Collection[str]) -> Plan[set[str]]:
    rows = yield from ask(
        "SELECT address FROM contact_address WHERE account_id = $1 AND contact_id = ANY($2)"
        " UNION SELECT p.canonical FROM activity_contact t JOIN participant p ON p.activity_id = t.activity_id"
        " WHERE t.contact_id = ANY($2) AND p.contact_id = ANY($2) AND p.canonical <> '' AND p.user_id IS NULL",
        account_id,
        sorted(contacts),
    )
    return {address for (address,) in rows}


def _judged(person: Person, ids: Sequence[str]) -> Plan[Sequence[Concerned]]:
    rows = yield from ask(
        "SELECT id, sent_at, subject, richness FROM activity WHERE id = ANY($1) AND withdrawn_at IS NULL ORDER BY id",
        ids,
    )
    people = yield from ask(
        "SELECT activity_id, role, canonical, contact_id FROM participant WHERE activity_id = ANY($1)"
        " AND user_id IS NULL",
        ids,
    )
    records = yield from ask("SELECT activity_id, contact_id FROM activity_contact WHERE activity_id = ANY($1)", ids)
    theirs = {row[0] for row in people if _is(person, row)}
    theirs |= {activity_id for activity_id, contact_id in records if contact_id in person.contact_ids}
    wrote = {row[0] for row in people if _is(person, row) and row[1] in AUTHORS}
    others = {activity_id for activity_id, contact_id in records if contact_id not in person.contact_ids}
    return [
        Concerned(activity_id, sent_at, subject, activity_id in wrote or activity_id not in others, richness)
        for activity_id, sent_at, subject, richness in rows
        if activity_id in theirs
    ]


def _is(person: Person, row: Row) -> bool:
    _, _, canonical, contact_id = row
    return canonical in person.addresses or contact_id in person.contact_ids


def _take_out(person: Person, activity_id: str) -> Plan[None]:
    """Of the participant a placeholder stays; the names and texts of the activity name them no more."""
    who = person.spellings
    yield from ask(
        "UPDATE participant SET name = '', address = '', canonical = '', contact_id = NULL, entry_id = $2"
        " WHERE activity_id = $1 AND user_id IS NULL AND (canonical = ANY($3) OR contact_id = ANY($4))",
        activity_id,
        PLACEHOLDER,
        person.addresses,
        person.contact_ids,
    )
    yield from ask(
        "DELETE FROM activity_contact WHERE activity_id = $1 AND contact_id = ANY($2)", activity_id, person.contact_ids
    )
    [texts] = yield from ask("SELECT coalesce(subject, ''), text, reference FROM activity WHERE id = $1", activity_id)
    left = [who.masked(text) for text in texts]
    if left != list(texts):
        yield from ask("UPDATE activity SET subject = $2, text = $3, reference = $4 WHERE id = $1", activity_id, *left)
    for table in ("participant", "attachment"):
        named = yield from ask(f"SELECT position, name FROM {table} WHERE activity_id = $1", activity_id)
        for position, name in named:
            if who.search(name):
                yield from ask(
                    f"UPDATE {table} SET name = $3 WHERE activity_id = $1 AND position = $2",
                    activity_id,
                    position,
                    who.masked(name),
                )


def _masked(value: Any, who: Spellings) -> Any:  # Any: what JSON knows
    match value:
        case str():
            return who.masked(value)
        case list():
            return [_masked(one, who) for one in value]
        case dict():
            return {name: _masked(one, who) for name, one in value.items()}
        case _:
            return value
