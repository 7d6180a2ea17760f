"""Lists of contacts as people bring and take them: CSV (RFC 4180) and vCards (RFC 6350)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TypeAlias

from storage import csv_text
from storage.administration import contacts, typed, vcards
from storage.administration.act import Act
from storage.administration.contacts import ContactRecord
from storage.administration.imports import Result
from storage.csv_text import Line, Table
from storage.plan import Plan

COLUMNS = ("email", "name", "owner")
MORE = "other_addresses"
Records: TypeAlias = Iterable[ContactRecord]


def read(text: Iterable[str]) -> Table:
    """Contacts of a list, which is vCards if its first line says so. Raises Refused."""
    lines = iter(text)
    first = next(lines, "")
    whole = _chained(first, lines)
    if first.strip().removeprefix("\ufeff").upper() == "BEGIN:VCARD":
        return Table(_cards("".join(whole).removeprefix("\ufeff")), ())
    return csv_text.read(whole, COLUMNS[0], (*COLUMNS[1:], MORE))


def take(act: Act, account_id: str, cells: Mapping[str, str]) -> Plan[Result]:
    """One contact of a list: the first address finds or makes it, those that nobody has yet are added."""
    others = [typed.address(other) for other in cells.get(MORE, "").split()]
    result = yield from contacts.take_line(act, account_id, cells)
    added = yield from contacts.add_free(act, account_id, cells["email"], others)
    return "updated" if added and result == "unchanged" else result


def csv(records: Records) -> Iterator[Sequence[str]]:
    """Rows of a CSV file, but for its first."""
    for contact in records:
        email, *others = contact.addresses or ("",)
        yield email, contact.name, contact.owner or "", " ".join(others), contact.id


def cards(records: Records) -> Iterator[str]:
    """One vCard (3.0, which most programs read) for each contact that has an address."""
    for contact in records:
        if contact.addresses:
            yield vcards.written(contact.id, contact.name, contact.addresses)


def _cards(text: str) -> Iterator[Line]:
    """A card as a line, numbered as cards."""
    for number, card in enumerate(vcards.read(text), 1):
        if not card.whole:
            yield Line(number, {}, "Its end is missing.")
        elif not card.addresses:
            yield Line(number, {}, "It has no e-mail address.")
        else:
            first, *others = card.addresses
            cells = {"email": first, "name": "" if card.name == first else card.name, "owner": ""}
            yield Line(number, cells | {MORE: " ".join(others)})


def _chained(first: str, rest: Iterator[str]) -> Iterator[str]:
    yield first
    yield from rest
