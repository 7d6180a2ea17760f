"""`account`, and what all commands on the store have in common."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from gateway.cli import COMMANDS, main

Command = Callable[..., Result]
Good = Callable[..., str]
Lines = Callable[..., list[dict[str, Any]]]

GROUPS = ["account", "address", "contact", "db", "never-log", "rule", "source", "user"]


@pytest.mark.parametrize("name", GROUPS)
def test_each_group_has_help(bare: Command, name: str) -> None:
    assert name in COMMANDS
    assert "Commands:" in bare(name, "--help").stdout
    assert main.get_command(None, name) is not None  # type: ignore[arg-type]  # the context isn't looked at


def test_the_first_account_is_told_what_to_do_next(bare: Command) -> None:
    bare("db", "migrate")
    result = bare("account", "create", "us", "--domain", "US.example", "--domain", "us2.example")
    assert result.exit_code == 0
    assert result.stdout.splitlines()[0] == "The account us was made with the own domains us.example, us2.example."
    assert '  bcc-gateway user add ann@us.example "Ann Example"' in result.stdout.splitlines()


def test_an_account_without_a_domain_is_told_so(bare: Command) -> None:
    bare("db", "migrate")
    assert "no own domain yet" in bare("account", "create", "us").stdout


def test_a_second_account_must_be_named(command: Command, good: Good) -> None:
    assert "--account 'new co'" in good("account", "create", "new co", "--domain", "new.example")
    result = command("user", "list")
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == "bcc-gateway: There are several accounts, so name one with --account: new co, us.\n"
    good("user", "list", "--account", "new co")
    assert "no account 'x'; the accounts are new co, us" in command("user", "list", "--account", "x").stderr


def test_an_account_is_set_up(good: Good, lines: Lines) -> None:
    good("account", "rename", "us too")
    good("account", "add-domain", "brand.example")
    good("account", "remove-domain", "us.example")
    good("account", "add-mailbox", "sales@brand.example")
    assert good("account", "set", "strict_subject", "on") == "strict_subject: no → yes\n"
    assert good("account", "set", "strict_subject", "yes") == "strict_subject is yes already.\n"
    (shown,) = lines("account", "show")
    assert (shown["name"], shown["domains"]) == ("us too", ["brand.example"])
    assert (shown["mailboxes"], shown["settings"]["strict_subject"]) == (["sales@brand.example"], True)
    good("account", "remove-mailbox", "sales@brand.example")
    assert lines("account", "list")[0]["mailboxes"] == []
    assert ["strict_subject", "yes"] in [line.split() for line in good("account", "show").splitlines()]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("create", "us"), "There is an account 'us' already."),
        (("create", "\x1b[2J"), "The name of an account holds characters that can't be shown."),
        (("add-domain", "x"), "'x' is not a domain; write it as example.com."),
        (("add-mailbox", "\x1b[2J"), "'\\x1b[2J' is not an e-mail address; write it as name@example.com."),
        (("set", "unproven_user", "x"), "unproven_user can't be 'x'; it is one of refuse, hold."),
    ],
)
def test_wrong_input_is_one_line_and_exit_code_1(command: Command, arguments: tuple[str, ...], sentence: str) -> None:
    result = command("account", *arguments)
    assert (result.exit_code, result.stdout, result.stderr) == (1, "", f"bcc-gateway: {sentence}\n")


def test_wrong_usage_is_exit_code_2(command: Command) -> None:
    assert command("account", "rename").exit_code == 2
    assert command("account", "audit", "--count", "0").exit_code == 2


def test_without_a_database_it_is_said_how_to_make_one(bare: Command) -> None:
    for arguments in (("account", "list"), ("account", "create", "us")):
        result = bare(*arguments)
        assert result.exit_code == 69
        assert result.stderr.startswith("bcc-gateway: There is no database yet. `bcc-gateway db migrate` makes one.")


def test_a_faulty_configuration_is_exit_code_78(bare: Command) -> None:
    result = bare("account", "list", GATEWAY_LOG__LEVEL="loud")
    assert (result.exit_code, result.stdout) == (78, "")
    assert result.stderr.startswith("log.level must be")


def test_without_the_installations_key_nothing_is_opened(command: Command, tmp_path: Path) -> None:
    (tmp_path / "installation.key").unlink()
    result = command("account", "list")
    assert result.exit_code == 69
    assert "installation.key" in result.stderr
    assert not (tmp_path / "installation.key").exists()


def test_the_audit_names_who_did_it(command: Command, good: Good, lines: Lines) -> None:
    good("account", "set", "rule", "log_all", "--as", "Root\x1b[2J")
    assert [r["who"].partition(":")[0] for r in lines("account", "audit")] == ["cli", "cli", "Root\x1b[2J"]
    (last,) = lines("account", "audit", "--count", "1")
    assert (last["action"], last["detail"]["after"]) == ("account.set", "log_all")
    assert last["at"].endswith("+00:00")
    text = good("account", "audit")
    assert "\x1b" not in text
    assert "Root\\u001b[2J" in text
