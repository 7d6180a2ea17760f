"""`bcc-gateway init`: asks what it must know, then settings, key, database and first account, each step once.

Nothing is ever overwritten. What a step has made stands if a later one fails, and the same command goes on from there.
"""

from __future__ import annotations

import asyncio
import os
import secrets
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import click

from config.load import ConfigurationError, Fault, load
from config.settings import Settings, value_at
from config.written import written
from gateway.cli import common
from gateway.cli.init import tell
from gateway.cli.init.answers import FLAGS, LISTEN, First, Values, ask_first, ask_settings, database, environment, faults
from gateway.clock import new_id, now
from gateway.core.keyed_hash import KeyedHash
from gateway.core.model import Channel
from gateway.operator_log import escape
from storage import durable
from storage import open as store
from storage.administration import accounts, addresses, sessions, users
from storage.administration.act import Act
from storage.administration.addresses import AddressRecord
from storage.errors import Refused, StoreError
from storage.plan import Plan
from storage.sealing import Sealing


@dataclass(slots=True)
class Made:
    """What stands, in the order in which it came about."""

    lines: list[str] = field(default_factory=list)
    account: str = ""
    captures: Sequence[AddressRecord] = ()
    link: str = ""
    """By which the first admin chooses a password; "" where there is no console, or somebody has a password."""


@click.command()
@click.option(
    "--config", "file", type=click.Path(path_type=Path), help="The file to write; default $GATEWAY_CONFIG, gateway.toml."
)
@click.option("--domain", help="Capture addresses are at bcc. and so on below it.")
@click.option("--hostname", help="Name of this server in DNS.")
@click.option("--listen", multiple=True, help=f"Take mail here, host:port; may be repeated.  [default: {LISTEN}]")
@click.option("--certificate", metavar="FILE", help="TLS certificate with its chain, PEM; without one mail comes in clear.")
@click.option("--private-key", metavar="FILE", help="Its private key, PEM.")
@click.option("--database", "place", metavar="FILE|URL", help="SQLite file (default beside the settings), or postgresql://…")
@click.option("--key-file", metavar="FILE", help="The installation's key; default beside the settings.")
@click.option("--console", metavar="HOST:PORT", help="Serve the console here.")
@click.option("--console-url", metavar="URL", help="Where browsers find it, if a proxy with TLS is before it.")
@click.option("--account", default="", help="Name of the first account.")
@click.option("--own-domain", "own_domains", multiple=True, help="Domain of the account; may be repeated.")
@click.option("--admin-address", default="", help="E-mail address of the first admin.")
@click.option("--admin-name", default="", help="Name of the first admin.")
@click.option(
    "--capture",
    "channels",
    type=click.Choice([c.value for c in Channel]),
    multiple=True,
    default=["bcc"],
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
    """Set up a gateway: settings, key, database, first account, admin and capture address.

    At a terminal it asks for what no flag gives. It never overwrites; after a failure the same command goes on.
    """
    file = file or Path(os.environ.get("GATEWAY_CONFIG") or "gateway.toml")
    given: Values = {path: others[flag] for path, flag in _OTHERS.items() if others[flag] is not None}
    given |= {"smtp.listen": list(listen)} if listen else {}
    given |= database(place) if place else {}
    first = First(account, own_domains, admin_address, admin_name, channels)
    asks = sys.stdin.isatty()
    if file.exists() or {"GATEWAY_DOMAIN", "GATEWAY_DOMAIN_FILE"} & set(os.environ):
        text, settings = "", _standing(file, given)
    else:
        _refuse(given, first)
        values = ask_settings(given, file.absolute().parent) if asks else given
        values = _completed(values, file.absolute().parent)
        if missing := [] if asks else [flag for flag in _REQUIRED if _setting(flag) not in values] + first.missing():
            common.fail(f"without a terminal these must be given: {', '.join(missing)}", 2)
        text, settings = written(values), load(environment(), None, values)
    common.told(lambda: asyncio.run(_exists(settings)))
    ...
