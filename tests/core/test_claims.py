"""Whose word a copy rests on, and what of it a signature must cover."""

from __future__ import annotations

from dataclasses import replace

import pytest
from fakes.copies import journalled
from fakes.deliveries import ANA, BCC, BOB, RELAY, Delivery, cases, mail
from fakes.world import load_world

from gateway.core.claims import claim, with_evidence
from gateway.core.model import Evidence, Proof
from gateway.core.questions import Case

US = load_world()
FORWARD = "passkey@forward.log.example"
DKIM = Proof("dkim", "us.example")


def case_of(raw: bytes, to: str) -> Case:
    return cases(US, Delivery(raw, [to], ""))[0]


@pytest.mark.parametrize("to", [BCC, RELAY])
def test_a_copy_rests_on_its_author(to: str) -> None:
    raw = mail(ANA, BOB)
    claimed = claim(case_of(raw, to))
    assert claimed is not None
    assert (claimed.field, claimed.mailbox.address, claimed.domain, claimed.raw) == ("from", ANA, "us.example", raw)


def test_a_journal_report_rests_on_the_author_of_the_message_inside() -> None:
    inner = mail(BOB, ANA)
    [case] = cases(US, journalled(inner, BOB, (f"To: {ANA}",)))
    claimed = claim(case)
    assert claimed is not None
    assert (claimed.mailbox.address, claimed.raw.strip()) == (BOB, inner.strip())


def test_a_forward_rests_on_who_forwards_it() -> None:
    inner = mail(BOB, ANA).decode()
    text = f"--b\r\nContent-Type: message/rfc822\r\n\r\n{inner}\r\n--b--"
    raw = mail(ANA, FORWARD, "Fwd: Offer", "Content-Type: multipart/mixed; boundary=b", text=text)
    claimed = claim(case_of(raw, FORWARD))
    assert claimed is not None
    assert (claimed.mailbox.address, claimed.raw) == (ANA, raw)


def test_what_was_sent_on_unchanged_rests_on_who_sent_it_on() -> None:
    raw = f"Resent-From: {ANA}\r\nResent-To: {FORWARD}\r\n".encode() + mail(BOB, ANA)
    claimed = claim(case_of(raw, FORWARD))
    assert claimed is not None
    assert (claimed.field, claimed.mailbox.address) == ("resent-from", ANA)


@pytest.mark.parametrize("author", [f"{ANA}, m@evil.example", "Ana", "(nobody)", f"{ANA} <m@evil.example>"])
def test_without_a_single_readable_author_nobody_makes_a_claim(author: str) -> None:
    assert claim(case_of(mail(author, BOB), BCC)) is None


def references(unsigned: set[str], *proofs: Proof) -> tuple[bool, bool]:
    """Whether In-Reply-To and References still tie a message to others."""
    case = case_of(mail(ANA, BOB, In_Reply_To="<a@mail.example>", References="<z@mail.example>"), BCC)
    parents = with_evidence(case, Evidence(proofs, unsigned=frozenset(unsigned))).asked.parents
    assert bool(parents.agreeing) == bool(parents.in_reply_to)
    return bool(parents.in_reply_to), bool(parents.references)


def test_a_reference_that_the_signature_leaves_open_ties_to_nothing() -> None:
    assert references(set(), DKIM) == (True, True)
    assert references({"to", "subject"}, DKIM) == (True, True)
    assert references({"in-reply-to"}, DKIM) == (False, True)
    assert references({"references"}, DKIM) == (True, False)


def test_a_proof_of_the_whole_message_covers_its_references() -> None:
    assert references({"in-reply-to", "references"}, DKIM, Proof("source", "*")) == (True, True)


def test_a_message_that_nothing_proves_keeps_its_references() -> None:
    assert references({"in-reply-to", "references"}) == (True, True)


def test_evidence_of_two_methods_adds_up() -> None:
    one = Evidence((DKIM,), (Proof("spf", "us.example"),), seen=(("dkim.pass", "us.example"),))
    two = Evidence(contradicted=True, seen=(("dmarc.fail", "us.example"),), unsigned=frozenset({"to"}))
    both = one + two
    assert both == replace(one, contradicted=True, seen=(*one.seen, *two.seen), unsigned=frozenset({"to"}))
