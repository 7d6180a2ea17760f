"""DKIM: whether the domain of the claimed address signed the message (RFC 6376, RFC 8301, RFC 8463)."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from gateway.authenticate import keys, signatures, tag_list
from gateway.authenticate.dmarc import Alignment
from gateway.authenticate.dns import DnsUnavailable, Lookups
from gateway.authenticate.keys import Key
from gateway.authenticate.signatures import Signature
from gateway.core.claims import Claim
from gateway.core.limits import DkimLimits
from gateway.core.model import Evidence, HeaderField, Proof

_INLINE = 64 * 1024
"""Bytes of a message up to which a thread would cost more than the work."""


Seen = list[tuple[str, str]]


async def check(claim: Claim, alignment: Alignment, lookups: Lookups, now_ms: int, limits: DkimLimits) -> Evidence:
    """A proof if an aligned signature holds, the one that covers most; else what is wrong with each. Never raises.

    Signatures of the very domain come first; where one of them holds, nothing is asked about the others.
    """
    fields = [f for f in claim.fields if f.name.lower() == "dkim-signature"][: limits.looked_at]
    if not fields:
        return Evidence(seen=(("dkim.none", claim.domain),))
    if signatures.doubtful(claim.message):
        return Evidence(seen=(("dkim.duplicate_field", claim.domain),))
    seen: Seen = []
    found = [s for field in fields if (s := _read(claim, field, now_ms, limits, seen))]
    own = [s for s in found if s.domain == claim.domain][: limits.verified]
    holds = await _first_that_holds(own, claim, lookups, seen)
    if holds is None:
        others = await _aligned([s for s in found if s.domain != claim.domain], alignment, seen)
        holds = await _first_that_holds(others[: limits.verified - len(own)], claim, lookups, seen)
    if holds:
        return Evidence(
            (Proof("dkim", claim.domain),),
            seen=(("dkim.pass", holds.domain),),
            unsigned=signatures.unsigned(claim.message, holds),
        )
    pending = (Proof("dkim", claim.domain),) if any(slug == "dns.unavailable" for slug, _ in seen) else ()
    return Evidence(pending=pending, seen=tuple(seen))


def _read(claim: Claim, field: HeaderField, now_ms: int, limits: DkimLimits, seen: Seen) -> Signature | None:
    """A signature that would count if it held."""
    tags = signatures.tags(claim.raw, field, limits.field)
    signature = signatures.read(claim, field, tags) if tags.get("v") == "1" else None
    if signature is None or not _within(tags, signature):
        seen.append(("dkim.unreadable", claim.domain))
        return None
    fresh = signatures.fresh(claim, tags, now_ms // 1000, limits.most_age, limits.most_ahead)
    for slug, wrong in (
        ("dkim.algorithm", signature.algorithm not in signatures.ALGORITHMS),
        ("dkim.body_length", "l" in tags),
        ("dkim.from_not_signed", not signatures.covers_author(claim, signature)),
        ("dkim.stale_signature", not fresh),
    ):
        if wrong:
            seen.append((slug, signature.domain))
            return None
    return signature


def _within(tags: dict[str, str], signature: Signature) -> bool:
    """Whether the key is to be had from DNS, and i= names the domain or a part of it."""
    part = signature.identity == signature.domain or signature.identity.endswith("." + signature.domain)
    return part and "@" in tags.get("i", "@") and "dns/txt" in tag_list.names(tags.get("q", "dns/txt"))


async def _aligned(found: list[Signature], alignment: Alignment, seen: Seen) -> list[Signature]:
    """Those of another domain of the same organisation."""
    why = {domain: await _not_aligned(domain, alignment) for domain in dict.fromkeys(s.domain for s in found)}
    seen += ((why[s.domain], s.domain) for s in found if why[s.domain])
    return [s for s in found if not why[s.domain]]


async def _not_aligned(domain: str, alignment: Alignment) -> str:
    """Why a domain doesn't speak for the claimed one, or ""."""
    try:
        return "" if await alignment.aligned(domain, "dkim") else "dkim.not_aligned"
    except DnsUnavailable:
        return "dns.unavailable"


async def _first_that_holds(found: list[Signature], claim: Claim, lookups: Lookups, seen: Seen) -> Signature | None:
    """Of those that hold the one with the fewest fields left unsigned."""
    if not found:
        return None
    found = sorted(found, key=lambda s: len(signatures.unsigned(claim.message, s)))
    got = await asyncio.gather(*(_key_or_why(s, lookups) for s in found))
    seen += ((k, s.domain) for s, k in zip(found, got, strict=True) if isinstance(k, str))
    work = [(s, k) for s, k in zip(found, got, strict=True) if isinstance(k, Key)]
    results = await verified(claim.raw, work, until=True)
    if results and results[-1]:
        return work[len(results) - 1][0]
    seen += (("dkim.fail", s.domain) for s, _ in work)
    return None


async def _key_or_why(signature: Signature, lookups: Lookups) -> Key | str:
    try:
        return await key(signature, lookups)
    except DnsUnavailable:
        return "dns.unavailable"


async def key(signature: Signature, lookups: Lookups) -> Key | str:
    """The key of a signature, or the slug of what keeps it from being used. Raises DnsUnavailable."""
    records = await lookups.txt(f"{signature.selector}._domainkey.{signature.domain}")
    found = keys.read(records, signature.algorithm)
    if isinstance(found, Key) and found.exact and signature.identity != signature.domain:
        return "dkim.fail"
    return found


async def verified(raw: bytes, work: Sequence[tuple[Signature, Key]], *, until: bool) -> list[bool]:
    """`signatures.verify`, beside the event loop where the message is large."""
    if not work or len(raw) <= _INLINE:
        return signatures.verify(raw, work, until=until)
    return await asyncio.to_thread(signatures.verify, raw, work, until=until)
