"""What is refused is said by a fixed sentence with places for values, so that it can be said in other languages."""

from __future__ import annotations

import ast
import string
from collections.abc import Iterator
from pathlib import Path

import pytest

from storage.errors import NotFound, Refused

ROOT = Path(__file__).parents[2]


def refusals() -> Iterator[tuple[str, ast.Call]]:
    """Each call that makes one, and where it stands."""
    for folder in ("storage", "gateway"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Call) and getattr(node.func, "id", "") in ("Refused", "NotFound"):
                    yield f"{path.relative_to(ROOT)}:{node.lineno}", node


def test_every_sentence_is_fixed_and_has_a_place_for_each_value() -> None:
    found = list(refusals())
    assert len(found) > 70
    for where, call in found:
        sentence = call.args[0]
        assert not isinstance(sentence, ast.JoinedStr), where
        if isinstance(sentence, ast.Constant):
            places = {name for _, name, _, _ in string.Formatter().parse(sentence.value) if name}
            assert places == {keyword.arg for keyword in call.keywords}, where


def test_commands_are_named_in_hints_only() -> None:
    for where, call in refusals():
        if isinstance(call.args[0], ast.Constant):
            assert "`" not in call.args[0].value, where


def test_values_are_filled_in_as_they_are_and_the_hint_comes_last() -> None:
    refused = NotFound("There is no user {user!r}.", "`user list` shows them.", user="{user}")
    assert str(refused) == "There is no user '{user}'. `user list` shows them."
    assert (refused.sentence, refused.values) == ("There is no user {user!r}.", {"user": "{user}"})
    assert str(Refused("100 % {of} it")) == "100 % {of} it"
    with pytest.raises(KeyError):
        Refused("{this}", that="")
