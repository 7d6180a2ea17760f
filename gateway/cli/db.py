"""`db`: the database itself."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

import click

from gateway.cli import common
from gateway.cli.common import Desk, Options
from gateway.clock import now
from storage import open as store
from storage.migrate import Migration, fitting


@click.group("db")
def group() -> None:
    """Make, check and back up the database."""


@group.command()
@common.config_option
def migrate(config_file: Path | None) -> None:
    """Make the database and the installation's key, or bring the schema up to date. All of it or nothing."""
    settings = common.load_settings(config_file).store
    place = settings.place()

    async def work() -> Sequence[Migration]:
        version, _ = await store.status(place)
        store.installation_key(settings.key_file, create=version == 0)  # a new one opens nothing in an old database
        return await store.migrate(place, now())

    applied = common.told(lambda: asyncio.run(work()))
    for migration in applied:
        common.say(f"{place}: applied {migration.version:04} {migration.name}")
    if not applied:
        common.say(f"{place}: up to date")


@group.command()
@common.as_json_option
@common.config_option
def status(config_file: Path | None, *, as_json: bool) -> None:
    """Show the version of the schema. Exit 0 only if this program can work with it."""
    place = common.load_settings(config_file).store.place()
    version, newest = common.told(lambda: asyncio.run(store.status(place)))
    size = common.told(lambda: asyncio.run(store.size(place)))
    if as_json:
        common.print_json({"place": str(place), "version": version, "newest": newest, "size": size})
    else:
        common.say(f"{place}: version {version} of {newest}, {size} bytes")
    common.told(lambda: fitting(version, newest, str(place)))


@group.command()
@click.argument("file", type=click.Path(path_type=Path))
@common.config_option
def backup(config_file: Path | None, file: Path) -> None:
    """Write a consistent copy of the database to a new FILE, while the gateway goes on serving."""

    async def work(desk: Desk) -> None:
        await desk.store.backup(file)

    common.run(Options(config_file, "", ""), work)
    common.say(f"{file} has everything but the installation's key; keep a copy of that apart from it.")
