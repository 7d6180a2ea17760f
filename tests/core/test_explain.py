"""The text of a decision. Every golden case shows one; here is what holds of all."""

from __future__ import annotations

from fakes.decisions import decided
from fakes.deliveries import ANA, BCC, BOB, EVE, mail

from gateway.core.explain import KEPT, explain
from gateway.core.model import Outcome


def test_the_first_line_is_outcome_and_reason_and_the_last_ends() -> None:
    lines = explain(decided(mail(ANA, BOB), BCC, ANA)).split("\n")
    assert (lines[0], lines[-1]) == ("logged explicit.bcc", "")


def test_no_listed_person_is_in_it() -> None:
    for raw in (mail(ANA, EVE), mail(ANA, f"{BOB}, Eve <{EVE}>"), mail(ANA, BOB, Delivered_To=EVE)):
        text = explain(decided(raw, BCC, ANA))
        assert EVE not in text
        assert "Eve" not in text


def test_the_capture_key_is_not_in_it() -> None:
    raw = mail(ANA, BOB, Cc=BCC)
    assert "anakey" not in explain(decided(raw, BCC, ANA))


def test_it_says_what_is_kept() -> None:
    assert "kept: nothing of the message\n" in explain(decided(mail(ANA, EVE), BCC, ANA))
    assert set(KEPT) == set(Outcome)


def test_no_line_ends_in_a_blank() -> None:
    assert all(line == line.rstrip() for line in explain(decided(mail(ANA, BOB), BCC, ANA)).split("\n"))
