"""What the commands of one session mean: each asks the product and gives the reply. No transport, no timer."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace

from gateway.core.model import Answer, Envelope, Peer, Recipient
from gateway.operator_log import raised_at
from gateway.smtp import paths, replies
from gateway.smtp.data import DataReader
from gateway.smtp.replies import Reply
from gateway.smtp.shared import Shared, canonical_ip, network_of


@dataclass(slots=True)
class Transaction:
    """One message from MAIL to the answer after DATA."""

    trace_id: str
    mail_from: str
    """"" for the null path."""
    utf8: bool
    recipients: list[Recipient] = field(default_factory=list)


class Handler:
    """One session. `transaction` is None outside MAIL … DATA."""

    def __init__(self, shared: Shared, ip: str) -> None:
        self._shared = shared
        self.ip = canonical_ip(ip)
        self._peer: Peer | None = None
        self.network = network_of(self.ip)
        self.tls = False
        self.messages = 0
        self.transaction: Transaction | None = None

    @property
    def from_source(self) -> bool:
        """The client is a configured mail server, as far as is known."""
        return self._peer is not None and bool(self._peer.sources)

    @property
    def size_limit(self) -> int:
        """Bytes of a message from this client."""
        limits = self._shared.limits
        return limits.message_size_from_source if self.from_source else limits.message_size

    async def identify(self) -> None:
        """Find out which sources the client's address belongs to; tried again at MAIL where it failed."""
        try:
            self._peer = await self._shared.journey.peer(self.ip)
        except Exception as error:
            self._shared.events.internal_error(type(error).__name__, raised_at(error))

    async def mail(self, argument: str, *, extended: bool) -> Reply:
        """MAIL opens a transaction."""
        if self.transaction is not None:
            return replies.SEQUENCE
        parsed = paths.mail(argument, extended=extended)
        if isinstance(parsed, Reply):
            return parsed
        if self._peer is None:
            await self.identify()
        refusal = self._why_no_transaction(parsed)
        if refusal is not None:
            return refusal
        self.transaction = Transaction(self._shared.journey.new_trace_id(), parsed.path, parsed.utf8)
        return replies.SENDER_OK

    def _why_no_transaction(self, mail: paths.Mail) -> Reply | None:
        shared, limits = self._shared, self._shared.limits
        if self._peer is None:
            return replies.TEMPORARY
        if self.messages >= (limits.messages_from_source if self.from_source else limits.messages):
            return replies.TOO_MUCH
        if shared.sources_need_tls and self.from_source and not self.tls:
            return replies.TLS_REQUIRED
        if mail.size > self.size_limit:
            return self._refuse_message(replies.TOO_LARGE, "")
        if shared.budget.used + mail.size > shared.budget.limit:
            return self._refuse_message(replies.NO_STORAGE, "")
        return None

    async def rcpt(self, argument: str, *, extended: bool) -> Reply:
        """RCPT adds a recipient, or refuses this one alone."""
        transaction, shared = self.transaction, self._shared
        if transaction is None:
            return replies.SEQUENCE
        address = paths.rcpt(argument, extended=extended, utf8=transaction.utf8)
        if address is replies.RELAYING_DENIED:
            shared.events.recipient_refused(transaction.trace_id, "smtp.peer_denied")
        if isinstance(address, Reply):
            return address
        if len(transaction.recipients) >= shared.limits.recipients:
            shared.events.recipient_refused(transaction.trace_id, "smtp.busy")
            return replies.TOO_MANY_RECIPIENTS
        try:
            recipient = await shared.journey.recipient(self.peer, address)
        except Exception as error:
            shared.events.internal_error(type(error).__name__, raised_at(error))
            return await self._refuse("smtp.store_unavailable", transaction)
        if isinstance(recipient, str):
            return await self._refuse(recipient, transaction)
        if recipient not in transaction.recipients:
            transaction.recipients.append(recipient)
        return replies.RECIPIENT_OK

    @property
    def peer(self) -> Peer:
        """The client as the product knows it, and whether the session is under TLS."""
        assert self._peer is not None, "known before MAIL is accepted"  # noqa: S101 - for the type checker
        return replace(self._peer, tls=True) if self.tls else self._peer

    async def _refuse(self, reason: str, transaction: Transaction) -> Reply:
        """A source relays for many people who mistype; anybody else who names many unknown recipients is guessing."""
        shared = self._shared
        shared.events.recipient_refused(transaction.trace_id, reason)
        if reason != "smtp.unknown_recipient" or self.from_source:
            return replies.refusal(reason)
        if not shared.guesses.count(self.network, asyncio.get_running_loop().time()):
            return replies.UNKNOWN_RECIPIENT
        await asyncio.sleep(shared.limits.unknown_recipients_delay)
        return replies.TOO_MUCH

    async def message(self, data: DataReader) -> Reply:
        """The answer to a whole message. Cancelling this never stops the journey that it started."""
        transaction, shared = self.transaction, self._shared
        assert transaction is not None, "DATA needs recipients"  # noqa: S101 - for the type checker
        self.transaction = None
        self.messages += 1
        raw = data.content()
        if isinstance(raw, Reply):
            return self._refuse_message(raw, transaction.trace_id)
        envelope = Envelope(
            transaction.trace_id, self.peer, transaction.mail_from, tuple(transaction.recipients), shared.clock()
        )
        journey = asyncio.get_running_loop().create_task(shared.journey.message(envelope, raw))
        shared.journeys.add(journey)
        journey.add_done_callback(lambda task: self._journey_ended(task, data, envelope.trace_id))
        await asyncio.wait((journey,))
        if journey.cancelled() or journey.exception() is not None:
            return replies.TEMPORARY
        answer = journey.result()
        return replies.refusal(answer.reason) if answer.reason else replies.accepted(answer.trace_id)

    def _refuse_message(self, reply: Reply, trace_id: str) -> Reply:
        if reply is replies.TOO_LARGE:
            self._shared.events.message_refused(trace_id, "smtp.too_large")
        else:
            self._shared.events.message_deferred(trace_id, "smtp.busy", "")
        return reply

    def _journey_ended(self, journey: asyncio.Task[Answer], data: DataReader, trace_id: str) -> None:
        """Runs even if the client has gone; an exception that nobody reads would be logged with its text."""
        events = self._shared.events
        self._shared.journeys.discard(journey)
        data.release()
        error = asyncio.CancelledError() if journey.cancelled() else journey.exception()
        if error is not None:
            events.internal_error(type(error).__name__, raised_at(error))
            events.message_deferred(trace_id, "smtp.store_unavailable", type(error).__name__)
        elif (answer := journey.result()).reason:
            if replies.refusal(answer.reason).code >= 500:
                events.message_refused(answer.trace_id, answer.reason)
            else:
                events.message_deferred(answer.trace_id, answer.reason, "")
