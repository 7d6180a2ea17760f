"""The never-log list over HTTP, by whom and for whom."""

from __future__ import annotations

import pytest
from fakes.desk import Desk

LIST = "/api/v1/never-log"


async def test_an_admin_adds_for_all_and_a_user_only_for_themselves(desk: Desk) -> None:
    async with desk.client("ana") as ana, desk.client("dan") as dan, desk.client("vic") as vic:
        assert (await ana.post(LIST, json={"pattern": "*@example.com"})).status_code == 201
        assert (await dan.post(LIST, json={"pattern": "*@example.net"})).status_code == 403
        own = {"pattern": "*@example.net", "user": "dan@us.example"}
        assert (await dan.post(LIST, json=own)).status_code == 201
        assert (await vic.post(LIST, json={"pattern": "*@example.org"})).status_code == 403


async def test_a_user_sees_the_entries_for_all_and_their_own_only(desk: Desk) -> None:
    async with desk.client("ana") as ana, desk.client("dan") as dan, desk.client("vic") as vic:
        await ana.post(LIST, json={"pattern": "*@example.com"})
        mine = (await dan.post(LIST, json={"pattern": "*@example.net", "user": "dan@us.example"})).json()
        assert [e["pattern"] for e in (await ana.get(LIST)).json()["items"]] == ["*@example.com", "*@example.net"]
        assert [e["pattern"] for e in (await vic.get(LIST)).json()["items"]] == ["*@example.com"]
        assert (await vic.get(f"{LIST}/{mine['id']}")).status_code == 404
        tested = (await vic.post(f"{LIST}/test", json={"address": "x@example.net"})).json()
        assert tested["entries"] == []
        tested = (await dan.post(f"{LIST}/test", json={"address": "X@Example.NET"})).json()
        assert [e["pattern"] for e in tested["entries"]] == ["*@example.net"]


async def test_only_who_may_change_an_entry_deletes_it(desk: Desk) -> None:
    async with desk.client("ana") as ana, desk.client("dan") as dan, desk.client("eve") as eve:
        entry = (await ana.post(LIST, json={"pattern": "*@example.com"})).json()
        assert (await dan.delete(f"{LIST}/{entry['id']}")).status_code == 403
        assert (await eve.delete(f"{LIST}/{entry['id']}")).status_code == 404
        assert (await ana.delete(f"{LIST}/{entry['id']}")).status_code == 204
        assert (await ana.delete(f"{LIST}/{entry['id']}")).status_code == 404


@pytest.mark.parametrize("pattern", ["", "x", "@example.com", "a b@example.com", "*@*", "ana@", "x" * 400])
async def test_what_is_no_address_or_domain_is_refused_with_a_sentence(desk: Desk, pattern: str) -> None:
    async with desk.client("ana") as ana:
        answer = await ana.post(LIST, json={"pattern": pattern})
        assert answer.status_code in (409, 422)
        assert answer.json()["detail"]


async def test_a_list_goes_on_where_it_ended(desk: Desk) -> None:
    async with desk.client("ana") as ana, desk.client("dan") as dan:
        for number in range(5):
            await ana.post(LIST, json={"pattern": f"*@{number}.example"})
        seen, query = [], f"{LIST}?limit=2"
        while query:
            part = (await ana.get(query)).json()
            seen += [entry["pattern"] for entry in part["items"]]
            query = f"{LIST}?limit=2&cursor={part['next']}" if part["next"] else ""
        assert seen == [f"*@{number}.example" for number in range(5)]
        cursor = (await ana.get(f"{LIST}?limit=2")).json()["next"]
        assert (await dan.get(f"{LIST}?cursor={cursor}")).status_code == 400
        assert (await ana.get(f"/api/v1/audit?cursor={cursor}")).status_code == 400
