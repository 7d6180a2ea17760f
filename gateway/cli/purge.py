"""`purge`: erases what accounts keep for a time only, as the gateway does by itself every hour."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace

import click

from gateway import expiry
from gateway.cli import common
from gateway.cli.common import Desk, Options
from gateway.data_care import retention
from gateway.data_care.retention import Due
from storage.administration import accounts
from storage.errors import Refused

COLUMNS = ("account", "kind", "count", "oldest_at")


@click.command()
@click.option("--dry-run", is_flag=True, help="Only show what would go.")
@click.option("--clock-is-right", is_flag=True, help="Believe the clock although nothing was recorded lately.")
@common.as_json_option
@common.options
def purge(options: Options, *, dry_run: bool, clock_is_right: bool, as_json: bool) -> None:
    """Erase now what all accounts, or one, have kept for long enough.

    How long that is, `account show` tells: activity_days, message_days, skipped_days, audit_days; 0 is for ever. Held
    mail goes by itself after its held_days.
    """

    async def work(desk: Desk) -> Sequence[Due]:
        account_id = await desk.store.read(accounts.find(options.account)) if options.account else ""
        names = {record.id: record.name for record in await desk.store.read(accounts.every())}
        overdue = await retention.due(desk.store, desk.act.at, account_id)
        if not dry_run and overdue:
            if not clock_is_right:
                await _believe_the_clock(desk)
            await retention.purge(desk.store, desk.act, account_id)
        return [replace(one, account=names[one.account]) for one in overdue]

    overdue = common.run(options, work)
    common.show_list(overdue, COLUMNS, as_json=as_json)
    if not as_json:
        common.say(_told(sum(one.count for one in overdue), dry_run=dry_run))


async def _believe_the_clock(desk: Desk) -> None:
    """To a clock that is ahead everything looks overdue."""
    trust = await expiry.trust_of(desk.store)
    if not trust.allows(desk.act.at, time.monotonic()):
        raise Refused(
            "Nothing was recorded in the last days, so the clock may be ahead. If it is right, add --clock-is-right."
        )


def _told(count: int, *, dry_run: bool) -> str:
    if not count:
        return "Nothing has been kept for longer than the accounts' settings say."
    return "Nothing was changed." if dry_run else f"{count} erased."
