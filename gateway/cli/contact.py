"""`contact`: the outside persons on record."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import click

from gateway.cli import common, files
from gateway.cli.common import Desk, Options
from storage.administration import accounts, contacts
from storage.administration.contacts import PAGE, ContactRecord
from storage.administration.imports import TakeLine
from storage.csv_text import write

COLUMNS = ("email", "name", "owner")


@click.group("contact")
def group() -> None:
    """Keep the contacts. A CONTACT is named by any address or by id."""


@group.command()
@click.argument("addresses", nargs=-1, required=True)
@click.option("--name", default="", help="Name of the person.")
@click.option("--owner", default="", metavar="USER", help="The user whose contact it is.")
@common.options
def add(options: Options, addresses: tuple[str, ...], name: str, owner: str) -> None:
    """Add a contact with its ADDRESSES, the primary one first."""
    contact_id = common.change(options, lambda desk, a: contacts.add(desk.act, a, name, addresses, owner))
    common.say(f"The contact {contact_id} was added.")


@group.command("list")
@click.option("--search", default="", help="Part of a name or address.")
@click.option("--after", default="", metavar="ID", help="Go on behind this contact.")
@click.option("--limit", default=PAGE, type=click.IntRange(1, PAGE), show_default=True, help="How many at most.")
@common.as_json_option
@common.options
def list_(options: Options, search: str, after: str, limit: int, *, as_json: bool) -> None:
    """List contacts, page by page."""
    records = common.read(options, lambda _, account_id: contacts.every(account_id, search, after, limit))
    common.show_list(records, ["id", "name", "addresses", "owner"], as_json=as_json)
    if len(records) == limit and not as_json:
        click.echo(f"There may be more: --after {records[-1].id}", err=True)


@group.command()
@click.argument("contact")
@common.as_json_option
@common.options
def show(options: Options, contact: str, *, as_json: bool) -> None:
    """Show one contact, and how much is on its record."""
    common.show_one(common.read(options, lambda desk, a: contacts.show(desk.act, a, contact)), as_json=as_json)


@group.command()
@click.argument("contact")
@click.argument("name")
@common.options
def rename(options: Options, contact: str, name: str) -> None:
    """Give a contact another NAME."""
    common.change(options, lambda desk, account_id: contacts.rename(desk.act, account_id, contact, name))
    common.say(f"The contact is called {name} now.")


@group.command("set-owner")
@click.argument("contact")
@click.argument("user", default="")
@common.options
def set_owner(options: Options, contact: str, user: str) -> None:
    """Make a USER the owner of a contact; without USER it has none."""
    common.change(options, lambda desk, account_id: contacts.set_owner(desk.act, account_id, contact, user))
    common.say(f"The contact's owner is {user}." if user else "The contact has no owner.")


@group.command("add-address")
@click.argument("contact")
@click.argument("address")
@common.options
def add_address(options: Options, contact: str, address: str) -> None:
    """Add another ADDRESS of the same person."""
    common.change(options, lambda desk, account_id: contacts.add_address(desk.act, account_id, contact, address))
    common.say(f"{address} is the contact's.")


@group.command("remove-address")
@click.argument("contact")
@click.argument("address")
@common.options
def remove_address(options: Options, contact: str, address: str) -> None:
    """Remove an ADDRESS of a contact; what was logged stays."""
    common.change(options, lambda desk, account_id: contacts.remove_address(desk.act, account_id, contact, address))
    common.say(f"{address} is not the contact's any more.")


@group.command()
@click.argument("contact")
@click.argument("into")
@common.options
def merge(options: Options, contact: str, into: str) -> None:
    """Move addresses and activities of a CONTACT to the contact INTO, who is the same person."""
    moved = common.change(options, lambda desk, account_id: contacts.merge(desk.act, account_id, contact, into))
    common.say(f"{moved} activities moved to {into}.")


@group.command()
@click.argument("contact")
@common.options
def remove(options: Options, contact: str) -> None:
    """Remove a contact; its activities stay."""
    common.change(options, lambda desk, account_id: contacts.remove(desk.act, account_id, contact))
    common.say("The contact was removed; its activities stay.")


@group.command()
@click.argument("contact")
@common.options
def disapprove(options: Options, contact: str) -> None:
    """Hold again what a CONTACT sends to a Bcc address; `held approve --contact` had let it through."""
    common.change(options, lambda desk, account_id: contacts.disapprove(desk.act, account_id, contact))
    common.say("What the contact sends to a Bcc address is held again.")


@group.command("import")
@click.argument("file", type=click.Path(path_type=Path))
@common.options
def import_(options: Options, file: Path) -> None:
    """Import a CSV FILE with the columns email, name and owner; email alone suffices.

    A contact with that address is updated; an empty cell leaves what it has. Refused lines are told with the reason.
    """

    def take(desk: Desk, account_id: str) -> TakeLine:
        return lambda cells: contacts.take_line(desk.act, account_id, cells)

    files.import_file(options, file, COLUMNS[0], COLUMNS[1:], take)


@group.command()
@click.argument("file", type=click.Path(path_type=Path))
@common.options
def export(options: Options, file: Path) -> None:
    """Export all contacts to a new CSV FILE, - for standard output. No cell is a formula to a spreadsheet."""

    async def work(desk: Desk) -> None:
        account_id = await desk.store.read(accounts.find(options.account))
        with files.new_file(file) as opened:
            opened.writelines(write([[*COLUMNS, "other_addresses", "id"]]))
            page = await desk.store.read(contacts.every(account_id))
            while page:
                opened.writelines(write(_rows(page)))
                page = await desk.store.read(contacts.every(account_id, after=page[-1].id))

    common.run(options, work)


def _rows(page: Iterable[ContactRecord]) -> Iterator[list[str]]:
    for contact in page:
        email, *others = contact.addresses or ("",)
        yield [email, contact.name, contact.owner or "", " ".join(others), contact.id]
