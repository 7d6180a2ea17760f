"""`export`: what an account has of a person, of a user, or altogether, as files."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from pathlib import Path
from typing import TypeAlias

import click

from gateway.cli import common
from gateway.cli.common import Desk, Options
from gateway.core.cases import Setting
from gateway.data_care.archive import new_archive
from gateway.data_care.erasure import PURPOSE, Erasing
from gateway.data_care.export import Exporting, Piece, steps
from storage import activities
from storage.administration import accounts, users
from storage.administration.act import audit

target_argument = click.argument("target", type=click.Path(path_type=Path))
Pieces: TypeAlias = AsyncIterator[Piece]
Begun: TypeAlias = tuple[int, Callable[[Exporting], Pieces], dict[str, object]]
"""How many steps it has, what is exported, and what stands in the record of changes about it."""


@click.group("export")
def group() -> None:
    """Write what an account has to a new folder TARGET, or to an archive where TARGET ends in .zip.

    Only its owner can read it. Nothing is left where it fails.
    """


@group.command()
@click.argument("persons", metavar="WHO...", nargs=-1, required=True)
@target_argument
@common.options
def contact(options: Options, persons: Sequence[str], target: Path) -> None:
    """Export all that is about a person outside. WHO: their addresses, or the id of the contact."""

    async def begin(desk: Desk, account_id: str) -> Begun:
        settings = desk.settings
        setting = Setting(settings.domain, settings.hostname, desk.act.keyed, settings.reading_limits())
        erasing = Erasing(desk.store, desk.act, setting, desk.sealing)
        person = await erasing.find(account_id, persons)
        found = await erasing.look(person)
        hashes = [desk.act.keyed(PURPOSE, address) for address in person.addresses]
        told: dict[str, object] = {"contacts": list(person.contact_ids), "addresses": hashes}
        number = 2 * (len(found.erased) + len(found.placeholders))
        return number, lambda exporting: exporting.person(erasing, person), told

    _export(options, target, "person.export", begin)


@group.command()
@click.argument("user")
@target_argument
@common.options
def user(options: Options, user: str, target: Path) -> None:
    """Export all that is in the name of a USER, and in which they take part."""

    async def begin(desk: Desk, account_id: str) -> Begun:
        record = await desk.store.read(users.show(desk.act, account_id, user))
        number = 2 * len(await desk.store.read(activities.of_user(account_id, record.id)))
        return number, lambda exporting: exporting.user(account_id, record.id), {"user": record.id}

    _export(options, target, "user.export", begin)


@group.command()
@target_argument
@common.options
def account(options: Options, target: Path) -> None:
    """Export an account: settings, people, lists, activities, decisions, held mail, changes; no secrets."""

    async def begin(desk: Desk, account_id: str) -> Begun:
        return await steps(desk.store, account_id), lambda exporting: exporting.account(account_id), {}

    _export(options, target, "account.export", begin)


def _export(options: Options, target: Path, action: str, begin: Callable[[Desk, str], Awaitable[Begun]]) -> None:
    async def work(desk: Desk) -> int:
        account_id = await desk.store.read(accounts.find(options.account))
        number, pieces, told = await begin(desk, account_id)
        bytes_ = 0
        with new_archive(target) as archive, common.bar("Exporting")(number) as progress:
            await desk.store.change(audit(desk.act, account_id, action, **told))
            async for name, data in pieces(Exporting(desk.store, desk.act, desk.sealing, progress)):
                archive.write(name, data)
                bytes_ += len(data)
        return bytes_

    written = common.run(options, work)
    common.say(f"{target} has it, {written} bytes unpacked. Guard it as you do the database.")
