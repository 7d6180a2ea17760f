"""ARC: whose seal is believed, and about what."""

from __future__ import annotations

import pytest
from fakes.signing import MESSAGE, NOW, SIGNED, Signer, Zone

from gateway.authenticate import arc
from gateway.authenticate.dmarc import Alignment
from gateway.core.claims import Claim
from gateway.core.limits import DkimLimits
from gateway.core.message import read
from gateway.core.model import Evidence, Proof

ALICE = Proof("arc", "corp.example")
SEALER = Signer("forwarder.example", "arc")
FIRST = Signer("list.example", "arc", "ed25519")
ZONE = {**SEALER.zone(), **FIRST.zone()}
TRUSTED = frozenset({"forwarder.example"})
PASSED = "mx.forwarder.example; dkim=pass header.d=corp.example; spf=fail smtp.mailfrom=corp.example"
PASS = Evidence((ALICE,), seen=(("arc.pass", "forwarder.example"),))


async def check(
    raw: bytes, zone: Zone | None = None, *, sealers: frozenset[str] = TRUSTED, now: int = NOW, field: str = "from"
) -> Evidence:
    lookups = zone or Zone(ZONE)
    claim = Claim(read(raw), raw, field, read(b"From: alice@corp.example\r\n\r\n").from_[0])
    speaks = Alignment("corp.example", lookups)
    return await arc.check(claim, sealers, speaks, lookups, now * 1000, DkimLimits())


@pytest.mark.parametrize(
    "results",
    [
        PASSED,
        "mx.forwarder.example; dkim=pass (2048-bit key) header.i=alice@corp.example header.s=s1",
        "mx.forwarder.example; dkim=fail header.d=x.example; dkim=pass header.d=CORP.example",
        "mx.forwarder.example; dmarc=pass (p=none) header.from=corp.example",
    ],
)
async def test_a_trusted_sealer_that_saw_the_author_proven_is_a_proof(results: str) -> None:
    assert await check(SEALER.seal(MESSAGE, results)) == PASS


async def test_a_sealer_that_saw_a_signature_of_the_same_organisation_is_a_proof() -> None:
    zone = Zone(ZONE | {"_dmarc.corp.example TXT": ("v=DMARC1; p=none",)})
    sealed = SEALER.seal(MESSAGE, "mx.forwarder.example; dkim=pass header.d=mail.corp.example")
    assert await check(sealed, zone) == PASS


@pytest.mark.parametrize(
    "results",
    [
        "mx.forwarder.example; none",
        "mx.forwarder.example; dkim=fail header.d=corp.example",
        "mx.forwarder.example; dkim=pass header.d=evil.example",
        "mx.forwarder.example; dkim=pass header.d=example",
        "mx.forwarder.example; dkim=pass header.d=evil.example header.i=@corp.example",
        "mx.forwarder.example; dkim=pass",
        "mx.forwarder.example; dmarc=pass",
        "mx.forwarder.example; dmarc=pass header.from=evil.example",
        "mx.forwarder.example; dmarc=pass header.from=mail.corp.example",
        "mx.forwarder.example; dmarc=fail header.from=corp.example",
        "mx.forwarder.example; spf=pass smtp.mailfrom=alice@corp.example",
        "mx.forwarder.example; arc=pass header.d=corp.example",
        "mx.forwarder.example; spf=fail (dkim=pass header.d=corp.example)",
        'mx.forwarder.example; spf=fail smtp.mailfrom="; dkim=pass header.d=corp.example"',
    ],
)
async def test_a_sealer_that_did_not_see_the_author_proven_is_no_proof(results: str) -> None:
    found = await check(SEALER.seal(MESSAGE, results))
    assert found == Evidence(seen=(("arc.no_result", "forwarder.example"),))


async def test_the_seal_of_somebody_unknown_asks_nobody() -> None:
    """S28"""
    zone = Zone(ZONE)
    found = await check(FIRST.seal(MESSAGE, PASSED), zone)
    assert found == Evidence(seen=(("arc.untrusted_sealer", "list.example"),))
    assert zone.asked == []


async def test_without_trusted_sealers_or_seals_there_is_nothing_to_do() -> None:
    assert await check(SEALER.seal(MESSAGE, PASSED), sealers=frozenset()) == Evidence()
    assert await check(MESSAGE) == Evidence()


async def test_results_without_a_seal_say_nothing() -> None:
    """S28"""
    raw = b"ARC-Authentication-Results: i=1; " + PASSED.encode() + b"\r\n" + MESSAGE
    assert await check(raw) == Evidence()


async def test_a_chain_of_two_counts_as_its_newest_sealer_tells() -> None:
    once = FIRST.seal(MESSAGE, "mx.list.example; dkim=fail header.d=corp.example")
    assert await check(SEALER.seal(once, PASSED)) == PASS
    once = FIRST.seal(MESSAGE, PASSED)
    found = await check(SEALER.seal(once, "mx.forwarder.example; dkim=fail header.d=corp.example; arc=pass"))
    assert found == Evidence(seen=(("arc.no_result", "forwarder.example"),))


async def test_a_trusted_sealer_below_an_unknown_one_is_not_believed() -> None:
    found = await check(FIRST.seal(SEALER.seal(MESSAGE, PASSED), PASSED))
    assert found == Evidence(seen=(("arc.untrusted_sealer", "list.example"),))


async def test_ten_sets_count_and_eleven_do_not() -> None:
    raw = MESSAGE
    for _ in range(10):
        raw = SEALER.seal(raw, PASSED)
    assert await check(raw) == PASS
    assert await check(SEALER.seal(raw, PASSED)) == Evidence(seen=(("arc.fail", "corp.example"),))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"alice@corp", b"mallory@corp"),
        (b"here it is", b"here it isn't"),
        (b"dkim=pass", b"dkim=pass "),
        (b"spf=fail", b"spf=pass"),
        (b"Subject: Offer", b"Subject: Other"),
    ],
)
async def test_a_change_behind_the_newest_seal_breaks_the_chain(old: bytes, new: bytes) -> None:
    raw = SEALER.seal(MESSAGE, PASSED)
    assert old in raw
    found = await check(raw.replace(old, new))
    assert found == (PASS if new.strip() == old else Evidence(seen=(("arc.fail", "forwarder.example"),)))


async def test_a_change_between_two_seals_is_what_chains_are_for() -> None:
    changed = FIRST.seal(MESSAGE, PASSED).replace(b"Subject: Offer", b"Subject: [list] Offer")
    assert await check(SEALER.seal(changed, PASSED)) == PASS


async def test_an_earlier_seal_that_does_not_hold_breaks_the_chain() -> None:
    other = Signer("list.example", "arc", "rsa-2048")
    raw = SEALER.seal(FIRST.seal(MESSAGE, PASSED), PASSED)
    assert (await check(raw, Zone({**SEALER.zone(), **other.zone()}))).seen == (("arc.fail", "forwarder.example"),)


@pytest.mark.parametrize("cv", ["pass", "fail", "None", ""])
async def test_the_first_seal_knows_of_no_chain(cv: str) -> None:
    found = await check(SEALER.seal(MESSAGE, PASSED, cv=cv or "-"))
    assert found == Evidence(seen=(("arc.fail", "corp.example"),))


@pytest.mark.parametrize("cv", ["none", "fail"])
async def test_a_later_seal_has_seen_the_chain_hold(cv: str) -> None:
    found = await check(SEALER.seal(FIRST.seal(MESSAGE, PASSED), PASSED, cv=cv))
    assert found == Evidence(seen=(("arc.fail", "corp.example"),))


@pytest.mark.parametrize(
    "remove", [b"ARC-Seal", b"ARC-Message-Signature", b"ARC-Authentication-Results"], ids=lambda name: name.decode()
)
async def test_a_set_is_complete(remove: bytes) -> None:
    raw = SEALER.seal(FIRST.seal(MESSAGE, PASSED), PASSED)
    found = await check(raw.replace(remove + b":", b"X-Was:", 1))
    assert found == Evidence(seen=(("arc.fail", "corp.example"),))


async def test_a_set_has_each_field_once() -> None:
    raw = SEALER.seal(MESSAGE, PASSED)
    second = b"ARC-Authentication-Results: i=1; " + PASSED.encode() + b"\r\n"
    assert (await check(second + raw)).seen == (("arc.fail", "corp.example"),)


@pytest.mark.parametrize("names", [("to", "subject"), ()])
async def test_the_signature_covers_the_author(names: tuple[str, ...]) -> None:
    zone = Zone(ZONE)
    found = await check(SEALER.seal(MESSAGE, PASSED, h=names), zone)
    assert found == Evidence(seen=(("arc.fail", "forwarder.example"),))
    assert zone.asked == []


async def test_the_signature_covers_no_seal() -> None:
    found = await check(SEALER.seal(MESSAGE, PASSED, h=(*SIGNED, "arc-seal")))
    assert found == Evidence(seen=(("arc.fail", "corp.example"),))


@pytest.mark.parametrize("tags", [{"a": "rsa-sha1"}, {"l": "5"}, {"d": "forwarder"}, {"t": "now"}])
async def test_a_set_whose_tags_are_not_allowed_breaks_the_chain(tags: dict[str, str]) -> None:
    found = await check(SEALER.seal(MESSAGE, PASSED, **tags))
    assert found == Evidence(seen=(("arc.fail", "corp.example"),))


async def test_a_seal_names_no_fields() -> None:
    found = await check(SEALER.seal(MESSAGE, PASSED).replace(b"cv=none", b"h=from; cv=none"))
    assert found == Evidence(seen=(("arc.fail", "corp.example"),))


@pytest.mark.parametrize(
    ("seconds", "counts"), [(7 * 86400, True), (7 * 86400 + 1, False), (-3600, True), (-3601, False)]
)
async def test_a_seal_is_of_this_week(seconds: int, counts: bool) -> None:  # noqa: FBT001 - a parameter of the test
    found = await check(SEALER.seal(MESSAGE, PASSED), now=NOW + seconds)
    assert found == (PASS if counts else Evidence(seen=(("arc.fail", "forwarder.example"),)))


async def test_fields_that_the_sealer_left_unsigned_are_named() -> None:
    found = await check(SEALER.seal(MESSAGE, PASSED, h=("from", "date", "message-id")))
    assert (found.proofs, found.unsigned) == ((ALICE,), frozenset({"to", "subject"}))


async def test_no_more_than_ten_signers_are_asked_about() -> None:
    class Nobody:
        def __init__(self) -> None:
            self.asked: list[str] = []

        async def aligned(self, domain: str, _method: str) -> bool:
            self.asked.append(domain)
            return False

    told = "".join(f"; dkim=pass header.d=d{n % 15}.corp.example" for n in range(40))
    raw = SEALER.seal(MESSAGE, "mx.forwarder.example" + told)
    claim = Claim(read(raw), raw, "from", read(raw).from_[0])
    nobody = Nobody()
    found = await arc.check(claim, TRUSTED, nobody, Zone(ZONE), NOW * 1000, DkimLimits())
    assert found.seen == (("arc.no_result", "forwarder.example"),)
    assert nobody.asked == [f"d{n}.corp.example" for n in range(10)]


async def test_a_sealer_says_nothing_of_who_sends_on() -> None:
    raw = SEALER.seal(b"Resent-From: alice@corp.example\r\n" + MESSAGE, PASSED, h=(*SIGNED, "resent-from"))
    assert await check(raw, field="resent-from") == Evidence()


async def test_a_header_that_can_be_read_in_several_ways_is_not_sealed() -> None:
    """S24"""
    raw = b"Subject: Other\r\n" + SEALER.seal(MESSAGE, PASSED)
    assert await check(raw) == Evidence(seen=(("arc.fail", "corp.example"),))


async def test_what_dns_cannot_tell_now_is_pending() -> None:
    """S29"""
    raw = SEALER.seal(FIRST.seal(MESSAGE, PASSED), PASSED)
    for name in ("arc._domainkey.forwarder.example TXT", "arc._domainkey.list.example TXT"):
        found = await check(raw, Zone({**ZONE, name: None}))
        assert found == Evidence(pending=(ALICE,), seen=(("dns.unavailable", "forwarder.example"),))


async def test_fields_beyond_any_real_chain_are_left_alone() -> None:
    """S31"""
    zone = Zone(ZONE)
    raw = MESSAGE
    for _ in range(3):
        raw = SEALER.seal(raw, PASSED + "; x=none (" + "a" * 25_000 + ")")
    assert await check(raw, zone) == Evidence(seen=(("arc.fail", "corp.example"),))
    assert zone.asked == []
