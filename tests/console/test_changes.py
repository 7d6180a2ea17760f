"""Programs that ask what happened miss nothing, see only what is theirs, and are told where they come too late."""

from __future__ import annotations

import asyncio

import httpx
import pytest
from fakes.deliveries import ANA, BOB, KIM, mail
from fakes.desk import Desk

from storage import outbox
from storage.outbox import KEPT
from tests.console.test_tokens import token

PATH = "/api/v1/changes"


async def changes(client: httpx.AsyncClient, after: str = "", **more: object) -> tuple[list[dict[str, object]], str]:
    answer = await client.get(PATH, params={"after": after, **more})
    assert answer.status_code == 200, answer.text
    return answer.json()["items"], answer.json()["next"]


async def test_events_are_read_in_parts_to_the_end_and_on_from_there(desk: Desk) -> None:
    async with desk.client(token=await token(desk, "read")) as program:
        nothing, start = await changes(program)
        assert nothing == []
        for number in range(3):
            await desk.receive(mail(ANA, BOB, f"S{number}", message_id=f"m{number}"))
        seen, after = [], start
        while True:
            some, after = await changes(program, after, limit=2)
            if not some:
                break
            seen += [event["type"] for event in some]
        assert seen == ["contact.created", "activity.logged", "activity.logged", "activity.logged"]
        await desk.receive(mail(ANA, KIM, message_id="more"))
        some, _ = await changes(program, after, types="activity.logged")
        [data] = [event["data"] for event in some]
        assert data["activity"]["contacts"][0]["address"] == KIM  # type: ignore[index]  # JSON


async def test_from_latest_on_only_what_happens_then(desk: Desk) -> None:
    await desk.receive(mail(ANA, BOB))
    async with desk.client(token=await token(desk, "read")) as program:
        some, after = await changes(program, "latest")
        assert some == []
        await desk.receive(mail(ANA, BOB, message_id="two"))
        assert [event["type"] for event in (await changes(program, after))[0]] == ["activity.logged"]


async def test_who_waits_is_told_as_soon_as_something_happens(desk: Desk) -> None:
    async with desk.client(token=await token(desk, "read", "write")) as program:
        _, after = await changes(program, "latest")
        waiting = asyncio.create_task(changes(program, after, wait=30))
        await asyncio.sleep(0)
        made = await program.post("/api/v1/contacts", json={"name": "New", "addresses": ["new@client.example"]})
        assert made.status_code == 201, made.text
        some, _ = await waiting
        assert [event["type"] for event in some] == ["contact.created"]
        assert (await changes(program, (await changes(program, "latest"))[1], wait=1))[0] == []


async def test_held_mail_is_for_admins(desk: Desk) -> None:
    await desk.receive(mail("stranger@elsewhere.example", BOB))
    secrets = [await token(desk, "read", "content"), await token(desk, "admin")]
    found = []
    for secret in secrets:
        async with desk.client(token=secret) as program:
            found.append([event["type"] for event in (await changes(program))[0]])
    assert found == [[], ["decision.held"]]


async def test_nobody_reads_anothers_account_nor_with_a_cursor_of_it(desk: Desk) -> None:
    await desk.receive(mail(ANA, BOB))
    async with desk.client("ana") as ana, desk.client("eve") as eve:
        _, after = await changes(ana)
        assert (await changes(eve))[0] == []
        for wrong in (after, "x", after[:-2]):
            assert (await eve.get(PATH, params={"after": wrong})).status_code == 400


@pytest.mark.parametrize("from_start", [True, False])
async def test_where_something_was_forgotten_it_is_said(desk: Desk, from_start: bool) -> None:  # noqa: FBT001 — both
    async with desk.client(token=await token(desk, "read")) as program:
        if not from_start:
            await desk.receive(mail(ANA, BOB, message_id="zero"))
        _, after = await changes(program)
        for number in range(2):
            await desk.receive(mail(ANA, BOB, f"S{number}", message_id=f"m{number}"))
        desk.clock.at += KEPT + 1000
        await desk.store.change(outbox.forget(desk.clock.at))
        answer = await program.get(PATH, params={"after": after})
        assert answer.status_code == 410, answer.text
        assert answer.json()["status"] == 410


async def test_who_has_read_all_goes_on_however_long_it_was_quiet(desk: Desk) -> None:
    async with desk.client(token=await token(desk, "read")) as program:
        await desk.receive(mail(ANA, BOB))
        _, after = await changes(program)
        await desk.store.change(outbox.forget(desk.clock.at + 1))
        await desk.receive(mail(ANA, BOB, message_id="two"))
        assert [event["type"] for event in (await changes(program, after))[0]] == ["activity.logged"]
