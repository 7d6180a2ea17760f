"""Signing in, and what ends it."""

from __future__ import annotations

import re

from fakes.desk import Desk

from gateway.console.callers import COOKIE
from gateway.console.rates import MOST_OF_BOTH, WINDOW
from storage.administration import sessions

PASSWORD = "a few words do well"  # noqa: S105 — a test's


async def invited(desk: Desk, name: str = "dan") -> str:
    async with desk.client("ana") as ana:
        answer = await ana.post(f"/api/v1/users/{desk.ids[name]}/setup-link")
        return str(answer.json()["url"]).partition("console.example")[2]


async def test_by_a_link_a_user_chooses_a_password_and_is_signed_in(desk: Desk) -> None:
    link = await invited(desk)
    async with desk.client() as dan:
        assert "Choose a password" in (await dan.get(link)).text
        done = await dan.post(link, data={"password": PASSWORD, "again": PASSWORD})
        assert (done.status_code, done.headers["location"]) == (303, "/")
        assert (await dan.get("/profile")).status_code == 200
        dan.cookies.clear()
        assert (await dan.get(link)).status_code == 404
        assert (await dan.post(link, data={"password": PASSWORD, "again": PASSWORD})).status_code == 404


async def test_a_link_ends_after_a_day_and_with_the_next_one(desk: Desk) -> None:
    first = await invited(desk)
    second = await invited(desk)
    async with desk.client() as dan:
        assert (await dan.get(first)).status_code == 404
        desk.clock.at += sessions.LINK
        assert (await dan.get(second)).status_code == 404


async def test_a_password_too_short_or_typed_otherwise_is_told_beside_its_field(desk: Desk) -> None:
    link = await invited(desk)
    async with desk.client() as dan:
        answer = await dan.post(link, data={"password": "short", "again": "short"})
        assert answer.status_code == 422
        assert re.search(r'id="password-fault">A password has 12 to 256', answer.text)
        answer = await dan.post(link, data={"password": PASSWORD, "again": PASSWORD + "x"})
        assert re.search(r'id="again-fault">This isn(&#39;|\')t the same', answer.text)


async def test_signing_in_makes_a_new_session_whatever_the_browser_brought(desk: Desk) -> None:
    link = await invited(desk)
    async with desk.client() as dan:
        await dan.post(link, data={"password": PASSWORD, "again": PASSWORD})
    async with desk.client() as dan:
        dan.cookies.set(COOKIE, "planted", domain="console.example")
        done = await dan.post("/sign-in", data={"address": "Dan@Us.example", "password": PASSWORD, "next": "/start"})
        assert (done.status_code, done.headers["location"]) == (303, "/start")
        cookie = done.headers["set-cookie"]
        assert "planted" not in cookie
        assert all(word in cookie for word in ("HttpOnly", "Secure", "SameSite=lax", "Path=/"))
        assert "Domain" not in cookie


async def test_after_signing_out_the_cookie_is_of_no_use(desk: Desk) -> None:
    async with desk.client("dan") as dan:
        assert (await dan.get("/profile")).status_code == 200
        assert (await dan.post("/sign-out")).status_code == 303
    async with desk.client("dan") as again:
        assert (await again.get("/profile")).status_code == 303
        assert (await again.get("/api/v1/account")).status_code == 401


async def test_a_new_password_ends_all_other_sessions(desk: Desk) -> None:
    link = await invited(desk)
    async with desk.client() as dan:
        await dan.post(link, data={"password": PASSWORD, "again": PASSWORD})
    async with desk.client("dan") as before:
        assert (await before.get("/profile")).status_code == 303


async def test_who_is_not_active_any_more_is_signed_out(desk: Desk) -> None:
    async with desk.client("ana") as ana, desk.client("dan") as dan:
        assert (await dan.get("/profile")).status_code == 200
        await ana.patch(f"/api/v1/users/{desk.ids['dan']}", json={"active": False})
        assert (await dan.get("/profile")).status_code == 303


async def test_a_session_ends_when_nobody_uses_it_and_after_a_week_in_any_case(desk: Desk) -> None:
    async with desk.client("dan") as dan:
        for _ in range(sessions.LONGEST // (sessions.IDLE - 1)):
            desk.clock.at += sessions.IDLE - 1
            assert (await dan.get("/profile")).status_code == 200
        desk.clock.at += sessions.IDLE - 1
        assert (await dan.get("/profile")).status_code == 303


async def test_guessing_is_slowed_down_and_says_the_same_of_anybody(desk: Desk) -> None:
    link = await invited(desk)
    async with desk.client() as guest:
        await guest.post(link, data={"password": PASSWORD, "again": PASSWORD})
        guest.cookies.clear()
        told = set()
        for address in ("dan@us.example", "nobody@us.example", "no address"):
            answer = await guest.post("/sign-in", data={"address": address, "password": "wrong", "next": "/"})
            told.add((answer.status_code, re.sub(r'value="[^"]*"', "", answer.text)))
        assert len(told) == 1
        for _ in range(MOST_OF_BOTH):
            answer = await guest.post("/sign-in", data={"address": "dan@us.example", "password": "wrong"})
        assert answer.status_code == 429
        right = {"address": "dan@us.example", "password": PASSWORD}
        assert (await guest.post("/sign-in", data=right)).status_code == 429
        desk.clock.at += WINDOW
        assert (await guest.post("/sign-in", data=right)).status_code == 303


async def test_it_leads_to_its_own_pages_only(desk: Desk) -> None:
    async with desk.client() as guest:
        elsewhere = ("//evil.example", "https://evil.example", "/\\evil.example", "\n//evil.example")
        for given in (*elsewhere, "javascript:alert(1)"):
            shown = (await guest.get("/sign-in", params={"next": given})).text
            assert 'name="next" value="/"' in shown


