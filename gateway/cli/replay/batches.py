"""Old mail on the journey of new mail: many messages share a commit, and decisions fall in the messages' order."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from gateway.cli.mail_files import Piece, Unreadable
from gateway.clock import new_id, now
from gateway.core.cases import Setting, cases
from gateway.core.decision import Decision
from gateway.core.message import read_parts
from gateway.core.model import Channel, Envelope, Message, Peer, Recipient, Source
from gateway.core.questions import Case
from gateway.ingest import Ingest, Prepared
from storage.interface import Store
from storage.replay import recorded_before

BATCH, BATCH_BYTES = 50, 16 * 1024 * 1024
"""Messages, and bytes of them, that are settled together. Between batches the database is free for others."""

Before = tuple[str, str] | None


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one message. Without decisions, `too_large` or `error` says why there are none."""

    piece: Piece
    trace_id: str
    message_id: str | None = None
    cases: Sequence[Case] = ()
    decisions: Sequence[Decision] = ()
    before: Sequence[Before] = ()
    """In a dry run, outcome and reason recorded of it earlier, for each decision."""
    too_large: bool = False
    error: BaseException | None = None


def batches(read: Iterable[Piece | Unreadable], tell: Callable[[Unreadable], None]) -> Iterator[list[Piece]]:
    """The messages in batches; what can't be read is told of in between."""
    batch: list[Piece] = []
    for piece in read:
        if isinstance(piece, Unreadable):
            tell(piece)
            continue
        batch.append(piece)
        if len(batch) == BATCH or sum(len(p.raw) for p in batch) >= BATCH_BYTES:
            yield batch
            batch = []
    if batch:
        yield batch


class Replay:
    """Decides messages for one capture address."""

    def __init__(
        self, ingest: Ingest, setting: Setting, recipient: Recipient, peer: Peer, most: int, before: Store | None
    ) -> None:
        """`most`: bytes of a message; `before`: in a dry run, the store as it stands."""
        self._ingest = ingest
        self._setting = setting
        self._recipient = recipient
        self._peer = peer
        self._most = most
        self._before = before

    async def batch(self, pieces: Sequence[Piece]) -> list[Result]:
        """The results, in the order of the messages."""
        prepared = [await self._prepare(piece) for piece in pieces]
        results = await asyncio.gather(*(self._settle(*one) for one in prepared))
        if self._before is None:
            return results
        asked = [case.asked for result in results if result.decisions for case in result.cases]
        known = iter(await self._before.read(recorded_before(asked)))
        return [replace(result, before=[next(known) for _ in result.decisions]) for result in results]

    async def _prepare(self, piece: Piece) -> tuple[Result, Prepared | None]:
        trace_id = new_id()
        if len(piece.raw) > self._most:
            return Result(piece, trace_id, too_large=True), None
        try:
            reading = read_parts(piece.raw, self._setting.limits)
            sender = _reverse_path(reading.message)
            envelope = Envelope(trace_id, self._peer, sender, (self._recipient,), now())
            prepared = await self._ingest.prepare(cases(envelope, reading, self._setting))
        except Exception as error:  # one message must not keep the others out
            return Result(piece, trace_id, error=error), None
        return Result(piece, trace_id, reading.message.message_id, prepared.cases), prepared

    async def _settle(self, result: Result, prepared: Prepared | None) -> Result:
        if prepared is None:
            return result
        try:
            return replace(result, decisions=await self._ingest.settle(prepared))
        except Exception as error:
            return replace(result, error=error)


def stand_in(recipient: Recipient, known: Iterable[Source], *, vouches: bool) -> Peer:
    """Who replays, as the client that delivers: what the account's own sources are believed is believed here too, but
    for the senders, who are vouched for by whoever replays or by nobody, whatever the channel.
    """
    own = Source("", recipient.account_id, "replay", "", frozenset({recipient.channel, Channel.RELAY}), vouches)
    return Peer("127.0.0.1", (own, *(replace(source, vouches=False) for source in known)))


_UNKNOWN = "unknown"
"""The reverse-path of a message that tells none: a null one would make it a bounce."""


def _reverse_path(message: Message) -> str:
    """What the message was sent with, as far as it tells: Return-Path (RFC 5321 §4.4), else its author."""
    path = message.first("return-path")
    if path is None:
        return next((mailbox.address for mailbox in message.from_), "") or _UNKNOWN
    return path.strip().removeprefix("<").partition(">")[0].strip()
