"""What the commands of one session mean: each asks the product and gives the reply. No transport, no timer."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Coroutine
from dataclasses import dataclass, field, replace

from gateway import metrics
from gateway.core.model import Answer, Envelope, Login, OperatorMail, OperatorMailbox, Peer, Recipient
from gateway.core.networks import canonical_ip, network_of
from gateway.operator_log import raised_at
from gateway.smtp import paths, replies
from gateway.smtp.data import DataReader, Holding
from gateway.smtp.limits import OPERATOR_MESSAGE_SIZE
from gateway.smtp.replies import Reply
from gateway.smtp.shared import Shared

_LARGE = 256 * 1024
"""Bytes of a message whose copying takes so long that others have their turn before it."""


@dataclass(slots=True)
class Transaction:
    """One message from MAIL to the answer after DATA."""

    trace_id: str
    mail_from: str
    """"" for the null path."""
    utf8: bool
    size: int
    """Bytes declared by SIZE, or 0."""
    holding: Holding
    recipients: list[Recipient | OperatorMailbox] = field(default_factory=list)
    """All of one kind."""

    @property
    def for_operator(self) -> bool:
        return bool(self.recipients) and isinstance(self.recipients[0], OperatorMailbox)


class Handler:
    """One session. `transaction` is None outside MAIL … DATA."""

    def __init__(self, shared: Shared, ip: str, *, tls_required: bool = False) -> None:
        self._shared = shared
        self._limits = shared.limits
        self._tls_required = tls_required
        self.ip = canonical_ip(ip)
        self._peer: Peer | None = None
        self.from_source = False
        """The client is a configured mail server, as far as is known."""
        self.network = network_of(self.ip)
        self.tls = False
        self.certificate = ""
        """SHA-256 of the client's, hex, or ""."""
        self.login: Login | None = None
        self.messages = 0
        self.transaction: Transaction | None = None

    @property
    def size_limit(self) -> int:
        """Bytes of a message from this client, to the recipients named so far."""
        limits = self._limits
        if self.transaction is not None and self.transaction.for_operator:
            return OPERATOR_MESSAGE_SIZE
        return limits.message_size_from_source if self.from_source else limits.message_size

    async def identify(self) -> None:
        """Find out which sources the client is, as far as it has shown; tried again at MAIL where it failed."""
        self._peer, self.from_source = None, False
        try:
            self._peer = await self._shared.journey.peer(self.ip, self.login, self.certificate)
            self.from_source = bool(self._peer.sources)
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
        holding = Holding(self._shared.budget, "" if self.from_source else self.network)
        trace_id = self._shared.journey.new_trace_id()
        if not holding.cover(parsed.size):
            return self._refuse_message(replies.NO_STORAGE, "", "smtp.busy")
        self.transaction = Transaction(trace_id, parsed.path, parsed.utf8, parsed.size, holding)
        return replies.SENDER_OK

    def end_transaction(self) -> None:
        """What was said since MAIL is forgotten (RFC 5321 §4.1.1.5). A message that is complete goes its way."""
        if self.transaction is not None:
            self.transaction.holding.release()
            self.transaction = None

    def _why_no_transaction(self, mail: paths.Mail) -> Reply | None:
        shared, limits = self._shared, self._limits
        if self._peer is None:
            return replies.TEMPORARY
        if self.messages >= (limits.messages_from_source if self.from_source else limits.messages):
            return replies.TOO_MUCH
        if not self.tls and (self._tls_required or (shared.sources_need_tls and self.from_source)):
            return replies.TLS_REQUIRED
        if mail.size > self.size_limit:
            return self._refuse_message(replies.TOO_LARGE, "", "smtp.too_large")
        if shared.free_disk() < max(self.size_limit * 3 // 2, limits.free_disk):
            return self._refuse_message(replies.NO_STORAGE, "", "smtp.store_unavailable")
        return None

    async def rcpt(self, argument: str, *, extended: bool) -> Reply:
        """RCPT adds a recipient, or refuses this one alone."""
        transaction, shared = self.transaction, self._shared
        if transaction is None:
            return replies.SEQUENCE
        address = paths.rcpt(argument, extended=extended, utf8=transaction.utf8)
        if address is replies.RELAYING_DENIED:
            self._recipient_refused(transaction, "smtp.peer_denied")
        if isinstance(address, Reply):
            return address
        if len(transaction.recipients) >= self._limits.recipients:
            self._recipient_refused(transaction, "smtp.busy")
            return replies.TOO_MANY_RECIPIENTS
        try:
            recipient = await shared.journey.recipient(self.peer, address)
        except Exception as error:
            shared.events.internal_error(type(error).__name__, raised_at(error))
            return await self._refuse("smtp.store_unavailable", transaction)
        if isinstance(recipient, str):
            return await self._refuse(recipient, transaction)
        if recipient in transaction.recipients:
            return replies.RECIPIENT_OK
        return self._add(recipient, transaction)

    def _add(self, recipient: Recipient | OperatorMailbox, transaction: Transaction) -> Reply:
        """One more recipient, unless it is of another kind than the first: one reply can't answer for both."""
        if transaction.recipients and transaction.for_operator != isinstance(recipient, OperatorMailbox):
            self._recipient_refused(transaction, "smtp.busy")
            return replies.TOO_MANY_RECIPIENTS
        if isinstance(recipient, OperatorMailbox) and transaction.size > OPERATOR_MESSAGE_SIZE:
            self._recipient_refused(transaction, "smtp.too_large")
            return replies.TOO_LARGE
        if isinstance(recipient, Recipient) and not self._within_rates(recipient):
            self._recipient_refused(transaction, "smtp.busy")
            return replies.RATE
        transaction.recipients.append(recipient)
        return replies.RECIPIENT_OK

    def _recipient_refused(self, transaction: Transaction, reason: str) -> None:
        metrics.refused("recipient", reason)
        self._shared.events.recipient_refused(transaction.trace_id, reason)

    def _within_rates(self, recipient: Recipient) -> bool:
        """Counts a message to an explicit address. A source copies whatever is written, so nothing limits its rate."""
        if not recipient.channel.explicit:
            return True
        addresses, accounts = self._shared.address_rates, self._shared.account_rates
        now = asyncio.get_running_loop().time()
        if not (addresses.allows(recipient.key_hash, now) and accounts.allows(recipient.account_id, now)):
            return False
        addresses.take(recipient.key_hash, now)
        accounts.take(recipient.account_id, now)
        return True

    @property
    def peer(self) -> Peer:
        """The client as the product knows it, and whether the session is under TLS."""
        assert self._peer is not None, "known before MAIL is accepted"  # noqa: S101 - for the type checker
        return replace(self._peer, tls=True) if self.tls else self._peer

    async def _refuse(self, reason: str, transaction: Transaction) -> Reply:
        """A source relays for many people who mistype; anybody else who names many unknown recipients is guessing."""
        shared = self._shared
        self._recipient_refused(transaction, reason)
        if reason != "smtp.unknown_recipient" or self.from_source:
            return replies.refusal(reason)
        if not shared.guesses.count(self.network, asyncio.get_running_loop().time()):
            return replies.UNKNOWN_RECIPIENT
        await asyncio.sleep(self._limits.unknown_recipients_delay)
        return replies.TOO_MUCH

    async def message(self, data: DataReader) -> Reply:
        """The answer to a whole message. Cancelling this never stops the journey that it started."""
        transaction, shared = self.transaction, self._shared
        assert transaction is not None, "DATA needs recipients"  # noqa: S101 - for the type checker
        self.transaction = None
        self.messages += 1
        raw = await self._content(data)
        if isinstance(raw, Reply):
            reason = "smtp.too_large" if raw is replies.TOO_LARGE else "smtp.busy"
            return self._refuse_message(raw, transaction.trace_id, reason)
        metrics.MESSAGE_SIZE.observe(len(raw))
        loop = asyncio.get_running_loop()
        reply: asyncio.Future[Reply] = loop.create_future()
        journey = loop.create_task(self._finish(self._journey(transaction, raw), data, transaction.trace_id, reply))
        shared.journeys.add(journey)
        journey.add_done_callback(shared.journeys.discard)
        return await reply

    async def _content(self, data: DataReader) -> bytes | Reply:
        """The message. Many large ones may end at once: others are served between any two."""
        if data.received <= _LARGE:
            return data.content()
        try:
            async with self._shared.copying:
                await asyncio.sleep(0)
                return data.content()
        except asyncio.CancelledError:
            data.release()
            raise

    def _journey(self, transaction: Transaction, raw: bytes) -> Coroutine[object, object, Answer]:
        shared, now = self._shared, self._shared.clock()
        operator = tuple(r for r in transaction.recipients if isinstance(r, OperatorMailbox))
        if operator:
            return shared.journey.operator_mail(
                OperatorMail(transaction.trace_id, self.ip, transaction.mail_from, operator, now, raw)
            )
        capture = tuple(r for r in transaction.recipients if isinstance(r, Recipient))
        return shared.journey.message(
            Envelope(transaction.trace_id, self.peer, transaction.mail_from, capture, now), raw
        )

    def _refuse_message(self, reply: Reply, trace_id: str, reason: str) -> Reply:
        metrics.refused("message", reason)
        if reply.code >= 500:
            self._shared.events.message_refused(trace_id, reason)
        else:
            self._shared.events.message_deferred(trace_id, reason, "")
        return reply

    async def _finish(
        self, journey: Awaitable[Answer], data: DataReader, trace_id: str, reply: asyncio.Future[Reply]
    ) -> None:
        """Runs even if the client has gone. Raises nothing: an exception that nobody reads is logged with its text."""
        events = self._shared.events
        started = asyncio.get_running_loop().time()
        try:
            answer = await journey
        except (Exception, asyncio.CancelledError) as error:
            said = replies.TEMPORARY
            events.internal_error(type(error).__name__, raised_at(error))
            metrics.refused("message", "smtp.store_unavailable")
            events.message_deferred(trace_id, "smtp.store_unavailable", type(error).__name__)
        else:
            said = _reply_to_message(answer)
            if answer.reason:
                self._refuse_message(said, answer.trace_id, answer.reason)
        finally:
            data.release()
            metrics.MESSAGE_SECONDS.observe(asyncio.get_running_loop().time() - started)
        if not reply.done():
            reply.set_result(said)


def _reply_to_message(answer: Answer) -> Reply:
    if not answer.reason:
        return replies.accepted(answer.trace_id)
    return replies.NO_STORAGE if answer.full else replies.refusal(answer.reason)
