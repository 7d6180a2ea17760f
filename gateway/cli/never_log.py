"""`never-log`: addresses and domains whose mail is not logged."""

from __future__ import annotations

from pathlib import Path

import click

from gateway.cli import common, files
from gateway.cli.common import Desk, Options
from storage.administration import accounts, never_log
from storage.administration.imports import TakeLine
from storage.administration.never_log import EFFECTS, EntryRecord

COLUMNS = ("id", "pattern", "effect", "user", "added_by", "added_at")


@click.group("never-log")
def group() -> None:
    """Keep the never-log list. An ENTRY is named by its pattern or id."""


@group.command()
@click.argument("pattern")
@click.option(
    "--effect",
    type=click.Choice(EFFECTS),
    default="participant",
    show_default=True,
    help="participant: that person's record is passed over; message: the whole message isn't logged.",
)
@click.option("--user", default="", metavar="USER", help="For this user's copies only; otherwise for all users.")
@common.options
def add(options: Options, pattern: str, effect: str, user: str) -> None:
    """Add a PATTERN: name@domain, *@domain (a bare domain is read so), or *@*.domain for its subdomains."""
    entry = common.change(options, lambda desk, a: never_log.add(desk.act, a, pattern, effect, user))
    common.say(f"{entry.pattern} is on the list, {_scope(entry)}.")


@group.command("list")
@common.as_json_option
@common.options
def list_(options: Options, *, as_json: bool) -> None:
    """List all entries."""

    async def work(desk: Desk) -> list[EntryRecord]:
        account_id = await desk.store.read(accounts.find(options.account))
        entries: list[EntryRecord] = []
        while page := await desk.store.read(never_log.every(account_id, entries[-1].id if entries else "")):
            entries += page
        return entries

    common.show_list(common.run(options, work), COLUMNS, as_json=as_json)


@group.command()
@click.argument("entry")
@common.options
def remove(options: Options, entry: str) -> None:
    """Take an ENTRY from the list."""
    removed = common.change(options, lambda desk, account_id: never_log.remove(desk.act, account_id, entry))
    common.say(f"{removed.pattern} is off the list, where it stood {_scope(removed)}.")


@group.command()
@click.argument("entry")
@common.options
def promote(options: Options, entry: str) -> None:
    """Make one user's ENTRY hold for all users."""
    changed = common.change(options, lambda desk, account_id: never_log.promote(desk.act, account_id, entry))
    common.say(f"{changed.pattern} is on the list {_scope(changed)}.")


@group.command("keep-for")
@click.argument("entry")
@click.argument("user")
@common.options
def keep_for(options: Options, entry: str, user: str) -> None:
    """Make an ENTRY hold for the copies of one USER only."""
    changed = common.change(options, lambda desk, account_id: never_log.keep_for(desk.act, account_id, entry, user))
    common.say(f"{changed.pattern} is on the list {_scope(changed)}.")


@group.command()
@click.argument("address")
@common.as_json_option
@common.options
def test(options: Options, address: str, *, as_json: bool) -> None:
    """Show which entries an ADDRESS would hit."""
    tested = common.read(options, lambda desk, account_id: never_log.test(desk.act, account_id, address))
    if as_json:
        common.show_one(tested, as_json=True)
        return
    if tested.user:
        common.say(f"{tested.address} is the user {tested.user}'s: users are never held against the list.")
    if not tested.entries:
        common.say(f"Nothing on the list names {tested.address}.")
    common.show_list(tested.entries, COLUMNS, as_json=False)


@group.command("import")
@click.argument("file", type=click.Path(path_type=Path))
@common.options
def import_(options: Options, file: Path) -> None:
    """Import a CSV FILE with the columns pattern, effect and user; pattern alone suffices."""

    def take(desk: Desk, account_id: str) -> TakeLine:
        return lambda cells: never_log.take_line(desk.act, account_id, cells)

    files.import_file(options, file, "pattern", ["effect", "user"], take)


def _scope(entry: EntryRecord) -> str:
    return f"for {entry.user} only" if entry.user else "for all users"
