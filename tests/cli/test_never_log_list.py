"""`never-log` and `rule`."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

Command = Callable[..., Result]
Good = Callable[..., str]
Lines = Callable[..., list[dict[str, Any]]]


def test_an_entry_comes_changes_and_goes(good: Good, lines: Lines) -> None:
    good("user", "add", "ann@us.example", "Ann")
    assert good("never-log", "add", "rival.example", "--user", "ann@us.example", "--effect", "message") == (
        "*@rival.example is on the list, for ann@us.example only.\n"
    )
    good("never-log", "promote", "rival.example")
    (entry,) = lines("never-log", "list")
    assert (entry["pattern"], entry["effect"], entry["user"]) == ("*@rival.example", "message", None)
    good("never-log", "keep-for", entry["id"], "ann@us.example")
    assert lines("never-log", "test", "eve@rival.example")[0]["entries"][0]["user"] == "ann@us.example"
    good("never-log", "remove", "*@rival.example")
    assert good("never-log", "test", "eve@rival.example") == "Nothing on the list names eve@rival.example.\n"


def test_a_long_list_is_shown_whole(good: Good, lines: Lines, tmp_path: Path) -> None:
    file = tmp_path / "list.csv"
    file.write_text("pattern\n" + "".join(f"d{n}.example\n" for n in range(1001)))
    assert good("never-log", "import", str(file)) == "1001 created, 0 updated, 0 unchanged, 0 refused.\n"
    assert len(lines("never-log", "list")) == 1001


def test_users_are_told_to_be_exempt(good: Good) -> None:
    good("user", "add", "ann@us.example", "Ann")
    good("never-log", "add", "us.example")
    output = good("never-log", "test", "ann@us.example")
    assert output.startswith("ann@us.example is the user Ann's: users are never held against the list.\nID ")


@pytest.mark.parametrize(
    ("arguments", "exit_code", "sentence"),
    [
        (("add", "*@RIVAL.example"), 1, "*@rival.example is on the list for all users already, as entry "),
        (("add", "a b"), 1, "'a b' is not name@domain, *@domain or *@*.domain."),
        (("add", "x.example", "--effect", "x"), 2, "'x' is not one of 'participant', 'message'"),
        (("remove", "x.example"), 1, "There is no entry 'x.example' on the never-log list"),
        (("promote", "rival.example"), 1, "*@rival.example is for all users already."),
        (("keep-for", "rival.example", "b@us.example"), 1, "There is no user 'b@us.example'"),
        (("test", "rival.example"), 1, "is not an e-mail address"),
    ],
)
def test_wrong_input_is_told(command: Command, arguments: tuple[str, ...], exit_code: int, sentence: str) -> None:
    command("never-log", "add", "rival.example")
    result = command("never-log", *arguments)
    assert (result.exit_code, result.stdout) == (exit_code, "")
    assert sentence in result.stderr


def test_the_rule_is_shown_and_set(command: Command, good: Good, lines: Lines) -> None:
    assert good("rule", "show").startswith("replies_only: a passive copy is logged only when")
    good("rule", "set", "log_all_and_create")
    assert lines("rule", "show") == [{"account": "us", "rule": "log_all_and_create"}]
    result = command("rule", "set", "everything")
    assert result.exit_code == 2
    assert "is not one of 'replies_only', 'log_all', 'log_all_and_create'" in result.stderr


def test_without_a_terminal_it_is_said_how_to_take_back(command: Command) -> None:
    add = command("never-log", "add", "rival.example", "--purge")
    assert (add.exit_code, "add it, look with `never-log purge ENTRY --dry-run` first" in add.stderr) == (2, True)
    assert command("never-log", "add", "rival.example").exit_code == 0
    purge = command("never-log", "purge", "rival.example")
    assert (purge.exit_code, "look with `never-log purge ENTRY --dry-run` first" in purge.stderr) == (2, True)
