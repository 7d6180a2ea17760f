"""What is held for a person is the whole copy, without those whom nobody may see."""

from __future__ import annotations

import pytest
from fakes.deliveries import ANA, BOB, KEYED, NOON, Delivery, cases, keeper, mail
from fakes.stores import Kept
from fakes.world import load_world, seed

from gateway.core.decide import decide
from gateway.core.decision import Decision
from storage.content import unpacked
from storage.interface import Store
from storage.plan import ask

US = load_world()
FORWARD, JOURNAL = "passkey@forward.log.example", "archivekey@journal.log.example"
SECRET, SECRET_NAME = "quillfeather@secret.example", "quillfeather"


@pytest.fixture
async def world(store: Store) -> Store:
    await store.change(seed(US, KEYED))
    return store


async def settle(store: Store, delivery: Delivery) -> Decision:
    [decision] = await store.settle(cases(US, delivery), decide, keeper(delivery, US))
    return decision


async def held(store: Store) -> bytes:
    [[encoding, content]] = await store.read(ask("SELECT encoding, content FROM held"))
    assert encoding == "zstd"
    return unpacked(content)


def wrapped(first: str, original: bytes, *header: str) -> bytes:
    body = f"--b\r\n\r\n{first}\r\n--b\r\nContent-Type: message/rfc822\r\n\r\n{original.decode()}\r\n--b--"
    outer = mail(ANA, FORWARD, "Fwd: Offer", *header, message_id="outer", text=body)
    return outer.replace(b"Date:", b"Content-Type: multipart/mixed; boundary=b\r\nDate:", 1)


async def test_of_a_report_that_is_not_understood_the_lines_that_were_not_are_there(world: Store) -> None:
    report = f"Sender: {BOB}\r\nMessage-ID: <one@mail.example>\r\nTo: {ANA}\r\nThis line is of no grammar.\r\n"
    raw = wrapped(report, mail(BOB, ANA), "X-MS-Journal-Report:")
    decision = await settle(world, Delivery(raw, [JOURNAL], "", at=NOON))
    assert decision.reason == "journal.malformed"
    assert await held(world) == raw


async def test_of_a_forward_without_a_sure_author_the_note_is_there(world: Store) -> None:
    original = mail(f"{BOB}, kim@client.example", ANA, message_id="")
    raw = wrapped("Which of the two?", original)
    decision = await settle(world, Delivery(raw, [FORWARD], ANA, at=NOON))
    assert decision.reason == "forward.ambiguous"
    assert await held(world) == raw


async def test_a_listed_person_inside_is_not(world: Store, kept: Kept) -> None:
    original = mail(f"{BOB}, kim@client.example", f"{ANA}, {SECRET}", message_id="")
    decision = await settle(world, Delivery(wrapped("Which of the two?", original), [FORWARD], ANA, at=NOON))
    assert decision.reason == "forward.ambiguous"
    assert await kept(SECRET, SECRET_NAME) == set()
    assert b"(body withheld)" in await held(world)
