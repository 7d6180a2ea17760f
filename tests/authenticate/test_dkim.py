"""DKIM: what counts as a proof, and what is said of everything else."""

from __future__ import annotations

import pickle
from typing import Any

import pytest
from fakes.signing import MESSAGE, NOW, SIGNED, Signer, Zone

from gateway.authenticate import dkim, keys, signatures
from gateway.authenticate.dmarc import Alignment
from gateway.authenticate.dns import DnsUnavailable
from gateway.core.claims import Claim
from gateway.core.limits import DkimLimits
from gateway.core.message import read
from gateway.core.model import Evidence, Proof

ALICE = Proof("dkim", "corp.example")
PASS = Evidence((ALICE,), seen=(("dkim.pass", "corp.example"),))
CORP = Signer()
DAY = 24 * 3600


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


async def test_a_signature_of_the_same_organisation_is_a_proof() -> None:
    signer = Signer("mail.corp.example")
    found = await check(signer.sign(MESSAGE), Zone(signer.zone()))
    assert found == Evidence((ALICE,), seen=(("dkim.pass", "mail.corp.example"),))


async def test_mail_without_a_signature_asks_nobody() -> None:
    zone = Zone({})
    assert await check(MESSAGE, zone) == Evidence(seen=(("dkim.none", "corp.example"),))
    assert zone.asked == []


async def test_a_signature_of_somebody_else_is_none_of_the_author() -> None:
    """S02"""
    evil = Signer("evil.example")
    zone = Zone(evil.zone())
    assert await check(evil.sign(MESSAGE), zone) == Evidence(seen=(("dkim.not_aligned", "evil.example"),))
    assert zone.asked == []


@pytest.mark.parametrize(
    ("domain", "slug"),
    [
        ("corp.example.evil.example", "dkim.not_aligned"),
        ("orp.example", "dkim.not_aligned"),
        ("xcorp.example", "dkim.not_aligned"),
        ("example", "dkim.unreadable"),
        ("CORP.EXAMPLE.", "dkim.unreadable"),
        ("corp.example,evil.example", "dkim.unreadable"),
        ("corp.example(.evil.example", "dkim.unreadable"),
        ("corp..example", "dkim.unreadable"),
        ("", "dkim.unreadable"),
        ("c\u00f6rp.example", "dkim.unreadable"),
    ],
)
async def test_a_domain_that_looks_alike_is_another_one(domain: str, slug: str) -> None:
    """S03"""
    signer = Signer(domain)
    zone = Zone(signer.zone())
    found = await dkim.check(
        claim(signer.sign(MESSAGE)), Alignment("corp.example", zone), zone, NOW * 1000, DkimLimits()
    )
    assert (found.proofs, [s for s, _ in found.seen]) == ((), [slug])


async def test_a_public_suffix_never_speaks_for_what_is_below_it() -> None:
    """S03"""
    author = read(b"From: alice@corp.co.uk\r\n\r\n").from_[0]
    signer = Signer("co.uk")
    raw = signer.sign(MESSAGE.replace(b"alice@corp.example", b"alice@corp.co.uk"))
    zone = Zone(signer.zone() | dict.fromkeys(("_dmarc.co.uk TXT", "_dmarc.corp.co.uk TXT"), ("v=DMARC1; p=none",)))
    subject = Claim(read(raw), raw, "from", author)
    found = await dkim.check(subject, Alignment("corp.co.uk", zone), zone, NOW * 1000, DkimLimits())
    assert found == Evidence(seen=(("dkim.not_aligned", "co.uk"),))


async def test_letter_case_of_the_domain_does_not_matter() -> None:
    signer = Signer("Corp.EXAMPLE")
    assert await check(signer.sign(MESSAGE), Zone(CORP.zone())) == PASS


@pytest.mark.parametrize(
    "raw",
    [
        b"X: y\r\n" + CORP.sign(MESSAGE),
        CORP.sign(MESSAGE).replace(b"Subject: Offer", b"SUBJECT:   \r\n\tOffer"),
        CORP.sign(MESSAGE) + b"\r\n\r\n",
        CORP.sign(MESSAGE).replace(b"Dear  Bob, ", b"Dear Bob,"),
    ],
)
async def test_what_relaxed_canonical_forms_allow_changes_nothing(raw: bytes) -> None:
    assert await check(raw) == PASS


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"alice@", b"mallory@"),
        (b"Subject: Offer", b"Subject: Other"),
        (b"Subject: Offer", b"Subject: Offer\x0b"),
        (b"here", b"there"),
        (b"it is.", b"it is.\r\nNo."),
        (b"To: bob@client.example\r\n", b""),
        (b"To: bob", b"Cc: eve@evil.example\r\nTo: bob"),
    ],
)
async def test_changed_mail_is_no_proof(old: bytes, new: bytes) -> None:
    assert old in MESSAGE
    found = await check(CORP.sign(MESSAGE).replace(old, new))
    assert found == Evidence(seen=(("dkim.fail", "corp.example"),))


async def test_another_key_of_the_same_size_is_no_proof() -> None:
    forged = Signer(key="rsa-1024").sign(MESSAGE)
    assert await check(forged) == Evidence(seen=(("dkim.fail", "corp.example"),))


@pytest.mark.parametrize(
    ("options", "slug"),
    [
        pytest.param({"h": ("to", "subject")}, "dkim.from_not_signed", id="S20"),
        pytest.param({"h": ()}, "dkim.from_not_signed", id="S20-nothing"),
        pytest.param({"length": 10}, "dkim.body_length", id="S21"),
        pytest.param({"length": 0}, "dkim.body_length", id="S21-no-body"),
        pytest.param({"hash_name": "sha1"}, "dkim.algorithm", id="S22"),
        pytest.param({"a": "rsa-sha512"}, "dkim.algorithm", id="S22-unknown"),
        pytest.param({"a": "ed25519-sha256"}, "dkim.algorithm", id="S22-other-key"),
        pytest.param({"t": str(NOW - 21 * DAY)}, "dkim.stale_signature", id="S26"),
        pytest.param({"t": str(NOW - 7 * DAY - 1)}, "dkim.stale_signature", id="S26-a-second-too-old"),
        pytest.param({"t": str(NOW + 3601)}, "dkim.stale_signature", id="from-the-future"),
        pytest.param({"x": str(NOW - 1)}, "dkim.stale_signature", id="expired"),
        pytest.param({"v": "2"}, "dkim.unreadable", id="version"),
        pytest.param({"v": None}, "dkim.unreadable", id="no-version"),
        pytest.param({"s": None}, "dkim.unreadable", id="no-selector"),
        pytest.param({"s": "a b"}, "dkim.unreadable", id="odd-selector"),
        pytest.param({"h": ("from", "su bject")}, "dkim.unreadable", id="odd-name"),
        pytest.param({"bh": "====="}, "dkim.unreadable", id="no-hash"),
        pytest.param({"c": "relaxed/nowsp"}, "dkim.unreadable", id="unknown-canonical-form"),
        pytest.param({"t": "yesterday"}, "dkim.unreadable", id="odd-time"),
        pytest.param({"q": "dns/other"}, "dkim.unreadable", id="key-is-elsewhere"),
        pytest.param({"i": "alice@evil.example"}, "dkim.unreadable", id="identity-of-another"),
        pytest.param({"i": "alice@xcorp.example"}, "dkim.unreadable", id="identity-that-looks-alike"),
        pytest.param({"i": "corp.example"}, "dkim.unreadable", id="identity-without-at"),
        pytest.param({"D": "corp.example", "d": None}, "dkim.unreadable", id="tags-have-a-case"),
        pytest.param({"z": "a b=c"}, "dkim.unreadable", id="a-second-b"),
        pytest.param({"z": "a" + " " * 65 + "b"}, "dkim.unreadable", id="long-blank"),
    ],
)
async def test_a_signature_that_would_hold_does_not_count_if(options: dict[str, Any], slug: str) -> None:
    zone = Zone(CORP.zone())
    found = await check(CORP.sign(MESSAGE, **options), zone)
    assert (found.proofs, found.pending, [s for s, _ in found.seen]) == ((), (), [slug])
    assert zone.asked == [] or slug == "dkim.algorithm"


@pytest.mark.parametrize(
    "options",
    [
        {"t": str(NOW - 7 * DAY)},
        {"t": str(NOW + 3600)},
        {"x": str(NOW)},
        {"t": None},
        {"i": "alice@corp.example"},
        {"i": "@mail.corp.example"},
        {"q": "dns/txt"},
        {"h": ("from", "from", *SIGNED, "x-absent")},
        {"h": ("From", " To ", "Cc", "Subject", "Date", "Message-ID")},
        {"unknown": "tag"},
    ],
)
async def test_a_signature_counts_with(options: dict[str, Any]) -> None:
    assert await check(CORP.sign(MESSAGE, **options)) == PASS


@pytest.mark.parametrize(("days", "counts"), [(6.9, True), (7.1, False)])
async def test_a_signature_without_time_is_as_old_as_the_date_it_covers(days: float, counts: bool) -> None:  # noqa: FBT001 - a parameter of the test
    """S26"""
    signed = CORP.sign(MESSAGE, t=None)
    found = await check(signed, now=NOW + int(days * DAY))
    assert [s for s, _ in found.seen] == ["dkim.pass" if counts else "dkim.stale_signature"]


async def test_a_signature_that_covers_no_time_at_all_has_no_age() -> None:
    signed = CORP.sign(MESSAGE, t=None, h=("from",))
    assert (await check(signed, now=NOW + 30 * DAY)).proofs == (ALICE,)


@pytest.mark.parametrize(
    ("tags", "slug"),
    [
        ({"t": "y"}, "dkim.test_key"),
        ({"t": "s:y"}, "dkim.test_key"),
        ({"h": "sha1"}, "dkim.algorithm"),
        ({"s": "other"}, "dkim.no_key"),
        ({"p": ""}, "dkim.no_key"),
        ({"p": None}, "dkim.no_key"),
        ({"p": "AAAA"}, "dkim.no_key"),
        ({"p": "***"}, "dkim.no_key"),
        ({"v": "DKIM2"}, "dkim.no_key"),
        ({"k": "dsa"}, "dkim.algorithm"),
    ],
)
async def test_a_key_does_not_count_if_its_record_says(tags: dict[str, str | None], slug: str) -> None:
    """S22"""
    found = await check(CORP.sign(MESSAGE), Zone(CORP.zone(**tags)))
    assert found == Evidence(seen=((slug, "corp.example"),))


async def test_a_short_key_does_not_count() -> None:
    """S22"""
    short = Signer(key="rsa-512")
    assert await check(short.sign(MESSAGE), Zone(short.zone())) == Evidence(seen=(("dkim.weak_key", "corp.example"),))


async def test_a_key_may_forbid_subdomains_in_the_identity() -> None:
    zone = Zone(CORP.zone(t="s"))
    assert await check(CORP.sign(MESSAGE, i="alice@corp.example"), zone) == PASS
    assert await check(CORP.sign(MESSAGE), zone) == PASS
    found = await check(CORP.sign(MESSAGE, i="@mail.corp.example"), zone)
    assert found == Evidence(seen=(("dkim.fail", "corp.example"),))


async def test_no_key_is_no_proof() -> None:
    """S29"""
    assert await check(CORP.sign(MESSAGE), Zone({})) == Evidence(seen=(("dkim.no_key", "corp.example"),))


async def test_what_dns_cannot_tell_now_is_pending() -> None:
    """S29"""
    found = await check(CORP.sign(MESSAGE), Zone({"s1._domainkey.corp.example TXT": None}))
    assert found == Evidence(pending=(ALICE,), seen=(("dns.unavailable", "corp.example"),))


async def test_alignment_that_cannot_be_told_now_is_pending() -> None:
    signer = Signer("mail.corp.example")
    found = await check(signer.sign(MESSAGE), Zone(signer.zone()), organisation=Organisation("mail.corp.example"))
    assert found == Evidence(pending=(ALICE,), seen=(("dns.unavailable", "mail.corp.example"),))


async def test_a_second_key_makes_up_for_one_that_cannot_be_had() -> None:
    second = Signer(selector="s2", key="ed25519")
    zone = Zone(second.zone() | {"s1._domainkey.corp.example TXT": None})
    assert await check(second.sign(CORP.sign(MESSAGE)), zone) == PASS


@pytest.mark.parametrize(
    "change",
    [
        (b"Subject: Offer", b"Subject: Other\r\nSubject: Offer"),
        (b"To: bob", b"To: eve@evil.example\r\nTo: bob"),
        (b"Message-ID:", b"Message-ID: <2@evil.example>\r\nMessage-ID:"),
        (b"Subject: Offer", b"Content-Type: text/html\r\nContent-Type: text/plain\r\nSubject: Offer"),
        (b"From: Alice", b"From: m@evil.example\r\nFrom: Alice"),
        (b"Subject: Offer", b"no field\r\nSubject: Offer"),
        (b"Subject: Offer", b"From : m@evil.example\r\nSubject: Offer"),
        (b"Subject: Offer", b"X-Odd\t: y\r\nSubject: Offer"),
        (b"\r\n\r\nDear", b"\r\nDear"),
    ],
)
async def test_a_header_that_can_be_read_in_several_ways_proves_nothing(change: tuple[bytes, bytes]) -> None:
    """S15, S24"""
    zone = Zone(CORP.zone())
    found = await check(CORP.sign(MESSAGE, h=("from",)).replace(*change, 1), zone)
    assert found == Evidence(seen=(("dkim.duplicate_field", "corp.example"),))
    assert zone.asked == []


async def test_a_first_line_that_continues_nothing_spoils_the_header() -> None:
    """S15"""
    found = await check(b" From: alice@corp.example\r\n" + CORP.sign(MESSAGE))
    assert found.seen == (("dkim.duplicate_field", "corp.example"),)


async def test_fields_that_no_signature_covers_are_named() -> None:
    """S25"""
    raw = CORP.sign(MESSAGE.replace(b"Date:", b"References: <0@corp.example>\r\nDate:"), h=("from", "to", "date"))
    found = await check(raw.replace(b"Subject: Offer", b"Subject: Other"))
    assert (found.proofs, found.unsigned) == ((ALICE,), frozenset({"subject", "message-id", "references"}))


async def test_of_fields_with_one_name_the_lowest_is_signed_first() -> None:
    raw = CORP.sign(b"X-Note: upper\r\nX-Note: lower\r\n" + MESSAGE, h=(*SIGNED, "x-note"))
    assert await check(raw.replace(b"upper", b"other")) == PASS
    assert (await check(raw.replace(b"lower", b"other"))).seen == (("dkim.fail", "corp.example"),)


async def test_of_several_signatures_the_one_that_covers_most_is_taken() -> None:
    less = Signer(selector="s2", key="ed25519")
    raw = less.sign(CORP.sign(MESSAGE), h=("from",))
    assert await check(raw, Zone(CORP.zone() | less.zone())) == PASS
    found = await check(raw.replace(b"Offer", b"Other"), Zone(CORP.zone() | less.zone()))
    assert (found.proofs, len(found.unsigned)) == ((ALICE,), 4)


async def test_who_sends_on_is_proven_only_where_his_own_field_is_signed() -> None:
    resent = b"Resent-From: alice@corp.example\r\n" + MESSAGE.replace(
        b"Alice <alice@corp.example>", b"bob@client.example"
    )
    assert await check(CORP.sign(resent, h=(*SIGNED, "resent-from")), field="resent-from") == PASS
    for names in (SIGNED, ("resent-from", "to")):
        found = await check(CORP.sign(resent, h=names), field="resent-from")
        assert found.seen == (("dkim.from_not_signed", "corp.example"),)


async def test_a_field_of_who_sends_on_put_above_the_signed_one_proves_nothing() -> None:
    resent = b"Resent-From: eve@corp.example\r\n" + MESSAGE
    signed = b"Resent-From: alice@corp.example\r\n" + CORP.sign(resent, h=(*SIGNED, "resent-from"))
    assert (await check(signed, field="resent-from")).seen == (("dkim.from_not_signed", "corp.example"),)


async def test_signatures_of_others_cost_nothing_where_the_author_signed() -> None:
    raw = Signer("mail.corp.example").sign(CORP.sign(MESSAGE))
    organisation, zone = Organisation(), Zone(CORP.zone())
    assert await check(raw, zone, organisation=organisation) == PASS
    assert (organisation.asked, zone.asked) == ([], ["s1._domainkey.corp.example TXT"])


async def test_no_more_than_ten_signatures_are_looked_at() -> None:
    """S31"""
    raw = CORP.sign(MESSAGE)
    for _ in range(100):
        raw = b"DKIM-Signature: v=1\r\n" + raw
    found = await check(raw)
    assert found == Evidence(seen=(("dkim.unreadable", "corp.example"),) * 10)


async def test_no_more_than_three_signatures_are_verified() -> None:
    """S31"""
    raw = MESSAGE
    for number in range(10):
        raw = Signer(selector=f"s{number}").sign(raw, bh="AAAA")
    zone = Zone({f"s{number}._domainkey.corp.example TXT": (CORP.record().decode(),) for number in range(10)})
    assert (await check(raw, zone)).seen == (("dkim.fail", "corp.example"),) * 3
    assert len(zone.asked) == 3


async def test_signatures_of_the_organisation_share_that_number() -> None:
    """S31"""
    below = Signer("mail.corp.example")
    raw = below.sign(MESSAGE)
    for number in range(3):
        raw = Signer(selector=f"s{number}").sign(raw, bh="AAAA")
    key = (CORP.record().decode(),)
    zone = Zone(below.zone() | {f"s{number}._domainkey.corp.example TXT": key for number in range(3)})
    assert (await check(raw, zone)).seen == (("dkim.fail", "corp.example"),) * 3


@pytest.mark.parametrize(
    "raw",
    [
        CORP.sign(MESSAGE, z="a" * 8192),
        CORP.sign(MESSAGE).replace(b"b=", b"b=" + b"\r\n " * 16_000, 1),
        CORP.sign(MESSAGE).replace(b"b=", b"b=" + b" " * 16_000, 1),
        b"DKIM-Signature: " + b"v=1; a=rsa-sha256; " * 1_600 + b"\r\n" + MESSAGE,
    ],
    ids=["long", "folds-in-b", "blanks-in-b", "30-KB"],
)
async def test_a_long_signature_field_is_left_alone(raw: bytes) -> None:
    """S31"""
    found = await check(raw)
    assert found == Evidence(seen=(("dkim.unreadable", "corp.example"),))


async def test_a_header_beyond_the_limits_proves_nothing() -> None:
    """S31"""
    raw = b"DKIM-Signature: " + b"v=1; a=rsa-sha256; " * 5_400 + b"\r\n" + CORP.sign(MESSAGE)
    assert (await check(raw)).seen == (("dkim.duplicate_field", "corp.example"),)


async def test_blanks_within_the_signature_value_mean_nothing() -> None:
    raw = CORP.sign(MESSAGE).replace(b"b=", b"b=" + b" " * 6_000, 1)
    assert await check(raw) == PASS


async def test_names_beyond_any_real_header_are_not_looked_for() -> None:
    """S31: neither in the field nor in the message does the work grow with the product of both."""
    found = await check(CORP.sign(MESSAGE, h=("from", *(f"x{n}" for n in range(128)))))
    assert found.seen == (("dkim.unreadable", "corp.example"),)


async def test_large_mail_is_verified_too() -> None:
    raw = CORP.sign(MESSAGE + b"x" * 70_000 + b"\r\n")
    assert await check(raw) == PASS
    assert (await check(raw + b"y\r\n")).seen == (("dkim.fail", "corp.example"),)


def test_the_work_of_verifying_can_be_handed_to_another_process() -> None:
    raw = CORP.sign(MESSAGE)
    subject = claim(raw)
    field = subject.fields[0]
    signature = signatures.read(subject, field, signatures.tags(raw, field, 8192))
    key = keys.read((CORP.record(),), "rsa-sha256")
    assert signature
    assert isinstance(key, keys.Key)
    work, verify = pickle.loads(pickle.dumps(([(signature, key)], signatures.verify)))  # noqa: S301 - our own bytes
    assert verify(raw, work, until=True) == [True]
    assert verify(raw + b"more", work, until=True) == [False]


async def test_mail_without_a_body_is_verified() -> None:
    raw = CORP.sign(b"From: alice@corp.example\r\n\r\n", c="simple/simple")
    assert await check(raw) == PASS
    assert await check(raw.removesuffix(b"\r\n")) == PASS
