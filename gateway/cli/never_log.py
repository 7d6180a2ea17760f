"""`never-log`: addresses and domains whose mail is not logged."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import click

from gateway.cli import common, files
from gateway.cli.common import Desk, Options
from gateway.core.cases import Setting
from gateway.data_care.taking_back import Hit, TakingBack
from gateway.indexing import catch_up
from storage.administration import accounts, never_log
from storage.administration.imports import TakeLine
from storage.administration.never_log import EFFECTS, EntryRecord

COLUMNS = ("id", "pattern", "effect", "user", "added_by", "added_at")
LINE = ("id", "sent_at", "what", "subject")

yes_option = click.option("--yes", is_flag=True, help="Don't ask before anything is taken back.")


@dataclass(frozen=True, slots=True)
class Line:
    """What becomes of an activity."""

    id: str
    sent_at: int
    what: str
    subject: str | None


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
@click.option("--purge", "purges", is_flag=True, help="Take back what was logged before: shows it, and asks.")
@yes_option
@common.options
def add(options: Options, pattern: str, effect: str, user: str, *, purges: bool, yes: bool) -> None:
    """Add a PATTERN: name@domain, *@domain (a bare domain is read so), or *@*.domain for its subdomains."""
    if purges:
        _must_be_able_to_ask("add it, look with `never-log purge ENTRY --dry-run`", yes=yes)
    entry = common.change(options, lambda desk, a: never_log.add(desk.act, a, pattern, effect, user))
    common.say(f"{entry.pattern} is on the list, {_scope(entry)}.")
    if purges:
        _purge(options, entry.id, dry_run=False, yes=yes, as_json=False)


@group.command()
@click.argument("entry")
@click.option("--dry-run", is_flag=True, help="Only show what would be taken back.")
@yes_option
@common.as_json_option
@common.options
def purge(options: Options, entry: str, *, dry_run: bool, yes: bool, as_json: bool) -> None:
    """Take back what was logged before an ENTRY stood, as if it had stood from the start."""
    if not dry_run:
        _must_be_able_to_ask("look with `never-log purge ENTRY --dry-run`", yes=yes)
    _purge(options, entry, dry_run=dry_run, yes=yes, as_json=as_json)


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


def _purge(options: Options, entry: str, *, dry_run: bool, yes: bool, as_json: bool) -> None:
    async def work(desk: Desk) -> tuple[Sequence[Hit], Mapping[str, int] | None]:
        account_id = await desk.store.read(accounts.find(options.account))
        record = await desk.store.read(never_log.find(desk.act, account_id, entry))
        settings = desk.settings
        setting = Setting(settings.domain, settings.hostname, desk.act.keyed, settings.reading_limits())
        taking = TakingBack(desk.store, desk.act, setting, desk.sealing, record)
        hits = await taking.look(account_id)
        if dry_run or not hits or not (yes or _confirmed(hits)):
            return hits, None
        with common.bar("Taking back")(len(hits)) as progress:
            done = await taking.take_back(account_id, progress)
        if isinstance(settings.store.place(), Path):
            await catch_up(desk.store)  # or their words stay in the index until the gateway next runs
        return hits, done

    hits, done = common.run(options, work)
    if done is None and hits and not dry_run:
        common.say("Nothing was taken back.")
    elif done is None:
        _show(hits, as_json=as_json)
    elif as_json:
        common.print_json(done)
    else:
        went, stay = (done.get(kind, 0) for kind in ("activities", "placeholders"))
        common.say(f"Activities that went: {went}; that stay for others: {stay}.")


def _confirmed(hits: Sequence[Hit]) -> bool:
    _show(hits, as_json=False)
    return click.confirm("This can't be undone. Take it back?", err=True)


def _show(hits: Sequence[Hit], *, as_json: bool) -> None:
    lines = [
        Line(hit.activity.id, hit.activity.sent_at, "goes" if hit.wholly else "stays for others", hit.activity.subject)
        for hit in hits
    ]
    common.show_list(lines, LINE, as_json=as_json)
    if not as_json:
        common.say(f"Activities that the entry would have kept out, in whole or in part: {len(hits)}.")


def _must_be_able_to_ask(first: str, *, yes: bool) -> None:
    if not (yes or sys.stdin.isatty()):
        common.fail(f"this can't be undone: {first} first, then say `never-log purge ENTRY --yes`", 2)


def _scope(entry: EntryRecord) -> str:
    return f"for {entry.user} only" if entry.user else "for all users"
