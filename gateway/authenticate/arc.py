"""ARC: what a trusted forwarder saw before it changed the message (RFC 8617)."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from dataclasses import dataclass

from gateway.authenticate import dkim, signatures
from gateway.authenticate.dmarc import Alignment
from gateway.authenticate.dns import DnsUnavailable, Lookups
from gateway.authenticate.keys import Key
from gateway.authenticate.signatures import Signature
from gateway.core import authentication_results
from gateway.core.authentication_results import MethodResult
from gateway.core.claims import Claim
from gateway.core.domains import a_label
from gateway.core.limits import DkimLimits
from gateway.core.model import Evidence, HeaderField, Proof

_KINDS = _RESULTS, _MESSAGE, _SEAL = "arc-authentication-results", "arc-message-signature", "arc-seal"
_MOST_SETS = 10
_MOST_BYTES = 64 * 1024
"""Of all fields of a chain; each seal covers those of the sets before it once more."""
_NUMBER = re.compile(r"[1-9][0-9]?")
_INSTANCE = re.compile(r"[ \t\r\n]*+i[ \t\r\n]*+=[ \t\r\n]*+([0-9]{1,2})[ \t\r\n]*+;")


@dataclass(frozen=True, slots=True)
class Chain:
    """The sets of a message, as their grammar and numbers have it; whether its signatures hold is another question."""

    results: str
    """What the newest set tells: the value of its ARC-Authentication-Results behind i=."""
    signature: Signature
    """The newest ARC-Message-Signature, which alone needs to hold (RFC 8617 §5.2)."""
    seals: tuple[Signature, ...]
    """The newest first."""
    made: dict[str, str]
    """The tags of the newest seal."""


async def check(
    claim: Claim, sealers: frozenset[str], alignment: Alignment, lookups: Lookups, now_ms: int, limits: DkimLimits
) -> Evidence:
    """A proof if the newest sealer is trusted, the chain holds, and that sealer saw the author proven. Never raises.

    Only of who wrote a message: a sealer says nothing of who sent it on.
    """
    if not sealers or claim.field != "from" or not any(f.name.lower() == "arc-seal" for f in claim.fields):
        return Evidence()
    chain = None if signatures.doubtful(claim.message) else read(claim, limits)
    if chain is None:
        return Evidence(seen=(("arc.fail", claim.domain),))
    sealer = chain.seals[0].domain
    if sealer not in sealers:
        return Evidence(seen=(("arc.untrusted_sealer", sealer),))
    fresh = signatures.fresh(claim, chain.made, now_ms // 1000, limits.most_age, limits.most_ahead)
    if not (fresh and signatures.covers_author(claim, chain.signature)):
        return Evidence(seen=(("arc.fail", sealer),))
    try:
        if not await holds(claim, chain, lookups):
            return Evidence(seen=(("arc.fail", sealer),))
        if not await _author_proven(claim, chain.results, alignment, limits):
            return Evidence(seen=(("arc.no_result", sealer),))
    except DnsUnavailable:
        return Evidence(pending=(Proof("arc", claim.domain),), seen=(("dns.unavailable", sealer),))
    return Evidence(
        (Proof("arc", claim.domain),),
        seen=(("arc.pass", sealer),),
        unsigned=signatures.unsigned(claim.message, chain.signature),
    )


def read(claim: Claim, limits: DkimLimits) -> Chain | None:
    """The chain of a message, or None for one that is broken by its form (RFC 8617 §5.2, steps 2 and 3)."""
    fields = [f for f in claim.fields if f.name.lower() in _KINDS]
    newest = len(fields) // 3
    if newest > _MOST_SETS or sum(f.end - f.start for f in fields) > _MOST_BYTES:
        return None
    placed = {_place(claim, field, limits): field for field in fields}
    if len(placed) != len(fields) or placed.keys() != {(n, kind) for n in range(1, newest + 1) for kind in _KINDS}:
        return None
    ordered = [placed[n, kind] for n in range(newest, 0, -1) for kind in reversed(_KINDS)]
    seals = [_seal(claim, ordered[3 * i :], newest - i, limits) for i in range(newest)]
    own = placed[newest, _MESSAGE]
    tags = signatures.tags(claim.raw, own, limits.field)
    signature = signatures.read(claim, own, {"c": "relaxed/relaxed"} | tags)
    if signature is None or not all(seals) or "l" in tags or _SEAL in signature.names:
        return None
    whole = (signature, *(s for s in seals if s))
    if not all(s.algorithm in signatures.ALGORITHMS for s in whole):
        return None
    made = signatures.tags(claim.raw, placed[newest, _SEAL], limits.field)
    return Chain(placed[newest, _RESULTS].value.partition(";")[2], signature, whole[1:], made)


def _place(claim: Claim, field: HeaderField, limits: DkimLimits) -> tuple[int, str]:
    """The set that a field belongs to, and its part in it; 0 where i= is no number from 1 to 99."""
    kind = field.name.lower()
    if kind == _RESULTS:
        found = _INSTANCE.match(field.value)
        number = found[1] if found else ""
    else:
        number = signatures.tags(claim.raw, field, limits.field).get("i", "")
    return int(number) if _NUMBER.fullmatch(number) else 0, kind


def _seal(claim: Claim, fields: Sequence[HeaderField], number: int, limits: DkimLimits) -> Signature | None:
    """The seal that stands first among the fields from its set down to the first; None if it may not be believed."""
    tags = signatures.tags(claim.raw, fields[0], limits.field)
    if tags.get("cv") != ("none" if number == 1 else "pass"):
        return None
    return signatures.read_seal(fields[0], tags, fields[1:])


async def holds(claim: Claim, chain: Chain, lookups: Lookups) -> bool:
    """Whether the newest signature and every seal hold (RFC 8617 §5.2, steps 4 and 6). Raises DnsUnavailable."""
    whole = (chain.signature, *chain.seals)
    keys = await asyncio.gather(*(dkim.key(s, lookups) for s in whole))
    work = [(s, k) for s, k in zip(whole, keys, strict=True) if isinstance(k, Key)]
    return len(work) == len(whole) and all(await dkim.verified(claim.raw, work, until=False))


async def _author_proven(claim: Claim, told: str, alignment: Alignment, limits: DkimLimits) -> bool:
    """Whether the results say that the claimed domain, or one that speaks for it, stood behind the message."""
    results = authentication_results.read(told)
    passed = [m for m in results.methods if m.result == "pass"] if results else []
    if any(m.method == "dmarc" and a_label(m.told("header", "from")) == claim.domain for m in passed):
        return True
    signers = dict.fromkeys(_signer(m) for m in passed if m.method == "dkim")
    for domain in [s for s in signers if s][: limits.looked_at]:
        if await alignment.aligned(domain, "dkim"):
            return True
    return False


def _signer(dkim_result: MethodResult) -> str:
    """The domain that signed, as A-label: header.d, else that of header.i (RFC 8601 §2.7.1)."""
    return a_label(dkim_result.told("header", "d") or dkim_result.told("header", "i").rpartition("@")[2])
