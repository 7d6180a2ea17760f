"""What is kept apart: one user's entries from others, held mail from who is no admin, one session from the next."""

from __future__ import annotations

import pytest
from fakes.deliveries import ANA, BOB, mail
from fakes.desk import Desk

from gateway.console.callers import COOKIE, by_session
from gateway.console.rates import MOST_OF_BOTH, MOST_OF_CLIENT, WINDOW, Rates
from storage.administration import accounts, sessions
from storage.administration.act import Act

LAWYER = "*@lawyer.example"


async def test_what_another_user_keeps_out_is_not_told_by_its_pattern_or_id(desk: Desk) -> None:
    async with desk.client("ana") as ana, desk.client("dan") as dan, desk.client("vic") as vic:
        ids = [
            (await client.post("/api/v1/never-log", json={"pattern": LAWYER, "user": desk.ids[name]})).json()["id"]
            for client, name in ((ana, "ana"), (dan, "dan"))
        ]
        for asked in (*ids, LAWYER):
            assert (await vic.get(f"/api/v1/never-log/{asked}")).status_code == 404
        assert (await dan.get(f"/api/v1/never-log/{ids[1]}")).status_code == 200
        assert (await dan.delete(f"/api/v1/never-log/{ids[0]}")).status_code == 404
        assert (await vic.get("/api/v1/never-log")).json()["items"] == []


async def test_nor_by_asking_what_would_be_decided_about_that_users_mail(desk: Desk) -> None:
    await desk.receive(mail(ANA, BOB))
    address = await desk.address("bcc")
    async with desk.client("ana") as ana, desk.client("dan") as dan, desk.client("vic") as vic:
        await ana.post("/api/v1/never-log", json={"pattern": LAWYER, "user": desk.ids["ana"]})

        async def ask(client: object, author: str, *more: str) -> int:
            raw = mail(author, "x@lawyer.example", "Offer", *more)
            sent = {"to": address, "peer": "192.0.2.1"}
            headers = {"content-type": "message/rfc822"}
            answer = await client.post("/api/v1/explain", params=sent, content=raw, headers=headers)  # type: ignore[attr-defined]
            return int(answer.status_code)

        assert await ask(vic, ANA) == await ask(dan, ANA) == 403
        assert await ask(dan, "dan@us.example", f"Sender: {ANA}") == 403
        assert await ask(dan, "dan@us.example", f"Resent-From: {ANA}") == 403
        assert await ask(dan, f"dan@us.example, {ANA}") == 403
        assert await ask(dan, "dan@us.example") == await ask(ana, "dan@us.example") == 200


async def test_who_stands_in_held_mail_is_for_admins(desk: Desk) -> None:
    await desk.receive(mail(ANA, "secret@hidden.example", text="nothing forwarded in here"), "forward")
    async with desk.client("ana") as ana, desk.client("vic") as vic:
        [decision] = (await ana.get("/api/v1/decisions")).json()["items"]
        for path in (f"/api/v1/decisions/{decision['id']}", f"/decisions/{decision['id']}"):
            assert "hidden.example" in (await ana.get(path)).text
            assert "hidden.example" not in (await vic.get(path)).text
        assert (await vic.get(f"/api/v1/held/{decision['id']}")).status_code == 403


async def test_evidence_is_not_for_a_token_that_reads_no_messages(desk: Desk) -> None:
    await desk.receive(mail(ANA, BOB))
    async with desk.client("ana") as ana:
        [decision] = (await ana.get("/api/v1/decisions")).json()["items"]
        made = await ana.post("/api/v1/tokens", json={"name": "t", "scopes": ["read"]})
    async with desk.client(token=made.json()["secret"]) as program:
        shown = await program.get(f"/api/v1/decisions/{decision['id']}")
        assert BOB not in shown.text
        assert shown.json()["findings"]


async def test_what_needs_an_admin_is_shown_to_admins(desk: Desk) -> None:
    await desk.receive(mail(ANA, "x", text="nothing forwarded in here"), "forward")
    async with desk.client("ana") as ana, desk.client("vic") as vic:
        seen, less = [(await who.get("/api/v1/overview")).json() for who in (ana, vic)]
        assert (seen["held"], len(seen["sources"])) == (1, 1)
        assert (less["held"], less["sources"], less["exposed"]) == (0, [], [])


async def test_nobody_takes_their_own_rights_away(desk: Desk) -> None:
    async with desk.client("ana") as ana:
        own = f"/api/v1/users/{desk.ids['ana']}"
        assert (await ana.patch(own, json={"permissions": ["view_only"]})).status_code == 409
        assert (await ana.patch(own, json={"active": False})).status_code == 409
        assert (await ana.patch(own, json={"permissions": ["super_admin"]})).status_code == 200


async def test_signing_in_again_ends_the_session_that_the_browser_had(desk: Desk) -> None:
    async with desk.client("ana") as ana:
        link = (await ana.post(f"/api/v1/users/{desk.ids['ana']}/setup-link")).json()["url"]
        data = {"password": "a few words do well", "again": "a few words do well", "csrf": ana.headers["x-csrf-token"]}
        answer = await ana.post(link.partition("console.example")[2], data=data)
        assert answer.status_code == 303
        before = answer.cookies[COOKIE]
        ana.cookies.clear()
        ana.cookies.set(COOKIE, before, domain="console.example")
        del ana.headers["x-csrf-token"]
        signing = {"address": "ana@us.example", "password": "a few words do well", "next": "/"}
        page = await ana.get("/sign-in")
        csrf = page.text.partition('name="csrf" value="')[2].partition('"')[0]
        assert (await ana.post("/sign-in", data=signing | {"csrf": csrf})).status_code == 303
        assert await by_session(desk.office, before) is None


@pytest.mark.parametrize("how", ["password", "deactivated"])
async def test_what_ends_access_voids_links_and_sessions(desk: Desk, how: str) -> None:
    async with desk.client("ana") as ana, desk.client("dan") as dan:
        user = f"/api/v1/users/{desk.ids['dan']}"
        first = (await ana.post(f"{user}/setup-link")).json()["url"]
        data = {"password": "a few words do well", "again": "a few words do well"}
        async with desk.client() as guest:
            await guest.post(first, data=data)
        link = (await ana.post(f"{user}/setup-link")).json()["url"]
        if how == "password":
            assert (await ana.delete(f"{user}/password")).status_code == 204
        else:
            for active in (False, True):
                assert (await ana.patch(user, json={"active": active})).status_code == 200
        assert (await dan.get("/profile")).status_code == 303
        async with desk.client() as guest:
            assert (await guest.get(link)).status_code == 404


async def test_a_page_that_stays_open_is_no_use_of_its_session(desk: Desk) -> None:
    for _ in range(3):
        desk.clock.at += sessions.IDLE // 3
        await by_session(desk.office, desk.secrets["dan"], note=False)
    assert await by_session(desk.office, desk.secrets["dan"]) is None


async def test_a_stream_goes_by_the_account_whatever_it_is_called(desk: Desk) -> None:
    act = Act("cli:tester", desk.clock(), desk.office.new_id, desk.office.keyed)
    await desk.receive(mail(ANA, BOB))
    async with desk.client("ana") as ana:
        before = (await ana.get("/api/v1/decisions")).json()["items"]
        await desk.store.change(accounts.rename(act, desk.account_ids["us"], "ours"))
        await desk.store.change(accounts.rename(act, desk.account_ids["them"], "us"))
        after = (await ana.get("/api/v1/decisions")).json()["items"]
        assert [one["id"] for one in after] == [one["id"] for one in before]


def test_tries_are_counted_for_client_and_address_and_denied_ones_are_not() -> None:
    now = 0
    rates = Rates(lambda: now)
    assert all(rates.allow("192.0.2.1", "ana@us.example") for _ in range(MOST_OF_BOTH))
    for _ in range(10 * MOST_OF_CLIENT):
        assert not rates.allow("192.0.2.1", "ana@us.example")
    assert rates.allow("192.0.2.1", "dan@us.example")
    assert rates.allow("192.0.2.2", "ana@us.example")
    now = WINDOW
    assert rates.allow("192.0.2.1", "ana@us.example")


def test_a_client_of_ipv6_is_a_whole_network() -> None:
    rates = Rates(lambda: 0)
    tried = [rates.allow(f"2001:db8::{number}", f"u{number}@us.example") for number in range(1, MOST_OF_CLIENT + 2)]
    assert tried == [True] * MOST_OF_CLIENT + [False]


def test_a_password_that_fits_takes_its_tries_back() -> None:
    rates = Rates(lambda: 0)
    for _ in range(10 * MOST_OF_CLIENT):
        assert rates.allow("192.0.2.1", "ana@us.example")
        rates.went_well("192.0.2.1", "ana@us.example")
