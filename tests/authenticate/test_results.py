"""What a source writes about senders counts if the account trusts it for that, and from the topmost fields only."""

from __future__ import annotations

from dataclasses import replace

import pytest
from fakes.deliveries import ANA, BOB, RELAY, Delivery, cases, mail
from fakes.lookups import FakeLookups
from fakes.world import load_world

from gateway.authenticate import dmarc, results
from gateway.core.claims import claim
from gateway.core.model import Evidence, Proof

US = load_world()
ZONE = {
    "_dmarc.us.example TXT": ("v=DMARC1; p=reject",),
    "_dmarc.client.example TXT": ("v=DMARC1; p=none",),
    "_dmarc.broken.example TXT": None,
}
PROVEN = (Proof("results", "us.example"),)


async def checked(
    *fields: str, author: str = ANA, name: str = "mx.us.example", account: str = "", before: str = ""
) -> Evidence:
    """What a source that is trusted under `name` proves with these Authentication-Results."""
    lines = [f"Authentication-Results: {field}" for field in fields]
    raw = f"{before}".encode() + "".join(f"{line}\r\n" for line in lines).encode() + mail(author, BOB)
    [case] = cases(US, Delivery(raw, [RELAY], ANA, "hosted"))
    [source] = case.envelope.peer.sources
    trusted = replace(source, authserv_id=name, account_id=account or source.account_id)
    envelope = replace(case.envelope, peer=replace(case.envelope.peer, sources=(trusted,)))
    claimed = claim(case)
    assert claimed is not None
    alignment = dmarc.Alignment(claimed.domain, FakeLookups(ZONE))
    return await results.check(envelope, case.recipient, claimed, alignment)


@pytest.mark.parametrize(
    "field",
    [
        "mx.us.example; dkim=pass header.d=us.example",
        "mx.us.example; dkim=pass header.d=mail.us.example header.b=abc",
        "mx.us.example; dmarc=pass (p=reject) header.from=us.example",
        "MX.us.example 1; spf=pass smtp.mailfrom=x@evil.example; dkim=pass header.i=@us.example header.d=US.example",
    ],
)
async def test_what_the_source_says_proves_the_author(field: str) -> None:
    assert (await checked(field)).proofs == PROVEN


@pytest.mark.parametrize(
    "field",
    [
        "mx.evil.example; dkim=pass header.d=us.example",
        "mx.us.example; dkim=fail header.d=us.example",
        "mx.us.example; dkim=pass header.d=evil.example",
        "mx.us.example; dkim=pass header.d=example",
        "mx.us.example; dmarc=pass header.from=mail.us.example",
        "mx.us.example; dkim=pass",
        "mx.us.example (dkim=pass header.d=us.example); none",
        'mx.us.example; dkim=fail reason="; dkim=pass header.d=us.example" header.d=us.example',
        "mx.us.example; none",
        "",
    ],
)
async def test_nothing_else_does(field: str) -> None:
    assert (await checked(field)).proofs == ()


async def test_no_field_counts_below_one_of_another_server() -> None:
    forged, own = "mx.us.example; dkim=pass header.d=us.example", "mx.us.example; dkim=none"
    assert (await checked(own, forged)).proofs == PROVEN, "a server may write several fields, one below the other"
    assert (await checked("other.example; none", forged)).proofs == ()
    assert (await checked("unreadable (", forged)).proofs == ()


async def test_a_source_that_is_not_trusted_for_it_says_nothing() -> None:
    field = "mx.us.example; dkim=pass header.d=us.example"
    assert await checked(field, name="") == Evidence()
    assert await checked(field, account="them") == Evidence()


async def test_what_was_sent_on_is_not_proven_by_what_was_checked_of_its_author() -> None:
    raw = f"Authentication-Results: mx.us.example; dkim=pass header.d=us.example\r\nResent-From: {ANA}\r\n".encode()
    raw += b"Resent-To: passkey@forward.log.example\r\n" + mail(ANA, BOB)
    [case] = cases(US, Delivery(raw, ["passkey@forward.log.example"], ANA, "hosted"))
    claimed = claim(case)
    assert claimed is not None
    assert claimed.field == "resent-from"
    source = replace(case.envelope.peer.sources[0], authserv_id="mx.us.example")
    envelope = replace(case.envelope, peer=replace(case.envelope.peer, sources=(source,)))
    alignment = dmarc.Alignment(claimed.domain, FakeLookups(ZONE))
    assert await results.check(envelope, case.recipient, claimed, alignment) == Evidence()


async def test_spf_there_is_spf_alone_here() -> None:
    found = await checked("mx.us.example; spf=pass smtp.mailfrom=ana@us.example")
    assert found.proofs == (Proof("spf", "us.example"),)


@pytest.mark.parametrize(("author", "contradicted"), [(ANA, True), (BOB, False)])
async def test_a_failure_contradicts_the_author_where_his_domain_asks_for_more_than_reports(
    author: str, *, contradicted: bool
) -> None:
    domain = author.partition("@")[2]
    found = await checked(f"mx.us.example; dmarc=fail header.from={domain}", author=author)
    assert (found.contradicted, found.proofs) == (contradicted, ())


async def test_a_failure_whose_policy_dns_can_not_tell_is_waited_for() -> None:
    found = await checked("mx.us.example; dmarc=fail header.from=broken.example", author="x@broken.example")
    assert (found.contradicted, found.pending) == (True, (Proof("results", "broken.example"),))


async def test_what_dns_can_not_tell_is_pending() -> None:
    found = await checked("mx.us.example; dkim=pass header.d=mail.broken.example", author="x@broken.example")
    assert (found.proofs, found.pending) == ((), (Proof("results", "broken.example"),))
