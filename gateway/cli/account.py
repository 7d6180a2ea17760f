"""`account`: tenants, their settings, own domains and shared mailboxes."""

from __future__ import annotations

from collections.abc import Iterable

import click

from gateway.cli import common
from gateway.cli.common import Options
from storage.administration import accounts
from storage.administration.act import latest
from storage.administration.contact_addresses import Released

NEXT_STEPS = """\
Next, a colleague whose mail may be logged, an address to add to Bcc, and whose mail must never be logged:
  bcc-gateway user add ann@{domain} "Ann Example"{account}
  bcc-gateway address create bcc{account}
  bcc-gateway never-log add private.example{account}"""


@click.group("account")
def group() -> None:
    """Make and set up accounts."""


@group.command()
@click.argument("name")
@click.option("--domain", "domains", multiple=True, help="Own domain, whose addresses are internal; may be repeated.")
@common.options
def create(options: Options, name: str, domains: tuple[str, ...]) -> None:
    """Make an account."""

    async def work(desk: common.Desk) -> tuple[accounts.AccountRecord, int]:
        account_id = await desk.store.change(accounts.create(desk.act, name, domains))
        return await desk.store.read(accounts.show(account_id)), len(await desk.store.read(accounts.every()))

    made, number = common.run(options, work)
    own = f" with the own domain{'s' * (len(made.domains) > 1)} {', '.join(made.domains)}" if made.domains else ""
    common.say(f"The account {made.name} was made{own}.")
    if not made.domains:
        common.say("It has no own domain yet: `bcc-gateway account add-domain` tells which addresses are internal.")
    account = f" --account {made.name!r}" if number > 1 else ""
    common.say(NEXT_STEPS.format(domain=(*made.domains, "example.com")[0], account=account))


@group.command("list")
@common.as_json_option
@common.options
def list_(options: Options, *, as_json: bool) -> None:
    """List all accounts."""
    records = common.run(options, lambda desk: desk.store.read(accounts.every()))
    common.show_list(records, ["name", "domains", "users", "contacts", "created_at"], as_json=as_json)


@group.command()
@common.as_json_option
@common.options
def show(options: Options, *, as_json: bool) -> None:
    """Show an account and all its settings."""
    record = common.read(options, lambda _, account_id: accounts.show(account_id))
    common.show_one(record, as_json=as_json)


@group.command()
@click.argument("name")
@common.options
def rename(options: Options, name: str) -> None:
    """Give the account another NAME."""
    common.change(options, lambda desk, account_id: accounts.rename(desk.act, account_id, name))
    common.say(f"The account is called {name} now.")


@group.command("set")
@click.argument("setting")
@click.argument("value")
@common.options
def set_(options: Options, setting: str, value: str) -> None:
    """Change a SETTING of the account; `account show` has them all."""
    before, after = common.change(
        options, lambda desk, account_id: accounts.change_setting(desk.act, account_id, setting, value)
    )
    was, value = common.cell(before), common.cell(after)
    common.say(f"{setting}: {was} → {value}" if was != value else f"{setting} is {value} already.")


@group.command("add-domain")
@click.argument("domain")
@common.options
def add_domain(options: Options, domain: str) -> None:
    """Make a DOMAIN the account's own: its addresses are internal."""
    tell_released(common.change(options, lambda desk, a: accounts.add_domain(desk.act, a, domain)))
    common.say(f"{domain} is the account's own domain.")


@group.command("remove-domain")
@click.argument("domain")
@common.options
def remove_domain(options: Options, domain: str) -> None:
    """Make the addresses of a DOMAIN outside ones."""
    common.change(options, lambda desk, account_id: accounts.remove_domain(desk.act, account_id, domain))
    common.say(f"{domain} is an outside domain.")


@group.command("add-mailbox")
@click.argument("address")
@common.options
def add_mailbox(options: Options, address: str) -> None:
    """Make an ADDRESS such as sales@ a shared mailbox: internal, and nobody's in particular."""
    tell_released(common.change(options, lambda desk, a: accounts.add_mailbox(desk.act, a, address)))
    common.say(f"{address} is a shared mailbox.")


@group.command("remove-mailbox")
@click.argument("address")
@common.options
def remove_mailbox(options: Options, address: str) -> None:
    """Make a shared mailbox an ordinary address."""
    common.change(options, lambda desk, account_id: accounts.remove_mailbox(desk.act, account_id, address))
    common.say(f"{address} is no shared mailbox.")


@group.command()
@click.option("--count", default=50, type=click.IntRange(1), show_default=True, help="How many changes.")
@common.as_json_option
@common.options
def audit(options: Options, count: int, *, as_json: bool) -> None:
    """List the latest changes: who made which, and when."""
    records = common.read(options, lambda _, account_id: latest(account_id, count))
    common.show_list(records, ["at", "who", "action", "detail"], as_json=as_json)


def tell_released(released: Iterable[Released]) -> None:
    """Says what became of contacts that gave up an address."""
    for one in released:
        common.say(
            f"{one.address} was an address of the contact {one.contact_name or one.contact_id}."
            f" Activities that stay with the contact: {one.activities}; addresses left: {one.addresses_left}."
        )
