"""What all sessions of one process share: the product behind them, and the counters that bound them together."""

from __future__ import annotations

import asyncio
import os
import sys
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import count
from ssl import SSLContext
from typing import Protocol

from gateway.core.model import Answer, Envelope, Login, OperatorMail, OperatorMailbox, Peer, Recipient
from gateway.process_memory import give_back_free_pages
from gateway.smtp.data import Budget
from gateway.smtp.limits import SmtpLimits
from gateway.smtp.rates import Rates

_NETWORKS_REMEMBERED = 10_000
_ANSWERED = 0.05
"""Seconds until nothing refers to what is no longer held."""


class Journey(Protocol):
    """What the dialogue asks of the rest of the product. What any of these raises is our own fault: 451."""

    async def peer(self, ip: str, login: Login | None, certificate: str) -> Peer:
        """The client and the sources that its address, its login and its certificate (SHA-256, hex) show it to be."""

    async def login(self, name: str, password: str) -> Login | None:
        """Whose they are; None, after the same time, where they are nobody's."""

    async def recipient(self, peer: Peer, address: str) -> Recipient | OperatorMailbox | str:
        """The capture address taken apart, or the reason slug for which this peer is refused it."""

    def new_trace_id(self) -> str:
        """A name for one SMTP transaction."""

    async def message(self, envelope: Envelope, raw: bytes) -> Answer:
        """The answer once the decisions are durable. Never raises for bad mail; keeps its own deadline."""

    async def operator_mail(self, mail: OperatorMail) -> Answer:
        """The same for a message that is kept for the operator."""


class Events(Protocol):
    """What operators hear of the dialogue, in ids, slugs and class names; the operator log's functions are these."""

    def connected(self, connection_id: str, peer: str) -> None:
        """A client was let in; `peer`: its IP address."""

    def connection_refused(self, peer: str, reason: str) -> None:
        """There was no place for this client."""

    def connection_closed(self, connection_id: str, reason: str) -> None:
        """quit, lost, timeout, limit or shutdown."""

    def bare_line_feed(self, connection_id: str) -> None:
        """A session ends its commands in a bare LF; said once a session."""

    def tls_failed(self, connection_id: str) -> None:
        """A TLS handshake came to nothing."""

    def login_refused(self, connection_id: str, peer: str, reason: str) -> None:
        """SMTP AUTH failed; `reason`: wrong, or limit after too many failures."""

    def recipient_refused(self, trace_id: str, reason: str) -> None:
        """One recipient was refused or deferred."""

    def message_refused(self, trace_id: str, reason: str) -> None:
        """A message was answered 5xx; without trace id where that was at MAIL."""

    def message_deferred(self, trace_id: str, reason: str, error: str) -> None:
        """A message was answered 4xx; `error`: class name of what was raised, or ""."""

    def internal_error(self, error: str, location: str) -> None:
        """Something of ours was raised: class name and place."""


class Abortable(Protocol):
    """A connection that can be ended."""

    def abort(self) -> None:
        """End it now."""


class Session(Abortable, Protocol):
    """A connection, as the end of all of them needs it."""

    def shut_down(self) -> None:
        """Say 421 as soon as nothing runs."""


@dataclass(slots=True, eq=False)
class Place:
    """One connection's place among all; `Connections` gives and takes it."""

    network: str
    confirmed: bool = False
    stranger: bool = False
    released: bool = False


@dataclass(slots=True)
class _Network:
    connections: int = 0
    strangers: int = 0


class Connections:
    """Open connections: all, those of each network, and the share that strangers must leave to sources.

    Who isn't known yet is counted apart, up to as many once more, so that a crowd at the door keeps no source out.
    """

    def __init__(self, limits: SmtpLimits) -> None:
        self.limits = limits
        self._networks: dict[str, _Network] = {}
        self._unknown = 0
        self._confirmed = 0
        self._strangers = 0

    @property
    def total(self) -> int:
        """All that are open."""
        return self._unknown + self._confirmed

    @property
    def crowded(self) -> bool:
        """Above 80 % of the connections."""
        return self._unknown + self._confirmed > 0.8 * self.limits.connections

    def enter(self, network: str) -> Place | None:
        """A place for a client not yet known, or None where not even a source would get one."""
        limits, here = self.limits, self._networks.get(network) or _Network()
        most = max(limits.connections_per_ip, limits.connections_per_source)
        if max(self._unknown, self._confirmed) >= limits.connections:
            return None
        if here.connections >= most or here.strangers >= limits.connections_per_ip:
            return None
        self._unknown += 1
        here.connections += 1
        self._networks[network] = here
        return Place(network)

    def confirm(self, place: Place, *, source: bool) -> bool:
        """It is known now whether the client is a source: may it stay?"""
        limits, here = self.limits, self._networks[place.network]
        share = limits.connections - limits.reserved_for_sources
        if self._confirmed >= limits.connections:
            return False
        if not source and (self._strangers >= share or here.strangers >= limits.connections_per_ip):
            return False
        place.confirmed, place.stranger = True, not source
        self._unknown -= 1
        self._confirmed += 1
        self._strangers += place.stranger
        here.strangers += place.stranger
        return True

    def leave(self, place: Place) -> None:
        """Give the place back; a second time changes nothing."""
        if place.released:
            return
        place.released = True
        here = self._networks[place.network]
        self._unknown -= not place.confirmed
        self._confirmed -= place.confirmed
        here.connections -= 1
        self._strangers -= place.stranger
        here.strangers -= place.stranger
        if not here.connections:
            del self._networks[place.network]


class Guesses:
    """What each network guessed of late, and wrongly: recipients, or passwords."""

    def __init__(self, most: int, window: float) -> None:
        """`most` within `window` seconds are none too many."""
        self.allowed = (most, window)
        self._times: dict[str, deque[float]] = {}

    def count(self, network: str, now: float) -> bool:
        """Remember one more; true where it is one too many."""
        most, window = self.allowed
        times = deque(self._times.pop(network, ()), most + 1)
        times.append(now)
        self._times[network] = times
        if len(self._times) > _NETWORKS_REMEMBERED:
            del self._times[next(iter(self._times))]
        return len(times) == times.maxlen and now - times[0] < window

    def forget(self, network: str) -> None:
        """The last one was none."""
        if times := self._times.get(network):
            times.pop()


@dataclass(eq=False)
class Shared:
    """One for each `SmtpServer`."""

    journey: Journey
    events: Events
    limits: SmtpLimits
    """For sessions that begin; one that runs keeps those that it began with."""
    hostname: str
    tls: SSLContext | None
    clock: Callable[[], int]
    """Epoch milliseconds, for the time of receipt; time-outs are the event loop's, which is monotonic."""
    sources_need_tls: bool = False
    free_disk: Callable[[], int] = lambda: sys.maxsize
    """Bytes free where messages are stored."""
    tls_asking: SSLContext | None = None
    """The same certificate, for listeners that ask clients for theirs."""
    draining: bool = False
    connection_numbers: Iterator[int] = field(default_factory=lambda: count(1))
    sessions: set[Session] = field(default_factory=set)
    proxied: set[Abortable] = field(default_factory=set)
    """Connections from proxies whose client isn't known yet."""
    journeys: set[asyncio.Task[None]] = field(default_factory=set)
    """Strong references to what runs whether its client is still there or not."""

    copying: asyncio.Lock = field(default_factory=asyncio.Lock)
    """Held while a large message is taken out of its buffer."""

    def next_connection_id(self) -> str:
        """Names one connection among all of this machine's processes."""
        return f"{os.getpid():x}-{next(self.connection_numbers):x}"

    def __post_init__(self) -> None:
        self.connections = Connections(self.limits)
        self.guesses = Guesses(self.limits.unknown_recipients, self.limits.unknown_recipients_window)
        self.login_failures = Guesses(self.limits.auth_attempts_per_ip, self.limits.auth_window)
        self.budget = Budget(self.limits, _clear_up)
        self.address_rates = Rates(self.limits.address_rate, self.limits.address_burst)
        self.account_rates = Rates(self.limits.account_rate, self.limits.account_burst)

    def use(self, limits: SmtpLimits) -> None:
        """Others, from now on; what is counted of all sessions together stays counted."""
        self.limits = self.connections.limits = self.budget.limits = limits
        self.guesses.allowed = (limits.unknown_recipients, limits.unknown_recipients_window)
        self.login_failures.allowed = (limits.auth_attempts_per_ip, limits.auth_window)
        self.address_rates.set(limits.address_rate, limits.address_burst)
        self.account_rates.set(limits.account_rate, limits.account_burst)

    @property
    def crowded(self) -> bool:
        """So much is in use that nobody may keep it idle for long."""
        return self.connections.crowded or self.budget.crowded


def _clear_up() -> None:
    asyncio.get_running_loop().call_later(_ANSWERED, give_back_free_pages)
