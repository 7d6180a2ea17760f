"""SPF (RFC 7208): may the client send in the name of the envelope sender?

The library that reads the records can't wait for DNS. So it is run on the answers known so far; where it wants another
one it is ended, that one is looked up, and it is run again. Nothing is held up by a slow domain but its own message.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from ipaddress import ip_address
from typing import TypeAlias

import spf

from gateway.authenticate.dmarc import Alignment
from gateway.authenticate.dns import DnsUnavailable, Lookups
from gateway.core.claims import Claim
from gateway.core.domains import a_label
from gateway.core.model import Evidence, Proof

Question: TypeAlias = tuple[str, str]
Record: TypeAlias = tuple[bytes] | tuple[int, str] | int | str

VOID_LOOKUPS = 2
"""Look-ups without a record (RFC 7208 §4.6.4)."""
TERM = 512
"""Bytes of one term of a record; no domain that it could stand for is as long."""

_SLUGS = {"none": "spf.none", "neutral": "spf.fail", "softfail": "spf.fail", "fail": "spf.fail"}


async def check(ip: str, mail_from: str, helo: str, claim: Claim, alignment: Alignment, lookups: Lookups) -> Evidence:
    """Whether SPF speaks for the claimed author. The identity is MAIL FROM alone: a null sender has none.

    Nothing is looked up for a sender who couldn't speak for the author anyway.
    """
    local, _, domain = mail_from.rpartition("@")
    identity = a_label(domain)
    if not identity:
        return Evidence()
    if not alignment.possible(identity):
        return Evidence(seen=(("spf.not_aligned", identity),))
    proof = Proof("spf", claim.domain)
    try:
        result = await evaluate(ip, local, identity, helo, lookups)
        if result != "pass":
            return Evidence(seen=((_SLUGS.get(result, "spf.error"), identity),))
        if not await alignment.aligned(identity, "spf"):
            return Evidence(seen=(("spf.not_aligned", identity),))
    except DnsUnavailable:
        return Evidence(pending=(proof,), seen=(("dns.unavailable", identity),))
    return Evidence((proof,), seen=(("spf.pass", identity),))


async def evaluate(ip: str, local: str, domain: str, helo: str, lookups: Lookups) -> str:
    """check_host (RFC 7208 §4): pass, fail, softfail, neutral, none or permerror. Raises DnsUnavailable."""
    known: dict[Question, list[Record]] = {}
    while True:
        try:
            return str(_Query(ip, local, domain, helo, known).check()[0])
        except _Wanted as wanted:
            question = wanted.question
        except Exception:  # whatever a record did to the library, the error is the record's
            return "permerror"
        known[question] = await _records(question, lookups)


async def _records(question: Question, lookups: Lookups) -> list[Record]:
    """As the library has them: of TXT the strings, of MX a pair, addresses as numbers."""
    name, kind = question
    if kind == "TXT":
        return [(text,) for text in await lookups.txt(name)]
    records = await lookups.records(name, kind)
    if kind == "MX":
        pairs = (record.partition(" ") for record in records)
        return [(int(preference), host) for preference, _, host in pairs]
    return [int(ip_address(record)) for record in records] if kind in ("A", "AAAA") else list(records)


class _Wanted(Exception):
    """An answer that isn't known yet."""

    def __init__(self, question: Question) -> None:
        super().__init__()
        self.question = question


class _Query(spf.query):  # type: ignore[misc]  # the library has no types
    """One run on the known answers."""

    def __init__(self, ip: str, local: str, domain: str, helo: str, known: Mapping[Question, list[Record]]) -> None:
        super().__init__(ip, f"{local}@{domain}", helo)
        # Not as the library takes them apart: the domain follows the last @.
        self.l, self.o, self.d = local or "postmaster", domain, domain
        self._known = known

    def dns(self, name: str, qtype: str, **_: bool) -> list[Record]:
        question = (name.lower().removesuffix("."), qtype)
        if not all(0 < len(label) < 64 for label in question[0].split(".")):
            return []  # not to be asked (RFC 7208 §4.3)
        if question not in self._known:
            raise _Wanted(question)
        found = self._known[question]
        if not found:
            self.void_lookups += 1
            if self.void_lookups > VOID_LOOKUPS:
                raise spf.PermError("too many look-ups found nothing")
        return list(found)

    def dns_spf(self, domain: str) -> str | None:
        record: str | None = super().dns_spf(domain)
        if record and max(map(len, record.split(" "))) > TERM:
            raise spf.PermError("a term is too long")
        return record

    def cidrmatch(self, addresses: Iterable[int | str], length: int) -> bool:
        numbers = (address if isinstance(address, int) else int(ip_address(address)) for address in addresses)
        bits = self.cidrmax - length
        client = int(self.ipaddr) >> bits
        return any(number >> bits == client for number in numbers)

    def get_explanation(self, _spec: str) -> None:
        """What exp= points at is written for people who get a bounce: not looked up."""
