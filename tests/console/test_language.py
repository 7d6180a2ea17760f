"""The console in French: nothing is left in English, and every place for a value is there."""

from __future__ import annotations

import re
import string

import pytest
from babel.messages.pofile import read_po
from fakes.sentences import Sentence, sentences

from gateway.console.language import CATALOGUES, chosen, language
from storage.errors import Refused

ALIKE = {
    *("Cc", "Contact", "Contacts", "Date", "Menu", "Message", "Messages", "Options", "Pages", "Sessions", "Sources"),
    "Webhooks",
}
"""What French writes in the same way."""


def french() -> dict[Sentence, str | tuple[str, ...]]:
    with (CATALOGUES / "fr" / "console.po").open("rb") as text:
        return {message.id: message.string for message in read_po(text, locale="fr") if message.id}


def test_every_sentence_has_a_french_one() -> None:
    known = french()
    missing = {sentence: place for sentence, place in sentences().items() if not known.get(sentence)}
    assert missing == {}


def test_no_french_sentence_is_left_over() -> None:
    assert set(french()) - set(sentences()) == set()


def test_none_is_english_still() -> None:
    same = {sentence for sentence, said in french().items() if said == sentence}
    assert {s for s in same if isinstance(s, str) and not s.startswith("copies")} <= ALIKE


@pytest.mark.parametrize("pattern", [r"%\(\w+\)s", r"\{[^}]*\}"])
def test_each_has_the_same_places_for_values(pattern: str) -> None:
    for sentence, said in french().items():
        one = sentence if isinstance(sentence, str) else sentence[-1]
        for text in (said,) if isinstance(said, str) else said:
            assert sorted(re.findall(pattern, text)) == sorted(re.findall(pattern, one)), text


def test_what_is_refused_is_said_with_its_values_and_without_hints_for_a_terminal() -> None:
    error = Refused("There is no user {user!r}.", "`user list` shows them.", user="zoe")
    assert language("en").refusal(error) == "There is no user 'zoe'."
    said = language("fr").refusal(error)
    assert "'zoe'" in said
    assert "user list" not in said


@pytest.mark.parametrize(
    ("choice", "accepted", "code"),
    [
        ("", "", "en"),
        ("", "fr-CA,fr;q=0.9,en;q=0.8", "fr"),
        ("", "de, en;q=0.7, fr;q=0.8", "fr"),
        ("en", "fr", "en"),
        ("xx", "fr;q=0, en", "en"),
        ("", "fr;q=x, *;q=" + "9" * 1000, "en"),
    ],
)
def test_the_choice_counts_then_what_the_browser_prefers(choice: str, accepted: str, code: str) -> None:
    assert chosen(choice, accepted) == code


def test_places_are_well_formed() -> None:
    for sentence in sentences():
        for one in (sentence,) if isinstance(sentence, str) else sentence:
            list(string.Formatter().parse(one))
