"""One replay from its first file to its exit code."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass

import click

from gateway.authenticate import Authenticator
from gateway.cli import mail_files
from gateway.cli.common import Desk, print_json
from gateway.cli.mail_files import Piece, Unreadable
from gateway.cli.replay import output
from gateway.cli.replay.batches import Replay, Result, batches
from gateway.cli.replay.interruption import Interruption
from gateway.cli.replay.output import Tally
from gateway.cli.replay.threads import Threads
from gateway.clock import new_id
from gateway.core.cases import Setting
from gateway.core.limits import DkimLimits
from gateway.core.model import Channel, Peer, Recipient
from gateway.ingest import Ingest
from gateway.operator_log import escape
from storage.administration import users
from storage.administration.act import audit
from storage.errors import StoreError
from storage.interface import Store
from storage.plan import Plan

_INTERRUPTED = 128
"""Added to the number of the signal, as shells have it."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What is to be done."""

    paths: Sequence[str]
    rcpt_to: str
    channel: Channel
    vouches: bool
    dry_run: bool
    verbose: bool
    as_json: bool


class Session:
    """One replay: what was done so far, and what is said about it."""

    def __init__(
        self, desk: Desk, store: Store, recipient: Recipient, peer: Peer, wish: Wish, interruption: Interruption
    ) -> None:
        settings, act = desk.settings, desk.act
        setting = Setting(settings.domain, settings.hostname, act.keyed, settings.reading_limits())
        deadline = settings.smtp_limits().handler
        session_only = Authenticator(None, DkimLimits())
        ingest = Ingest(store, setting, desk.sealing, session_only, deadline, new_id, lambda: act.at)
        before = desk.store if wish.dry_run else None
        self._act = act
        self._store = store
        self._recipient = recipient
        self._wish = wish
        self._interruption = interruption
        self._most = settings.smtp_limits().message_size_from_source
        self._replay = Replay(ingest, setting, recipient, peer, self._most, before)
        self._threads = Threads(store, recipient.account_id, act.keyed)
        self._records: list[tuple[dict[str, object], bool]] = []
        """What is printed of each message, and whether it has a thread."""
        self._users: dict[str, str] = {}
        self._tally = Tally()
        self._stopped: StoreError | None = None
        self._started = time.monotonic()

    async def run(self) -> None:
        """Decides all messages, or those before an interruption or a fault of the store."""
        if self._wish.verbose:
            known = await self._store.read(users.every(self._recipient.account_id))
            self._users = {user.id: user.address for user in known}
        names = self._files()
        read = batches(mail_files.read(names, self._most, mail_only=True), self._unreadable)
        with _bar(names, self._wish) as progress:
            while pieces := self._next(read):
                results = await self._replay.batch(pieces)
                self._stopped = _store_fault(results)
                if self._stopped:
                    return
                for result in results:
                    self._add(result)
                progress(sum(piece.stored for piece in pieces), self._tally.messages)

    async def end(self) -> int:
        """Says what was done; the exit code."""
        wish, tally = self._wish, self._tally
        if wish.as_json:
            await self._print_records()
        for line in output.summary(tally, time.monotonic() - self._started, dry_run=wish.dry_run):
            click.echo(line, err=wish.as_json)
        if self._stopped or self._interruption.number:
            more = "" if wish.dry_run else " The same command goes on: what was decided is recognised."
            click.echo(f"Not all was read.{more}", err=True)
        if self._stopped:
            raise self._stopped
        number = self._interruption.number
        return _INTERRUPTED + number if number else int(tally.faults > 0)

    async def leave_record(self) -> None:
        """Who replayed how much, in the audit; whatever ended it."""
        if self._tally.messages and not self._wish.dry_run:
            with suppress(StoreError):
                await self._store.change(self._audit())

    def _next(self, read: Iterator[list[Piece]]) -> list[Piece]:
        """The next messages; none at the end, and after an interruption."""
        try:
            self._interruption.waits = True  # first: what comes from here on ends the wait by itself
            return [] if self._interruption.number else next(read, [])
        except KeyboardInterrupt:
            return []
        finally:
            self._interruption.waits = False

    def _files(self) -> list[str]:
        names: list[str] = []
        for path in self._wish.paths:
            found, faults = mail_files.files(path, maildirs=True)
            names += found
            for fault in faults:
                self._unreadable(fault)
        return names

    def _unreadable(self, fault: Unreadable) -> None:
        click.echo(escape(f"bcc-gateway: {fault.file}: {fault.reason}"), err=True)
        self._tally.faults += 1

    def _add(self, result: Result) -> None:
        wish = self._wish
        self._tally.add(result)
        if not result.decisions:
            click.echo(f"bcc-gateway: {output.fault(result)}", err=True)
        if wish.as_json:
            self._records.append((output.record(result), bool(result.decisions)))
            if result.decisions:
                self._threads.add(result)
        elif wish.dry_run or wish.verbose:
            for line in output.differences(result) if wish.dry_run else output.lines(result, self._users):
                click.echo(line)

    async def _print_records(self) -> None:
        keys = iter(await self._threads.keys())
        for record, decided in self._records:
            record["thread"] = next(keys) if decided else None
            print_json(record)

    def _audit(self) -> Plan[None]:
        tally = self._tally
        outcomes = {o: sum(n for (outcome, _), n in tally.outcomes.items() if outcome == o) for o, _ in tally.outcomes}
        return audit(
            self._act,
            self._recipient.account_id,
            "mail.replay",
            channel=self._recipient.channel,
            vouched=self._wish.vouches,
            paths=len(self._wish.paths),
            messages=tally.messages,
            came_before=tally.came_before,
            **outcomes,
        )


def _store_fault(results: Sequence[Result]) -> StoreError | None:
    """Why nothing of a batch could be settled. What hits some of its messages only is theirs."""
    tried = [result.error for result in results if not result.too_large]
    faults = [error for error in tried if isinstance(error, StoreError)]
    return faults[0] if faults and len(faults) == len(tried) else None


@contextmanager
def _bar(names: Sequence[str], wish: Wish) -> Iterator[Callable[[int, int], None]]:
    """Shows bytes done and messages counted, on a terminal where no lines would be mixed with it."""
    prints = (wish.dry_run or wish.verbose) and not wish.as_json
    if not sys.stderr.isatty() or (prints and sys.stdout.isatty()):
        yield lambda *_: None
        return
    known = "-" not in names
    with click.progressbar(
        iterable=None if known else _unknown(),
        length=sum(map(_size, names)) if known else None,
        label="Replaying",
        item_show_func=lambda count: f"{count or 0} messages",
        file=sys.stderr,
    ) as bar:
        yield bar.update


def _unknown() -> Iterator[int]:
    """Of a length that nobody can tell."""
    yield from ()


def _size(name: str) -> int:
    try:
        return os.path.getsize(name)
    except OSError:
        return 0
