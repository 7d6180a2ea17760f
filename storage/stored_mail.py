"""All stored mail, wherever it stands: which keys it needs, and how it comes under another one."""

from __future__ import annotations

from collections.abc import Sequence

from storage.content import Content, place
from storage.mail_keys import MailKeys, encoding_under, key_of
from storage.plan import Plan, Row, ask

TABLES = {"raw_message": "activity_id", "held": "decision_id", "operator_mail": "id"}
"""Those that hold mail, and the column that names the row."""
ROWS, BYTES = 200, 4 * 1024 * 1024
"""Of a page, at most; but one message, however large."""


def keys_needed() -> Plan[set[str]]:
    """Ids of the keys that stored mail is encrypted under, and `mail_keys.NONE`, in a few steps through an index."""
    needed: set[str] = set()
    for table in TABLES:
        needed.update(map(key_of, (yield from _encodings(table))))
    return needed


def must_open(keys: MailKeys) -> Plan[None]:
    """Raises MailKeyMissing where a key that stored mail needs isn't there, MailKeysUnusable where none can be read."""
    keys.must_have(sorted((yield from keys_needed())))


def counted() -> Plan[dict[str, int]]:
    """How many stored messages there are under each key, by its id."""
    found: dict[str, int] = {}
    for table in TABLES:
        for encoding, number in (yield from ask(f"SELECT encoding, count(*) FROM {table} GROUP BY encoding")):
            found[key_of(encoding)] = found.get(key_of(encoding), 0) + number
    return found


def move_some(keys: MailKeys) -> Plan[int]:
    """A page of what isn't under the first key comes under it, or under none; how many. 0: all are.

    Raises MailKeyMissing, MailKeysUnusable, and StoreBroken where one isn't what was stored in its place.
    """
    wanted = keys.first
    for table in TABLES:
        for encoding in (yield from _encodings(table)):
            if encoding != encoding_under(wanted):
                return (yield from _move_page(table, encoding, keys, wanted))
    return 0


def _move_page(table: str, encoding: str, keys: MailKeys, wanted: str) -> Plan[int]:
    column = TABLES[table]
    sizes = yield from ask(f"SELECT {column}, length(content) FROM {table} WHERE encoding = $1 LIMIT {ROWS}", encoding)
    ids = _page(sizes)
    rows = yield from ask(f"SELECT {column}, content FROM {table} WHERE {column} = ANY($1)", ids)
    for row_id, data in rows:
        moved = keys.moved(Content(encoding, data, place(table, row_id)), wanted)
        yield from ask(
            f"UPDATE {table} SET encoding = $2, content = $3 WHERE {column} = $1", row_id, moved.encoding, moved.data
        )
    return len(ids)


def _page(sizes: Sequence[Row]) -> list[str]:
    taken: list[str] = []
    total = 0
    for row_id, size in sizes:
        total += size
        if taken and total > BYTES:
            break
        taken.append(row_id)
    return taken


def _encodings(table: str) -> Plan[list[str]]:
    """Each that stands in the table, without a look at every row."""
    found: list[str] = []
    while True:
        last = found[-1] if found else ""
        [(encoding,)] = yield from ask(f"SELECT min(encoding) FROM {table} WHERE encoding > $1", last)
        if encoding is None:
            return found
        found.append(encoding)
