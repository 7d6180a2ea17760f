"""Forms: what was typed and chosen stays, what is wrong is said, and nothing that is sent is a fault of ours."""

from __future__ import annotations

import pytest
from fakes.deliveries import ANA, BOB, mail
from fakes.desk import Desk

from gateway.console.shapes import shape
from storage.administration.act import AuditRecord
from storage.errors import StoreFull, StoreUnavailable

CARDS = "BEGIN:VCARD\r\nFN:Kim Client\r\nEMAIL:kim@client.example\r\nEMAIL:k@client.example\r\nEND:VCARD\r\n"


async def test_a_list_of_contacts_is_imported_from_the_page(desk: Desk) -> None:
    async with desk.client("dan") as dan:
        answer = await dan.post("/contacts/import", data={"list": f"{CARDS}BEGIN:VCARD\r\nFN:x\r\nEND:VCARD\r\n"})
        assert answer.status_code == 200
        assert "It has no e-mail address." in answer.text
        [contact] = (await dan.get("/api/v1/contacts")).json()["items"]
        assert contact["addresses"] == ["kim@client.example", "k@client.example"]


async def test_a_line_that_is_refused_has_changed_nothing(desk: Desk) -> None:
    raw = "email,name,other_addresses\r\nkim@client.example,Kim,not-an-address\r\n"
    async with desk.client("dan") as dan:
        answer = await dan.post("/api/v1/contacts/import", content=raw, headers={"content-type": "text/csv"})
        assert len(answer.json()["refused"]) == 1
        assert (await dan.get("/api/v1/contacts")).json()["items"] == []


async def test_boxes_stay_as_they_were_left_where_something_is_wrong(desk: Desk) -> None:
    async with desk.client("ana") as ana:
        answer = await ana.post("/sources", data={"name": "mx", "network": "192.0.2.1", "shows.channels": ""})
        assert answer.status_code == 422
        assert "Choose at least one." in answer.text
        assert " checked" not in answer.text


async def test_after_a_form_that_was_refused_the_language_leads_to_a_page(desk: Desk) -> None:
    async with desk.client("ana") as ana:
        answer = await ana.post("/email-logging/entries", data={"patterns": "@@"})
        target = answer.text.partition('name="next" value="')[2].partition('"')[0]
        assert target == "/email-logging"
        assert (await ana.get(target)).status_code == 200


async def test_who_signs_in_comes_to_the_page_they_asked_for(desk: Desk) -> None:
    async with desk.client() as guest:
        answer = await guest.get("/activities?search=plan&user=x")
        shown = await guest.get(answer.headers["location"])
        assert 'name="next" value="/activities?search=plan&amp;user=x"' in shown.text


async def test_saving_what_is_unchanged_changes_nothing(desk: Desk) -> None:
    async with desk.client("ana") as ana:
        made = await ana.post("/api/v1/contacts", json={"name": "Kim", "addresses": ["kim@client.example"]})
        before = len((await ana.get("/api/v1/audit")).json()["items"])
        await ana.patch(f"/api/v1/contacts/{made.json()['contact']['id']}", json={"name": "Kim", "owner": ""})
        assert len((await ana.get("/api/v1/audit")).json()["items"]) == before


async def test_who_added_an_entry_is_told_by_address(desk: Desk) -> None:
    async with desk.client("ana") as ana:
        await ana.post("/api/v1/never-log", json={"pattern": "*@example.com"})
        assert (await ana.get("/api/v1/never-log")).json()["items"][0]["added_by"] == "ana@us.example"
        assert (await ana.get("/api/v1/audit")).json()["items"][0]["who"] == "ana@us.example"


async def test_a_list_is_whole_however_long_its_parts(desk: Desk) -> None:
    lines = "".join(f"c{number}@client.example\r\n" for number in range(203))
    async with desk.client("ana") as ana:
        await ana.post("/api/v1/contacts/import", content=f"email\r\n{lines}", headers={"content-type": "text/csv"})
        part = (await ana.get("/api/v1/contacts?limit=500")).json()
        assert len(part["items"]) == 200
        rest = (await ana.get(f"/api/v1/contacts?limit=200&cursor={part['next']}")).json()
        assert (len(rest["items"]), rest["next"]) == (3, None)


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/language", {"language": "日本", "next": "/"}),
        ("GET", "/activities?since=0001-01-01", None),
        ("GET", "/activities?until=9999-12-31T23:59:59", None),
        ("POST", "/email-logging/settings", {"shows.arc_sealers": "", "arc_sealers": "x" * 3000}),
        ("POST", "/activities/nothing/user", {"user": "x" * 400}),
        ("POST", "/email-logging/test", {"address": "\0"}),
        ("GET", "/activities?search=a%00b", None),
        ("GET", "/contacts/a%00b", None),
        ("POST", "/decisions/explain", {"to": "x", "message": "", "peer": "no address"}),
        ("POST", "/decisions/explain", {"to": "x", "message": "y", "peer": "no address"}),
    ],
)
async def test_odd_input_is_no_fault_of_ours(desk: Desk, method: str, path: str, body: dict[str, str] | None) -> None:
    async with desk.client("ana") as ana:
        answer = await ana.request(method, path, data=body)
        assert answer.status_code < 500, answer.text
        assert "default-src 'none'" in answer.headers["content-security-policy"]


async def test_characters_that_no_text_has_are_refused(desk: Desk) -> None:
    async with desk.client("ana") as ana:
        answer = await ana.post("/api/v1/contacts", json={"name": "a\0b", "addresses": ["x@client.example"]})
        assert answer.status_code in (400, 409)


async def test_with_a_full_disk_one_can_still_look(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    async def full(*_: object, **__: object) -> None:
        raise StoreFull

    await desk.receive(mail(ANA, BOB))
    monkeypatch.setattr(desk.store, "change", full)
    desk.clock.at += 3600 * 1000
    async with desk.client("ana") as ana:
        assert (await ana.get("/activities")).status_code == 200
        assert (await ana.post("/api/v1/never-log", json={"pattern": "*@example.com"})).status_code == 507


async def test_while_the_store_is_gone_a_page_says_so(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    async def gone(*_: object) -> None:
        raise StoreUnavailable

    monkeypatch.setattr(desk.store, "read", gone)
    async with desk.client("ana") as ana:
        answer = await ana.get("/activities")
        assert answer.status_code == 503
        assert "try again" in answer.text
        assert (await ana.get("/api/v1/activities")).status_code == 503


def test_a_moment_is_in_milliseconds_however_few() -> None:
    record = AuditRecord("1", 86_400_000, "x", "y", {})
    assert '"at":"1970-01-02T00:00:00Z"' in shape(AuditRecord).model_validate(record).model_dump_json()


async def test_a_message_is_asked_about_by_its_bytes(desk: Desk) -> None:
    await desk.receive(mail(ANA, BOB))
    raw = mail(ANA, BOB, "Caf\u00e9").decode().encode("utf-8").decode("latin-1")
    sent = {"to": await desk.address("bcc"), "peer": "192.0.2.1", "message": raw, "encoding": "bytes"}
    async with desk.client("ana") as ana:
        answer = await ana.post("/decisions/explain", data=sent)
        assert "The author is proven." in answer.text
