"""Authentication-Results of a source that is trusted for them (RFC 8601 §5).

Only the topmost fields count, and only under the name that the source's settings tell: anybody can write such a field
into a message, but a server that checks senders puts its own on top, and takes out those that bear its name.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import takewhile
from typing import Literal

from gateway.authenticate.dmarc import Alignment
from gateway.authenticate.dns import DnsUnavailable
from gateway.core import authentication_results
from gateway.core.authentication_results import MethodResult
from gateway.core.claims import Claim
from gateway.core.domains import a_label
from gateway.core.model import Envelope, Evidence, Proof, Recipient

_FIELD = "authentication-results"
_IDENTITIES = {"dkim": ("header", "d"), "dmarc": ("header", "from"), "spf": ("smtp", "mailfrom")}
"""The property that tells for whom a method speaks."""


async def check(envelope: Envelope, recipient: Recipient, claim: Claim, alignment: Alignment) -> Evidence:
    """What the source says of the author; nothing from a peer that isn't trusted for it."""
    names = {s.authserv_id for s in envelope.peer.sources if s.account_id == recipient.account_id} - {""}
    if not names or claim.field != "from":
        return Evidence()
    evidence = Evidence()
    for method in _methods(claim, names):
        evidence += await _evidence(method, claim, alignment)
    return evidence if evidence.seen else Evidence(seen=(("results.none", claim.domain),))


def _methods(claim: Claim, names: set[str]) -> Iterator[MethodResult]:
    """Of the topmost run of fields that bear the trusted name."""
    values = (field.value for field in claim.fields if field.name.lower() == _FIELD)
    read = map(authentication_results.read, values)
    for results in takewhile(lambda results: results is not None and results.authserv_id in names, read):
        if results:
            yield from results.methods


async def _evidence(method: MethodResult, claim: Claim, alignment: Alignment) -> Evidence:
    if method.method == "dmarc" and method.result == "fail":
        return await _disowned(claim, alignment)
    told = method.told(*_IDENTITIES[method.method]) if method.method in _IDENTITIES else ""
    domain = a_label(told.rpartition("@")[2])
    if not domain or method.result != "pass":
        return Evidence()
    identity: Literal["spf", "dkim"] = "spf" if method.method == "spf" else "dkim"
    proof = Proof("spf" if identity == "spf" else "results", claim.domain)
    try:
        same = domain == claim.domain
        speaks = same if method.method == "dmarc" else await alignment.aligned(domain, identity)
    except DnsUnavailable:
        return Evidence(pending=(proof,), seen=(("dns.unavailable", domain),))
    if not speaks:
        return Evidence(seen=(("results.not_aligned", domain),))
    return Evidence((proof,), seen=((f"results.{method.method}", domain),))


async def _disowned(claim: Claim, alignment: Alignment) -> Evidence:
    """DMARC failed there; that contradicts the author if his domain asks for more than reports.

    Where DNS can't tell now it is waited for, as far as it matters.
    """
    try:
        enforced = (await alignment.policy()).enforced
    except DnsUnavailable:
        pending = (Proof("results", claim.domain),)
        return Evidence(pending=pending, contradicted=True, seen=(("dns.unavailable", claim.domain),))
    return Evidence(contradicted=enforced, seen=(("dmarc.fail", claim.domain),))
