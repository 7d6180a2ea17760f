"""`user`."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from click.testing import Result

Command = Callable[..., Result]
Good = Callable[..., str]
Lines = Callable[..., list[dict[str, Any]]]


def test_a_user_comes_changes_and_goes(good: Good, lines: Lines) -> None:
    good("user", "add", "Ann@us.example", "Ann")
    good("user", "add-address", "ann@us.example", "ann@home.example", "--kind", "connected")
    good("user", "rename", "ann@home.example", "Ann B")
    good("user", "set-permissions", "ann@us.example", "account_access", "personal_email_access")
    good("user", "deactivate", "ann@us.example")
    (shown,) = lines("user", "show", "ann@home.example")
    assert shown["name"] == "Ann B"
    assert shown["other_addresses"] == [{"address": "ann@home.example", "kind": "connected"}]
    assert shown["permissions"] == ["account_access", "personal_email_access"]
    assert shown["active"] is False
    good("user", "reactivate", shown["id"])
    good("user", "remove-address", shown["id"], "ann@home.example")
    assert good("user", "list").splitlines() == [
        "NAME   ADDRESS         OTHER ADDRESSES  PERMISSIONS                            ACTIVE",
        "Ann B  ann@us.example  -                account_access, personal_email_access  yes",
    ]


def test_a_contact_who_becomes_a_user_is_told_of(good: Good) -> None:
    good("contact", "add", "bo@x.example", "--name", "Bo")
    output = good("user", "add", "bo@x.example", "Bo")
    assert output.startswith("bo@x.example was an address of the contact Bo. Activities that stay with the contact: 0;")


@pytest.mark.parametrize(
    ("arguments", "exit_code", "sentence"),
    [
        (("add", "ann@us.example", "Ann"), 1, "is an address of the user Ann already."),
        (("add", "ann", "Ann"), 1, "'ann' is not an e-mail address"),
        (("add", "b@us.example", "B", "--permission", "root"), 2, "'root' is not one of 'super_admin'"),
        (("add-address", "ann@us.example", "b@us.example", "--kind", "x"), 2, "'x' is not one of 'connected', 'alias'"),
        (("remove-address", "ann@us.example", "ann@us.example"), 1, "is the user's primary address"),
        (("set-permissions", "ann@us.example", "view_only", "super_admin"), 1, "view_only stands alone"),
        (("set-permissions", "ann@us.example"), 2, "Missing argument"),
        (("show", "bo@us.example"), 1, "There is no user 'bo@us.example'. `user list` shows them."),
        (("reactivate", "ann@us.example"), 1, "The user Ann is active already."),
    ],
)
def test_wrong_input_is_told(command: Command, arguments: tuple[str, ...], exit_code: int, sentence: str) -> None:
    command("user", "add", "ann@us.example", "Ann")
    result = command("user", *arguments)
    assert (result.exit_code, result.stdout) == (exit_code, "")
    assert sentence in result.stderr


def test_a_setup_link_leads_to_where_browsers_find_the_console(good: Good, command: Command) -> None:
    good("user", "add", "ann@us.example", "Ann")
    found = {"GATEWAY_CONSOLE__LISTEN": "127.0.0.1:8025", "GATEWAY_CONSOLE__URL": "https://log.example.com"}
    link = command("user", "setup-link", "ann@us.example", **found).stdout.strip()
    assert re.fullmatch(r"https://log\.example\.com/setup/[\w-]{43}", link)
    refused = command("user", "setup-link", "bo@us.example", **found)
    assert (refused.exit_code, "There is no user 'bo@us.example'." in refused.stderr) == (1, True)


def test_without_a_console_there_is_no_link(good: Good, command: Command) -> None:
    good("user", "add", "ann@us.example", "Ann")
    refused = command("user", "setup-link", "ann@us.example")
    assert (refused.exit_code, "Set console.listen" in refused.stderr) == (1, True)
