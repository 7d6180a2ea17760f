"""CSV as people bring it, and as it can be given to spreadsheets (RFC 4180)."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

from storage.errors import Refused

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""A cell that begins with one of these is a formula to some spreadsheet."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a table: its number in the file, and its cells by column."""

    number: int
    cells: Mapping[str, str]
    fault: str = ""
    """Why it can't be read, or ""."""


@dataclass(frozen=True, slots=True)
class Table:
    """A table being read."""

    lines: Iterator[Line]
    ignored: tuple[str, ...]
    """Columns that nobody asked for."""


def read(text: Iterable[str], needed: str, others: Sequence[str]) -> Table:
    """A table whose first line names the columns, in any order and case; `needed` must be among them.

    Cells are divided by comma, semicolon or tab, whichever the first line has most of. Bytes that were no UTF-8 are
    expected as surrogates. Raises Refused for a first line that doesn't fit.
    """
    lines, columns = iter(text), (needed, *others)
    first = next(lines, "").removeprefix("\ufeff")
    rows = _rows(chain([first], lines), max(",;\t", key=first.count))
    _, names = next(rows, (1, None))
    header = [name.strip().lower() for name in names or ()]
    if needed not in header:
        raise Refused(
            "The first line must name the columns: {columns}. It has no column {needed!r}.",
            columns=", ".join(columns),
            needed=needed,
        )
    twice = [name for name in columns if header.count(name) > 1]
    if twice:
        raise Refused("The first line names a column twice: {twice}.", twice=", ".join(twice))
    return Table(_lines(rows, header, columns), tuple(n for n in header if n and n not in columns))


def write(rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """Lines of a CSV file, every cell quoted, none of them a formula; `read` gives the cells back as they were."""
    for row in rows:
        line = io.StringIO()
        csv.writer(line, quoting=csv.QUOTE_ALL, lineterminator="\r\n").writerow([_harmless(cell) for cell in row])
        yield line.getvalue()


def _rows(text: Iterable[str], delimiter: str) -> Iterator[tuple[int, list[str] | None]]:
    """Line number and cells; None for a line that is no CSV."""
    reader = csv.reader(text, delimiter=delimiter)
    while True:
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error:
            yield reader.line_num, None
        else:
            yield reader.line_num, row


def _lines(
    rows: Iterator[tuple[int, list[str] | None]], header: Sequence[str], columns: Sequence[str]
) -> Iterator[Line]:
    for number, row in rows:
        if row is None or any("\n" in cell or "\r" in cell for cell in row):
            yield Line(number, {}, "A quote isn't closed on the line where it was opened.")
        elif any(cell.strip() for cell in row):
            given = dict(zip(header, map(_plain, row), strict=False))
            fault = "" if all(cell.isprintable() or _is_utf8(cell) for cell in row) else "It is not UTF-8."
            yield Line(number, {name: given.get(name, "").strip() for name in columns}, fault)


def _is_utf8(cell: str) -> bool:
    return not any("\ud800" <= c <= "\udfff" for c in cell)


def _harmless(cell: str) -> str:
    return f"'{cell}" if cell.lstrip("' ").startswith(_FORMULA) else cell


def _plain(cell: str) -> str:
    return cell[1:] if cell.startswith("'") and cell.lstrip("' ").startswith(_FORMULA) else cell
