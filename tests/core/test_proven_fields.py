"""How far a proof reaches: it speaks for the claim that it was made about, and for no other field or message."""

from __future__ import annotations

from dataclasses import replace

import pytest
from fakes.copies import FORWARD, JOURNAL, attached, ids, journalled
from fakes.decisions import activity, decided, stage
from fakes.deliveries import ANA, BCC, BOB, RELAY, Delivery, cases, mail
from fakes.world import SourceRow, load_world

from gateway.core.claims import with_evidence
from gateway.core.decision import Decision
from gateway.core.model import Evidence, Proof

US = replace(load_world(), never_log=())
SALES, DAN = "sales@us.example", "dan@us.example"
DKIM, ARC, RESULTS = Proof("dkim", "us.example"), Proof("arc", "us.example"), Proof("results", "us.example")
OUTSIDE = "Received: from evil.example (evil.example [192.0.2.66]) by mx.us.example; Tue, 4 Mar 2025 10:30:00 +0000\r\n"
OPEN_SENDER = Evidence(unsigned=frozenset({"sender"}))


# --- Sender ---


def by_mailbox(to: str, *proofs: Proof, seen: Evidence = Evidence()) -> Decision:  # noqa: B008 - it can't be changed
    """Ana's mail in the name of a shared mailbox."""
    raw = mail(SALES, BOB, Sender=ANA)
    return decided(raw, to, SALES, world=US, source="hosted", proofs=proofs, seen=seen, rule="log_all")


@pytest.mark.parametrize("proof", [DKIM, ARC])
def test_a_sender_that_the_signature_covers_names_the_user(proof: Proof) -> None:
    assert activity(by_mailbox(BCC, proof)).attribution.user_id == "us/ana"


@pytest.mark.parametrize("proof", [DKIM, ARC])
def test_a_sender_that_the_signature_leaves_open_names_no_user(proof: Proof) -> None:
    """S16: anybody may write one above a mail that he got from the mailbox."""
    decision = by_mailbox(BCC, proof, seen=OPEN_SENDER)
    assert (decision.outcome, decision.reason) == ("held", "sender.unverified")
    assert by_mailbox(BCC, seen=OPEN_SENDER).outcome == "refused", "of the mailbox nothing is proven at all"
    assert by_mailbox(RELAY, proof, seen=OPEN_SENDER).reason == "sender.unverified"
    approved = by_mailbox(BCC, proof, Proof("person", SALES), seen=OPEN_SENDER)
    assert activity(approved).attribution.user_id == "us/ana"


def test_what_a_server_says_of_the_author_does_not_speak_for_the_sender() -> None:
    assert by_mailbox(RELAY, RESULTS).activity is None


def test_the_line_of_a_report_does_not_speak_for_the_sender_of_a_signed_mail() -> None:
    """R06: it tells the envelope, which anybody may write who sends that mail once more."""
    lines = f"Sender: {ANA}\r\nOn-Behalf-Of: {SALES}"
    raw = journalled(mail(SALES, BOB), ANA, (f"To: {BOB}",)).raw.replace(f"Sender: {ANA}".encode(), lines.encode(), 1)
    decision = decided(raw, JOURNAL, world=US, source="hosted", proofs=(DKIM,), rule="log_all")
    assert decision.activity is None
    vouched = decided(raw, JOURNAL, world=US, rule="log_all")
    assert activity(vouched).attribution.user_id == "us/ana"


@pytest.mark.parametrize("proof", [Proof("smtp_auth", ANA), Proof("source", "*"), Proof("person", SALES)])
def test_who_brings_the_whole_message_speaks_for_the_sender(proof: Proof) -> None:
    assert activity(by_mailbox(BCC, proof)).attribution.user_id == "us/ana"


# --- several authors, or one who can be read in two ways ---


@pytest.mark.parametrize("author", [f"{ANA}, m@us.example", f"m@us.example, {ANA}"])
def test_a_proof_of_the_domain_proves_neither_of_two_authors(author: str) -> None:
    """S07."""
    decision = decided(mail(author, BOB), BCC, ANA, source="hosted", proofs=(DKIM,))
    assert (decision.outcome, decision.reason) == ("refused", "sender.unverified")


def test_a_proof_of_the_domain_proves_no_author_who_can_be_read_in_two_ways() -> None:
    """S11."""
    decision = decided(mail(f"{DAN} <{ANA}>", BOB), BCC, ANA, source="hosted", proofs=(DKIM,))
    assert (decision.outcome, decision.reason) == ("refused", "sender.unverified")


# --- forwards ---


def test_a_forward_of_somebody_unproven_is_refused_whoever_wrote_what_is_inside() -> None:
    raw = attached(mail(BOB, ANA)).raw
    decision = decided(raw, FORWARD, ANA, source="hosted", proofs=(Proof("dkim", "client.example"),))
    assert (decision.outcome, decision.reason) == ("refused", "sender.unverified")
    assert decided(raw, FORWARD, ANA, source="hosted", proofs=(DKIM,)).reason == "explicit.forward"


# --- journal reports ---


def test_a_login_proves_nobody_inside_a_report() -> None:
    """S30: a source may sign in, and a user too; who wrote what they report is another question."""
    report = journalled(mail(ANA, BOB), ANA, (f"To: {BOB}",))
    decision = decided(report.raw, JOURNAL, source="hosted", proofs=(Proof("smtp_auth", ANA),), rule="log_all")
    assert (decision.outcome, decision.reason) == ("skipped", "sender.unverified")


def reported(source: SourceRow, hop: str) -> Decision:
    """A report with a user's mail inside, in which that server's results stand."""
    world = replace(US, sources={**US.sources, "mx": source})
    raw = hop.encode() + journalled(mail(ANA, BOB), ANA, (f"To: {BOB}",)).raw
    return decided(raw, JOURNAL, world=world, source="mx", proofs=(RESULTS,), rule="log_all")


def test_results_inside_a_report_that_came_from_outside_prove_nobody() -> None:
    """R06: somebody wrote the whole report to the alternate mailbox, whose server looks at its own header only."""
    alternate = SourceRow("127.0.0.9/32", alternate=True)
    decision = reported(alternate, OUTSIDE)
    assert (decision.outcome, decision.reason) == ("skipped", "sender.unverified")
    assert reported(alternate, "").outcome == "logged"
    assert reported(SourceRow("127.0.0.9/32"), OUTSIDE).outcome == "logged", "nobody can write to another source"


# --- recipients and the rest ---


def test_the_fields_that_a_signature_leaves_open_are_named() -> None:
    """S25: a stranger who has the mail can address it to somebody else."""
    seen = Evidence(unsigned=frozenset({"to", "in-reply-to"}))
    decision = decided(mail(ANA, BOB), BCC, ANA, source="hosted", proofs=(DKIM,), seen=seen)
    assert decision.outcome == "logged"
    assert [f.evidence for f in decision.findings if f.slug == "signature.open"] == ["in-reply-to, to"]
    assert stage(decided(mail(ANA, BOB), BCC, ANA, source="hosted", proofs=(DKIM,)), "authenticate") == ""


# --- references ---


def tied(delivery: Delivery, *proofs: Proof) -> bool:
    """Whether In-Reply-To still ties it to others, though it isn't signed."""
    [case] = cases(US, delivery)
    evidence = Evidence(proofs, unsigned=frozenset({"in-reply-to", "references"}))
    return bool(with_evidence(case, evidence).asked.parents.in_reply_to)


ANSWER = mail(ANA, BOB, In_Reply_To=ids("a"), References=ids("a"))


@pytest.mark.parametrize("proofs", [(DKIM,), (ARC,), (ARC, Proof("spf", "us.example"))])
def test_a_reference_that_a_seal_leaves_open_ties_to_nothing(proofs: tuple[Proof, ...]) -> None:
    """S25."""
    assert not tied(Delivery(ANSWER, [BCC], ANA, "hosted"), *proofs)


def test_a_servers_copy_is_tied_by_references_that_nobody_signed() -> None:
    """Many providers sign From, Date and Subject alone; without any signature it would be tied, too."""
    assert tied(Delivery(ANSWER, [RELAY], ANA, "hosted"), DKIM)
    before = Delivery(mail(ANA, BOB, message_id="a"), [BCC], ANA)
    answer = mail(BOB, ANA, "Re: Offer", message_id="re", In_Reply_To=ids("a"))
    seen = Evidence(unsigned=frozenset({"in-reply-to"}))
    proven = (Proof("dkim", "client.example"),)
    assert decided(answer, RELAY, BOB, before=(before,), source="hosted", proofs=proven, seen=seen).reason == (
        "thread.logged"
    )


def test_what_is_inside_a_forward_is_tied_by_its_own_references() -> None:
    """The signature covers it as a body, whatever it leaves open of the forward's own header."""
    assert tied(attached(ANSWER), DKIM)
