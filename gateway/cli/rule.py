"""`rule`: which passive copies are logged."""

from __future__ import annotations

import click

from gateway.cli import common
from gateway.cli.common import Options
from gateway.core.facts import Rule
from storage.administration import accounts

MEANINGS = {
    Rule.REPLIES_ONLY: "a passive copy is logged only when its thread is logged already",
    Rule.LOG_ALL: "passive copies to and from existing contacts are logged",
    Rule.LOG_ALL_AND_CREATE: "the same, and missing contacts are created",
}


@click.group("rule")
def group() -> None:
    """Show and set the logging rule for copies that a mail server sends by itself (relay, journal)."""


@group.command()
@common.as_json_option
@common.options
def show(options: Options, *, as_json: bool) -> None:
    """Show the logging rule."""
    record = common.read(options, lambda _, account_id: accounts.show(account_id))
    rule = Rule(str(record.settings["rule"]))
    if as_json:
        common.print_json({"account": record.name, "rule": rule})
    else:
        common.say(f"{rule}: {MEANINGS[rule]}.")


@group.command("set")
@click.argument("rule", type=click.Choice([r.value for r in Rule]))
@common.options
def set_(options: Options, rule: str) -> None:
    """Set the logging RULE; it holds from the next message."""
    common.change(options, lambda desk, account_id: accounts.change_setting(desk.act, account_id, "rule", rule))
    common.say(f"{rule}: {MEANINGS[Rule(rule)]}.")
