"""`webhook`: programs that are told what happens."""

from __future__ import annotations

from collections.abc import Sequence

import click

from gateway.cli import common
from gateway.cli.common import Desk, Options
from gateway.webhooks import where
from gateway.webhooks.post import Answer, Post
from gateway.webhooks.trying import attempt, new_secret, saying
from storage.administration import accounts, webhooks
from storage.administration.webhooks import DeadLetter, WebhookRecord
from storage.outbox import Type
from storage.plan import Plan

COLUMNS = ("name", "url", "types", "waiting", "given_up", "disabled_because", "succeeded_at", "failed_at", "failure")
DEAD = ("event_id", "type", "given_up_at", "attempts", "failure")

webhook_name = click.argument("webhook")


@click.group("webhook")
def group() -> None:
    """Keep the webhooks, to which events are sent. A WEBHOOK is named by name or id."""


@group.command()
@click.argument("name")
@click.argument("url")
@click.option(
    "--type",
    "types",
    type=click.Choice([one.value for one in Type]),
    multiple=True,
    help="Send only these events; may be repeated. Without it, all are sent.",
)
@common.options
def add(options: Options, name: str, url: str, types: tuple[str, ...]) -> None:
    """Send events to a URL from now on. Prints the secret by which they are signed, this once."""

    def verb(desk: Desk, account_id: str) -> Plan[tuple[WebhookRecord, str]]:
        secret = new_secret(desk.sealing.random)
        fitting = str(where.fit(url, desk.settings.webhook_limits()))
        made = yield from webhooks.add(desk.act, account_id, desk.sealing, name, fitting, types, secret)
        return made, secret

    made, secret = common.change(options, verb)
    common.say(f"{secret}\nThis secret isn't shown again. What is sent to {made.name} is signed with it.")
    common.say(f"Try it: bcc-gateway webhook test {made.name}")


@group.command("list")
@common.as_json_option
@common.options
def list_(options: Options, *, as_json: bool) -> None:
    """List all webhooks, with what waits for them and what was given up."""
    found = common.read(options, lambda _, account_id: webhooks.every(account_id))
    common.show_list(found, COLUMNS, as_json=as_json)


@group.command()
@webhook_name
@common.as_json_option
@common.options
def show(options: Options, webhook: str, *, as_json: bool) -> None:
    """Show one webhook."""
    common.show_one(
        common.read(options, lambda _, account_id: webhooks.find(account_id, webhook)), as_json=as_json
    )


@group.command()
@webhook_name
@common.options
def remove(options: Options, webhook: str) -> None:
    """Send nothing there any more. Its dead letters go, too."""
    removed = common.change(options, lambda desk, account_id: webhooks.remove(desk.act, account_id, webhook))
    common.say(f"{removed.name} is no webhook any more.")


@group.command()
@webhook_name
@common.options
def test(options: Options, webhook: str) -> None:
    """Post an event of the type webhook.test now, from here, and say what came of it."""

    async def work(desk: Desk) -> tuple[WebhookRecord, Answer]:
        account_id = await desk.store.read(accounts.find(options.account))
        found = await desk.store.read(webhooks.find(account_id, webhook))
        post, act = Post(desk.settings.webhook_limits()), desk.act
        account = (await desk.store.read(accounts.show(account_id))).name
        return found, await attempt(desk.store, post, desk.sealing, found, account, act.new_id(), act.at)

    found, answer = common.run(options, work)
    if answer.failure:
        common.fail(f"{found.name}: {saying(answer.failure)}")
    common.say(f"{found.name}: {saying('')}")


@group.command()
@webhook_name
@common.options
def rotate(options: Options, webhook: str) -> None:
    """Give it another secret and print it, this once. For a day the one before signs as well."""

    def verb(desk: Desk, account_id: str) -> Plan[tuple[WebhookRecord, str]]:
        secret = new_secret(desk.sealing.random)
        return (yield from webhooks.rotate(desk.act, account_id, desk.sealing, webhook, secret)), secret

    found, secret = common.change(options, verb)
    common.say(f"{secret}\nThis secret isn't shown again. The one before it signs as well for a day ({found.name}).")


@group.command()
@webhook_name
@common.options
def disable(options: Options, webhook: str) -> None:
    """Send nothing there until it is enabled again; events wait as long as they are kept."""
    found = common.change(options, lambda desk, account_id: webhooks.disable(desk.act, account_id, webhook))
    common.say(f"{found.name} is disabled. bcc-gateway webhook enable {found.name} goes on where it stopped.")


@group.command()
@webhook_name
@common.options
def enable(options: Options, webhook: str) -> None:
    """Go on where it was disabled, or where it said that it is gone."""
    found = common.change(options, lambda desk, account_id: webhooks.enable(desk.act, account_id, webhook))
    common.say(f"{found.name} is enabled.")


@group.command()
@webhook_name
@common.as_json_option
@common.options
def failed(options: Options, webhook: str, *, as_json: bool) -> None:
    """List its dead letters: events that it hasn't taken in time."""
    common.show_list(
        common.read(options, lambda _, account_id: _all_dead(account_id, webhook)), DEAD, as_json=as_json
    )


@group.command()
@webhook_name
@click.argument("event_id", metavar="[EVENT]", default="")
@click.option("--all", "every", is_flag=True, help="All dead letters.")
@common.options
def replay(options: Options, webhook: str, event_id: str, *, every: bool) -> None:
    """Send a dead letter again, or all of them, under the ids that they had."""
    if every == bool(event_id):
        common.fail("give the id of an EVENT, or --all", 2)
    count = common.change(options, lambda desk, a: webhooks.replay(desk.act, a, webhook, event_id))
    common.say(f"Events that are sent again: {count}.")


def _all_dead(account_id: str, webhook: str) -> Plan[list[DeadLetter]]:
    found: list[DeadLetter] = []
    page: Sequence[DeadLetter] = ()
    while page := (yield from webhooks.dead_letters(account_id, webhook, page[-1].event_id if page else "")):
        found += page
    return found
