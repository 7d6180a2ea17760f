"""Which methods are asked, in which order, for which copies; and what none of them costs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from fakes.deliveries import ANA, BCC, BOB, DANS_BCC, RELAY, Delivery, cases, mail
from fakes.lookups import FakeLookups
from fakes.signing import NOW, Signer
from fakes.world import load_world

from gateway.authenticate import Authenticator, satisfied, session
from gateway.core.facts import AccountSettings
from gateway.core.limits import DkimLimits
from gateway.core.model import Channel, Evidence, Proof
from gateway.core.questions import Case

US = load_world()
OURS = Signer("us.example")
LIST = Signer("lists.example")
RAW = mail(ANA, BOB)
SIGNED = OURS.sign(RAW)
DKIM, SPF, ARC = Proof("dkim", "us.example"), Proof("spf", "us.example"), Proof("arc", "us.example")
ZONE = {
    "_dmarc.us.example TXT": ("v=DMARC1; p=reject",),
    "us.example TXT": ("v=spf1 ip4:127.0.0.1 -all",),
    **OURS.zone(),
    **LIST.zone(),
}
DOWN: Mapping[str, None] = dict.fromkeys(ZONE)


def found(raw: bytes, *to: str, source: str = "hosted", mail_from: str = ANA, login: str = "") -> list[Case]:
    copies = cases(US, Delivery(raw, to or (BCC,), mail_from, source, NOW * 1000))
    if not login:
        return copies
    return [
        replace(c, envelope=replace(c.envelope, peer=replace(c.envelope.peer, login=login, account_id=US.account)))
        for c in copies
    ]


async def evidence(
    copies: list[Case], zone: Mapping[str, Any] = ZONE, **settings: Any
) -> tuple[list[Evidence], list[FakeLookups]]:
    """What was found out, and the look-ups that were made for it."""
    made: list[FakeLookups] = []

    def lookups() -> FakeLookups:
        made.append(FakeLookups(zone))
        return made[-1]

    async def account(account_id: str) -> AccountSettings:
        return {US.account: AccountSettings(**settings)}[account_id]

    return await Authenticator(lookups, DkimLimits()).evidence(copies, account), made


def asked(made: list[FakeLookups]) -> list[str]:
    return [question for lookups in made for question in lookups.asked]


async def proofs(raw: bytes, *to: str, **settings: Any) -> tuple[Proof, ...]:
    [one], _ = await evidence(found(raw, *to), **settings)
    return one.proofs


async def test_a_signature_is_proof_and_no_forwarder_or_policy_is_asked() -> None:
    [one], [lookups] = await evidence(found(SIGNED, mail_from="m@evil.example"))
    assert one.proofs == (DKIM,)
    assert lookups.asked == ["s1._domainkey.us.example TXT"]


async def test_of_a_signed_explicit_copy_spf_tells_whether_the_author_sent_it_here() -> None:
    assert await proofs(SIGNED) == (DKIM, SPF)
    assert await proofs(SIGNED, RELAY) == (DKIM,)


async def test_without_a_signature_the_client_may_speak_for_an_explicit_copy() -> None:
    assert await proofs(RAW) == (SPF,)
    assert await proofs(RAW, RELAY) == (), "behind a server that copies, it is that server's address"


async def test_what_nothing_proves_is_held_against_the_domains_policy() -> None:
    [one], _ = await evidence(found(RAW, mail_from="m@evil.example"))
    assert (one.proofs, one.contradicted) == ((), True)
    [one], _ = await evidence(found(RAW, RELAY))
    assert not one.contradicted, "what a server copies may have lost its signature on the way"


async def test_a_forwarder_counts_where_the_account_trusts_it() -> None:
    changed = RAW.replace(b"Offer", b"[list] Offer")
    sealed = LIST.seal(changed, "lists.example; dkim=pass header.d=us.example")
    assert await proofs(sealed, RELAY) == ()
    assert await proofs(sealed, RELAY, arc_sealers=frozenset({"lists.example"})) == (ARC,)


async def test_the_word_of_a_session_makes_questions_needless() -> None:
    for copies in (found(RAW, source="office"), found(RAW, login=ANA)):
        [one], made = await evidence(copies)
        assert satisfied(copies[0])
        assert (len(one.proofs), asked(made)) == (1, [])


async def test_a_login_speaks_for_one_person() -> None:
    copies = found(mail("dan@us.example", BOB), login=ANA)
    [one], made = await evidence(copies)
    assert not satisfied(copies[0])
    assert one.proofs[0] == Proof("smtp_auth", ANA)
    assert asked(made)


async def test_an_account_that_asks_for_no_proof_asks_nobody() -> None:
    [one], made = await evidence(found(SIGNED), sender_proof="off")
    assert (one, asked(made)) == (Evidence(), [])


async def test_recipients_of_one_account_share_what_was_found_out() -> None:
    both, made = await evidence(found(SIGNED, BCC, DANS_BCC))
    assert [one.proofs for one in both] == [(DKIM, SPF), (DKIM, SPF)]
    assert asked(made) == ["s1._domainkey.us.example TXT", "us.example TXT"]


async def test_all_recipients_of_a_message_share_its_look_ups() -> None:
    _, made = await evidence(found(RAW, BCC, "passkey@forward.log.example", RELAY))
    assert len(made) == 1


async def test_a_report_is_proven_by_the_message_inside() -> None:
    boundary = b'Content-Type: multipart/mixed; boundary="b"\r\n\r\n'
    told = b"--b\r\nContent-Type: text/plain\r\n\r\nSender: ana@us.example\r\nTo: bob@client.example\r\n"
    inside = b"--b\r\nContent-Type: message/rfc822\r\n\r\n" + SIGNED + b"--b--\r\n"
    head = b"From: postmaster@us.example\r\nX-MS-Journal-Report:\r\nMIME-Version: 1.0\r\n"
    report = head + boundary + told + inside
    copies = found(report, "archivekey@journal.log.example", source="office")
    [one], _ = await evidence(copies)
    assert set(one.proofs) == {Proof("source", "*"), DKIM}


async def test_without_dns_what_might_have_been_proven_is_pending() -> None:
    [one], _ = await evidence(found(SIGNED), DOWN)
    assert (one.proofs, one.pending) == ((), (DKIM, SPF))
    [one], _ = await evidence(found(SIGNED, mail_from="m@evil.example"), DOWN)
    assert one.pending == (DKIM,)


@pytest.mark.parametrize("author", ["Ana", f"{ANA}, m@evil.example", ""])
async def test_who_makes_no_claim_is_not_looked_up(author: str) -> None:
    [one], made = await evidence(found(mail(author, BOB)))
    assert (one, asked(made)) == (Evidence(), [])


@pytest.mark.parametrize(
    ("channels", "to", "vouched"),
    [
        ("relay", BCC, True),
        ("relay", "passkey@forward.log.example", True),
        ("relay", RELAY, True),
        ("journal", BCC, False),
        ("journal", RELAY, False),
        ("journal", "archivekey@journal.log.example", True),
        ("relay journal", BCC, True),
    ],
)
def test_a_source_vouches_for_what_it_may_copy(channels: str, to: str, *, vouched: bool) -> None:
    [copy] = found(RAW, to, source="office")
    source = replace(copy.envelope.peer.sources[0], channels=frozenset(map(Channel, channels.split())))
    envelope = replace(copy.envelope, peer=replace(copy.envelope.peer, sources=(source,)))
    assert session.check(envelope, copy.recipient).proofs == ((Proof("source", "*"),) if vouched else ())
