"""`bcc-gateway tail`: decisions, the latest ones and those that are made from now on."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

import click

from gateway.cli import common
from gateway.cli.common import Desk, Options
from gateway.cli.listing import as_record, line
from gateway.core.model import Outcome
from gateway.core.reasons import REASONS
from storage import reads
from storage.reads import Filter, RecordedDecision

LOOK_EVERY = 0.5
"""Seconds between looks for new decisions, at most: whichever process or machine made them, the store has them."""

_OUTCOMES = [o.value for o in Outcome if o.durable]


@click.command()
@click.option("-f", "--follow", is_flag=True, help="Go on until Ctrl-C.")
@click.option(
    "-n", "--lines", "count", type=click.IntRange(0, 10_000), default=20, show_default=True, help="How many at first."
)
@click.option("--outcome", type=click.Choice(_OUTCOMES), default=None, help="Only those with this outcome.")
@click.option("--reason", default="", metavar="SLUG", help="Only those with this reason, such as rule.replies_only.")
@click.option("--user", default="", metavar="ADDRESS", help="Only those logged in this user's name.")
@common.as_json_option
@common.options
def tail(
    options: Options, *, follow: bool, count: int, outcome: str | None, reason: str, user: str, as_json: bool
) -> None:
    """Show decisions as they are made: time, outcome, reason, account and channel, user, trace id, flags."""
    if reason and reason not in REASONS:
        common.fail(f"there is no reason {reason}; docs/reasons.md lists them", 2)
    wanted = Filter(outcome or "", reason, user.lower(), options.account)

    async def work(desk: Desk) -> None:
        seen, last = await desk.store.read(reads.newest(count, wanted))
        _show(seen, as_json=as_json)
        while follow:
            await desk.store.news(LOOK_EVERY)
            new, last = await desk.store.read(reads.since(last, wanted))
            _show(new, as_json=as_json)

    with suppress(KeyboardInterrupt):
        common.run(options, work)


def _show(decisions: Sequence[RecordedDecision], *, as_json: bool) -> None:
    for decision in decisions:
        if as_json:
            common.print_json(as_record(decision))
        else:
            click.echo(line(decision))

