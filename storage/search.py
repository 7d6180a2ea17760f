"""Full text: what was logged, by the words that stand in it.

PostgreSQL keeps an index of its own beside the activities. SQLite's is brought up to date a moment later, by
`bring_up_to_date`, so that nobody who delivers a message waits for it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from itertools import accumulate

from storage.plan import Plan, ask

MOST_WORDS, LONGEST = 10, 200
"""Of a search; characters."""
BATCH = 200
"""Activities in one transaction."""
SIZE = 500_000
"""Characters of their texts together, unless one has more: mail waits for it."""
_PAGES = 500
"""Of the index, merged in one transaction."""


def words(text: str) -> Sequence[str]:
    """What is looked for: the beginnings of words, all of which must be there."""
    plain = unicodedata.normalize("NFKC", text[:LONGEST].replace("_", " ")).lower()
    return re.findall(r"\w+", plain)[:MOST_WORDS]


def in_sqlite(account_id: str, wanted: Sequence[str]) -> str:
    """The same in the words of FTS5, which takes accents away; each stands in quotes, so that none of them acts."""
    found = " ".join(f'{{subject text}}: "{word}"*' for word in wanted)
    return f'account: "{account_id}" {found}'


def in_postgres(wanted: Sequence[str]) -> str:
    """The same in the words of to_tsquery, without accents."""
    return " & ".join(f"'{_plain(word)}':*" for word in wanted)


def _plain(word: str) -> str:
    return "".join(c for c in unicodedata.normalize("NFKD", word) if not unicodedata.combining(c))


def to_erase() -> Plan[int]:
    """In how many steps `erase` takes what has gone out of the index's older parts; 0 where nothing has gone."""
    if not (yield from ask("SELECT 1 FROM search_erase LIMIT 1")):
        return 0
    [(pages,)] = yield from ask("SELECT count(*) FROM search_data")  # reads all of the index
    return int(pages) // _PAGES + 2


def last_gone() -> Plan[int]:
    """Up to where `erased` may forget, once all steps are done that begin now."""
    [(last,)] = yield from ask("SELECT coalesce(max(rowid), 0) FROM search_erase")
    return int(last)


def erase(step: int) -> Plan[None]:
    """One of these steps, counted from 0: SQLite merges the parts of the index, and leaves out what has gone."""
    yield from ask("INSERT INTO search (search, rank) VALUES ('merge', $1)", -_PAGES if step == 0 else _PAGES)


def erased(last: int) -> Plan[None]:
    """All steps are done: nothing is due any more of what had gone before them."""
    yield from ask("DELETE FROM search_erase WHERE rowid <= $1", last)


def is_due() -> Plan[bool]:
    """Whether something new or changed waits to be taken into SQLite's index."""
    return bool((yield from ask("SELECT 1 FROM search_due LIMIT 1")))


def bring_up_to_date() -> Plan[int]:
    """Takes a batch of new and changed activities into it. How many there were."""
    due = yield from ask(
        "SELECT s.activity_id, length(a.text) FROM search_due s JOIN activity a ON a.id = s.activity_id"
        " ORDER BY s.activity_id LIMIT $1",
        BATCH,
    )
    sizes = accumulate(size for _, size in due)
    ids = [row[0] for row, size in zip(due, sizes, strict=True) if size <= SIZE] or [row[0] for row in due[:1]]
    yield from ask(
        "INSERT INTO search_document (activity_id) SELECT id FROM activity WHERE id = ANY($1) ORDER BY id", ids
    )
    yield from ask(
        "INSERT INTO search (rowid, account, subject, text)"
        " SELECT n.number, a.account_id, coalesce(a.subject, ''), a.text FROM search_document n"
        " JOIN activity a ON a.id = n.activity_id WHERE n.activity_id = ANY($1) ORDER BY n.number",
        ids,
    )
    yield from ask("DELETE FROM search_due WHERE activity_id = ANY($1)", ids)
    return len(ids)
