"""On whose record a message is written, and who is created for it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from fakes.decisions import activity, decided, targets
from fakes.deliveries import ANA, BCC, BOB, KIM, RELAY, Delivery, mail
from fakes.world import ContactRow, load_world

NEW = "new@lead.example"


def created(raw: bytes, address: str = RELAY, **account: Any) -> list[str]:
    found = activity(decided(raw, address, ANA, **account)).targets
    return [target.address for target in found if target.contact_id is None]


def test_the_first_target_of_incoming_mail_is_its_author() -> None:
    assert targets(decided(mail(BOB, ANA, Cc=f"{KIM}, {BOB}"), rule="log_all")) == [BOB, KIM]


def test_a_person_named_twice_is_one_target() -> None:
    assert targets(decided(mail(ANA, f"{BOB}, {NEW}", Cc=f"Bob <BOB@client.example>, {NEW}"), BCC, ANA)) == [BOB, NEW]


@pytest.mark.parametrize(("rule", "expected"), [("log_all", []), ("log_all_and_create", [NEW])])
def test_a_rule_creates_contacts_or_does_not(rule: str, expected: list[str]) -> None:
    assert created(mail(ANA, f"{BOB}, {NEW}"), rule=rule) == expected
    assert created(mail(BOB, ANA, Cc=NEW), rule=rule) == expected


def test_whoever_answers_from_another_address_in_a_logged_thread_is_not_created() -> None:
    first = Delivery(mail(ANA, BOB), [BCC], ANA)
    raw = mail("bob@home2.example", ANA, "Re: Offer", message_id="two", In_Reply_To="<one@mail.example>")
    for rule in ("replies_only", "log_all", "log_all_and_create"):
        assert targets(decided(raw, before=(first,), rule=rule)) == [BOB]


def test_a_contact_is_found_by_each_of_its_addresses() -> None:
    world = load_world()
    bob = ContactRow((BOB, "bob@home2.example"), "zoe")
    world = replace(world, contacts={**world.contacts, "bob": bob})
    found = activity(decided(mail(ANA, "bob+x@home2.example"), BCC, ANA, world=world)).targets
    assert [target.contact_id for target in found] == ["us/bob"]
