"""Looking for what must not be on disk: in every file of a folder, and in every value of its databases."""

from __future__ import annotations

import base64
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from importlib import resources
from pathlib import Path

from storage.content import unpacked
from storage.errors import StoreBroken
from storage.plan import Plan, ask


def found(folder: Path, *markers: str) -> set[str]:
    """Those of the markers that stand in any file or value below the folder, in any usual coding."""
    texts = [path.read_bytes() for path in folder.rglob("*") if path.is_file()]
    texts += [value for path in folder.rglob("*.db") for value in _values(path)]
    return among(texts, *markers)


def among(texts: Iterable[bytes], *markers: str) -> set[str]:
    """Those of the markers that stand in any of the texts, in any usual coding."""
    haystacks = [text.lower() for text in texts]
    codings = {marker: list(_codings(marker)) for marker in markers}
    return {m for m, forms in codings.items() if any(form in hay for form in forms for hay in haystacks)}


INVARIANT = (resources.files("storage") / "invariant.sql").read_text(encoding="utf-8").rstrip().removesuffix(";")
"""The shipped script."""


def breaches(path: Path) -> list[tuple[str, str]]:
    """What the shipped script says of a SQLite database, and SQLite of its references."""
    db = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    try:
        return breaches_in(db)
    finally:
        db.close()


def breaches_in(db: sqlite3.Connection) -> list[tuple[str, str]]:
    """The same of one that is open."""
    return [*db.execute(INVARIANT).fetchall(), *map(_orphan, db.execute(_REFERENCES))]


def breaches_of(kind: str) -> Plan[list[tuple[str, str]]]:
    """The same of an open store; a server looks after references itself."""
    found = list((yield from ask(INVARIANT)))
    return [*found, *map(_orphan, (yield from ask(_REFERENCES)))] if kind == "sqlite" else found


_REFERENCES = "PRAGMA foreign_key_check"


def _orphan(row: Sequence[str]) -> tuple[str, str]:
    table, _, parent, _ = row
    return f"a child without its parent in {table}", parent


def values_with(*markers: str) -> Plan[set[str]]:
    """Those of the markers that stand in any value of a PostgreSQL database."""
    tables = yield from ask("SELECT CAST(tablename AS text) FROM pg_tables WHERE schemaname = 'public'")
    values: list[object] = []
    for (table,) in tables:
        values += [value for row in (yield from ask(f"SELECT * FROM {table}")) for value in row]  # noqa: S608 — the name comes from the schema
    stored = [value.encode() if isinstance(value, str) else value for value in values]
    texts = [value for value in stored if isinstance(value, bytes)]
    return among([*texts, *map(_unpacked, texts)], *markers)


def _codings(marker: str) -> Iterator[bytes]:
    plain = marker.lower()
    yield plain.encode()
    yield plain.encode().hex().encode()
    yield plain.encode("utf-16-le")
    yield plain.replace("@", "=40").encode()
    yield plain.replace("@", "%40").encode()
    for shift in range(3):  # base64 has three alignments; its own case matters, so all is compared in lower case
        whole = base64.b64encode(b"x" * shift + marker.encode())
        yield whole[4 * bool(shift) : -4].lower()


def _values(path: Path) -> Iterator[bytes]:
    db = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    db.text_factory = bytes
    try:
        tables = [name.decode() for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        for table in tables:
            for row in db.execute(f'SELECT * FROM "{table}"'):  # noqa: S608 — the name comes from the schema
                for value in row:
                    if isinstance(value, bytes):
                        yield value
                        yield _unpacked(value)
    finally:
        db.close()


def _unpacked(value: bytes) -> bytes:
    with suppress(StoreBroken):
        return unpacked(value)
    return b""
