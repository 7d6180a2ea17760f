"""`bcc-gateway trace`: what was decided about a message, and why."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

import click

from gateway.cli import common
from gateway.cli.common import Desk, Options
from gateway.cli.listing import as_record, findings_record, line, text
from gateway.core.approval import WHAT_TO_DO
from gateway.core.model import Finding
from gateway.operator_log import escape
from storage import reads
from storage.reads import RecordedDecision

_IN_FULL = 3
"""Decisions up to which each is told with all its stages; more are listed."""


@click.command()
@click.argument("what", metavar="ID")
@common.as_json_option
@common.options
def trace(options: Options, what: str, *, as_json: bool) -> None:
    """Show the decision with this trace ID (as in the 250 reply), Message-ID, or address of a participant.

    Of a message that the never-log list kept out, only a trace id or Message-ID leads to its decision.
    """

    async def work(desk: Desk) -> list[tuple[RecordedDecision, Sequence[Finding], Sequence[tuple[str, int]]]]:
        found = await desk.store.read(reads.about(desk.act.keyed, what, options.account))
        return [
            (d, await desk.store.read(reads.findings(d)), await desk.store.read(reads.repeats(d))) for d in found
        ]

    told = common.run(options, work)
    if not told:
        common.fail(f"no decision for {what}; `bcc-gateway tail` shows the latest")
    for decision, said, repeats in told:
        if as_json:
            more = {"findings": findings_record(said), "repeats": [t for t, _ in repeats]}
            common.print_json({**as_record(decision), **more})
        elif len(told) > _IN_FULL:
            click.echo(line(decision))
        else:
            click.echo(line(decision))
            click.echo("\n".join(map(escape, text(decision, said).rstrip("\n").split("\n"))))
            if decision.outcome == "held" and not decision.superseded_by:
                click.echo(f"  `bcc-gateway held show {decision.id}` shows it. {WHAT_TO_DO.get(decision.reason, '')}")
            if decision.entry_id:
                click.echo(f"  never-log entry {decision.entry_id}: `bcc-gateway never-log list` shows it")
            for trace_id, at in repeats:
                when = datetime.fromtimestamp(at / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S")
                click.echo(f"  delivered again {when} as {trace_id}")
