"""Accounts of every size: what a message costs where there are many contacts, never-log entries and remembered ids.

The rows are written straight into the database, as the gateway would have written them over years.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from bench.mail import CONTACTS, contact
from bench.running import Environment, Server
from bench.servers import Gateway, Start, count
from gateway.core.address_keys import entry_keys, parse_pattern
from gateway.core.keyed_hash import KeyedHash
from storage.open import installation_key


@dataclass(frozen=True, slots=True)
class Size:
    """What an account holds already."""

    contacts: int = 0
    entries: int = 0
    message_ids: int = 0


EMPTY = "empty"
SIZES = {
    EMPTY: ("empty", Size()),
    "contacts-10k": ("10,000 contacts", Size(contacts=10_000)),
    "contacts-1M": ("1,000,000 contacts", Size(contacts=1_000_000)),
    "entries-100k": ("100,000 never-log entries", Size(entries=100_000)),
    "ids-5M": ("5,000,000 message ids", Size(message_ids=5_000_000)),
    "all": ("all three", Size(1_000_000, 100_000, 5_000_000)),
}


def accounts(smaller: int) -> dict[str, tuple[str, Start]]:
    """A gateway for each size, the numbers divided by `smaller`."""
    made: dict[str, tuple[str, Start]] = {}
    for name, (title, full) in SIZES.items():
        size = Size(full.contacts // smaller, full.entries // smaller, full.message_ids // smaller)
        made[name] = (title if smaller == 1 else f"{title} / {smaller}", partial(_filled, size))
    return made


@contextmanager
def _filled(size: Size, folder: Path, environment: Environment) -> Iterator[Server]:
    path = folder / "gateway.db"
    made = Gateway(folder, f'path = "{path}"')
    start = time.monotonic()
    fill(path, installation_key(folder / "installation.key", create=False), size)
    print(f"  filled in {time.monotonic() - start:.0f} s: {size}, {path.stat().st_size / 1e6:.0f} MB", flush=True)
    with made.serve(environment) as pid:
        yield Server(made.port, made.recipient, (pid,), partial(count, path, "SELECT count(*) FROM activity"))


def fill(path: Path, key: bytes, size: Size) -> None:
    """Adds the rows to the one account there. Hashes of real values where a message may meet them, else any."""
    keyed = KeyedHash(key)
    with filling(path) as db:
        [(account,)] = db.execute("SELECT id FROM account").fetchall()
        _contacts(db, account, keyed, size.contacts)
        _entries(db, account, keyed, size.entries)
        _message_ids(db, account, size.message_ids)


@contextmanager
def filling(path: Path) -> Iterator[sqlite3.Connection]:
    """A database that many rows are written to at once, as fast as it goes."""
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.executescript("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -1000000")
        db.execute("BEGIN")
        yield db
        db.execute("COMMIT")
        db.execute("PRAGMA journal_mode = WAL")


def _contacts(db: sqlite3.Connection, account: str, keyed: KeyedHash, number: int) -> None:
    """Those that the load writes to are among them."""
    people = [contact(n).rpartition("<")[2].rstrip(">") for n in range(min(number, CONTACTS))]
    people += (f"person.{n}@company{n % 50_000}.example" for n in range(number - len(people)))
    _insert(
        db,
        "contact (id, account_id, name, created_at, created_by)",
        ((f"00c{n:09}", account, f"Person {n}", 0, "import") for n in range(number)),
    )
    rows = sorted((keyed("address", address), n, address) for n, address in enumerate(people))
    _insert(
        db,
        "contact_address (account_id, address_hash, contact_id, address, position)",
        ((account, hashed, f"00c{n:09}", address, 0) for hashed, n, address in rows),
    )


def _entries(db: sqlite3.Connection, account: str, keyed: KeyedHash, number: int) -> None:
    """Addresses, every tenth a domain; nobody in the load is among them."""
    patterns = [parse_pattern(f"{'*' if n % 10 == 0 else f'p{n}'}@listed{n}.example") for n in range(number)]
    _insert(
        db,
        "never_log_entry (id, account_id, pattern, kind, effect, added_by, added_at)",
        ((f"00e{n:09}", account, p.text, p.kind, "participant", "import", 0) for n, p in enumerate(patterns)),
    )
    keys = sorted((keyed("never-log", key), f"00e{n:09}") for n, p in enumerate(patterns) for key in entry_keys(p))
    _insert(db, "never_log_key (account_id, key_hash, entry_id)", ((account, key, entry) for key, entry in keys))


def _message_ids(db: sqlite3.Connection, account: str, number: int) -> None:
    """Each with the thread that it stands in and the decision about it; four to a thread."""
    values = {"account": account, "number": number, "step": (1 << 32) // max(number, 1)}
    for statement in _REMEMBERED:
        db.execute(f"{_HASHES} {statement}", values)


_HASHES = """
WITH RECURSIVE numbers (n) AS (SELECT 0 WHERE :number > 0 UNION ALL SELECT n + 1 FROM numbers WHERE n + 1 < :number),
hashes (n, h, d, thread) AS (
    SELECT n, printf('%08x%024x', n * :step, n), printf('00d%09d', n), printf('00t%09d', n / 4 * 4) FROM numbers
)
"""  # in order, so that it goes fast, and spread over all that a hash can be
_REMEMBERED = (
    "INSERT INTO thread (id, account_id, subject_hash, started_at, messages, logged)"
    " SELECT thread, :account, h, 0, 4, 0 FROM hashes WHERE n % 4 = 0",
    "INSERT INTO thread_ref (account_id, message_id_hash, thread_id, at, seen)"
    " SELECT :account, h, thread, 0, 1 FROM hashes",
    "INSERT INTO message (account_id, id_hash, anchor_hash, conflict, author_hash, text_hash, subject_hash, outcome,"
    " thread_id, at) SELECT :account, h, h, '', h, h, h, 'skipped', thread, 0 FROM hashes",
    "INSERT INTO decision (id, trace_id, account_id, channel, at, outcome, reason, size_class, retry_hash,"
    " message_id_hash, flags, stages) SELECT d, d, :account, 'relay', 0, 'skipped', 'rule.replies_only',"
    " 4096, h, h, '[]', '[]' FROM hashes",
)


def _insert(db: sqlite3.Connection, columns: str, rows: Iterable[tuple[str | int, ...]]) -> None:
    marks = ", ".join("?" * (columns.count(",") + 1))
    db.executemany(f"INSERT INTO {columns} VALUES ({marks})", rows)  # noqa: S608 — the code's own names
