"""`user`: the account's colleagues."""

from __future__ import annotations

import secrets

import click

from gateway.cli import common, password
from gateway.cli.account import tell_released
from gateway.cli.common import Desk, Options
from storage.administration import accounts, sessions, users
from storage.administration import passwords as stored
from storage.administration.users import KINDS, PERMISSIONS
from storage.errors import Refused

permission = click.Choice(PERMISSIONS)


@click.group("user")
def group() -> None:
    """Keep the users, whose mail is logged. A USER is named by any address or by id."""


@group.command()
@click.argument("address")
@click.argument("name")
@click.option(
    "--permission",
    "permissions",
    type=permission,
    multiple=True,
    default=["personal_email_access"],
    show_default=True,
    help="What the user may do; may be repeated.",
)
@common.options
def add(options: Options, address: str, name: str, permissions: tuple[str, ...]) -> None:
    """Add a user with a primary ADDRESS and a NAME."""
    added = common.change(options, lambda desk, a: users.add(desk.act, a, name, address, permissions))
    tell_released(added.released)
    common.say(f"The user {name} was added.")


@group.command("list")
@common.as_json_option
@common.options
def list_(options: Options, *, as_json: bool) -> None:
    """List all users."""
    records = common.read(options, lambda _, account_id: users.every(account_id))
    common.show_list(records, ["name", "address", "other_addresses", "permissions", "active"], as_json=as_json)


@group.command()
@click.argument("user")
@common.as_json_option
@common.options
def show(options: Options, user: str, *, as_json: bool) -> None:
    """Show one user."""
    common.show_one(common.read(options, lambda desk, a: users.show(desk.act, a, user)), as_json=as_json)


@group.command()
@click.argument("user")
@click.argument("name")
@common.options
def rename(options: Options, user: str, name: str) -> None:
    """Give a user another NAME."""
    common.change(options, lambda desk, account_id: users.rename(desk.act, account_id, user, name))
    common.say(f"The user is called {name} now.")


@group.command("add-address")
@click.argument("user")
@click.argument("address")
@click.option(
    "--kind",
    type=click.Choice(KINDS),
    default="alias",
    show_default=True,
    help="connected: a mailbox that mail is sent from; alias: another name of one.",
)
@common.options
def add_address(options: Options, user: str, address: str, kind: str) -> None:
    """Add another ADDRESS of a user."""
    tell_released(common.change(options, lambda desk, a: users.add_address(desk.act, a, user, address, kind)))
    common.say(f"{address} is the user's.")


@group.command("remove-address")
@click.argument("user")
@click.argument("address")
@common.options
def remove_address(options: Options, user: str, address: str) -> None:
    """Remove an ADDRESS of a user; what was logged stays."""
    common.change(options, lambda desk, account_id: users.remove_address(desk.act, account_id, user, address))
    common.say(f"{address} is not the user's any more.")


@group.command("set-permissions")
@click.argument("user")
@click.argument("permissions", type=permission, nargs=-1, required=True)
@common.options
def set_permissions(options: Options, user: str, permissions: tuple[str, ...]) -> None:
    """Replace what a user may do.

    super_admin and account_access make an admin, personal_email_access lets mail be logged, view_only stands alone.
    """
    common.change(options, lambda desk, a: users.set_permissions(desk.act, a, user, permissions))
    common.say(f"The user has {', '.join(permissions)}.")


@group.command("password")
@click.argument("user")
@password.options
@common.options
def password_(options: Options, user: str, *, generate: bool, from_stdin: bool, remove: bool) -> None:
    """Set the password with which a user signs in (SMTP AUTH), under any of their addresses."""
    if remove:
        taken = common.change(options, lambda desk, a: stored.take_from_user(desk.act, a, user))
        common.say(f"{taken.name} can't sign in any more.")
        return
    with password.new(generate=generate, from_stdin=from_stdin) as hashed:
        common.change(options, lambda desk, a: stored.give_user(desk.act, a, user, hashed))


@group.command("setup-link")
@click.argument("user")
@common.options
def setup_link(options: Options, user: str) -> None:
    """Make a link by which a user chooses a password for the console. It works once, for a day."""
    secret = secrets.token_urlsafe(32)

    async def work(desk: Desk) -> str:
        console = desk.settings.console
        if not (console.url or console.listen):
            raise Refused("There is no console.", "Set console.listen, and start the gateway again.")
        account_id = await desk.store.read(accounts.find(options.account))
        await desk.store.change(sessions.make_link(desk.act, account_id, user, secret))
        return console.url or f"http://{console.listen}"

    common.say(f"{common.run(options, work)}/setup/{secret}")


@group.command()
@click.argument("user")
@common.options
def deactivate(options: Options, user: str) -> None:
    """Log nothing more in the name of a user; what was logged stays."""
    common.change(options, lambda desk, account_id: users.set_active(desk.act, account_id, user, active=False))
    common.say("Nothing more is logged in the user's name.")


@group.command()
@click.argument("user")
@common.options
def reactivate(options: Options, user: str) -> None:
    """Make a user active again."""
    common.change(options, lambda desk, account_id: users.set_active(desk.act, account_id, user, active=True))
    common.say("The user is active again.")
