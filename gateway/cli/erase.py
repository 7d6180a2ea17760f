"""`erase`: a person outside is forgotten, with a receipt."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import click

from gateway.cli import common
from gateway.cli.common import Desk, Options
from gateway.core.cases import Setting
from gateway.data_care.erasure import Erasing, Found, Receipt
from gateway.indexing import catch_up
from gateway.records import plain_record
from storage.administration import accounts

COLUMNS = ("id", "sent_at", "what", "subject")


@dataclass(frozen=True, slots=True)
class Line:
    """What becomes of an activity."""

    id: str
    sent_at: int
    what: str
    subject: str | None


@click.command()
@click.argument("persons", metavar="WHO...", nargs=-1, required=True)
@click.option("--dry-run", is_flag=True, help="Only show what is there.")
@click.option("--yes", is_flag=True, help="Don't ask.")
@click.option("--never-log-again", is_flag=True, help="Put the addresses on the never-log list as well.")
@common.as_json_option
@common.options
def erase(
    options: Options, persons: Sequence[str], *, dry_run: bool, yes: bool, never_log_again: bool, as_json: bool
) -> None:
    """Erase all that an account has of a person outside. WHO: the person's addresses, or the id of the contact.

    What is about that person alone goes; others keep what is on their record, without that person. The receipt names
    nobody, and stands in the record of changes as well.
    """

    async def work(desk: Desk) -> tuple[Found, Receipt | None]:
        account_id = await desk.store.read(accounts.find(options.account))
        settings = desk.settings
        setting = Setting(settings.domain, settings.hostname, desk.act.keyed, settings.reading_limits())
        erasing = Erasing(desk.store, desk.act, setting, desk.sealing)
        person = await erasing.find(account_id, persons)
        found = await erasing.look(person)
        if dry_run or not (yes or _confirmed(found)):
            return found, None
        steps = len(found.erased) + len(found.placeholders)
        with common.bar("Erasing")(steps) as progress:
            receipt = await erasing.erase(person, never_log_again=never_log_again, progress=progress)
        if isinstance(settings.store.place(), Path):
            await catch_up(desk.store)  # or their words stay in the index until the gateway next runs
        return found, receipt

    if not (dry_run or yes or sys.stdin.isatty()):
        common.fail("this can't be undone: look with --dry-run first, then say --yes", 2)
    found, receipt = common.run(options, work)
    if receipt:
        _tell(receipt, as_json=as_json)
    elif as_json:
        common.print_json(plain_record(found))
    elif dry_run:
        _show(found)


def _confirmed(found: Found) -> bool:
    _show(found)
    return click.confirm("This can't be undone. Erase it?", err=True)


def _show(found: Found) -> None:
    lines = [Line(one.id, one.sent_at, "goes", one.subject) for one in found.erased]
    lines += [Line(one.id, one.sent_at, "stays for others", one.subject) for one in found.placeholders]
    lines.sort(key=lambda line: line.id)
    common.show_list(lines, COLUMNS, as_json=False)
    common.say(f"Addresses: {', '.join(found.addresses) or 'none'}. Contacts: {', '.join(found.contacts) or 'none'}.")
    common.say(
        f"Activities that go: {len(found.erased)}; that stay for others: {len(found.placeholders)}."
        f" Held: {found.held}; waiting for their thread: {found.waiting}."
    )


def _tell(receipt: Receipt, *, as_json: bool) -> None:
    if as_json:
        common.print_json(asdict(receipt))
    else:
        common.show_one(receipt, as_json=False)
