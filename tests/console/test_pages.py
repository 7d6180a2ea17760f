"""Every page, for each kind of person and in each language: it is shown, and it is whole."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest
from fakes.desk import Desk

PAGES = (
    *("/start", "/activities", "/decisions", "/decisions/explain", "/overview", "/email-logging", "/contacts"),
    *("/users", "/profile", "/held", "/sources", "/tokens", "/webhooks", "/audit"),
)
ADMINS_ONLY = {"/held", "/sources", "/tokens", "/webhooks", "/audit"}
VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}
VOID |= {"rect", "path"}


class Whole(HTMLParser):
    """Raises where an element isn't closed; collects ids and what refers to them."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.refers: set[str] = set()
        self.inline: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in VOID:
            self.open.append(tag)
        for name, value in attrs:
            if name == "id" and value:
                self.ids.append(value)
            if name in ("for", "aria-labelledby", "aria-describedby"):
                self.refers |= set((value or "").split())
            if name.startswith("on") or name == "style":
                self.inline.append(f"{tag} {name}")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        pass

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self.open.pop() == tag, (tag, self.getpos())


def whole(text: str) -> Whole:
    read = Whole()
    read.feed(text)
    assert read.open == []
    assert len(read.ids) == len(set(read.ids)), read.ids
    assert read.refers <= set(read.ids), read.refers - set(read.ids)
    assert read.inline == []
    return read


@pytest.mark.parametrize("language", ["en", "fr"])
@pytest.mark.parametrize("name", ["ana", "dan", "vic"])
async def test_each_page_is_whole_for_each_person_in_each_language(desk: Desk, name: str, language: str) -> None:
    async with desk.client(name) as client:
        client.headers["accept-language"] = language
        for path in PAGES:
            answer = await client.get(path)
            assert answer.status_code == (403 if path in ADMINS_ONLY and name != "ana" else 200), (path, answer.text)
            whole(answer.text)
            assert f'<html lang="{language}">' in answer.text
            assert len(answer.content) < 40_000


async def test_a_chosen_language_counts_for_more_than_the_browsers(desk: Desk) -> None:
    async with desk.client("ana") as ana:
        answer = await ana.post("/language", data={"language": "fr", "next": "/start"})
        assert answer.headers["location"] == "/start"
        assert '<html lang="fr">' in (await ana.get("/start", headers={"accept-language": "en"})).text


async def test_a_form_keeps_what_was_typed_and_says_what_is_wrong_beside_the_field(desk: Desk) -> None:
    async with desk.client("ana") as ana:
        typed = {"patterns": "good@example.com\nbad@@example.com\nexample.net", "scope": "all"}
        answer = await ana.post("/email-logging/entries", data=typed)
        assert answer.status_code == 422
        assert "bad@@example.com</textarea>" in answer.text
        assert 'id="patterns-fault"' in answer.text
        shown = (await ana.get("/email-logging")).text
        assert "<code>good@example.com</code>" in shown
        assert "<code>*@example.net</code>" in shown
        answer = await ana.post("/users", data={"name": "Zoë <b>", "address": "zoe", "permissions": "view_only"})
        assert 'value="Zoë &lt;b&gt;"' in answer.text
        assert 'id="address-fault"' in answer.text
        whole(answer.text)
