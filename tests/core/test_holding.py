"""What is held instead of refused, and never before the list was asked."""

from __future__ import annotations

import pytest
from fakes.copies import FORWARD, attached
from fakes.decisions import decided
from fakes.deliveries import ANA, BCC, BOB, EVE, KEYED, RELAY, Delivery, cases, deliver, mail
from fakes.memory_store import MemoryStore
from fakes.world import load_world

from gateway.core.model import Proof

US = load_world()


@pytest.mark.parametrize(
    ("raw", "to", "author", "proof"),
    [
        (mail(ANA, EVE), BCC, ANA, "us.example"),
        (mail("ana@home.example", EVE), BCC, "ana@home.example", "home.example"),
        (attached(mail(EVE, ANA)).raw, FORWARD, ANA, "us.example"),
    ],
)
def test_what_would_be_held_is_first_held_against_the_list(raw: bytes, to: str, author: str, proof: str) -> None:
    method = "spf" if author == ANA else "dkim"
    proofs = (Proof(method, proof),)
    decision = decided(raw, to, author, source="hosted", proofs=proofs)
    assert (decision.outcome, decision.reason) == ("skipped", "never_log.address")
    clear = decided(raw.replace(EVE.encode(), BOB.encode()), to, author, source="hosted", proofs=proofs)
    assert clear.outcome == "held"


def test_nothing_is_refused_that_comes_with_a_servers_copy() -> None:
    """Rule 3: a transaction with a passive recipient counts as passive."""
    both = Delivery(mail(ANA, BOB), [BCC, RELAY], ANA, "hosted")
    assert {case.may_refuse for case in cases(US, both)} == {False}
    found = [d.outcome.value for d in deliver(MemoryStore(KEYED, US), US, both)]
    assert found == ["held", "skipped"]
