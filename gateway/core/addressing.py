"""Stage 1, addressing: which account and channel an envelope recipient names; a repeat ends here."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from gateway.core.facts import Facts
from gateway.core.model import Channel, Finding
from gateway.core.reasons import finding

_OPERATOR = ("postmaster", "abuse")


@dataclass(frozen=True, slots=True)
class CaptureAddress:
    """A capture address taken apart: `<key>[+tag]@<channel>.<domain>`."""

    channel: Channel
    key: str
    tag: str


@lru_cache(maxsize=8)
def hosts(domain: str) -> frozenset[str]:
    """The domains of the capture addresses of a gateway at `domain`."""
    return frozenset(f"{channel.value}.{domain}" for channel in Channel)


def take_apart(canonical: str, domain: str) -> CaptureAddress | None:
    """A canonical address as a capture address of the gateway at `domain`, or None if it isn't one of ours."""
    local, _, host = canonical.rpartition("@")
    name, _, parent = host.partition(".")
    if parent != domain or name not in tuple(Channel) or not local:
        return None
    key, _, tag = local.partition("+")
    return CaptureAddress(Channel(name), key, tag)


def is_operator(canonical: str, domain: str, host: str) -> bool:
    """Whether a canonical address is the operator's (RFC 5321 §4.5.1, RFC 2142) at a domain that this gateway serves.

    `host`: the gateway's own name.
    """
    local, _, at = canonical.rpartition("@")
    return local in _OPERATOR and at in {domain, host, *hosts(domain)}


def locate(facts: Facts, tag: str) -> Finding:
    """The stage's finding: what the recipient turned out to be. The key itself is a secret and isn't shown."""
    name = f"{facts.account.name}, {facts.channel.value}" + (f", reference {tag}" if tag else "")
    if facts.first:
        return finding("addressing", "dedupe.retry", f"{name}; then: {facts.first.outcome} {facts.first.reason}")
    return finding("addressing", "addressing.known", name)
