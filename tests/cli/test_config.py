"""`config check` and `config show`."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from config.load import VARIABLES
from gateway.cli.config import group
from tests.cli.conftest import Command


def run(*arguments: str, **environ: str) -> Result:
    return CliRunner().invoke(group, arguments, env={"GATEWAY_CONFIG": None, **environ})


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "gateway.toml"
    path.write_text('domain = "log.example"\n[smtp.limits]\ndrain = 2.5\n')
    return path


def test_check_names_the_file_that_it_read(file: Path) -> None:
    result = run("check", "--config", str(file))
    assert (result.exit_code, result.stdout) == (0, f"sound; read: {file}\n")
    assert run("check", GATEWAY_CONFIG=str(file)).stdout == f"sound; read: {file}\n"


def test_check_without_a_file() -> None:
    assert run("check", GATEWAY_DOMAIN="log.example").stdout == "sound; no file read\n"


@pytest.mark.parametrize("command", ["check", "show"])
def test_faults_are_all_listed_and_the_exit_code_is_78(command: str) -> None:
    result = run(command, GATEWAY_LOG__LEVEL="loud", GATEWAY_DOMIAN="x")
    assert (result.exit_code, result.stdout) == (78, "")
    assert result.stderr.splitlines() == [
        "GATEWAY_DOMIAN is no setting; did you mean GATEWAY_DOMAIN? (environment)",
        "domain is required (not given)",
        "log.level must be 'debug', 'info', 'warning' or 'error' (environment GATEWAY_LOG__LEVEL)",
    ]


def test_a_missing_file_is_a_fault_of_the_configuration() -> None:
    result = run("check", "--config", "/nowhere/gateway.toml")
    assert result.exit_code == 78
    assert "can't be read: No such file or directory (file /nowhere/gateway.toml)" in result.stderr


def test_faults_are_harmless_on_a_terminal(tmp_path: Path) -> None:
    path = tmp_path / "gateway.toml"
    path.write_text('domain = "log.example"\n"\\u001b[2J\\u202e" = 1\n')
    result = run("check", "--config", str(path))
    assert result.stderr.startswith("\\u001b[2J\\u202e is no setting")


def test_show_tells_each_setting_and_its_origin(file: Path) -> None:
    lines = run("show", "--config", str(file), GATEWAY_LOG__FORMAT="json").stdout.splitlines()
    assert len(lines) == len(VARIABLES)
    assert f'domain = "log.example"  # file {file}' in lines
    assert 'log.format = "json"  # environment GATEWAY_LOG__FORMAT' in lines
    assert "store.busy_timeout = 5  # default" in lines


def test_show_as_json_is_one_object(file: Path) -> None:
    result = run("show", "--json", "--config", str(file))
    shown = json.loads(result.stdout)
    assert list(shown) == list(VARIABLES.values())
    assert shown["smtp.limits.drain"] == {"value": 2.5, "origin": f"file {file}"}
    assert shown["smtp.certificate"] == {"value": None, "origin": "default"}


def test_the_command_is_imported_without_pydantic() -> None:
    code = "import sys, gateway.cli.config; print('pydantic' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


def test_files_that_serve_could_not_use_are_faults(command: Command, tmp_path: Path) -> None:
    assert command("config", "check").exit_code == 0
    (tmp_path / "garbage").write_text("garbage", encoding="ascii")
    garbage = str(tmp_path / "garbage")
    refused = command(
        *("config", "check"),
        GATEWAY_SMTP__CERTIFICATE=garbage,
        GATEWAY_SMTP__PRIVATE_KEY=garbage,
        GATEWAY_STORE__MAIL_KEY_FILE=garbage,
        GATEWAY_STORE__KEY_FILE=str(tmp_path / "missing"),
    )
    assert refused.exit_code == 78
    told = [line.split()[0] for line in refused.stderr.splitlines()]
    assert told == ["smtp.certificate", "store.mail_key_file", "store.key_file"]


def test_a_key_that_is_yet_to_be_made_is_no_fault(bare: Command) -> None:
    assert bare("config", "check").exit_code == 0
