"""What one account knows has no effect in another (K04, K06)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from fakes.deliveries import ANA, BOB, KEY, KEYED, Delivery, cases, keeper, mail
from fakes.gateway import Clock, counting_ids, empty_database
from fakes.world import EntryRow, UserRow, World, load_world, seed

from gateway.core.decide import decide
from gateway.core.decision import Decision
from gateway.core.model import Channel
from storage.interface import Store
from storage.open import open_store

OURS = load_world()
LIST = (EntryRow("x@other.example"),)
US = replace(
    OURS,
    shared=(*OURS.shared, "pool@partner.example"),
    never_log=(EntryRow(BOB), EntryRow("*@lawyer.example", "message"), EntryRow("k@client.example")),
)
THEIRS = {f"their{key}": capture for key, capture in OURS.captures.items()}
THEM = replace(
    OURS,
    account="them",
    domains=("them.example",),
    shared=(),
    users={"tom": UserRow(("tom@them.example",))},
    captures={key: replace(capture, user=None) for key, capture in THEIRS.items()},
    contacts={},
    never_log=LIST,
).with_settings(rule="log_all")
BCC, RELAY = f"theiranakey@{Channel.BCC}.log.example", f"theirofficekey@{Channel.RELAY}.log.example"
TOM = "tom@them.example"


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    empty_database(tmp_path / "gateway.db", tmp_path / "template.db")
    opened = await open_store(tmp_path / "gateway.db", KEY, counting_ids(Clock()))
    for world in (US, THEM):
        await opened.change(seed(world, KEYED))
    yield opened
    await opened.close()


async def decided(store: Store, raw: bytes, to: str, mail_from: str, world: World = THEM) -> Decision:
    delivery = Delivery(raw, [to], mail_from)
    [decision] = await store.settle(cases(world, delivery), decide, keeper(delivery, world))
    return decision


async def test_an_entry_of_another_account_counts_for_nobody_here(store: Store) -> None:
    assert (await decided(store, mail(TOM, BOB), BCC, TOM)).reason == "explicit.bcc"
    ours = await decided(store, mail(ANA, BOB), "anakey@bcc.log.example", ANA, US)
    assert ours.reason == "never_log.address"


async def test_a_user_of_another_account_is_nobody_here(store: Store) -> None:
    """K04."""
    decision = await decided(store, mail(ANA, "new@lead.example"), BCC, ANA)
    assert (decision.outcome, decision.reason) == ("held", "sender.unknown")


async def test_a_shared_mailbox_of_another_account_is_none_here(store: Store) -> None:
    decision = await decided(store, mail(TOM, "pool@partner.example"), BCC, TOM)
    assert decision.activity is not None
    assert [target.address for target in decision.activity.targets] == ["pool@partner.example"]


async def test_what_is_kept_out_of_another_account_is_not_kept_out_here(store: Store) -> None:
    lawyers = mail(ANA, f"{TOM}, k@client.example", Cc="x@lawyer.example")
    ours = await decided(store, lawyers, "officekey@relay.log.example", ANA, US)
    assert (ours.reason, len(ours.keeps_out)) == ("never_log.domain", 1)
    theirs = await decided(store, mail(TOM, "k@client.example"), BCC, TOM)
    assert theirs.reason == "explicit.bcc"
