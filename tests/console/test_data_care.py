"""Over HTTP, admins hand out and erase what there is of a person, and let an entry of the never-log list reach back."""

from __future__ import annotations

import io
import json
import zipfile

import httpx
import pytest
from fakes.deliveries import mail
from fakes.desk import Desk

from gateway.console.api.data_care import _Taken
from storage import erasing

ANN, KIM = "ottoline@lead.example", "kim@client.example"


async def contact_of(client: httpx.AsyncClient, address: str = ANN) -> str:
    [found] = (await client.get(f"/api/v1/contacts?search={address}")).json()["items"]
    return str(found["id"])


@pytest.fixture
async def filled(desk: Desk) -> Desk:
    """With mail to Ann alone, and to Ann and Kim."""
    await desk.receive(mail("ana@us.example", f"Ottoline Marrow <{ANN}>", "One", message_id="1"))
    await desk.receive(mail("ana@us.example", f"{ANN}, {KIM}", "Two", message_id="2"))
    return desk


async def test_only_admins_of_the_account(filled: Desk) -> None:
    async with filled.client("ana") as ana, filled.client("dan") as dan, filled.client("eve") as eve:
        contact = await contact_of(ana)
        for path in (f"/api/v1/contacts/{contact}/archive", f"/api/v1/contacts/{contact}/erasure"):
            assert [(await who.get(path)).status_code for who in (ana, dan, eve)] == [200, 403, 404]
        for who in (dan, eve):
            assert (await who.post(f"/api/v1/contacts/{contact}/erasure", json={})).status_code in (403, 404)
        assert len((await ana.get("/api/v1/activities")).json()["items"]) == 2


async def test_an_archive_has_all_that_there_is(filled: Desk) -> None:
    async with filled.client("ana") as ana:
        answer = await ana.get(f"/api/v1/contacts/{await contact_of(ana)}/archive")
        with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
            assert archive.testzip() is None
            told = [json.loads(line) for line in archive.read("activities.jsonl").splitlines()]
            assert [one["listed"]["subject"] for one in told] == ["One", "Two"]
            assert sum(name.startswith("messages/") for name in archive.namelist()) == 2
        changes = (await ana.get("/api/v1/audit")).json()["items"]
        assert changes[0]["action"] == "person.export"
        assert ANN not in json.dumps(changes[0])


async def test_a_person_is_shown_and_then_erased_with_a_receipt(filled: Desk) -> None:
    async with filled.client("ana") as ana:
        path = f"/api/v1/contacts/{await contact_of(ana)}/erasure"
        shown = (await ana.get(path)).json()
        assert [(one["subject"], one["wholly"]) for one in shown["activities"]] == [("One", True), ("Two", False)]
        receipt = (await ana.post(path, json={"never_log_again": True})).json()
        assert receipt["complete"]
        assert (receipt["counts"]["activities"], receipt["counts"]["placeholders"]) == (1, 1)
        assert ANN not in json.dumps(receipt)
        assert [one["subject"] for one in (await ana.get("/api/v1/activities")).json()["items"]] == ["Two"]
        assert (await ana.get(f"/api/v1/contacts?search={ANN}")).json()["items"] == []
        assert [one["pattern"] for one in (await ana.get("/api/v1/never-log")).json()["items"]] == [ANN]


async def test_on_the_console_it_is_two_steps(filled: Desk) -> None:
    async with filled.client("ana") as ana:
        contact = await contact_of(ana)
        assert "Erase this person" in (await ana.get(f"/contacts/{contact}")).text
        page = await ana.get(f"/contacts/{contact}/erase")
        assert "it stays for others" in page.text
        done = await ana.post(f"/contacts/{contact}/erase", data={})
        assert (done.status_code, "activities: 1" in done.text) == (200, True)
        activity = (await ana.get("/api/v1/activities")).json()["items"][0]["id"]
        assert "somebody who was erased" in (await ana.get(f"/activities/{activity}")).text


async def test_an_entry_reaches_back_when_an_admin_says_so(filled: Desk) -> None:
    async with filled.client("ana") as ana, filled.client("dan") as dan:
        entry = (await ana.post("/api/v1/never-log", json={"pattern": "*@lead.example"})).json()["id"]
        path = f"/api/v1/never-log/{entry}/purge"
        assert [one["wholly"] for one in (await ana.get(path)).json()] == [True, False]
        assert (await dan.post(path)).status_code == 403
        assert (await ana.post(path)).json() == {"activities": 1, "placeholders": 1}
        assert (await ana.get(path)).json() == []


async def test_on_the_console_what_an_entry_would_have_kept_out_is_shown_before_it_goes(filled: Desk) -> None:
    async with filled.client("ana") as ana, filled.client("dan") as dan:
        entry = (await ana.post("/api/v1/never-log", json={"pattern": "*@lead.example"})).json()["id"]
        path = f"/email-logging/entries/{entry}/purge"
        assert path in (await ana.get("/email-logging")).text
        assert path not in (await dan.get("/email-logging")).text
        assert [(await dan.get(path)).status_code, (await dan.post(path, data={})).status_code] == [403, 403]
        shown = (await ana.get(path)).text
        assert ">One<" in shown
        assert "it stays for others" in shown
        assert len((await ana.get("/api/v1/activities")).json()["items"]) == 2
        done = await ana.post(path, data={})
        assert (done.status_code, "Activities that went: 1;" in done.text) == (200, True)
        assert [one["subject"] for one in (await ana.get("/api/v1/activities")).json()["items"]] == ["Two"]
        assert "There is nothing" in (await ana.get(path)).text


async def test_a_message_that_is_kept_no_more_is_told_so(filled: Desk) -> None:
    async with filled.client("ana") as ana:
        activity = (await ana.get("/api/v1/activities")).json()["items"][0]["id"]
        assert (await ana.get(f"/api/v1/activities/{activity}")).json()["message_gone_at"] is None
        await filled.store.change(erasing.drop_bytes(activity, filled.clock.at))
        assert (await ana.get(f"/api/v1/activities/{activity}")).json()["message_gone_at"]
        answer = await ana.get(f"/api/v1/activities/{activity}/message")
        assert (answer.status_code, "kept no more" in answer.json()["detail"]) == (404, True)
        assert "kept no more" in (await ana.get(f"/activities/{activity}")).text


def test_what_goes_out_is_not_kept_in_memory() -> None:
    stream = _Taken()
    stream.write(b"abc")
    assert (stream.taken(), stream.size, stream.taken()) == (b"abc", 0, b"")
