"""Whose name counts: every kind of proof, and what goes without."""

from __future__ import annotations

from typing import Any

import pytest
from fakes.decisions import decided, stage
from fakes.deliveries import ANA, BCC, BOB, RELAY, mail

from gateway.core.model import Evidence, Proof

DAN = "dan@us.example"
ALIAS = "ana.s@us.example"


@pytest.mark.parametrize(
    "proof",
    [
        Proof("dkim", "us.example"),
        Proof("arc", "us.example"),
        Proof("source", "*"),
        Proof("smtp_auth", ANA),
        Proof("smtp_auth", ALIAS),
        Proof("results", "us.example"),
        Proof("person", ANA),
    ],
)
def test_a_users_mail_counts_with_any_proof(proof: Proof) -> None:
    decision = decided(mail(ANA, BOB), BCC, ANA, source="hosted", proofs=(proof,))
    assert (decision.reason, stage(decision, "authenticity")) == ("explicit.bcc", "sender.proven")


@pytest.mark.parametrize(
    "proof",
    [
        Proof("dkim", "evil.example"),
        Proof("dkim", "example"),
        Proof("dkim", "mail.us.example"),
        Proof("arc", "evil.example"),
        Proof("results", "evil.example"),
        Proof("person", DAN),
        Proof("person", "us.example"),
        Proof("smtp_auth", DAN),
        Proof("smtp_auth", "boss@them.example"),
        Proof("spf", "evil.example"),
    ],
)
@pytest.mark.parametrize(("address", "outcome"), [(BCC, "refused"), (RELAY, "skipped")])
def test_a_proof_of_somebody_else_is_none(proof: Proof, address: str, outcome: str) -> None:
    decision = decided(mail(ANA, BOB), address, ANA, source="hosted", proofs=(proof,))
    assert (decision.outcome, decision.reason) == (outcome, "sender.unverified")


@pytest.mark.parametrize(
    ("address", "account", "outcome", "reason"),
    [
        (BCC, {}, "held", "sender.spf_only"),
        (BCC, {"unproven_user": "hold"}, "held", "sender.spf_only"),
        (BCC, {"sender_proof": "spf_is_enough"}, "logged", "explicit.bcc"),
        (BCC, {"sender_proof": "off"}, "logged", "explicit.bcc"),
        (RELAY, {"rule": "log_all"}, "skipped", "sender.unverified"),
        (RELAY, {"rule": "log_all", "sender_proof": "spf_is_enough"}, "logged", "rule.log_all"),
    ],
)
def test_spf_alone_is_held_unless_the_account_takes_it(
    address: str, account: dict[str, Any], outcome: str, reason: str
) -> None:
    decision = decided(mail(ANA, BOB), address, ANA, source="hosted", proofs=(Proof("spf", "us.example"),), **account)
    assert (decision.outcome, decision.reason) == (outcome, reason)


@pytest.mark.parametrize(
    "author",
    [
        f"{ANA}, m@evil.example",
        f"m@evil.example, {ANA}",
        f"team: {ANA}, m@evil.example;",
    ],
)
def test_of_several_authors_nobody_is_proven(author: str) -> None:
    decision = decided(mail(author, BOB), BCC, ANA)
    assert (decision.outcome, decision.reason) == ("refused", "sender.unverified")


@pytest.mark.parametrize(
    "author",
    [
        f'"{ANA}" <m@evil.example>',
        f'"{ANA}"@evil.example',
        "=?utf-8?q?ana=40us.example?= <m@evil.example>",
        "ana@us.example.evil.example",
        "an\u0430@us.example",
    ],
)
def test_who_only_looks_like_a_user_is_none(author: str) -> None:
    decision = decided(mail(author, BOB), BCC, "m@evil.example", source="hosted")
    assert decision.reason == "sender.unknown"


@pytest.mark.parametrize("author", ["Ana@US.EXAMPLE", "<ana@us.example.>", '"ana"@us.example', "ana+tag@us.example"])
def test_another_spelling_of_a_user_is_the_user(author: str) -> None:
    decision = decided(mail(author, BOB), BCC, ANA)
    assert decision.activity is not None
    assert decision.activity.attribution.user_id == "us/ana"


def test_a_tag_is_part_of_the_name_where_subaddressing_is_off() -> None:
    assert decided(mail("ana+tag@us.example", BOB), BCC, ANA, subaddressing=False).reason != "explicit.bcc"


@pytest.mark.parametrize("field", ["Sender", "Reply-To", "Return-Path", "X-Gateway-User"])
def test_a_user_named_elsewhere_is_not_the_author(field: str) -> None:
    raw = mail("m@evil.example", BOB, "Offer", f"{field}: {ANA}")
    assert decided(raw, BCC, "m@evil.example").reason == "sender.unknown"


def test_a_trusted_looking_field_of_the_message_proves_nothing() -> None:
    raw = mail(ANA, BOB, "Offer", "Authentication-Results: gw.log.example; dkim=pass header.d=us.example")
    assert decided(raw, BCC, ANA, source="hosted").reason == "sender.unverified"


@pytest.mark.parametrize("to", [f"{ANA}, max@us.example", "max@us.example, sales@us.example"])
def test_mail_that_concerns_somebody_who_may_log_is_permitted(to: str) -> None:
    assert decided(mail(BOB, to), rule="log_all").reason == "rule.log_all"


def test_an_answer_to_all_must_be_of_a_proven_contact() -> None:
    raw = mail(BOB, ANA, Cc=BCC)
    assert decided(raw, BCC, BOB, source="hosted").reason == "sender.unknown"
    assert decided(mail("new@lead.example", ANA, Cc=BCC), BCC).reason == "sender.unknown"
    assert stage(decided(raw, BCC, BOB), "authenticity") == "sender.answers_all"


@pytest.mark.parametrize(
    ("proofs", "flagged"),
    [
        ((Proof("dkim", "us.example"),), True),
        ((Proof("dkim", "us.example"), Proof("spf", "us.example")), False),
        ((Proof("dkim", "us.example"), Proof("smtp_auth", ANA)), False),
        ((Proof("dkim", "us.example"), Proof("smtp_auth", DAN)), True),
        ((Proof("dkim", "us.example"), Proof("spf", "evil.example")), True),
        ((Proof("arc", "us.example"),), False),
        ((Proof("smtp_auth", ANA),), False),
    ],
)
def test_signed_mail_that_anybody_may_have_sent_in_is_flagged(proofs: tuple[Proof, ...], *, flagged: bool) -> None:
    """S27: one activity, whose only link to the user is the capture address."""
    decision = decided(mail(ANA, BOB), BCC, ANA, source="hosted", proofs=proofs)
    assert decision.outcome == "logged"
    assert ("sender.elsewhere" in decision.flags) == flagged
    relayed = decided(mail(ANA, BOB), RELAY, ANA, source="hosted", proofs=proofs, rule="log_all")
    assert "sender.elsewhere" not in relayed.flags, "a server's copies come from the server"


WAITING = Evidence(pending=(Proof("dkim", "us.example"),), seen=(("dns.unavailable", "us.example"),))


def test_a_users_mail_waits_for_dns() -> None:
    decision = decided(mail(ANA, BOB), BCC, ANA, source="hosted", seen=WAITING)
    assert (decision.outcome, decision.reason) == ("deferred", "smtp.dns_unavailable")
    assert decision.activity is decision.remembered is None


def test_a_users_mail_that_is_proven_without_dns_does_not_wait() -> None:
    assert decided(mail(ANA, BOB), BCC, ANA, seen=WAITING).reason == "explicit.bcc"


@pytest.mark.parametrize(
    ("raw", "address", "reason"),
    [
        (mail(ANA, "counsel@secret.example"), BCC, "never_log.domain"),
        (mail(ANA, DAN), RELAY, "participants.internal_only"),
    ],
)
def test_what_no_proof_would_change_does_not_wait(raw: bytes, address: str, reason: str) -> None:
    pending = Evidence(pending=(Proof("spf", "client.example"),))
    assert decided(raw, address, ANA, seen=pending).reason == reason


def test_an_incoming_mail_waits_only_where_its_author_must_be_proven() -> None:
    waiting = Evidence(pending=(Proof("dkim", "client.example"),))
    assert decided(mail(BOB, ANA), RELAY, BOB, source="hosted", seen=waiting, rule="log_all").outcome == "logged"
    stranger = decided(mail(BOB, ANA), BCC, BOB, source="hosted", seen=waiting)
    assert (stranger.outcome, stranger.reason) == ("deferred", "smtp.dns_unavailable")


DISOWNED = Evidence(contradicted=True, seen=(("dmarc.fail", "client.example"),))


def test_what_its_domain_disowns_is_not_written_on_a_customers_record() -> None:
    forged = decided(mail(BOB, ANA), RELAY, BOB, source="hosted", seen=DISOWNED, rule="log_all")
    assert (forged.outcome, forged.reason) == ("skipped", "sender.unverified")
    assert stage(forged, "authenticity") == "sender.contradicted"
    seal = (Proof("arc", "client.example"),)
    proven = decided(mail(BOB, ANA), RELAY, BOB, source="hosted", proofs=seal, seen=DISOWNED, rule="log_all")
    assert (proven.outcome, stage(proven, "authenticity")) == ("logged", "sender.proven")


@pytest.mark.parametrize(("setting", "outcome"), [("refuse", "refused"), ("hold", "held")])
def test_a_users_name_that_its_domain_disowns_is_unproven(setting: str, outcome: str) -> None:
    seen = Evidence(contradicted=True)
    decision = decided(mail(ANA, BOB), BCC, ANA, source="hosted", seen=seen, unproven_user=setting)
    assert (decision.outcome, decision.reason) == (outcome, "sender.unverified")
    assert stage(decision, "authenticity") == "sender.contradicted"


def test_every_check_is_told() -> None:
    seen = Evidence(seen=(("dns.unavailable", "a.example"), ("dmarc.fail", "b.example")))
    told = [(f.slug, f.evidence) for f in decided(mail(ANA, BOB), BCC, seen=seen).findings if f.stage == "authenticate"]
    assert told == list(seen.seen)
