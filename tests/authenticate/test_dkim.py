"""DKIM: what counts as a proof, and what is said of everything else."""

from __future__ import annotations

import pytest
from fakes.signing import MESSAGE, NOW, Signer, Zone

from gateway.authenticate import dkim
from gateway.authenticate.dns import DnsUnavailable
from gateway.core.claims import Claim
from gateway.core.limits import DkimLimits
from gateway.core.message import read
from gateway.core.model import Evidence, Proof

ALICE = Proof("dkim", "corp.example")
PASS = Evidence((ALICE,), seen=(("dkim.pass", "corp.example"),))
CORP = Signer()


class Organisation:
    """Relaxed alignment within corp.example and the domains below it."""

    def __init__(self, *unavailable: str) -> None:
        self.unavailable = unavailable
        self.asked: list[str] = []

    async def aligned(self, domain: str, method: str) -> bool:
        assert method == "dkim"
        self.asked.append(domain)
        if domain in self.unavailable:
            raise DnsUnavailable
        return domain == "corp.example" or domain.endswith(".corp.example")


def claim(raw: bytes, field: str = "from") -> Claim:
    message = read(raw)
    return Claim(message, raw, field, read(b"From: alice@corp.example\r\n\r\n").from_[0])


async def check(
    raw: bytes,
    zone: Zone | None = None,
    *,
    now: int = NOW,
    field: str = "from",
    organisation: Organisation | None = None,
) -> Evidence:
    lookups = zone or Zone(CORP.zone())
    return await dkim.check(claim(raw, field), organisation or Organisation(), lookups, now * 1000, DkimLimits())


@pytest.mark.parametrize(
    "c", ["relaxed/relaxed", "relaxed/simple", "simple/relaxed", "simple/simple", "relaxed", "simple"]
)
@pytest.mark.parametrize("key", ["rsa-1024", "rsa-2048", "rsa-4096", "ed25519"])
async def test_a_signature_of_the_very_domain_is_a_proof(key: str, c: str) -> None:
    signer = Signer(key=key)
    assert await check(signer.sign(MESSAGE, c=c), Zone(signer.zone())) == PASS
