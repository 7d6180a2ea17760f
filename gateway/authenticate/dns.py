"""DNS for one message: every look-up of authentication goes through here."""

from __future__ import annotations

import asyncio
import ipaddress
import time
from collections.abc import Callable, Sequence
from typing import Protocol

from gateway.authenticate import dns_exchange
from gateway.authenticate.dns_cache import Cache, Question, Records
from gateway.authenticate.dns_exchange import Answer, Server, Unanswered
from gateway.core.limits import DnsLimits

KINDS = frozenset({"A", "AAAA", "MX", "PTR", "TXT"})


class DnsUnavailable(Exception):
    """DNS can't answer now, or not in time: no verdict may rest on it (451 4.4.3)."""


class Lookups(Protocol):
    """The look-ups of one message, bounded in number and time together. Names are absolute, whatever they end in."""

    async def txt(self, name: str) -> tuple[bytes, ...]:
        """The TXT records of a name, the strings of each joined; () where there are none or no such name.

        Raises DnsUnavailable.
        """
        ...

    async def records(self, name: str, kind: str) -> tuple[str, ...]:
        """A, AAAA, MX ("10 mail.corp.example") or PTR records in text form; () where there are none.

        Raises DnsUnavailable.
        """
        ...


class Counts(Protocol):
    """What is counted of DNS; gateway/metrics.py is this."""

    def dns_asked(self, result: str, seconds: float) -> None:
        """A query ended; `result`: records, none or failed."""

    def dns_remembered(self, *, hit: bool) -> None:
        """Whether a question needed no query."""


class Resolver:
    """Asks name servers, and remembers what they said. One for the whole process; each message has its `lookups`."""

    def __init__(
        self,
        nameservers: Sequence[str],
        limits: DnsLimits,
        clock: Callable[[], float] = time.monotonic,
        counts: Counts | None = None,
    ) -> None:
        """`nameservers`: "address" or "address:port", IPv6 with a port in brackets; empty for the system's own."""
        self.clock = clock
        self._counts = counts
        self._flights: dict[Question, asyncio.Task[Records | None]] = {}
        self._probe: asyncio.Task[None] | None = None
        self._heard = 0
        self.use(nameservers, limits)

    def use(self, nameservers: Sequence[str], limits: DnsLimits) -> None:
        """Others from now on; nothing that was said before is remembered."""
        self.limits = limits
        self._servers = tuple(map(_server, nameservers)) or dns_exchange.system_servers()
        self._cache = Cache(limits.cached_names, limits.cached_bytes, self.clock)
        self._silent_until = self.clock()

    def lookups(self) -> Lookups:
        """For one message, whose time begins with its first query."""
        return _MessageLookups(self)

    async def close(self) -> None:
        """Ends what is still under way; whoever waits for it gets DnsUnavailable."""
        running = [*self._flights.values(), *([self._probe] if self._probe else [])]
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)

    def remembered(self, question: Question) -> Records | None:
        """What is known without a query; None for nothing. Raises DnsUnavailable if a query failed just now."""
        found = self._cache.get(question)
        if self._counts:
            self._counts.dns_remembered(hit=found is not None)
        if found is None:
            return None
        if found.records is None:
            raise DnsUnavailable
        return found.records

    async def ask(self, question: Question, seconds: float) -> Records:
        """Joins the query that is under way for the same question, or sends one. Raises DnsUnavailable."""
        flight = self._flights.get(question)
        if flight is None:
            if self.clock() < self._silent_until or len(self._flights) >= self.limits.in_flight:
                raise DnsUnavailable
            flight = self._flights[question] = asyncio.create_task(self._fetch(question))
        # Not wait_for: others wait for the same query, so nobody's hurry may cancel it.
        await asyncio.wait({flight}, timeout=seconds)
        records = flight.result() if flight.done() and not flight.cancelled() else None
        if records is None:
            raise DnsUnavailable
        return records

    async def _fetch(self, question: Question) -> Records | None:
        """Never raises, since perhaps nobody waits any longer."""
        heard, limits, cache = self._heard, self.limits, self._cache
        try:
            answer = await self._exchange(question)
        except Unanswered:
            cache.put(question, None, limits.failure)
            if self._heard == heard and self._probe is None:
                self._probe = asyncio.create_task(self._find_out())
            return None
        finally:
            del self._flights[question]
        ttl = min(max(answer.ttl, limits.shortest_ttl), limits.longest_ttl)
        cache.put(question, answer.records, ttl)
        return answer.records

    async def _exchange(self, question: Question) -> Answer:
        started, result = self.clock(), "failed"
        try:
            answer = await dns_exchange.ask(self._servers, question, self.limits)
            result = "records" if answer.records else "none"
        except Unanswered as failure:
            self._heard += failure.heard
            raise
        finally:
            if self._counts:
                self._counts.dns_asked(result, self.clock() - started)
        self._heard += 1
        return answer

    async def _find_out(self) -> None:
        """Nothing was heard: are the name servers dead, or those of one domain?

        Every living one knows the root. If they are dead, then for a while nobody waits for them.
        """
        heard = self._heard
        try:
            await self._exchange(dns_exchange.ROOT)
        except Unanswered:
            if self._heard == heard:
                self._silent_until = self.clock() + self.limits.failure
        finally:
            self._probe = None


class _MessageLookups:
    """The look-ups of one message. What is remembered costs it nothing."""

    def __init__(self, resolver: Resolver) -> None:
        self._resolver = resolver
        self._left = resolver.limits.queries
        self._ends: float | None = None

    async def txt(self, name: str) -> tuple[bytes, ...]:
        return await self._ask(name, "TXT")

    async def records(self, name: str, kind: str) -> tuple[str, ...]:
        if kind not in KINDS - {"TXT"}:
            raise ValueError(f"no records of kind {kind} are looked up")
        return tuple(record.decode("ascii") for record in await self._ask(name, kind))

    async def _ask(self, name: str, kind: str) -> Records:
        question = (name.lower().removesuffix("."), kind)
        if not dns_exchange.askable(question[0]):
            return ()
        known = self._resolver.remembered(question)
        if known is not None:
            return known
        now = self._resolver.clock()
        if self._ends is None:
            self._ends = now + self._resolver.limits.message
        if self._left <= 0 or now >= self._ends:
            raise DnsUnavailable
        self._left -= 1
        return await self._resolver.ask(question, self._ends - now)


def _server(text: str) -> Server:
    try:
        return str(ipaddress.ip_address(text)), 53
    except ValueError:
        address, _, port = text.rpartition(":")
        return str(ipaddress.ip_address(address.strip("[]"))), int(port)
