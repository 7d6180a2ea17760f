"""`held`: mail that a person must look at."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence

import click

from gateway.cli import common
from gateway.cli.common import Desk, Options
from gateway.core.approval import WHAT_TO_DO, Way
from gateway.core.cases import Setting
from gateway.core.reasons import REASONS, sentence
from gateway.held import Resolved, Resolving
from gateway.held_view import HeldView, message_lines, operator_view, view
from gateway.operator_log import escape
from gateway.records import plain_record
from storage import held, operator_mail
from storage.administration import accounts
from storage.errors import Refused
from storage.held import HeldMail
from storage.plan import Plan

Verb = Callable[[Desk, str], Plan[Resolved]]

COLUMNS = ("id", "account", "at", "expires_at", "reason", "sender", "subject")
OPERATOR_COLUMNS = ("id", "at", "recipient", "mail_from", "peer", "size")

held_id = click.argument("held_id", metavar="ID")
operator_option = click.option("--operator", is_flag=True, help="Mail to the operator (postmaster@, abuse@) instead.")


@click.group("held")
def group() -> None:
    """Look at held mail, and approve, discard or decide it again. An ID is that of the list, or a trace id.

    What nobody resolves is erased after the account's held_days.
    """


@group.command("list")
@click.option("--reason", default="", metavar="SLUG", help="Such as sender.unknown.")
@operator_option
@common.as_json_option
@common.options
def list_(options: Options, reason: str, *, operator: bool, as_json: bool) -> None:
    """List held mail of all accounts, or of one, oldest first."""
    _must_be_known(reason)
    if operator:
        mail = common.run(options, lambda desk: desk.store.read(operator_mail.every()))
        common.show_list(mail, OPERATOR_COLUMNS, as_json=as_json)
    else:
        common.show_list(common.run(options, lambda desk: _every(desk, options, reason)), COLUMNS, as_json=as_json)


@group.command()
@held_id
@click.option("--raw", is_flag=True, help="The message's bytes, as they were kept.")
@operator_option
@common.as_json_option
@common.options
def show(options: Options, held_id: str, *, raw: bool, operator: bool, as_json: bool) -> None:
    """Show one message, what was found inside, and what can be done about it."""

    async def work(desk: Desk) -> tuple[bytes, HeldView]:
        if operator:
            record, kept = await desk.store.read(operator_mail.find(held_id))
            content = desk.sealing.mail.raw_bytes(kept)
            return content, operator_view(record, content, desk.settings.domain)
        mail = await desk.store.read(held.find(held_id, options.account))
        content = desk.sealing.mail.raw_bytes((await desk.store.read(held.copy(mail))).content)
        try:
            case = await desk.store.read(_resolving(desk).opened(mail))
        except Refused:
            case = None
        return content, view(mail, content, case, desk.settings.domain)

    content, shown = common.run(options, work)
    if raw:
        _echo_bytes(content)
    elif as_json:
        common.print_json(plain_record(shown))
    else:
        common.show_one(shown.head, as_json=False)
        click.echo()
        common.say(message_lines(shown))


@group.command()
@click.argument("held_ids", metavar="ID...", nargs=-1, required=True)
@click.option("--alias-of", "user", default="", metavar="USER", help="The sender is this user, under another address.")
@click.option("--contact", is_flag=True, help="The sender is a contact, or becomes one, and may send copies.")
@common.options
def approve(options: Options, held_ids: Sequence[str], user: str, *, contact: bool) -> None:
    """Approve held mail: believe its sender this once, or take the message that was found inside.

    Of an unknown sender it must be said who that is; then the sender's later mail passes as well, if it is proven. What
    the never-log list keeps out by now is not logged.
    """
    if user and contact:
        common.fail("a sender is a user or a contact: give --alias-of or --contact", 2)
    way = Way.ALIAS if user else Way.CONTACT if contact else Way.AS_IT_IS
    _each(options, held_ids, lambda desk, one: _resolving(desk).approve(one, options.account, way, user))


@group.command()
@click.argument("held_ids", metavar="ID...", nargs=-1, required=True)
@operator_option
@common.options
def discard(options: Options, held_ids: Sequence[str], *, operator: bool) -> None:
    """Erase held mail. Only the decision stays."""

    async def work(desk: Desk) -> int:
        failed = 0
        for one in held_ids:
            verb = operator_mail.remove(one) if operator else held.discard(desk.act, one, options.account)
            try:
                await desk.store.change(verb, erases=True)
                common.say(f"{one} was discarded.")
            except Refused as refused:
                failed = _refused(one, refused)
        return failed

    raise SystemExit(common.run(options, work))


@group.command()
@click.argument("held_ids", metavar="[ID...]", nargs=-1)
@click.option("--all", "every", is_flag=True, help="All that is held.")
@click.option("--reason", default="", metavar="SLUG", help="With --all: what is held for this reason.")
@common.options
def decide(options: Options, held_ids: Sequence[str], reason: str, *, every: bool) -> None:
    """Decide held mail again, by today's rules, users, contacts and sources."""
    _must_be_known(reason)
    if every == bool(held_ids) or (reason and not every):
        common.fail("give the IDs, or --all and perhaps a --reason", 2)
    _each(options, held_ids, lambda desk, one: _resolving(desk).decide(one, options.account), reason if every else None)


def _each(options: Options, held_ids: Sequence[str], verb: Verb, reason: str | None = None) -> None:
    """Does it to each, in a transaction of its own, and says what came of it; `reason`: to all that is held for it.

    Of all that is held, only what changed is told one by one.
    """

    async def work(desk: Desk) -> int:
        ids = held_ids if reason is None else [mail.id for mail in await _every(desk, options, reason)]
        failed = still = 0
        hidden = reason is None or not sys.stderr.isatty()
        with click.progressbar(ids, label="Deciding", file=sys.stderr, hidden=hidden) as progress:
            for one in progress:
                try:
                    resolved = await desk.store.change(verb(desk, one), erases=True)
                except Refused as refused:
                    failed = _refused(one, refused)
                    continue
                still += resolved.still_held
                if reason is None or not resolved.still_held:
                    common.say(_told(one, resolved))
        if reason is not None:
            common.say(f"Decided again: {len(ids)}, of which {still} are still held.")
        return failed

    raise SystemExit(common.run(options, work))


def _told(one: str, resolved: Resolved) -> str:
    decision = resolved.decision
    if resolved.still_held:
        return f"{one}: still held, {decision.reason}. {WHAT_TO_DO.get(decision.reason, '')}"
    waited = f" Replies that waited for it and were decided: {len(decision.calls)}." if decision.calls else ""
    more = WHAT_TO_DO.get(decision.reason, "") if decision.outcome == "held" else ""
    return f"{one}: {decision.outcome} {decision.reason}. {sentence(decision.reason)}{waited} {more}".rstrip()


def _refused(one: str, refused: Refused) -> int:
    click.echo(f"bcc-gateway: {escape(one)}: {escape(str(refused))}", err=True)
    return refused.exit_code


async def _every(desk: Desk, options: Options, reason: str) -> list[HeldMail]:
    if options.account:
        await desk.store.read(accounts.find(options.account))
    found: list[HeldMail] = []
    while page := await desk.store.read(held.every(options.account, reason, found[-1].id if found else "")):
        found += page
    return found


def _resolving(desk: Desk) -> Resolving:
    settings = desk.settings
    setting = Setting(settings.domain, settings.hostname, desk.act.keyed, settings.reading_limits())
    return Resolving(desk.act, setting, desk.sealing)


def _must_be_known(reason: str) -> None:
    if reason and reason not in REASONS:
        common.fail(f"there is no reason {reason}; docs/reasons.md lists them", 2)


def _echo_bytes(content: bytes) -> None:
    """As they are; on a terminal harmless to it."""
    if sys.stdout.isatty():
        common.say(content.decode("utf-8", "replace").replace("\r\n", "\n"))
    else:
        click.echo(content, nl=False)
