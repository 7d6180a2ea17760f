"""Commands as an operator gives them, on a configuration and a database of their own."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from gateway.cli import main

Command = Callable[..., Result]


@pytest.fixture
def bare(tmp_path: Path) -> Command:
    """`bare("account", "list")` where there is a configuration and nothing else."""
    config = tmp_path / "gateway.toml"
    store = f'[store]\npath = "{tmp_path}/gateway.db"\nkey_file = "{tmp_path}/installation.key"\n'
    config.write_text(f'domain = "log.example"\n{store}', encoding="utf-8")

    def command(*arguments: str, **environ: str) -> Result:
        return CliRunner().invoke(main, arguments, env={"GATEWAY_CONFIG": str(config), **environ})

    return command


@pytest.fixture
def command(bare: Command) -> Command:
    """The same with a database and the account "us" with its domain us.example."""
    assert bare("db", "migrate").exit_code == 0
    assert bare("account", "create", "us", "--domain", "us.example").exit_code == 0
    return bare


@pytest.fixture
def good(command: Command) -> Callable[..., str]:
    """What a command that must succeed prints."""

    def output(*arguments: str) -> str:
        result = command(*arguments)
        assert result.exit_code == 0, result.output
        return result.stdout

    return output


@pytest.fixture
def lines(good: Callable[..., str]) -> Callable[..., list[dict[str, Any]]]:
    """The JSON lines of a list or show."""

    def parsed(*arguments: str) -> list[dict[str, Any]]:
        return [json.loads(line) for line in good(*arguments, "--json").splitlines()]

    return parsed
