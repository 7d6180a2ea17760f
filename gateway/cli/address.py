"""`address`: the capture addresses that copies are sent to."""

from __future__ import annotations

import click

from gateway.cli import common
from gateway.cli.common import Desk, Options
from gateway.core.model import Channel
from storage.administration import addresses
from storage.administration.addresses import DAY, AddressRecord
from storage.plan import Plan

USES = {
    "bcc": "Add it to Bcc when writing. Whoever knows it can send copies: keep it to those who should.",
    "forward": "Forward mail to it. Whoever knows it can send copies: keep it to those who should.",
    "relay": "Let a mail server copy mail to it, and tell which one by `bcc-gateway source add`.",
    "journal": "Let a mail server send journal reports to it, and tell which one by `bcc-gateway source add`.",
}


@click.group("address")
def group() -> None:
    """Keep the capture addresses. An ADDRESS is named in full, by its key, or by id."""


@group.command()
@click.argument("channel", type=click.Choice([c.value for c in Channel]))
@click.option("--user", default="", metavar="USER", help="For the copies of this user alone (bcc, forward).")
@common.options
def create(options: Options, channel: str, user: str) -> None:
    """Make a capture address of a CHANNEL and print it."""

    def verb(desk: Desk, account_id: str) -> Plan[AddressRecord]:
        made = yield from addresses.create(desk.act, account_id, desk.sealing, channel, user)
        return (yield from _show(desk, account_id, made))

    _print(common.change(options, verb))


@group.command("list")
@common.as_json_option
@common.options
def list_(options: Options, *, as_json: bool) -> None:
    """List all capture addresses in full. They are secrets."""
    records = common.read(options, lambda desk, a: addresses.every(a, desk.sealing, desk.settings.domain))
    common.show_list(records, ["id", "address", "user", "created_at", "retires_at", "exposed_at"], as_json=as_json)


@group.command()
@click.argument("address")
@click.option(
    "--grace-days",
    default=14,
    type=click.IntRange(0, 3650),
    show_default=True,
    help="Days for which the old address goes on working.",
)
@common.options
def rotate(options: Options, address: str, grace_days: int) -> None:
    """Make a new address for an old one and print it."""

    def verb(desk: Desk, account_id: str) -> Plan[AddressRecord]:
        made = yield from addresses.rotate(desk.act, account_id, desk.sealing, address, grace_days * DAY)
        return (yield from _show(desk, account_id, made))

    _print(common.change(options, verb))
    click.echo(f"The old one works for {grace_days} days more.", err=True)


@group.command()
@click.argument("address")
@common.options
def retire(options: Options, address: str) -> None:
    """Refuse an ADDRESS from now on."""
    common.change(options, lambda desk, account_id: addresses.retire(desk.act, account_id, address))
    common.say("The address is refused from now on.")


def _show(desk: Desk, account_id: str, address_id: str) -> Plan[AddressRecord]:
    return addresses.show(desk.act, account_id, desk.sealing, desk.settings.domain, address_id)


def _print(record: AddressRecord) -> None:
    """The address alone on standard output, for programs; what it is for beside it."""
    click.echo(record.address)
    click.echo(USES[record.channel], err=True)
