"""What the commands that work on the store have in common.

A command takes `options` (made by the decorator of that name) and gives `run` an async function of a `Desk`; `change`
and `read` do that for one verb in the account that is meant. All of them end the process with one clear line and the
right exit code where something is wrong. `show_list` and `show_one` print records as a table or as JSON lines.
"""

from __future__ import annotations

import asyncio
import getpass
import json
import os
import sys
import unicodedata
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

import click

from gateway.clock import new_id, now
from gateway.core.keyed_hash import KeyedHash
from gateway.operator_log import escape
from gateway.records import plain_record
from storage.administration import accounts
from storage.administration.act import Act
from storage.copying import Bar
from storage.errors import StoreError
from storage.interface import Store
from storage.mail_keys import MailKeys
from storage.open import check, installation_key, open_store
from storage.plan import Plan
from storage.sealing import Sealing

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

    from config.settings import Settings

T = TypeVar("T")

EX_CONFIG = 78

config_option = click.option(
    "--config", "config_file", type=click.Path(path_type=Path), help="TOML file; default $GATEWAY_CONFIG."
)
as_json_option = click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")


@dataclass(frozen=True, slots=True)
class Options:
    """What every command takes."""

    config_file: Path | None
    who: str
    account: str
    """Name or id; "" for the only one."""


@dataclass(frozen=True, slots=True)
class Desk:
    """An open store and what an admin needs beside it."""

    store: Store
    settings: Settings
    act: Act
    sealing: Sealing


def options(command: Callable[..., None]) -> Callable[..., None]:
    """Gives a command --config, --account and --as; it gets them as its first argument, an `Options`."""

    @config_option
    @click.option("--account", default="", metavar="NAME", help="Which account; needless if there is only one.")
    @click.option("--as", "who", default="", metavar="NAME", help="Who does this, for the audit; default cli:<login>.")
    @wraps(command)
    def with_options(config_file: Path | None, account: str, who: str, **others: Any) -> None:  # Any: click's values
        command(Options(config_file, who or f"cli:{login()}", account), **others)

    return with_options


def run(options: Options, work: Callable[[Desk], Awaitable[T]]) -> T:
    """Opens the store, does the work and closes it."""

    async def opened() -> T:
        key = await load_key(settings)
        store = await open_store(settings.store.place(), key, new_id, busy_timeout=settings.store.busy_timeout)
        try:
            act = Act(options.who, now(), new_id, KeyedHash(key))
            return await work(Desk(store, settings, act, Sealing(key, mail=MailKeys(settings.store.mail_key_file))))
        finally:
            await store.close()

    settings = load_settings(options.config_file)
    return told(lambda: asyncio.run(opened()))


def change(options: Options, verb: Callable[[Desk, str], Plan[T]]) -> T:
    """Runs a verb that changes something; it gets the id of the account that is meant."""
    return run(options, lambda desk: desk.store.change(_in_account(options, desk, verb)))


def read(options: Options, query: Callable[[Desk, str], Plan[T]]) -> T:
    """The same for one that only reads."""
    return run(options, lambda desk: desk.store.read(_in_account(options, desk, query)))


def told(work: Callable[[], T]) -> T:
    """The result of the work; what the store or a file refuses ends the process with a line and its exit code."""
    try:
        return work()
    except StoreError as error:
        fail(str(error), error.exit_code)
    except OSError as error:
        fail(f"{error.filename}: {error.strerror}" if error.filename else str(error.strerror), 1)


def fail(sentence: str, exit_code: int = 1) -> NoReturn:
    """Ends the process."""
    click.echo(f"bcc-gateway: {escape(sentence)}", err=True)
    raise SystemExit(exit_code)


def load_settings(config_file: Path | None, overrides: Mapping[str, object] | None = None) -> Settings:
    """The settings; every fault on a line of its own if there are any."""
    from config.load import ConfigurationError, load  # noqa: PLC0415  # pydantic is slow to import

    try:
        return load(os.environ, config_file, overrides)
    except ConfigurationError as error:
        for fault in error.faults:
            click.echo(escape(str(fault)), err=True)
        raise SystemExit(EX_CONFIG) from None


async def load_key(settings: Settings) -> bytes:
    """The installation's key; without a database the lack of that is told first."""
    await check(settings.store.place())
    return installation_key(settings.store.key_file, create=False)


def show_list(records: Iterable[DataclassInstance], columns: Sequence[str], *, as_json: bool) -> None:
    """Prints records: these fields of each as an aligned table, or all fields as JSON lines."""
    plain = [plain_record(record) for record in records]
    if as_json:
        for record in plain:
            print_json(record)
        return
    table = [[cell(record[column]) for column in columns] for record in plain]
    titles = [column.removesuffix("_at").replace("_", " ").upper() for column in columns]
    widths = [max(map(_width, column)) for column in zip(titles, *table, strict=True)]
    for row in [titles, *table] if table else []:
        line = "  ".join(text + " " * (width - _width(text)) for text, width in zip(row, widths, strict=True))
        click.echo(line.rstrip())


def show_one(record: DataclassInstance, *, as_json: bool) -> None:
    """Prints a record: a line for each field, or one JSON object."""
    plain = plain_record(record)
    if as_json:
        print_json(plain)
        return
    lines = [(name, value) for name, field in plain.items() for name, value in _lines(name, field)]
    width = max(len(name) for name, _ in lines)
    for name, value in lines:
        click.echo(f"{name:<{width}}  {value}")


def print_json(value: object) -> None:
    """One JSON object on a line, escaped to ASCII."""
    click.echo(json.dumps(value))


def say(text: str) -> None:
    """Tells a person what was done, harmless on a terminal; line ends are kept."""
    click.echo("\n".join(map(escape, text.split("\n"))))


def bar(label: str) -> Bar:
    """Shows on a terminal how far something is."""

    @contextmanager
    def shown(steps: int) -> Iterator[Callable[[int], None]]:
        hidden = not sys.stderr.isatty()
        with click.progressbar(length=steps, label=label, file=sys.stderr, hidden=hidden) as progress:
            yield progress.update

    return shown


def _lines(name: str, value: Any) -> Iterable[tuple[str, str]]:
    if isinstance(value, dict):
        return [line for inner, v in value.items() for line in _lines(inner, v)]
    return [(name, cell(value))]


def cell(value: Any) -> str:
    """A value as one piece of a table, harmless on a terminal."""
    match value:
        case None | "" | []:
            return "-"
        case True:
            return "yes"
        case False:
            return "no"
        case list():
            return ", ".join(" ".join(map(cell, v.values())) if isinstance(v, dict) else cell(v) for v in value)
        case dict():
            return " ".join(f"{escape(name)}={cell(v)}" for name, v in value.items())
        case _:
            return escape(str(value))


def _width(text: str) -> int:
    """Columns that a terminal needs."""
    return sum(0 if unicodedata.combining(c) else 1 + (unicodedata.east_asian_width(c) in "WF") for c in text)


def _in_account(options: Options, desk: Desk, verb: Callable[[Desk, str], Plan[T]]) -> Plan[T]:
    account_id = yield from accounts.find(options.account)
    return (yield from verb(desk, account_id))


def login() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a user id without a name, as containers have it
        return str(os.getuid())

