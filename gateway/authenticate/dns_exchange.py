"""One question to name servers (RFC 1035): UDP, then TCP if the answer was cut; bounded in time and in bytes."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import dns.asyncquery
import dns.exception
import dns.message
import dns.name
import dns.rcode
import dns.rdata
import dns.rdatatype
import dns.resolver
from dns.rdtypes.txtbase import TXTBase

from gateway.authenticate.dns_cache import Question, Records
from gateway.core.limits import DnsLimits

Server: TypeAlias = tuple[str, int]

ROOT: Question = ("", "NS")
_PAYLOAD = 1232  # bytes of UDP that pass everywhere unfragmented


@dataclass(frozen=True, slots=True)
class Answer:
    records: Records
    """() where there are none, or none that keep the limits."""
    ttl: float
    """Seconds, as told."""


class Unanswered(Exception):
    """No server gave an answer that says anything about the name."""

    def __init__(self, *, heard: bool) -> None:
        super().__init__()
        self.heard = heard
        """At least one of them is alive."""


class _TooLarge(Exception):
    pass


def system_servers() -> tuple[Server, ...]:
    """Those of resolv.conf, or as without it the one on this machine (resolv.conf(5))."""
    try:
        found = dns.resolver.Resolver().nameservers
    except dns.resolver.NoResolverConfiguration:
        found = ["127.0.0.1"]
    return tuple((str(address), 53) for address in found)


def askable(name: str) -> bool:
    """It can be put into a question: ASCII, no label empty or above 63 bytes, 255 in all (RFC 1035 §2.3.4)."""
    try:
        return bool(_name(name) != dns.name.root)
    except (dns.exception.DNSException, UnicodeEncodeError):
        return False


async def ask(servers: Sequence[Server], question: Question, limits: DnsLimits) -> Answer:
    """The first answer of any server; a silent one is asked twice, since a packet may be lost. Raises Unanswered."""
    heard: set[Server] = set()
    try:
        async with asyncio.timeout(limits.query):
            for server in (*servers, *servers):
                if server in heard:
                    continue
                try:
                    async with asyncio.timeout(limits.query / 2):
                        response = await _exchange(server, question, limits)
                except _TooLarge:
                    return Answer((), 0)
                except Exception:  # noqa: S112  # whatever the bytes did to the library: the next server
                    continue
                heard.add(server)
                if response.rcode() in (dns.rcode.NOERROR, dns.rcode.NXDOMAIN):
                    return _read(response, question, limits)
    except TimeoutError:
        pass
    raise Unanswered(heard=bool(heard))


async def _exchange(server: Server, question: Question, limits: DnsLimits) -> dns.message.QueryMessage:
    request = dns.message.make_query(_name(question[0]), question[1], use_edns=0, payload=_PAYLOAD)
    address, port = server
    try:
        # Datagrams with another id or question are passed over: they may be anybody's.
        response = await dns.asyncquery.udp(
            request, address, port=port, ignore_unexpected=True, ignore_errors=True, raise_on_truncation=True
        )
    except dns.message.Truncated:
        response = await _over_tcp(request, server, limits.answer)
    if not isinstance(response, dns.message.QueryMessage):
        raise dns.exception.FormError
    return response


async def _over_tcp(request: dns.message.Message, server: Server, limit: int) -> dns.message.Message:
    """Not the library's own: reading tens of thousands of bytes of records would hold up everybody else."""
    reader, writer = await asyncio.open_connection(*server)
    try:
        wire = request.to_wire()
        writer.write(len(wire).to_bytes(2, "big") + wire)
        size = int.from_bytes(await reader.readexactly(2), "big")
        if size > limit:
            raise _TooLarge
        response = dns.message.from_wire(await reader.readexactly(size), raise_on_truncation=True)
    finally:
        writer.close()
    if not request.is_response(response):
        raise dns.exception.FormError
    return response


def _read(response: dns.message.QueryMessage, question: Question, limits: DnsLimits) -> Answer:
    try:
        chain = response.resolve_chaining()
    except dns.exception.DNSException:  # a CNAME loop, an answer for a name that doesn't exist
        return Answer((), 0)
    if chain.answer is None or len(chain.cnames) > limits.cname_chain:
        return Answer((), chain.minimum_ttl)
    largest = limits.key_record if "._domainkey." in question[0] else limits.text_record
    records = map(_text, chain.answer)
    return Answer(tuple(record for record in records if len(record) <= largest), chain.minimum_ttl)


def _text(record: dns.rdata.Rdata) -> bytes:
    if isinstance(record, TXTBase):
        return b"".join(record.strings)
    return record.to_text().removesuffix(".").encode("ascii")


def _name(name: str) -> dns.name.Name:
    """Taken as it is, without escapes and IDNA: whoever asks has an A-label. "" is the root."""
    labels = name.split(".") if name else []
    return dns.name.Name([*(label.encode("ascii") for label in labels), b""])
