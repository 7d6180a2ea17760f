"""What was logged, found again by its words and counted."""

from __future__ import annotations

import pytest
from fakes.deliveries import ANA, BOB, mail
from fakes.desk import Desk

from storage import search
from storage.plan import ask

HOSTILE = (
    *('"', "'", "nosuch:x", "a* OR b* " * 20, "NEAR(a b, 10000000)", "(" * 200, "%", "_", "account:x"),
    *("-", "* ", "\\", "^a", "AND"),
)


async def found(desk: Desk, words: str, name: str = "ana", **more: str) -> list[str]:
    async with desk.client(name) as client:
        answer = await client.get("/api/v1/activities", params={"search": words, **more})
        assert answer.status_code == 200, answer.text
        return [one["subject"] for one in answer.json()["items"]]


async def test_beginnings_of_words_find_what_has_them_all_in_any_case_and_accent(desk: Desk) -> None:
    await desk.receive(mail(ANA, BOB, "Zephyrine plans", message_id="1", text="The lighthouse at Málaga"))
    await desk.receive(mail(ANA, BOB, "Other plans", message_id="2", text="A harbour"))
    await desk.index()
    assert await found(desk, "plan") == ["Other plans", "Zephyrine plans"]
    assert await found(desk, "LIGHT malaga") == ["Zephyrine plans"]
    assert await found(desk, "light harbour") == []
    assert await found(desk, "plans", user=desk.ids["ana"]) == ["Other plans", "Zephyrine plans"]
    assert await found(desk, "plans", user=desk.ids["dan"]) == []
    assert await found(desk, "plans", "eve") == []


async def test_whatever_is_looked_for_is_words(desk: Desk) -> None:
    await desk.receive(mail(ANA, BOB, "Zephyrine plans", text="a b x AND or"))
    await desk.index()
    for words in HOSTILE:
        assert await found(desk, words) in ([], ["Zephyrine plans"]), words


async def test_a_search_goes_on_where_it_ended(desk: Desk) -> None:
    for number in range(5):
        await desk.receive(mail(ANA, BOB, f"Plan {number}", message_id=str(number)))
    await desk.index()
    async with desk.client("ana") as ana:
        seen, cursor = [], ""
        while True:
            query = {"search": "plan", "limit": "2", **({"cursor": cursor} if cursor else {})}
            part = (await ana.get("/api/v1/activities", params=query)).json()
            seen += [one["subject"] for one in part["items"]]
            if not (cursor := part["next"] or ""):
                break
        assert seen == [f"Plan {number}" for number in reversed(range(5))]


async def withdrawn(desk: Desk) -> None:
    """A message is logged, found, and taken back."""
    async with desk.client("ana") as ana:
        await ana.post("/api/v1/never-log", json={"pattern": "*@lawyer.example", "effect": "message"})
    raw = mail(ANA, BOB, "Zephyrine plans", text="vermilion")
    await desk.receive(raw)
    await desk.index()
    assert await found(desk, "vermilion") == ["Zephyrine plans"]
    await desk.receive(raw.replace(b"Subject:", b"Cc: x@lawyer.example\r\nSubject:"), "relay")


async def test_what_is_withdrawn_is_found_no_more(desk: Desk) -> None:
    await withdrawn(desk)
    assert await found(desk, "vermilion") == []


@pytest.mark.parametrize("place", ["sqlite"], indirect=True)
async def test_words_of_what_is_withdrawn_leave_a_files_index_also_where_that_was_interrupted(
    desk: Desk,
) -> None:
    await withdrawn(desk)
    assert await _in_index(desk, b"vermilion")
    await desk.store.change(search.erase(0))
    assert await desk.store.read(search.to_erase())
    await desk.index()
    assert not await _in_index(desk, b"vermilion")
    assert not await desk.store.read(search.to_erase())


@pytest.mark.parametrize("place", ["sqlite"], indirect=True)
async def test_a_search_goes_on_although_where_it_ended_was_indexed_anew(desk: Desk) -> None:
    for number in range(4):
        await desk.receive(mail(ANA, BOB, f"Plan {number}", message_id=str(number)))
    await desk.index()
    async with desk.client("ana") as ana:
        part = (await ana.get("/api/v1/activities", params={"search": "plan", "limit": 2})).json()
        await desk.store.change(ask("UPDATE activity SET text = 'other' WHERE id = $1", part["items"][-1]["id"]))
        rest = await ana.get("/api/v1/activities", params={"search": "plan", "cursor": part["next"]})
        assert [one["subject"] for one in rest.json()["items"]] == ["Plan 1", "Plan 0"]


async def test_words_in_all_letters_are_found(desk: Desk) -> None:
    utf8 = {"content_type": "text/plain; charset=utf-8"}
    await desk.receive(mail(ANA, BOB, "Plan", text="Ma\u0301laga Café Straße Ёлка 東京", **utf8))
    await desk.index()
    for word in ("Málaga", "malaga", "MÁLAGA", "café", "Straße", "straße", "Ёлка", "東京"):
        assert await found(desk, word) == ["Plan"], word


async def test_contacts_are_found_by_part_of_name_or_address_in_all_letters(desk: Desk) -> None:
    async with desk.client("ana") as ana:
        await ana.post("/api/v1/contacts", json={"name": "Élodie Dupont", "addresses": ["elodie@client.example"]})
        for word in ("élodie", "ÉLODIE", "dupont", "elodie@"):
            found = (await ana.get("/api/v1/contacts", params={"search": word})).json()["items"]
            assert [one["name"] for one in found] == ["Élodie Dupont"], word


async def _in_index(desk: Desk, word: bytes) -> bool:
    return any(word in bytes(block) for (block,) in await desk.store.read(ask("SELECT block FROM search_data")))


async def test_the_overview_counts_by_user_contact_and_reason(desk: Desk) -> None:
    await desk.receive(mail(ANA, BOB, message_id="1"))
    await desk.receive(mail(ANA, f"{BOB}, kim@client.example", message_id="2"))
    await desk.receive(mail(ANA, "carl@us.example", message_id="3"))
    async with desk.client("ana") as ana:
        seen = (await ana.get("/api/v1/overview")).json()
        [user] = seen["users"]
        assert (user["name"], sum(user["counts"]), user["outgoing"], user["incoming"]) == ("Ana", 2, 2, 0)
        assert [(c["address"], sum(c["counts"])) for c in seen["contacts"]] == [(BOB, 2), ("kim@client.example", 1)]
        counted = {d["reason"]: sum(d["counts"]) for d in seen["decisions"]}
        assert counted == {"explicit.bcc": 2, "participants.internal_only": 1}
        table = (await ana.get("/overview/users.csv")).text
        assert table.splitlines()[-1] == '"Ana","2025-02-26","2"'
    async with desk.client("eve") as eve:
        assert (await eve.get("/api/v1/overview")).json()["users"] == []


async def test_a_source_is_known_to_be_seen_once_it_has_sent_a_copy(desk: Desk) -> None:
    await desk.receive(mail(ANA, BOB, message_id="1"))
    async with desk.client("ana") as ana:
        assert (await ana.get("/api/v1/overview")).json()["sources"][0]["seen_at"] is None
        await desk.receive(mail(ANA, BOB, message_id="1"), "relay")
        assert (await ana.get("/api/v1/overview")).json()["sources"][0]["seen_at"] is not None
