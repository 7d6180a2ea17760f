"""What server copies make: who got them, whatever the order of the copies, and what of it is never kept."""

from __future__ import annotations

import itertools
from dataclasses import replace
from pathlib import Path

import pytest
from fakes.deliveries import ANA, BOB, KEYED, RELAY, Delivery, deliver, mail
from fakes.gateway import gateway
from fakes.memory_store import MemoryStore
from fakes.scan import found
from fakes.seen import Seen
from fakes.world import load_world
from journeys.golden import MESSAGES, load

LIST = "list@z.example"
WORLD = load_world().with_settings(rule="log_all")


def activities(*deliveries: Delivery) -> list[Seen]:
    store = MemoryStore(KEYED, WORLD)
    deliver(store, WORLD, *deliveries)
    return store.seen(WORLD.account)


def copy(to: str, **fields: str) -> Delivery:
    return Delivery(mail(BOB, LIST, **fields), [RELAY if not to else RELAY.replace("@", f"+{to}@")], BOB, "routing")


COPIES = (copy("", X_Gm_Original_To=ANA), copy("dan=us.example"), copy("zoe=us.example", Delivered_To=ANA))


@pytest.mark.parametrize("order", list(itertools.permutations(COPIES)))
def test_any_order_of_the_copies_ends_in_the_same_activity(order: tuple[Delivery, ...]) -> None:
    [made] = activities(*(replace(d, trace_id=f"t{n}") for n, d in enumerate(order)))
    hidden = [f"bcc {name}@us.example hidden" for name in ("ana", "dan", "zoe")]
    assert [p for p in made.participants if p.startswith("bcc")] == hidden
    assert (made.user, made.attribution) == ("us/zoe", "attribution.contact_owner")


def test_a_recipient_that_one_copy_shows_and_another_hides_is_no_hidden_one() -> None:
    shown = Delivery(mail(BOB, ANA), [RELAY], BOB)
    hidden = Delivery(mail(BOB, "undisclosed-recipients:;", X_Gm_Original_To=ANA), [RELAY], BOB, "routing")
    for copies in ((shown, hidden), (hidden, shown)):
        [made] = activities(*copies)
        assert made.participants == (f"from {BOB}", f"to {ANA}")


@pytest.mark.parametrize("name", ["03-hidden-first-recipient", "08-encoded-in-the-address", "23-mailbox-rule"])
def test_who_is_told_by_evidence_alone_is_hidden(name: str) -> None:
    case = load(MESSAGES / "server_copies" / name)
    store = MemoryStore(KEYED, case.world)
    deliver(store, case.world, *case.deliveries)
    [made] = store.seen(case.world.account)
    assert f"bcc {ANA} hidden" in made.participants
    assert made.reference == ""


async def test_of_a_listed_recipient_whom_only_evidence_names_nothing_is_kept(tmp_path: Path, template: Path) -> None:
    tagged = replace(copy("carl=us.example"), raw=mail(BOB, ANA))
    told = Delivery(mail(BOB, ANA, message_id="two", Delivered_To="carl@us.example"), [RELAY], BOB, "routing")
    async with gateway(tmp_path / "gateway.db", template, WORLD) as running:
        for delivery in (tagged, told):
            assert (await running.send(delivery))[0] == 250
        assert found(tmp_path, "carl@us.example", "carl=us.example", BOB, ANA) == {BOB, ANA}
