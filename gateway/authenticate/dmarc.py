"""DMARC (RFC 9989): which domains speak for an author's domain, and what that domain says of mail that none speaks for.

Stricter than the RFC in two things: a public suffix is nobody's organization, whatever records it has, and HELO is no
identity.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Literal, TypeAlias

from publicsuffixlist import PublicSuffixList

from gateway.authenticate.dmarc_record import PolicyRecord, read_record
from gateway.authenticate.dns import DnsUnavailable, Lookups
from gateway.core.claims import Claim
from gateway.core.model import Evidence, Proof

WALK = 8
"""Queries of one tree walk at most (RFC 9989 §4.10)."""
ALIGNED_PASSES = frozenset({"arc", "dkim", "spf"})

Found: TypeAlias = tuple[tuple[str, PolicyRecord], ...]
"""What a tree walk found: domains with their records, the longest domain first."""


@dataclass(frozen=True, slots=True)
class Policy:
    """What applies to mail of one author's domain (RFC 9989 §4.10.1)."""

    enforced: bool = False
    """Mail without an aligned pass is to be quarantined or rejected."""
    domain: str = ""
    """Where the record stands; "" for none, or none that applies."""


class Alignment:
    """Whether other domains speak for one author's domain, a lower-case A-label, within one message (RFC 9989 §4.4)."""

    def __init__(self, author_domain: str, lookups: Lookups) -> None:
        self.domain = _plain(author_domain)
        self._lookups = lookups

    def possible(self, identifier_domain: str) -> bool:
        """They may belong to one organization: equal, or alike below a public suffix. Asks nobody."""
        identifier = _plain(identifier_domain)
        return bool(identifier) and (identifier == self.domain or bool(_organization(_common(identifier, self.domain))))

    async def aligned(self, identifier_domain: str, method: Literal["dkim", "spf"]) -> bool:
        """An authenticated domain speaks for the author's. Asks nobody if they are equal or can't be aligned.

        Raises DnsUnavailable.
        """
        identifier = _plain(identifier_domain)
        if identifier == self.domain or not self.possible(identifier):
            return bool(identifier) and identifier == self.domain
        found = await self._walk(self.domain)
        applied = _applied(self.domain, found)
        if applied is None or applied[1].strict(method):
            return False
        return _organizational(self.domain, found) == _organizational(identifier, await self._walk(identifier))

    async def policy(self) -> Policy:
        """That of the author's domain, else of its organization, else of the public suffix. Raises DnsUnavailable."""
        applied = _applied(self.domain, await self._walk(self.domain))
        if applied is None:
            return Policy()
        domain, record = applied
        if domain == self.domain:
            return Policy(record.enforced("p"), domain)
        enforced = record.enforced("sp")
        if enforced != record.enforced("np") and not await self._exists():
            enforced = not enforced
        return Policy(enforced, domain)

    async def _exists(self) -> bool:
        """Taken for existing is what mail could be sent to: a domain without any address isn't told from none."""
        for kind in ("MX", "A", "AAAA"):
            if await self._lookups.records(self.domain, kind):
                return True
        return False

    async def _walk(self, domain: str) -> Found:
        """The tree walk from a domain towards the root (RFC 9989 §4.10)."""
        found: list[tuple[str, PolicyRecord]] = []
        for target in _targets(domain):
            try:
                record = read_record(await self._lookups.txt(f"_dmarc.{target}"))
            except DnsUnavailable:
                if found and found[-1][0] == _organization(domain):
                    break  # cut short above what the suffix list calls the organization: nothing could change that
                raise
            if record is None:
                continue
            if not record.psd and not _organization(target):
                record = record.of_public_suffix()
            found.append((target, record))
            if record.psd:
                break
        return tuple(found)


async def verdict(claim: Claim, proofs: Sequence[Proof], alignment: Alignment) -> Evidence:
    """What the author's domain says of a message for which these proofs were found. DNS trouble says nothing."""
    if any(proof.method in ALIGNED_PASSES for proof in proofs):
        return Evidence()
    try:
        policy = await alignment.policy()
    except DnsUnavailable:
        return Evidence(seen=(("dns.unavailable", claim.domain),))
    if policy.enforced:
        return Evidence(contradicted=True, seen=(("dmarc.fail", policy.domain),))
    return Evidence(seen=(("dmarc.none", claim.domain),))


def _targets(domain: str) -> Iterator[str]:
    """The domain itself, then its parents; of a long one those of seven labels and fewer."""
    labels = domain.split(".")
    yield domain
    for count in range(min(len(labels), WALK) - 1, 0, -1):
        yield ".".join(labels[-count:])


def _organizational(domain: str, found: Found) -> str:
    """The Organizational Domain (RFC 9989 §4.10.2): the last found, or of a public suffix one label below it."""
    if not found:
        return domain
    target, record = found[-1]
    if record.psd != "y":
        return target
    return ".".join(domain.split(".")[-target.count(".") - 2 :])


def _applied(domain: str, found: Found) -> tuple[str, PolicyRecord] | None:
    """The record that applies to mail of a domain, with where it stands."""
    by_domain = dict(found)
    for target in (domain, _organizational(domain, found), found[-1][0] if found else domain):
        if target in by_domain:
            return target, by_domain[target]
    return None


def _organization(domain: str) -> str:
    """What the public suffix list calls one: a suffix with one more label; "" for a suffix itself."""
    return _suffixes().privatesuffix(domain) or "" if domain else ""


def _common(one: str, other: str) -> str:
    """The labels that both end in."""
    shared: list[str] = []
    for left, right in zip(reversed(one.split(".")), reversed(other.split(".")), strict=False):
        if left != right:
            break
        shared.insert(0, left)
    return ".".join(shared)


def _plain(domain: str) -> str:
    return domain.lower().removesuffix(".")


@cache
def _suffixes() -> PublicSuffixList:
    return PublicSuffixList()
