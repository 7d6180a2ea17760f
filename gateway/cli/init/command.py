"""`bcc-gateway init`: asks what it must know, then settings, key, database and first account, each step once.

Nothing is ever overwritten. What a step has made stands if a later one fails, and the same command goes on from there.
"""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path
from typing import NoReturn

import click

from config.load import ConfigurationError, load
from config.settings import Settings, value_at
from config.written import written
from gateway.cli import common
from gateway.cli.init import tell
from gateway.cli.init.answers import (
    DEFAULT_CHANNELS,
    FLAGS,
    LISTEN,
    First,
    Standing,
    Values,
    ask_first,
    ask_settings,
    completed,
    database,
    environment,
    faults,
    given_outside,
    missing_settings,
)
from gateway.cli.init.steps import Made, make, standing
from gateway.core.model import Channel
from gateway.operator_log import escape
from storage.errors import StoreError

FILES = ("smtp.certificate", "smtp.private_key", "store.key_file")


@click.command()
@click.option(
    "--config", "file", type=click.Path(path_type=Path), help="File to write; default $GATEWAY_CONFIG or gateway.toml."
)
@click.option("--domain", help="Capture addresses are at bcc. and so on below it.")
@click.option("--hostname", help="Name of this server in DNS.")
@click.option("--listen", multiple=True, metavar="HOST:PORT", help=f"Take mail here; may be repeated. [{LISTEN}]")
@click.option("--certificate", metavar="FILE", help="TLS certificate with its chain, PEM; without it: mail in clear.")
@click.option("--private-key", metavar="FILE", help="Its private key, PEM.")
@click.option(
    "--database", "place", metavar="FILE|URL", help="SQLite file (default beside --config), or postgresql://…"
)
@click.option("--key-file", metavar="FILE", help="The installation's key; default beside --config.")
@click.option("--console", metavar="HOST:PORT", help="Serve the console here.")
@click.option("--console-url", metavar="URL", help="Where browsers find it, if a proxy with TLS is before it.")
@click.option("--account", default="", metavar="NAME", help="Name of the first account.")
@click.option("--own-domain", "own_domains", multiple=True, metavar="DOMAIN", help="Of the account; may be repeated.")
@click.option("--admin-address", default="", metavar="ADDRESS", help="Of the first admin.")
@click.option("--admin-name", default="", metavar="NAME", help="Of the first admin.")
@click.option(
    "--capture",
    "channels",
    type=click.Choice([c.value for c in Channel]),
    multiple=True,
    default=DEFAULT_CHANNELS,
    show_default=True,
    help="Channel of a first capture address; may be repeated.",
)
def init(
    file: Path | None,
    place: str | None,
    listen: tuple[str, ...],
    account: str,
    own_domains: tuple[str, ...],
    admin_address: str,
    admin_name: str,
    channels: tuple[str, ...],
    **others: str | None,
) -> None:
    """Set up a gateway: settings, key, database, first account with its admin, capture address.

    At a terminal it asks for what no option gives. It overwrites nothing; after a failure the same command goes on.
    """
    file = (file or Path(os.environ.get("GATEWAY_CONFIG") or "gateway.toml")).absolute()
    given = _given(place, listen, others)
    first = First(account, own_domains, admin_address, admin_name, channels)
    _refuse_faults(given, first)
    if file.exists() or given_outside("domain"):
        text, settings = "", _standing(file, given)
    else:
        text, settings = _wanted(file, given, first)
    first = _first(first, common.told(lambda: asyncio.run(standing(settings))))
    made = Made()
    try:
        asyncio.run(make(file, text, settings, first, made))
    except StoreError as error:
        _stopped(made, str(error), error.exit_code)
    except OSError as error:
        _stopped(made, f"{error.filename}: {error.strerror}" if error.filename else str(error.strerror), 1)
    tell.everything(settings, file if file.exists() else None, made)


def _given(place: str | None, listen: tuple[str, ...], others: dict[str, str | None]) -> Values:
    """What flags say of settings. Paths hold from any folder."""
    values: Values = {"smtp.listen": list(listen)} if listen else {}
    values |= database(place) if place else {}
    for path, flag in FLAGS.items():
        value = others.get(flag.removeprefix("--").replace("-", "_"))
        if value is not None:
            values[path] = str(Path(value).absolute()) if path in FILES else value
    return values


def _refuse_faults(given: Values, first: First) -> None:
    """Ends the process if something that was given is wrong, and tells all of it."""
    of_settings, of_account = faults(given), first.faults()
    for fault in of_settings:
        click.echo(f"bcc-gateway: {FLAGS.get(fault.path, fault.path)} {fault.sentence}", err=True)
    for line in of_account:
        click.echo(f"bcc-gateway: {line}", err=True)
    if of_settings or of_account:
        raise SystemExit(common.EX_CONFIG if of_settings else 1)


def _standing(file: Path, given: Values) -> Settings:
    """The settings that are there already. Ends the process if flags say otherwise."""
    there = file if file.exists() else None
    try:
        settings, wanted = (load(environment(), there, values) for values in ({}, given))
    except ConfigurationError as error:
        for fault in error.faults:
            click.echo(str(fault), err=True)
        raise SystemExit(common.EX_CONFIG) from None
    other = sorted({FLAGS[path] for path in given if value_at(settings, path) != value_at(wanted, path)})
    if other:
        where = f"{there} is there already and" if there else "the environment"
        common.fail(f"{where} says otherwise than {', '.join(other)}. It isn't overwritten: change it there.")
    return settings


def _wanted(file: Path, given: Values, first: First) -> tuple[str, Settings]:
    """The text of a new file, and the settings that it makes."""
    folder = file.parent
    if sys.stdin.isatty():
        given = ask_settings(given, folder)
    elif missing := missing_settings(given) + first.missing():
        common.fail(f"Without a terminal, these must be given: {', '.join(missing)}", 2)
    values = completed(given, folder)
    _refuse_faults(values, first)
    return written(values), load(environment(), None, values)


def _first(first: First, standing: list[Standing]) -> First:
    """The first account as it is to be. What is there already isn't asked for."""
    if standing:
        there = next((one for one in standing if first.account in ("", one.account)), None)
        if there is None:
            name = standing[0].account
            common.fail(f"The database has the account {name} already. `bcc-gateway account create` makes others.")
        if other := first.other_than(there):
            named = f"The account {there.account} is there already and says otherwise than {', '.join(other)}."
            common.fail(f"{named} `bcc-gateway user`, `account` and `address` change it.")
        return first
    if sys.stdin.isatty():
        return ask_first(first)
    if first.missing():
        common.fail(f"Without a terminal, these must be given: {', '.join(first.missing())}", 2)
    return first


def _stopped(made: Made, sentence: str, exit_code: int) -> NoReturn:
    """A step failed: says why and what stands, and ends the process."""
    stands = ["Nothing was made."]
    if made.lines:
        stands = ["What stands:", *made.lines, "Once that is put right, the same command goes on from there."]
    click.echo("\n".join(map(escape, [f"bcc-gateway: {sentence}", *stands])), err=True)
    raise SystemExit(exit_code)
