"""The journey of one message, with its I/O: read → authenticate → settle, then the answer.

There is no queue: when `message` answers, one durable decision exists for each recipient; when it fails, the sending
server keeps the message and comes again.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

from gateway import metrics, operator_log, passwords
from gateway.authenticate import Authenticator
from gateway.core import addresses, addressing, delivery, wire
from gateway.core.cases import Setting, header_opened, opened
from gateway.core.charsets import GuessNeeded, without_guesses
from gateway.core.claims import with_evidence
from gateway.core.decide import decide
from gateway.core.decision import Decision
from gateway.core.model import Answer, Envelope, Login, OperatorMail, OperatorMailbox, Outcome, Peer, Recipient
from gateway.core.prescan import usual
from gateway.core.questions import Case
from gateway.core.sources import shown
from gateway.keeping import Keeping
from gateway.parser import Parser, Unavailable, Unparsed
from storage import dns_trouble, operator_mail
from storage.administration.addresses import find_recipient
from storage.administration.passwords import known
from storage.administration.sources import eligible, seen
from storage.content import compressed
from storage.errors import StoreError, StoreFull, Undecided
from storage.facts import account_settings
from storage.interface import Keeper, Store
from storage.sealing import Sealing
from storage.settle import consider

_SMALL = 64 * 1024
"""Bytes up to which looking at them, and compressing them within the transaction, is quicker than a thread."""

_HOUR = 60 * 60 * 1000
"""Milliseconds."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """A message that needs nothing but the transaction."""

    cases: list[Case]
    keeper: Keeper


class Ingest:
    """What the SMTP side asks of the product."""

    def __init__(
        self,
        store: Store,
        setting: Setting,
        sealing: Sealing,
        authenticator: Authenticator,
        deadline: float,
        new_id: Callable[[], str],
        now: Callable[[], int],
        parser: Parser | None = None,
    ) -> None:
        """`deadline`: seconds from the final dot to the answer. Without a parser everything is read in the loop."""
        self._store = store
        self._sealing = sealing
        self.use(setting, authenticator, deadline)
        self._now = now
        self._parser = parser
        self._seen: dict[str, int] = {}
        self.new_trace_id = new_id

    def use(self, setting: Setting, authenticator: Authenticator, deadline: float) -> None:
        """Others, for messages that come from now on."""
        self.setting = setting
        self._authenticator = authenticator
        self._deadline = deadline

    async def peer(self, ip: str, login: Login | None = None, certificate: str = "") -> Peer:
        """The client, with the sources that its address, its login and its certificate show it to be."""
        name, account_id = (login.name, login.account_id) if login else ("", "")
        peer = Peer(ip, login=name, account_id=account_id, certificate=certificate)
        return replace(peer, sources=shown(peer, await self._store.read(eligible(peer))))

    async def login(self, name: str, password: str) -> Login | None:
        """Whose name and password these are. The time it takes doesn't tell whether anybody has that name."""
        having = await self._store.read(known(self.setting.keyed, name))
        position = await passwords.which_fits(password, having.hashes, having.most)
        return None if position is None else having.logins[position]

    async def recipient(self, peer: Peer, address: str) -> Recipient | OperatorMailbox | str:
        """An envelope recipient as a capture address or as the operator, or the reason why it is refused."""
        domain, canonical = self.setting.domain, addresses.canonical(address)
        if address.lower() == "postmaster" or addressing.is_operator(canonical, domain, self.setting.host):
            return OperatorMailbox(address)
        capture = addressing.take_apart(canonical, domain)
        if capture is None:
            return "smtp.peer_denied"
        key_hash = self.setting.keyed("capture", capture.key)
        account_id = await self._store.read(find_recipient(key_hash, capture.channel, self._now()))
        if account_id is None:
            return "smtp.unknown_recipient"
        if not capture.channel.explicit and not any(
            s.account_id == account_id and capture.channel in s.channels for s in peer.sources
        ):
            return "smtp.peer_denied"
        return Recipient(address, key_hash, capture.tag, capture.channel, account_id)

    async def message(self, envelope: Envelope, raw: bytes) -> Answer:
        """Decides a message for all its recipients in one durable step."""
        started = time.monotonic()
        # Before it is read: repaired, it could be twice as large.
        if all(r.channel.explicit for r in envelope.recipients) and await _irregular(raw):
            return Answer(envelope.trace_id, "smtp.malformed")
        try:
            async with asyncio.timeout(self._deadline):
                found = await self._open(envelope, raw)
                read_at = time.monotonic()
                prepared = await self.prepare(found)
                authenticated_at = time.monotonic()
                decisions = await self.settle(prepared)
        except Undecided:
            return Answer(envelope.trace_id, "smtp.dns_unavailable")
        except Unavailable:
            return Answer(envelope.trace_id, "smtp.store_unavailable")
        except (StoreError, TimeoutError) as error:
            return _deferred(envelope.trace_id, error)
        settled_at = time.monotonic()
        metrics.spent("read", read_at - started)
        metrics.spent("authenticate", authenticated_at - read_at)
        metrics.spent("settle", settled_at - authenticated_at)
        await self._note_sources(envelope)
        for decision in [d for one in decisions for d in (one, *one.calls)]:
            _log(
                decision,
                read_ms=_ms(started, read_at),
                authenticate_ms=_ms(read_at, authenticated_at),
                settle_ms=_ms(authenticated_at, settled_at),
            )
        if all(d.outcome is Outcome.REFUSED for d in decisions):
            return Answer(envelope.trace_id, decisions[0].reason)
        return Answer(envelope.trace_id, outcomes=tuple(d.outcome for d in decisions))

    async def _note_sources(self, envelope: Envelope) -> None:
        """When each was last seen, to the hour; nothing hangs on it."""
        known = {source.id for recipient in envelope.recipients for source in delivery.sources(envelope, recipient)}
        at = envelope.received_at
        due = [source_id for source_id in sorted(known) if abs(at - self._seen.get(source_id, 0)) >= _HOUR]
        if due:
            self._seen.update(dict.fromkeys(due, at))
            with suppress(StoreError):
                await self._store.change(seen(due, at))

    async def operator_mail(self, mail: OperatorMail) -> Answer:
        """Keeps a message for the operator in one durable step. Nothing in it is read."""
        started = time.monotonic()
        keeping = operator_mail.keep(
            *(mail, compressed(mail.raw), self.setting.keyed, self.new_trace_id, self._sealing.mail)
        )
        try:
            async with asyncio.timeout(self._deadline):
                kept = await self._store.change(keeping)
        except (StoreError, TimeoutError) as error:
            return _deferred(mail.trace_id, error)
        if not kept:
            return Answer(mail.trace_id, "smtp.busy")
        metrics.decided("operator", Outcome.HELD, "operator.mail")
        operator_log.operator_mail_held(mail.trace_id, len(mail.raw), _ms(started, time.monotonic()))
        return Answer(mail.trace_id, outcomes=(Outcome.HELD,) * len(mail.recipients))

    async def explain(self, envelope: Envelope, raw: bytes) -> list[Decision]:
        """What `message` would decide now, on the same facts, writing nothing."""
        proven = await self._authenticate(await self._open(envelope, raw))
        found = [await self._store.read(consider(case, decide, self.setting.keyed)) for case in proven]
        return [considered.decision for considered in found]

    async def prepare(self, found: Sequence[Case]) -> Prepared:
        """All that is done before the transaction with a message that was read."""
        proven, copy = await self._authenticate(found), found[0].copy
        ready = (copy, await asyncio.to_thread(compressed, copy)) if len(copy) > _SMALL else None
        return Prepared(proven, Keeping(self.setting, self._sealing, ready))

    async def settle(self, prepared: Prepared) -> list[Decision]:
        """The decisions for all recipients, recorded in one transaction; messages are decided in the order of calls.

        Raises Undecided where one of them hangs on DNS; since when is remembered.
        """
        try:
            return list(await self._store.settle(prepared.cases, decide, prepared.keeper))
        except Undecided:
            await self._store.change(dns_trouble.note(prepared.cases))
            raise

    async def _open(self, envelope: Envelope, raw: bytes) -> list[Case]:
        """A usual message is read at once, any other by the parser process; of one that this can't read, the header."""
        if self._parser is None:
            return opened(raw, envelope, self.setting)
        if len(raw) <= self._parser.in_loop and usual(raw):
            with suppress(GuessNeeded), without_guesses():
                return opened(raw, envelope, self.setting)
        try:
            return await self._parser.run(opened, raw, envelope, self.setting)
        except Unparsed:
            return await asyncio.to_thread(header_opened, raw, envelope, self.setting)

    async def _authenticate(self, found: Sequence[Case]) -> list[Case]:
        """The cases with what speaks for their senders, as far as their accounts ask for it."""
        evidence = await self._authenticator.evidence(found, lambda i: self._store.read(account_settings(i)))
        return [with_evidence(case, seen) for case, seen in zip(found, evidence, strict=True)]


async def _irregular(raw: bytes) -> bool:
    return wire.irregular(raw) if len(raw) <= _SMALL else await asyncio.to_thread(wire.irregular, raw)


def _deferred(trace_id: str, error: StoreError | TimeoutError) -> Answer:
    operator_log.store_failed(type(error).__name__)
    metrics.STORE_ERRORS.labels(type(error).__name__).inc()
    return Answer(trace_id, "smtp.store_unavailable", full=isinstance(error, StoreFull))


def _log(decision: Decision, *, read_ms: float, authenticate_ms: float, settle_ms: float) -> None:
    metrics.decided(decision.channel.value, decision.outcome.value, decision.reason)
    operator_log.message_decided(
        trace_id=decision.trace_id,
        account=decision.account_name,
        channel=decision.channel.value,
        outcome=decision.outcome.value,
        reason=decision.reason,
        flags=decision.flags,
        user=decision.activity.attribution.user_id if decision.activity else None,
        size=decision.size,
        deliveries=1,
        read_ms=read_ms,
        authenticate_ms=authenticate_ms,
        settle_ms=settle_ms,
    )


def _ms(start: float, end: float) -> float:
    return round((end - start) * 1000, 2)
