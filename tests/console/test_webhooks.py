"""Webhooks by the API: admins only, the secret once, no address that isn't public."""

from __future__ import annotations

import pytest
from fakes.desk import Desk

from tests.console.test_tokens import token

PATH = "/api/v1/webhooks"
CRM = {"name": "crm", "url": "https://crm.example/hook", "types": ["activity.logged"]}


async def test_a_webhook_is_made_shown_rotated_disabled_and_removed(desk: Desk) -> None:
    async with desk.client("ana") as ana:
        made = (await ana.post(PATH, json=CRM)).json()
        assert made["secret"].startswith("whsec_")
        [shown] = (await ana.get(PATH)).json()
        assert (shown, "whsec" in str(shown)) == (made["webhook"], False)
        rotated = (await ana.post(f"{PATH}/crm/secret")).json()
        assert rotated["secret"] not in ("", made["secret"])
        assert (await ana.post(f"{PATH}/crm/disable")).json()["disabled_because"] == "admin"
        assert (await ana.post(f"{PATH}/crm/enable")).json()["disabled_at"] is None
        assert (await ana.post(f"{PATH}/crm/test")).json()["failure"] == "lookup.failed"
        assert (await ana.get(f"{PATH}/crm/dead-letters")).json() == {"items": [], "next": None}
        assert (await ana.post(f"{PATH}/crm/replay", json={})).json() == {"events": 0}
        assert (await ana.post(f"{PATH}/crm/replay", json={"event": "x"})).status_code == 404
        assert (await ana.delete(f"{PATH}/crm")).status_code == 204
        assert (await ana.get(f"{PATH}/crm")).status_code == 404
        told = [one["action"] for one in (await ana.get("/api/v1/audit")).json()["items"]]
        named = ["remove", "replay", "enable", "disable", "rotate", "add"]
        assert [one for one in told if one.startswith("webhook.")] == [f"webhook.{one}" for one in named]


async def test_only_admins_and_only_of_their_account(desk: Desk) -> None:
    async with desk.client("ana") as ana:
        await ana.post(PATH, json=CRM)
    for client in (desk.client("dan"), desk.client(token=await token(desk, "read", "content", "write"))):
        async with client:
            for method, path in (("GET", ""), ("POST", ""), ("DELETE", "/crm"), ("POST", "/crm/test")):
                answer = await client.request(method, PATH + path, json=CRM)
                assert answer.status_code == 403, (method, path)
    async with desk.client("eve") as eve:
        assert (await eve.get(PATH)).json() == []
        assert (await eve.post(f"{PATH}/crm/secret")).status_code == 404


@pytest.mark.parametrize("url", ["http://crm.example/", "https://127.0.0.1/", "https://a:b@crm.example/", "x"])
async def test_an_address_that_may_not_be_one_is_refused(desk: Desk, url: str) -> None:
    async with desk.client("ana") as ana:
        answer = await ana.post(PATH, json={**CRM, "url": url})
        assert (answer.status_code, (await ana.get(PATH)).json()) == (409, [])


async def test_on_its_page_the_secret_is_shown_once_and_each_act_is_done(desk: Desk) -> None:
    async with desk.client("ana") as ana, desk.client("dan") as dan:
        assert (await dan.post("/webhooks", data=CRM)).status_code == 403
        refused = await ana.post("/webhooks", data={**CRM, "url": "http://crm.example/"})
        assert (refused.status_code, "must begin with https://" in refused.text) == (422, True)
        made = await ana.post("/webhooks", data=CRM)
        assert (made.status_code, "whsec_" in made.text) == (200, True)
        assert "whsec_" not in (await ana.get("/webhooks")).text
        [known] = (await ana.get(PATH)).json()
        assert "lookup.failed" in (await ana.post(f"/webhooks/{known['id']}/test")).text
        assert "whsec_" in (await ana.post(f"/webhooks/{known['id']}/secret")).text
        for act in ("disable", "enable", "replay", "remove"):
            assert (await ana.post(f"/webhooks/{known['id']}/{act}")).status_code == 303
        assert (await ana.get(PATH)).json() == []
