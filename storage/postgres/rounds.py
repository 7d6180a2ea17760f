"""What many plans ask at once, in as few trips to the server as there are different statements in it."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, TypeVar

from storage.batch import Rounds
from storage.plan import Row, Rows, Statement, Value

if TYPE_CHECKING:
    from storage.postgres.connection import Connection

T = TypeVar("T")

_PARAMETER = re.compile(r"\$(\d+)")


async def run_rounds(connection: Connection, rounds: Rounds[T]) -> T:
    """Runs rounds to their end and returns their result. Raises what the driver raises."""
    try:
        asked = next(rounds)
        while True:
            asked = rounds.send(await _answers(connection, asked))
    except StopIteration as end:
        result: T = end.value
        return result


async def _answers(connection: Connection, asked: Sequence[Statement]) -> list[Rows]:
    alike: dict[str, list[int]] = {}
    for number, statement in enumerate(asked):
        alike.setdefault(statement.sql, []).append(number)
    answers: list[Rows] = [()] * len(asked)
    for sql, numbers in alike.items():
        values = [asked[number].values for number in numbers]
        if " RETURNING " in sql:
            for number, of in zip(numbers, values, strict=True):
                answers[number] = [tuple(row) for row in await connection.fetch(sql, *of)]
            continue
        if not sql.startswith("SELECT"):
            await connection.executemany(sql, values)  # one trip, whatever their number
            continue
        for number, rows in zip(numbers, await _selected(connection, sql, values), strict=True):
            answers[number] = rows
    return answers


async def _selected(connection: Connection, sql: str, values: Sequence[Sequence[Value]]) -> list[Rows]:
    """The rows of one SELECT for each of several lists of parameters."""
    if len(values) == 1:
        return [[tuple(row) for row in await connection.fetch(sql, *values[0])]]
    found: list[list[Row]] = [[] for _ in values]
    merged = _for_each(sql, tuple(map(_kind, values[0])))
    for number, _, *row in await connection.fetch(merged, json.dumps(values)):
        found[number - 1].append(tuple(row))
    return [*found]


def _kind(value: Value) -> str:
    if isinstance(value, int):
        return "bigint"
    return "text" if value is None or isinstance(value, str) else "text[]"


@lru_cache(maxsize=256)
def _for_each(sql: str, kinds: tuple[str, ...]) -> str:
    """The same SELECT beside each member of a JSON list of parameters; its rows have their member's number in front."""

    def parameter(match: re.Match[str]) -> str:
        number = int(match[1]) - 1
        if kinds[number] == "text[]":
            return f"(ARRAY(SELECT jsonb_array_elements_text(asked.of -> {number})))"
        return f"(asked.of ->> {number})::{kinds[number]}"

    return (
        "SELECT asked.number, found.* FROM jsonb_array_elements($1::jsonb) WITH ORDINALITY AS asked (of, number),"
        f" LATERAL (SELECT row_number() OVER (), one.* FROM ({_PARAMETER.sub(parameter, sql)}) one) found"
        " ORDER BY 1, 2"
    )
