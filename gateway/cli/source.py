"""`source`: the mail servers that may use the passive channels."""

from __future__ import annotations

import click

from gateway.cli import common
from gateway.cli.common import Options
from gateway.core.delivery import FIELDS
from gateway.core.model import Channel
from storage.administration import sources
from storage.administration.sources import TRUSTING, VOUCHING


@click.group("source")
def group() -> None:
    """Keep the mail servers that may send copies by themselves. A SOURCE is named by name or id."""


@group.command()
@click.argument("name")
@click.argument("network")
@click.option(
    "--channel",
    "channels",
    type=click.Choice([c.value for c in Channel if not c.explicit]),
    multiple=True,
    required=True,
    help="What it may use; may be repeated.",
)
@click.option("--vouches", is_flag=True, help="Its senders count as proven: only if it copies signed-in users' mail.")
@click.option(
    "--trusts",
    default="",
    metavar="FIELD,…",
    help=f"Header fields that are believed about who got the original: {', '.join(FIELDS)}.",
)
@click.option("--alternate", is_flag=True, help="The alternate journal mailbox: it returns undeliverable reports.")
@click.option(
    "--host",
    "hosts",
    metavar="DOMAIN|NETWORK",
    multiple=True,
    help="Its own hosts, besides those of the account's domains, for vouching on the channel journal; may be repeated.",
)
@click.option(
    "--label", "labels", metavar="NAME", multiple=True, help="A further line of its journal reports; may be repeated."
)
@common.options
def add(
    options: Options,
    name: str,
    network: str,
    channels: tuple[str, ...],
    trusts: str,
    hosts: tuple[str, ...],
    labels: tuple[str, ...],
    *,
    vouches: bool,
    alternate: bool,
) -> None:
    """Let a mail server at a NETWORK (192.0.2.0/24, or one IP address) send copies."""
    fields = [field for field in trusts.split(",") if field.strip()]
    source = common.change(
        options,
        lambda desk, account_id: sources.add(
            desk.act,
            account_id,
            name,
            network,
            channels,
            vouches=vouches,
            trusts=fields,
            alternate=alternate,
            hosts=hosts,
            labels=labels,
        ),
    )
    common.say(f"{source.name} at {source.network} may use {' and '.join(sorted(source.channels))}.")
    if vouches:
        common.say(VOUCHING)
    else:
        common.say("It doesn't vouch: each sender must be proven by the message itself.")
    if source.trusts:
        common.say(TRUSTING)
    if alternate:
        common.say("Journal reports that were returned undelivered are believed from it.")


@group.command("list")
@common.as_json_option
@common.options
def list_(options: Options, *, as_json: bool) -> None:
    """List all sources."""
    records = common.read(options, lambda _, account_id: sources.every(account_id))
    columns = ["name", "network", "channels", "vouches", "trusts", "alternate", "hosts", "labels"]
    common.show_list(records, columns, as_json=as_json)


@group.command()
@click.argument("source")
@common.options
def remove(options: Options, source: str) -> None:
    """Let a mail server send no more copies, from its next connection on."""
    removed = common.change(options, lambda desk, account_id: sources.remove(desk.act, account_id, source))
    common.say(f"{removed.name} at {removed.network} is no source any more.")
