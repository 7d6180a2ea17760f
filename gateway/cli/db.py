"""`db`: the database itself."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

import click

from gateway.cli import backup, common, mail_keys
from gateway.clock import new_id, now
from storage import open as store
from storage.copying import Copied
from storage.errors import Refused, StoreInUse
from storage.migrate import Migration, fitting
from storage.place import Server


@click.group("db")
def group() -> None:
    """Make, check, back up and move the database."""


for command in (backup.backup, backup.restore, backup.verify, mail_keys.group):
    group.add_command(command)


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
@click.option("--to", "url", required=True, metavar="URL", help="postgresql://user@host/database, without data.")
@common.as_json_option
@common.config_option
def copy(config_file: Path | None, url: str, *, as_json: bool) -> None:
    """Copy everything in the SQLite file to an empty PostgreSQL database, and check it there. All of it or nothing.

    The gateway must be stopped. The tables are made if need be. Keep the password out of the URL: PGPASSFILE.
    """
    from config.values import database_url  # noqa: PLC0415  # pydantic is slow to import

    settings = common.load_settings(config_file).store
    try:
        server = Server(database_url(url).get_secret_value(), prepared_statements=settings.prepared_statements)
    except ValueError as error:
        common.fail(f"--to {error}", common.EX_CONFIG)

    async def work() -> Sequence[Copied]:
        place = settings.place()
        if isinstance(place, Server):
            raise Refused("store.url is set, so the database is on a server. pg_dump copies that.")
        await store.check(place)
        key = store.installation_key(settings.key_file, create=False)
        try:
            patience = settings.busy_timeout
            claimed = await store.open_store(place, key, new_id, busy_timeout=patience, serving=True)
        except StoreInUse:
            raise StoreInUse("Stop it first: what it takes meanwhile would be missing in the copy.") from None
        try:
            bar = common.bar("Copying")
            return await store.copy_to_server(place, server, now(), bar, busy_timeout=patience)
        finally:
            await claimed.close()

    copied = common.told(lambda: asyncio.run(work()))
    common.show_list(copied, ("table", "rows", "checksum"), as_json=as_json)
    if not as_json:
        common.say(f"{server} has everything but the installation's key. Set store.url in place of store.path,"
            " keep the key, and start.")


