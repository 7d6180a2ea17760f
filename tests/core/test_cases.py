"""Journal reports as cases: whom they name counts, however many they are and in whatever order they come."""

from __future__ import annotations

from dataclasses import replace
from itertools import permutations

import pytest
from fakes.decisions import activity, decided
from fakes.deliveries import ANA, BCC, BOB, EVE, KEYED, KIM, NOON, RELAY, Delivery, deliver, mail
from fakes.memory_store import MemoryStore
from fakes.world import load_world
from hypothesis import given, settings
from hypothesis import strategies as st

JOURNAL = "archivekey@journal.log.example"
DAN, LIST = "dan@us.example", "dl@us.example"
SERVER = "exchange@us.example"  # of the account's own domain, which is on the list


def report(sender: str, inner: bytes, *lines: str) -> bytes:
    head = f"From: {SERVER}\r\nTo: {JOURNAL}\r\nX-MS-Journal-Report:\r\n"
    body = "\r\n".join((f"Sender: {sender}", "Subject: Offer", "Message-ID: <one@mail.example>", *lines))
    return (
        f'{head}Content-Type: multipart/mixed; boundary="b"\r\n\r\n--b\r\n\r\n{body}\r\n--b\r\n'
        "Content-Type: message/rfc822\r\n\r\n"
    ).encode() + inner + b"\r\n--b--\r\n"  # fmt: skip


def crowd(size: int) -> list[str]:
    return [f"Bcc: p{n}@crowd.example" for n in range(size)]


@pytest.mark.parametrize(("listed", "reason"), [(EVE, "rule.log_all"), ("jo@lawyer.example", "never_log.domain")])
def test_the_last_of_ten_thousand_recipients_is_held_against_the_list(listed: str, reason: str) -> None:
    raw = report(ANA, mail(ANA, BOB), *crowd(9_999), f"Bcc: {listed}")
    decision = decided(raw, JOURNAL, "<>", rule="log_all")
    assert decision.reason == reason
    assert listed not in repr(decision.activity)


def test_more_recipients_than_that_keep_it_out_where_one_of_them_might_be_listed() -> None:
    decision = decided(report(ANA, mail(ANA, BOB), *crowd(10_001)), JOURNAL, "<>", rule="log_all")
    assert (decision.outcome, decision.reason) == ("skipped", "participants.unparsable")


def test_a_hidden_recipient_is_hidden_in_the_activity_and_those_in_sight_are_not() -> None:
    raw = report(ANA, mail(ANA, BOB), f"To: {BOB}", f"Bcc: {KIM}")
    stored = activity(decided(raw, JOURNAL, "<>", rule="log_all")).participants
    assert [p.address for p in stored if p.hidden] == [KIM]


def test_a_listed_way_is_kept_as_a_placeholder() -> None:
    raw = report(ANA, mail(ANA, BOB), f"To: {BOB}, Expanded: team@secret.example")
    decision = decided(raw, JOURNAL, "<>", rule="log_all")
    assert [p.entry_id for p in activity(decision).participants if p.role == "via"] == ["us/*@secret.example"]
    assert "team@secret.example" not in repr(decision.activity)


LINES = [
    f"{role}: {who}{way}"
    for role in ("To", "Bcc", "Recipient")
    for who in (DAN, KIM, EVE, "max@us.example")
    for way in ("", f", Expanded: {LIST}")
]


@settings(max_examples=25, deadline=None)
@given(st.sampled_from((ANA, BOB)), st.lists(st.sampled_from(LINES), min_size=2, max_size=2, unique=True))
def test_any_order_of_reports_and_copies_ends_in_the_same_activity(author: str, lines: list[str]) -> None:
    world = load_world().with_settings(rule="log_all")
    inner = mail(author, f"{BOB if author == ANA else ANA}, {LIST}")
    copies = [Delivery(inner, [BCC if author == ANA else RELAY], author)]
    copies += [Delivery(report(author, inner, line), [JOURNAL], "") for line in lines]
    results = set()
    for order in permutations(copies):
        store = MemoryStore(KEYED, world)
        deliver(store, world, *(replace(d, at=NOON + n) for n, d in enumerate(order)))
        results.add(tuple(replace(one, copies=()) for one in store.seen("us")))
    assert len(results) == 1, results
