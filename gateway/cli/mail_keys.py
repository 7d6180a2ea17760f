"""`db mail-key`: the keys that stored mail is encrypted under."""

from __future__ import annotations

import asyncio
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

import click

from gateway.cli import common
from gateway.cli.common import Desk, Options
from gateway.data_care.retention import PAUSE
from storage import mail_keys, stored_mail
from storage.mail_keys import NONE, MailKeys

ROUNDS = 3
"""Of looking for what came under another key meanwhile."""


@dataclass(frozen=True, slots=True)
class Listed:
    """A key, and what it is there for."""

    key: str
    """Its id; "none" for mail that isn't encrypted."""
    use: str
    messages: int
    needed: bool
    """Whether it must stay in the file."""


@click.group("mail-key")
def group() -> None:
    """Encrypt stored mail, and change its keys, while the gateway serves.

    They stand in the file that store.mail_key_file names: new mail is encrypted under the first, all others open older
    mail. `new`, then `apply`, gives all stored mail a new key; `off`, then `apply`, takes the encryption away.
    """


@group.command()
@click.option("--last", is_flag=True, help="Behind the others: it encrypts nothing until you move its line to the top.")
@common.config_option
def new(config_file: Path | None, *, last: bool) -> None:
    """Add a new key to the file, or make the file. New mail is encrypted under it at once."""
    path = _path(config_file)
    line = mail_keys.new_line()
    common.told(lambda: mail_keys.put(path, line, last=last))
    common.say(f"{path}: added key {line.split()[0]}.")
    common.say("Keep a copy of the file, apart from the database's: nobody can read the mail without it.")
    if not last:
        common.say("`bcc-gateway db mail-key apply` brings the mail that is stored already under this key.")


@group.command()
@common.config_option
def off(config_file: Path | None) -> None:
    """Stop encrypting new mail; the keys stay in the file for what is stored."""
    path = _path(config_file)
    if not path.exists():
        common.fail(f"{path} isn't there, so no mail is encrypted; is store.mail_key_file right?", common.EX_CONFIG)
    common.told(lambda: mail_keys.put(path, NONE))
    common.say(f"{path}: new mail isn't encrypted. `bcc-gateway db mail-key apply` decrypts the mail that is stored.")


@group.command()
@common.config_option
def apply(config_file: Path | None) -> None:
    """Bring all stored mail under the file's first key. Go on serving; what is interrupted goes on where it was."""
    _path(config_file)

    async def work(desk: Desk) -> list[Listed]:
        keys = desk.sealing.mail
        await desk.store.read(stored_mail.must_open(keys))
        for _ in range(ROUNDS):
            await _move(desk, keys)
        return await _listed(desk)

    _tell(common.run(Options(config_file, "", ""), work))


@group.command("list")
@common.as_json_option
@common.config_option
def list_(config_file: Path | None, *, as_json: bool) -> None:
    """Show each key, how many stored messages are under it, and whether it is needed."""
    listed = common.run(Options(config_file, "", ""), _listed)
    common.show_list(listed, ("key", "use", "messages", "needed"), as_json=as_json)


def _path(config_file: Path | None) -> Path:
    path = common.load_settings(config_file).store.mail_key_file
    return path or _no_file()


def _no_file() -> NoReturn:
    common.fail("store.mail_key_file isn't set: name the file that the keys are to stand in", common.EX_CONFIG)


async def _move(desk: Desk, keys: MailKeys) -> None:
    """What isn't under the first key by now, page by page."""
    under = await desk.store.read(stored_mail.counted())
    left = sum(under.values()) - under.get(keys.first, 0)
    hidden = not sys.stderr.isatty() or not left
    with click.progressbar(length=left, label="Encrypting", file=sys.stderr, hidden=hidden) as bar:
        while left > 0:
            moved = await desk.store.change(stored_mail.move_some(keys), erases=True)
            left = left - moved if moved else 0
            bar.update(moved)
            await asyncio.sleep(PAUSE)


async def _listed(desk: Desk) -> list[Listed]:
    keys = desk.sealing.mail
    first, known = keys.first, keys.ids
    under = await desk.store.read(stored_mail.counted())
    order = [first, *(key for key in known if key != first), *sorted(set(under) - {first, *known})]
    return [Listed(key, _use(key, first, known), under.get(key, 0), key == first or key in under) for key in order]


def _use(key: str, first: str, known: list[str]) -> str:
    if key == first:
        return "new mail"
    return "older mail" if key in (*known, NONE) else "missing"


def _tell(listed: list[Listed]) -> None:
    first, *others = listed
    state = "isn't encrypted" if first.key == NONE else f"is encrypted under {first.key}"
    left = sum(one.messages for one in others)
    common.say(f"Stored mail {state}: {first.messages} messages.")
    for one in others:
        if one.messages:
            common.say(f"Under {one.key}: {one.messages}. A gateway has another first key.")
        elif one.key != NONE:
            common.say(f"No stored mail needs {one.key}. Keep its line as long as a backup has mail under it.")
    if left:
        common.fail(f"messages came meanwhile under another key: {left}. Give all gateways one file, then run it again")
