"""Work for a database, free of any driver.

A plan is a generator: it yields statements, is sent their rows, and returns its result. Each store has one small loop
that runs plans on its driver, inside one transaction, so the SQL and the order of the work are written once.

SQL is PostgreSQL's where the two differ: parameters are $1, $2 …, a list is matched by `= ANY($1)`.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, TypeAlias, TypeVar

T = TypeVar("T")

Value: TypeAlias = str | int | bytes | Sequence[str] | None
Row: TypeAlias = tuple[Any, ...]  # columns have the types of the migration; the plan that asked knows them
Rows: TypeAlias = Sequence[Row]


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement with its parameters."""

    sql: str
    values: tuple[Value, ...]


Plan: TypeAlias = Generator[Statement, Rows, T]


def ask(sql: str, *values: Value) -> Plan[Rows]:
    """One statement as a plan: `rows = yield from ask(…)`."""
    rows = yield Statement(sql, values)
    return rows


def insert(table: str, conflict: str = "", /, **values: Value) -> Plan[None]:
    """One row; `conflict` is what stands behind ON CONFLICT. Names are the code's own, values are parameters."""
    yield Statement(_insert(table, conflict, tuple(values)), tuple(values.values()))


@lru_cache(maxsize=256)
def _insert(table: str, conflict: str, names: tuple[str, ...]) -> str:
    marks = ", ".join(f"${n}" for n in range(1, len(names) + 1))
    sql = f"INSERT INTO {table} ({', '.join(names)}) VALUES ({marks})"
    return f"{sql} ON CONFLICT {conflict}" if conflict else sql
