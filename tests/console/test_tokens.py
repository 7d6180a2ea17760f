"""Programs: what a token allows, and requests that are sent again."""

from __future__ import annotations

import httpx
import pytest
from fakes.deliveries import ANA, BOB, mail
from fakes.desk import Desk

from storage.administration.once import KEPT

NEEDS = {
    "read": (("GET", "/activities"), ("GET", "/decisions"), ("GET", "/contacts"), ("GET", "/overview")),
    "content": (("GET", "/activities/nothing"), ("GET", "/activities/nothing/message")),
    "write": (("POST", "/contacts"), ("DELETE", "/contacts/nothing")),
    "admin": (("GET", "/held"), ("GET", "/audit"), ("PUT", "/account/settings/rule"), ("POST", "/users")),
}
BODY = {"pattern": "*@example.com", "addresses": ["x@example.com"], "value": "log_all"}
BODY |= {"name": "Z", "address": "z@us.example"}


async def token(desk: Desk, *scopes: str) -> str:
    async with desk.client("ana") as ana:
        made = await ana.post("/api/v1/tokens", json={"name": " ".join(scopes), "scopes": scopes})
        return str(made.json()["secret"])


@pytest.mark.parametrize("scope", NEEDS)
async def test_a_token_does_what_its_scope_says_and_nothing_else_but_an_admins_all(desk: Desk, scope: str) -> None:
    async with desk.client(token=await token(desk, scope)) as program:
        for needed, requests in NEEDS.items():
            for method, path in requests:
                body = {"json": BODY} if method in ("POST", "PUT") else {}
                answer = await program.request(method, f"/api/v1{path}", **body)
                may = scope in (needed, "admin")
                assert (answer.status_code != 403) == may, (needed, path, answer.text)


async def test_a_revoked_token_is_void_at_once_and_its_secret_is_nowhere_in_the_store(desk: Desk) -> None:
    secret = await token(desk, "read")
    async with desk.client(token=secret) as program, desk.client("ana") as ana:
        assert (await program.get("/api/v1/activities")).status_code == 200
        [known] = (await ana.get("/api/v1/tokens")).json()
        assert secret not in str(known)
        assert (await ana.delete(f"/api/v1/tokens/{known['id']}")).status_code == 204
        assert (await program.get("/api/v1/activities")).status_code == 401


async def test_a_token_opens_no_page_for_people(desk: Desk) -> None:
    async with desk.client(token=await token(desk, "read", "admin")) as program:
        assert (await program.get("/users")).status_code == 303


async def test_a_request_that_is_sent_again_makes_nothing_twice(desk: Desk) -> None:
    async with desk.client(token=await token(desk, "read", "admin", "write")) as program, desk.client("eve") as eve:

        async def make(client: httpx.AsyncClient = program, key: str = "one") -> str:
            headers = {"Idempotency-Key": key}
            answer = await client.post("/api/v1/capture-addresses", json={"channel": "bcc"}, headers=headers)
            assert answer.status_code == 201, answer.text
            return str(answer.json()["address"])

        first = await make()
        assert await make() == first
        assert await make(key="two") != first
        assert await make(eve) != first
        desk.clock.at += KEPT
        assert await make() != first


async def test_an_entry_that_is_there_is_told_so_and_stays_one(desk: Desk) -> None:
    async with desk.client("ana") as ana:
        assert (await ana.post("/api/v1/never-log", json={"pattern": "*@Example.com"})).status_code == 201
        again = await ana.post("/api/v1/never-log", json={"pattern": "*@example.com"})
        assert again.status_code == 409
        assert len((await ana.get("/api/v1/never-log")).json()["items"]) == 1


async def test_a_field_that_is_wrong_is_named(desk: Desk) -> None:
    async with desk.client("ana") as ana:
        answer = await ana.post("/api/v1/never-log", json={"pattern": "*@example.com", "effect": "some"})
        assert answer.status_code == 422
        assert answer.headers["content-type"] == "application/problem+json"
        assert [fault["field"] for fault in answer.json()["errors"]] == ["effect"]


async def test_what_is_attached_comes_as_a_file_and_as_nothing_else(desk: Desk) -> None:
    await desk.receive(mail(ANA, BOB))
    async with desk.client("ana") as ana:
        [activity] = (await ana.get("/api/v1/activities")).json()["items"]
        answer = await ana.get(f"/api/v1/activities/{activity['id']}/message")
        assert answer.headers["content-disposition"].startswith("attachment;")
        assert "sandbox" in answer.headers["content-security-policy"]
        assert (await ana.get(f"/api/v1/activities/{activity['id']}/attachments/0")).status_code == 404
