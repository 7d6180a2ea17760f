"""Who is who in a message."""

from __future__ import annotations

from typing import Any

import pytest
from fakes.decisions import activity, decided, targets
from fakes.deliveries import ANA, BCC, BOB, RELAY, mail

SALES = "sales@us.example"


def people(raw: bytes, address: str = BCC, mail_from: str = ANA, **account: Any) -> list[str]:
    """Role and address of every stored participant."""
    stored = activity(decided(raw, address, mail_from, rule="log_all", **account)).participants
    return [f"{p.role.value} {p.address or '(listed)'}" for p in stored]


def test_groups_and_repeated_fields_are_flattened() -> None:
    raw = mail(ANA, f"team: {BOB}, kim@client.example;", "Offer", "To: new@lead.example", Cc="undisclosed-recipients:;")
    assert people(raw) == [f"from {ANA}", f"to {BOB}", "to kim@client.example", "to new@lead.example"]


@pytest.mark.parametrize(
    "address", [BCC, "anakey+deal@bcc.log.example", "other@relay.log.example", "K@JOURNAL.log.example"]
)
def test_capture_addresses_are_no_participants(address: str) -> None:
    assert people(mail(ANA, BOB, Cc=address, Reply_To=address)) == [f"from {ANA}", f"to {BOB}"]


def test_a_reply_to_of_somebody_outside_is_no_target() -> None:
    assert targets(decided(mail(ANA, BOB, Reply_To="new@lead.example"), BCC, ANA)) == [BOB]


def test_internal_addresses_become_no_contacts() -> None:
    decision = decided(mail(ANA, f"{BOB}, {SALES}, boss@us.example"), BCC, ANA)
    assert targets(decision) == [BOB]


def test_a_bcc_field_counts_in_what_a_user_wrote_only() -> None:
    assert "bcc kim@client.example" in people(mail(ANA, BOB, Bcc="kim@client.example"))
    assert "via kim@client.example" in people(mail(BOB, ANA, Bcc="kim@client.example"), RELAY, BOB)


@pytest.mark.parametrize("author", ["", "(nobody)", "undisclosed-recipients:;", "just a name"])
def test_without_an_author_a_users_copy_is_refused_and_a_servers_held(author: str) -> None:
    raw = mail(author, BOB)
    assert [decided(raw, a, ANA).reason for a in (BCC, RELAY)] == ["smtp.malformed", "participants.unparsable"]


@pytest.mark.parametrize("field", ["To", "Cc", "Bcc", "Sender", "Reply-To"])
@pytest.mark.parametrize("address", [BCC, RELAY])
def test_an_address_that_cannot_be_read_stops_it(field: str, address: str) -> None:
    decision = decided(mail(ANA, BOB, "Offer", f'{field}: "x" <a@@b'), address, ANA)
    assert (decision.outcome, decision.reason) == ("skipped", "participants.unparsable")
    assert decision.tombstone


def test_more_than_fifty_hops_is_a_loop_for_a_users_copy_only() -> None:
    hop = "Received: from a.example by b.example; Tue, 4 Mar 2025 12:00:00 +0000"
    raw = mail(ANA, BOB, "Offer", *[hop] * 60)
    assert decided(raw, BCC, ANA).reason == "smtp.routing_loop"
    assert decided(raw, RELAY, ANA, rule="log_all").reason == "rule.log_all"


def test_two_from_fields_are_refused_from_a_user_and_unproven_from_a_server() -> None:
    for authors in ((ANA, "m@evil.example"), ("m@evil.example", ANA)):
        raw = mail(authors[0], BOB, "Offer", f"From: {authors[1]}")
        assert decided(raw, BCC, ANA).reason == "smtp.malformed"
        assert decided(raw, RELAY, ANA, rule="log_all").reason == "sender.unverified"


def test_each_of_two_authors_is_tested_against_the_list() -> None:
    raw = mail(BOB, ANA, "Offer", "From: eve@rival.example")
    assert decided(raw, RELAY, BOB, rule="log_all").reason == "never_log.address"


def test_a_broken_header_is_refused_from_a_user_and_kept_out_from_a_server() -> None:
    raw = mail(ANA, BOB, "Offer", *[f"X-{n}: x" for n in range(1100)])
    assert [decided(raw, a, ANA).reason for a in (BCC, RELAY)] == ["smtp.malformed", "participants.unparsable"]


def test_five_hundred_participants_are_stored_and_a_hundred_contacts_made() -> None:
    raw = mail(ANA, ", ".join(f"p{n}@crowd.example" for n in range(600)))
    decision = decided(raw, BCC, ANA)
    assert (len(activity(decision).participants), len(activity(decision).targets)) == (500, 100)
    assert "participants.truncated" in decision.flags
