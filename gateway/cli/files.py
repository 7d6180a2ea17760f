"""Tables that commands read and write: CSV files, with a progress bar on a terminal."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

import click

from gateway.cli import common
from gateway.cli.common import Desk, Options
from gateway.operator_log import escape
from storage.administration import accounts
from storage.administration.imports import Report, TakeLine, import_table
from storage.csv_text import read


def import_file(
    options: Options, file: Path, needed: str, others: Sequence[str], take: Callable[[Desk, str], TakeLine]
) -> None:
    """Imports a CSV file, says what became of its lines, and ends with 1 if some were refused."""

    async def work(desk: Desk) -> tuple[Report, Sequence[str]]:
        account_id = await desk.store.read(accounts.find(options.account))
        with _text(file) as text, _bar(file) as progress:
            table = read(text, needed, others)
            return await import_table(desk.store, table, take(desk, account_id), progress), table.ignored

    report, ignored = common.run(options, work)
    if ignored:
        click.echo(escape(f"Columns without a meaning here: {', '.join(ignored)}."), err=True)
    for line, reason in report.refused:
        click.echo(escape(f"line {line}: {reason}"), err=True)
    counts = ", ".join(f"{report.counts[result]} {result}" for result in ("created", "updated", "unchanged"))
    common.say(f"{counts}, {len(report.refused)} refused.")
    if report.refused:
        raise SystemExit(1)


@contextmanager
def new_file(file: Path) -> Iterator[TextIO]:
    """A file that doesn't exist yet, readable by its owner only; "-" is standard output."""
    if str(file) == "-":
        yield sys.stdout
        return
    descriptor = os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as opened:
        yield opened


@contextmanager
def _text(file: Path) -> Iterator[TextIO]:
    """Bytes that are no UTF-8 come as surrogates, so that only their line is refused."""
    with file.open(encoding="utf-8", errors="surrogateescape", newline="") as opened:
        yield opened


@contextmanager
def _bar(file: Path) -> Iterator[Callable[[int], None]]:
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    with file.open("rb") as lines:
        total = sum(1 for _ in lines)
    with click.progressbar(length=total, label=escape(file.name), file=sys.stderr) as bar:
        yield lambda done: bar.update(done - bar.pos)
