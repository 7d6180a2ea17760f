"""`db backup`, `db verify`, `db restore`."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import click

from gateway.cli import common
from gateway.cli.common import Desk, Options
from gateway.clock import now
from gateway.core.keyed_hash import KeyedHash
from gateway.records import plain_record
from storage import open as store
from storage.backup import PARTIAL, Examined, back_up, examine
from storage.copying import Copied
from storage.mail_keys import MailKeys
from storage.place import Server
from storage.restore import Restored, prepare
from storage.restore import restore as put_back

_NAMES = "gateway-????????T??????Z.db"
"""Of backups in a folder."""


@click.command()
@click.argument("target", type=click.Path(path_type=Path), metavar="FILE")
@click.option("--keep", type=click.IntRange(1), metavar="N", help="In a folder: erase all but the N newest backups.")
@common.config_option
def backup(config_file: Path | None, target: Path, keep: int | None) -> None:
    """Write a consistent copy of the database to a new FILE, while the gateway goes on serving.

    If FILE is a folder, the copy in it is named by the time. It is written under another name first, and checked: what
    is there is whole.
    """
    folder = target if target.is_dir() else None
    if keep and not folder:
        common.fail(f"--keep is for a folder, and {target} is none", 2)
    file = folder / f"gateway-{datetime.now(UTC):%Y%m%dT%H%M%SZ}.db" if folder else target

    async def work(desk: Desk) -> None:
        await back_up(desk.store, file, common.bar("Copying"))

    common.run(Options(config_file, "", ""), work)
    common.say(f"{file} has everything but the installation's key and the keys of stored mail.")
    common.say("Keep copies of those apart from it.")
    if folder and keep:
        common.told(lambda: _thin_out(folder, keep))


def _thin_out(folder: Path, keep: int) -> None:
    """Also what was left of backups that didn't end; those that run now are not among them."""
    yesterday = now() / 1000 - 24 * 60 * 60
    for left in folder.glob(f"{_NAMES}.????????{PARTIAL}*"):
        if left.stat().st_mtime < yesterday:
            left.unlink()
    for old in sorted(folder.glob(_NAMES), key=lambda one: one.stat().st_mtime)[:-keep]:  # not by a clock's names
        old.unlink()
        common.say(f"{old} was erased.")


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--without-key", is_flag=True, help="Don't look whether the installation's key fits.")
@common.as_json_option
@common.config_option
def verify(config_file: Path | None, file: Path, *, without_key: bool, as_json: bool) -> None:
    """Look at all of a backup: its structure, its rules, its keys, and every stored message. Nothing is changed."""
    settings = common.load_settings(config_file).store
    keyed = None
    if not without_key:
        keyed = KeyedHash(common.told(lambda: store.installation_key(settings.key_file, create=False)))
    keys = MailKeys(settings.mail_key_file)
    found = common.told(lambda: examine(file, keyed, keys, common.bar("Opening")))
    if as_json:
        common.print_json(plain_record(found))
    else:
        common.say(_account(file, found))
    if found.breaches:
        common.fail(f"rules that don't hold: {len(found.breaches)}. It can be restored; report this as a fault")


def _account(file: Path, found: Examined) -> str:
    lines = [f"{file} is sound.", f"Schema: version {found.version}, of which this program knows {found.newest}."]
    if found.version < found.newest:
        lines.append("Keys and messages can't be told of an older version: `db restore` looks at them.")
    else:
        lines.append(f"Installation's key: {found.key}.")
        lines.append(f"Stored messages: {found.messages}, and all can be opened.")
    return "\n".join([*lines, *(f"Breach: {breach}: {where}" for breach, where in found.breaches)])


@click.command()
@click.argument("backup", type=click.Path(path_type=Path), metavar="BACKUP")
@common.config_option
def restore(config_file: Path | None, backup: Path) -> None:
    """Make a BACKUP the database, after a look at all of it. The gateway must be stopped.

    The database that was there is kept under another name. Of a server the database must be new, without data. Until
    the last step nothing is changed. An older schema is brought up to date.
    """
    settings = common.load_settings(config_file).store
    place = settings.place()
    key = common.told(lambda: store.installation_key(settings.key_file, create=False))
    keys = MailKeys(settings.mail_key_file)
    if isinstance(place, Server):
        common.told(lambda: _to_server(backup, place, key, keys, settings.busy_timeout))
        common.say(f"{place} has everything that is in {backup}.")
    else:
        restored = common.told(lambda: put_back(place, backup, KeyedHash(key), keys, now(), common.bar("Copying")))
        common.say(_told(place, backup, restored))
    common.say("Everybody signs in to the console again. What was erased, revoked or listed since then is as it was")
    common.say("then. Now start the gateway.")


def _to_server(backup: Path, server: Server, key: bytes, keys: MailKeys, busy_timeout: float) -> Sequence[Copied]:
    with TemporaryDirectory(prefix="bcc-gateway-") as folder:
        draft = Path(folder) / "gateway.db"
        prepare(backup, draft, KeyedHash(key), keys, now(), common.bar("Copying"))
        bar = common.bar("Sending")
        return asyncio.run(store.copy_to_server(draft, server, now(), bar, busy_timeout=busy_timeout))


def _told(path: Path, backup: Path, restored: Restored) -> str:
    kept = f"\nWhat was there is kept as {restored.kept}: delete it in time." if restored.kept else ""
    return f"{path} is what {backup} was.{kept}"
