"""`erase` takes persons one by one."""

from __future__ import annotations

from tests.cli.conftest import Command


def test_a_pattern_is_nobody_to_erase(command: Command) -> None:
    refused = command("erase", "*@client.example", "--dry-run")
    assert (refused.exit_code, "stands for many: name each address" in refused.stderr) == (1, True)
