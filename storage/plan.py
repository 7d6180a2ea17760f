"""Work for a database, free of any driver.

A plan is a generator: it yields statements, is sent their rows, and returns its result. Each store has one small loop
that runs plans on its driver, inside one transaction, so the SQL and the order of the work are written once.

SQL is PostgreSQL's where the two differ: parameters are $1, $2 …, a list is matched by `= ANY($1)`.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, TypeAlias, TypeVar

T = TypeVar("T")

MOST_ROWS = 100
"""Rows of one INSERT: databases take some 30,000 parameters."""

Value: TypeAlias = str | int | bytes | Sequence[str] | None
Row: TypeAlias = tuple[Any, ...]  # columns have the types of the migration; the plan that asked knows them
Rows: TypeAlias = Sequence[Row]


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement with its parameters."""

    sql: str
    values: tuple[Value, ...]
    on_sqlite: Statement | None = None
    """The same where SQLite's words differ by more than their spelling."""


Plan: TypeAlias = Generator[Statement, Rows, T]


def then(first: Plan[object], shown: Plan[T]) -> Plan[T]:
    """One plan, and what another shows after it."""
    yield from first
    return (yield from shown)


def ask(sql: str, *values: Value) -> Plan[Rows]:
    """One statement as a plan: `rows = yield from ask(…)`."""
    rows = yield Statement(sql, values)
    return rows


def insert(table: str, conflict: str = "", /, **values: Value) -> Plan[None]:
    """One row; `conflict` is what stands behind ON CONFLICT. Names are the code's own, values are parameters."""
    yield from insert_all(table, [values], conflict)


def insert_all(table: str, rows: Sequence[Mapping[str, Value]], conflict: str = "") -> Plan[None]:
    """Rows of the same columns in as few statements as can be; without any row, none."""
    for start in range(0, len(rows), MOST_ROWS):
        some = rows[start : start + MOST_ROWS]
        yield Statement(
            _insert(table, conflict, tuple(some[0]), len(some)), tuple(v for row in some for v in row.values())
        )


@lru_cache(maxsize=1024)
def _insert(table: str, conflict: str, names: tuple[str, ...], rows: int) -> str:
    count = len(names)
    marks = (f"({', '.join(f'${row * count + n}' for n in range(1, count + 1))})" for row in range(rows))
    sql = f"INSERT INTO {table} ({', '.join(names)}) VALUES {', '.join(marks)}"
    return f"{sql} ON CONFLICT {conflict}" if conflict else sql
