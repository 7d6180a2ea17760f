"""What holds on every route: headers, whose name is called, and that no other site can change anything."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from fakes.deliveries import ANA, BOB, mail
from fakes.desk import HOST, Desk
from fastapi.routing import APIRoute

from gateway.console import application, pages
from gateway.console.application import PARTS, VERSION
from gateway.console.guard import BODY, HEADERS

OPEN = {"/sign-in", "/setup/{link}", "/enter/{link}", "/language"}
"""Pages for whoever isn't signed in."""


LISTS = ("activities", "contacts", "decisions", "held", "never-log", "sources", "capture-addresses", "tokens")


def routes() -> Iterator[tuple[str, str]]:
    """Method and path of each."""
    for prefix, routers in ((VERSION, [part.router for part in PARTS]), ("", pages.routers())):
        for router in routers:
            for route in router.routes:
                assert isinstance(route, APIRoute)
                yield from ((method, prefix + route.path) for method in sorted(route.methods))


def test_these_are_all_routes() -> None:
    paths = application.routes().openapi()["paths"]
    documented = {(method.upper(), path) for path, methods in paths.items() for method in methods}
    assert documented == {(method, path) for method, path in routes() if path.startswith(VERSION)}
    assert len(set(routes()) - documented) > 40


def filled(path: str) -> str:
    parts = path.replace("{table}", "users").split("/")
    return "/".join("nothing" if part.startswith("{") else part for part in parts)


async def test_every_answer_tells_the_browser_to_run_load_and_frame_nothing_from_elsewhere(desk: Desk) -> None:
    async with desk.client("ana") as ana:
        for method, path in routes():
            if path.endswith("/events"):
                continue
            answer = await ana.request(method, filled(path))
            assert answer.status_code < 500, (method, path)
            for name in HEADERS:
                assert name in answer.headers, (method, path, name)
            assert "unsafe" not in answer.headers["content-security-policy"], (method, path)


async def test_without_a_session_nothing_is_shown_or_changed(desk: Desk) -> None:
    async with desk.client() as nobody:
        for method, path in routes():
            answer = await nobody.request(method, filled(path))
            if path.startswith("/api/"):
                assert answer.status_code == 401, (method, path)
            elif path not in OPEN:
                assert answer.status_code == 303, (method, path)
                assert answer.headers["location"].startswith("/sign-in"), (method, path)


@pytest.mark.parametrize("sent", [{}, {"x-csrf-token": "0" * 32}])
async def test_a_change_that_only_a_cookie_vouches_for_is_refused(desk: Desk, sent: dict[str, str]) -> None:
    async with desk.client("ana") as ana:
        del ana.headers["x-csrf-token"]
        for method, path in routes():
            if method not in ("GET", "HEAD") and path not in OPEN:
                assert (await ana.request(method, filled(path), headers=sent)).status_code == 403, (method, path)


@pytest.mark.parametrize(
    "sent", [{"origin": "https://evil.example"}, {"sec-fetch-site": "cross-site"}, {"sec-fetch-site": "same-site"}]
)
async def test_a_change_from_another_site_is_refused_whatever_it_knows(desk: Desk, sent: dict[str, str]) -> None:
    async with desk.client("ana") as ana:
        answer = await ana.post("/api/v1/never-log", json={"pattern": "*@example.com"}, headers=sent)
        assert answer.status_code == 403
        same = {"origin": f"https://{HOST}", "sec-fetch-site": "same-origin"}
        answer = await ana.post("/api/v1/never-log", json={"pattern": "*@example.com"}, headers=same)
        assert answer.status_code == 201


@pytest.mark.parametrize("host", ["evil.example", "console.example:80", "console.example.evil.example", ""])
async def test_only_its_own_names_are_answered_to(desk: Desk, host: str) -> None:
    async with desk.client("ana") as ana:
        assert (await ana.get("/api/v1/account", headers={"host": host})).status_code == 421


async def test_a_body_has_a_limit_whether_its_length_is_told_or_not(desk: Desk) -> None:
    async def unending() -> object:
        while True:
            yield b"x" * 8192

    async with desk.client("ana") as ana:
        assert (await ana.post("/api/v1/never-log", content=b"x" * (BODY + 1))).status_code == 413
        assert (await ana.post("/api/v1/never-log", content=unending())).status_code == 413  # type: ignore[arg-type]


async def test_what_belongs_to_another_account_is_not_there(desk: Desk) -> None:
    """Ids that exist, for each route that takes one: the answer is that of an id that doesn't."""
    tried = 0
    ids = await _things(desk)
    async with desk.client("ana") as ana, desk.client("eve") as eve:
        for method, path in routes():
            for name, found in ids.items():
                if f"/{name}/{{" in path:
                    asked = path.replace(path[path.index("{") : path.index("}") + 1], found)
                    body = {"json": {}} if path.startswith(VERSION) and method in ("POST", "PUT", "PATCH") else {}
                    answer = await eve.request(method, filled(asked), **body)
                    assert answer.status_code in (404, 422), (method, path, answer.text)
                    assert "client.example" not in answer.text, (method, path)
                    tried += 1
        assert tried > 40
        for name in ("never-log", "contacts", "users", "sources", "activities", "decisions", "held"):
            assert (await ana.get(f"{VERSION}/{name}/{ids[name]}")).status_code == 200, name


async def test_lists_of_another_account_are_empty(desk: Desk) -> None:
    await _things(desk)
    async with desk.client("ana") as ana, desk.client("eve") as eve:
        for name in LISTS:
            mine, others = [(await who.get(f"{VERSION}/{name}")).json() for who in (ana, eve)]
            assert (mine if isinstance(mine, list) else mine["items"]), name
            assert (others if isinstance(others, list) else others["items"]) == [], name


async def _things(desk: Desk) -> dict[str, str]:
    """One of each kind, of "us"."""
    await desk.receive(mail(ANA, BOB))
    await desk.receive(mail(ANA, BOB, text="nothing forwarded in here", message_id="2"), "forward")
    made: dict[str, tuple[dict[str, object], str]] = {
        "never-log": ({"pattern": "*@example.com"}, "id"),
        "contacts": ({"addresses": ["kim@client.example"]}, "contact"),
        "capture-addresses": ({"channel": "relay"}, "id"),
        "tokens": ({"name": "crm", "scopes": ["read"]}, "token"),
        "sources": ({"name": "mx", "network": "198.51.100.1", "channels": ["relay"]}, "id"),
    }
    found = {"users": desk.ids["ana"], "user": desk.ids["ana"]}
    async with desk.client("ana") as ana:
        for kind, (body, name) in made.items():
            answer = (await ana.post(f"{VERSION}/{kind}", json=body)).json()
            found[kind] = answer[name]["id"] if isinstance(answer[name], dict) else answer[name]
        for kind in ("activities", "decisions", "held"):
            found[kind] = (await ana.get(f"{VERSION}/{kind}")).json()["items"][0]["id"]
    return found


async def test_another_site_is_refused_also_where_a_proxy_asks_for_passwords(desk: Desk) -> None:
    async with desk.client() as guest:
        headers = {"origin": "https://evil.example", "authorization": "Basic eDp5"}
        answer = await guest.post("/sign-in", data={"address": "x", "password": "y"}, headers=headers)
        assert answer.status_code == 403


async def test_styles_and_scripts_are_kept_for_good_and_nothing_else_is_there(desk: Desk) -> None:
    async with desk.client() as guest:
        page = (await guest.get("/sign-in")).text
        path = page.partition('rel="stylesheet" href="')[2].partition('"')[0]
        answer = await guest.get(path)
        assert "immutable" in answer.headers["cache-control"]
        assert (await guest.get("/sign-in")).headers["cache-control"] == "no-store"
        folder = path.rpartition("/")[0]
        for other in ("..%2foffice.py", "%2e%2e/office.py", "..%5coffice.py", ""):
            answer = await guest.get(f"{folder}/{other}")
            assert answer.status_code == 404, other
            assert answer.headers["cache-control"] == "no-store"


async def test_a_method_is_what_it_is(desk: Desk) -> None:
    async with desk.client("ana") as ana:
        made = (await ana.post("/api/v1/never-log", json={"pattern": "*@example.com"})).json()["id"]
        await ana.get(f"/api/v1/never-log/{made}", headers={"x-http-method-override": "DELETE"})
        assert (await ana.get(f"/api/v1/never-log/{made}")).status_code == 200
