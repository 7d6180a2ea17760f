"""`bcc-gateway replay`: old mail, decided as if it came now."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import click

from gateway.cli import common
from gateway.cli.common import Desk, Options
from gateway.cli.replay.batches import stand_in
from gateway.cli.replay.interruption import Interruption
from gateway.cli.replay.session import Session, Wish
from gateway.clock import new_id
from gateway.core import addresses, addressing
from gateway.core.model import Channel, Recipient
from storage.administration import accounts
from storage.administration import addresses as capture_addresses
from storage.administration.sources import sources
from storage.errors import NotFound, Refused
from storage.interface import Store
from storage.open import open_store


@click.command()
@click.argument("paths", metavar="PATH...", nargs=-1, required=True)
@click.option("--to", "rcpt_to", default="", metavar="ADDRESS", help="Capture address that decides, retired or not.")
@click.option(
    "--channel",
    type=click.Choice([c.value for c in Channel]),
    help="Without --to: the account's newest address of this channel; default: relay.",
)
@click.option("--no-vouch", is_flag=True, help="Take no sender as proven.")
@click.option("--dry-run", is_flag=True, help="Write nothing; say what would change.")
@click.option("-v", "--verbose", is_flag=True, help="A line for each message.")
@common.as_json_option
@common.options
def replay(
    options: Options,
    paths: tuple[str, ...],
    rcpt_to: str,
    channel: str | None,
    *,
    no_vouch: bool,
    dry_run: bool,
    verbose: bool,
    as_json: bool,
) -> None:
    """Decide old mail as if a mail server copied it now, and log what the rules let through.

    A PATH is a message file, a folder (every file below it, sorted), an mbox, a Maildir, or - for standard input.

    Whoever replays vouches for the senders, unless --no-vouch is given. Mail that was replayed before is recognised, so
    the same command goes on after an interruption.
    """
    if rcpt_to and channel:
        common.fail("--to names the channel already, so --channel has no meaning beside it", 2)
    wish = Wish(
        paths,
        rcpt_to,
        Channel(channel or Channel.RELAY),
        vouches=not no_vouch,
        dry_run=dry_run,
        verbose=verbose,
        as_json=as_json,
    )
    ended = common.run(options, lambda desk: _replay(desk, options, wish))
    raise SystemExit(ended)


async def _replay(desk: Desk, options: Options, wish: Wish) -> int:
    """The exit code."""
    recipient = await _recipient(desk, options, wish)
    peer = stand_in(recipient, await desk.store.read(sources()), vouches=wish.vouches)
    with Interruption() as interruption:
        async with _store(desk, dry_run=wish.dry_run) as store:
            session = Session(desk, store, recipient, peer, wish, interruption)
            try:
                await session.run()
            finally:
                await session.leave_record()
            return await session.end()


async def _recipient(desk: Desk, options: Options, wish: Wish) -> Recipient:
    """The capture address that decides. Raises Refused."""
    domain = desk.settings.domain
    address = wish.rcpt_to or await _newest(desk, options, wish.channel)
    capture = addressing.take_apart(addresses.canonical(address), domain)
    if capture is None:
        raise Refused(
            "{address} is no capture address of this gateway, whose domain is {domain}.", address=address, domain=domain
        )
    key_hash = desk.act.keyed("capture", capture.key)
    # Old mail may come to an address that is refused by now: at the beginning of time none was.
    account_id = await desk.store.read(capture_addresses.find_recipient(key_hash, capture.channel, 0))
    if account_id is None:
        raise NotFound("There is no such capture address.", "`bcc-gateway address list` shows them.")
    if options.account and account_id != await desk.store.read(accounts.find(options.account)):
        raise Refused("That capture address is another account's.")
    return Recipient(address, key_hash, capture.tag, capture.channel, account_id)


async def _newest(desk: Desk, options: Options, channel: Channel) -> str:
    """The newest address of the channel that is for all users. Raises Refused."""
    account_id = await desk.store.read(accounts.find(options.account))
    known = await desk.store.read(capture_addresses.every(account_id, desk.sealing, desk.settings.domain))
    fitting = [record.address for record in known if record.channel == channel and record.user is None]
    if not fitting:
        raise Refused(
            "The account has no {channel} address for all users.",
            f"`bcc-gateway address create {channel}` makes one, or name another capture address with --to.",
            channel=channel,
        )
    return fitting[-1]


@asynccontextmanager
async def _store(desk: Desk, *, dry_run: bool) -> AsyncIterator[Store]:
    """The store; for a dry run a copy of it, beside a file and as private, that is erased at the end."""
    if not dry_run:
        yield desk.store
        return
    settings = desk.settings.store
    place = settings.place()
    beside = place.parent if isinstance(place, Path) else None
    with TemporaryDirectory(prefix="dry-run-", dir=beside) as private:
        copy = Path(private, "gateway.db")
        await desk.store.backup(copy)
        key = await common.load_key(desk.settings)
        store = await open_store(copy, key, new_id, busy_timeout=settings.busy_timeout)
        try:
            yield store
        finally:
            await store.close()
