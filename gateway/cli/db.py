"""`db`: the database itself."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from gateway.cli import common
from gateway.cli.common import Desk, Options
from gateway.clock import now
from storage import migrate as migrations
from storage.open import installation_key


@click.group("db")
def group() -> None:
    """Make, check and back up the database."""


@group.command()
@common.config_option
def migrate(config_file: Path | None) -> None:
    """Make the database and the installation's key, or bring the schema up to date. All of it or nothing."""
    store = common.load_settings(config_file).store

    def work() -> Sequence[migrations.Migration]:
        version, _ = migrations.status(store.path)
        installation_key(store.key_file, create=version == 0)  # a new key would open nothing in an old database
        return migrations.migrate(store.path, now())

    applied = common.told(work)
    for migration in applied:
        common.say(f"{store.path}: applied {migration.version:04} {migration.name}")
    if not applied:
        common.say(f"{store.path}: up to date")


@group.command()
@common.as_json_option
@common.config_option
def status(config_file: Path | None, *, as_json: bool) -> None:
    """Show the version of the schema. Exit 0 only if this program can work with it."""
    path = common.load_settings(config_file).store.path
    version, newest = common.told(lambda: migrations.status(path))
    size = path.stat().st_size if path.exists() else 0
    if as_json:
        common.print_json({"path": str(path), "version": version, "newest": newest, "size": size})
    else:
        common.say(f"{path}: version {version} of {newest}, {size} bytes")
    common.told(lambda: migrations.check(path))


@group.command()
@click.argument("file", type=click.Path(path_type=Path))
@common.config_option
def backup(config_file: Path | None, file: Path) -> None:
    """Write a consistent copy of the database to a new FILE, while the gateway goes on serving."""

    async def work(desk: Desk) -> None:
        await desk.store.backup(file)

    common.run(Options(config_file, "", ""), work)
    common.say(f"{file} has everything but the installation's key; keep a copy of that apart from it.")
