"""`init`: a first deployment from nothing, asked for or given, which overwrites nothing and goes on after a failure."""

from __future__ import annotations

import json
import os
import pty
import re
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from config.load import load
from gateway.cli import main

ROOT = Path(__file__).parents[2]
ACCOUNT = (
    *("--account", "acme", "--own-domain", "acme.example", "--own-domain", "acme.test"),
    *("--admin-address", "ana@acme.example", "--admin-name", "Ana Example"),
)
SETTINGS = ("--domain", "log.example", "--hostname", "mx.log.example")
CAPTURE = re.compile(r"\b[a-z2-7]{26}@(\w+)\.log\.example\b")
Run = Callable[..., Result]


@pytest.fixture
def init(tmp_path: Path) -> Run:
    """`init(…)` in an empty folder, whose files are gateway.toml and so on."""

    def command(*arguments: str, **environ: str) -> Result:
        options = ("init", "--config", str(tmp_path / "gateway.toml"), *arguments)
        return CliRunner().invoke(main, options, env=environ)

    return command


@pytest.fixture
def there(tmp_path: Path) -> Callable[..., str]:
    """What another command says about what was made."""

    def said(*arguments: str) -> str:
        result = CliRunner().invoke(main, arguments, env={"GATEWAY_CONFIG": str(tmp_path / "gateway.toml")})
        assert result.exit_code == 0, result.output
        return result.stdout

    return said


def files(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir() if not path.name.startswith("gateway.db-")}


def test_it_makes_settings_key_database_account_admin_and_capture_address(
    init: Run, there: Callable[..., str], tmp_path: Path
) -> None:
    made = init(*SETTINGS, *ACCOUNT, "--capture", "bcc", "--capture", "relay", "--console", "127.0.0.1:8025")
    assert made.exit_code == 0, made.output
    assert files(tmp_path) == {"gateway.toml", "gateway.db", "installation.key"}
    assert {path.stat().st_mode & 0o777 for path in tmp_path.iterdir()} == {0o600}
    account = json.loads(there("account", "show", "--json"))
    assert (account["name"], account["domains"]) == ("acme", ["acme.example", "acme.test"])
    user = json.loads(there("user", "list", "--json"))
    assert (user["name"], user["address"]) == ("Ana Example", "ana@acme.example")
    assert set(user["permissions"]) == {"super_admin", "personal_email_access"}
    assert CAPTURE.findall(made.stdout) == ["bcc", "relay"]
    assert {match[0] for match in CAPTURE.finditer(made.stdout)} <= set(there("address", "list").split())
    assert len(re.findall(r"http://127.0.0.1:8025/setup/[\w-]{43}\n", made.stdout)) == 1


def test_it_says_which_names_dns_must_have_and_what_comes_next(init: Run, tmp_path: Path) -> None:
    said = init(*SETTINGS, *ACCOUNT).stdout
    for channel in ("bcc", "forward", "relay", "journal"):
        assert re.search(rf"(?m)^  {channel}\.log\.example\. +MX +10 mx\.log\.example\.$", said)
        assert f"dig +short {channel}.log.example. MX" in said
    assert re.search(r"(?m)^  mx\.log\.example\. +A ", said)
    assert "There is no certificate" in said
    assert "port 25" not in said
    assert f"bcc-gateway serve --config {tmp_path / 'gateway.toml'}" in said


def test_the_file_holds_what_differs_from_the_defaults_with_comments(init: Run, tmp_path: Path) -> None:
    init(*SETTINGS, *ACCOUNT, "--listen", "127.0.0.1:2525", "--console", "")
    text = (tmp_path / "gateway.toml").read_text(encoding="utf-8")
    named = re.findall(r"(?m)^# [A-Z].{10,110}\.\n(\w+) = ", text)
    assert named == ["hostname", "domain", "path", "key_file"]
    settings = load({}, tmp_path / "gateway.toml")
    assert (settings.hostname, settings.domain) == ("mx.log.example", "log.example")
    assert settings.store.path == tmp_path / "gateway.db"
    assert settings.smtp.listen == ("127.0.0.1:2525",)


def test_without_a_terminal_all_that_is_missing_is_named_at_once(init: Run, tmp_path: Path) -> None:
    refused = init("--admin-name", "Ana")
    assert refused.exit_code == 2
    flags = ["--domain", "--hostname", "--account", "--own-domain", "--admin-address"]
    assert re.findall(r"--[\w-]+", refused.stderr) == flags
    assert files(tmp_path) == set()


def test_all_that_is_wrong_is_told_at_once_and_nothing_is_made(init: Run, tmp_path: Path) -> None:
    refused = init(
        *("--domain", "log example", "--hostname", "mx", "--listen", "25", "--console", "0.0.0.0:8025"),
        *("--certificate", "c.pem", "--database", "postgresql://", "--account", "a", "--own-domain", "acme"),
        *("--admin-address", "ana", "--admin-name", "\x07"),
    )
    assert refused.exit_code == 78
    assert set(re.findall(r"bcc-gateway: (\S+?):? ", refused.stderr)) == {
        *("--domain", "--listen", "--console", "--certificate", "--database"),
        *("--own-domain", "--admin-address", "--admin-name"),
    }
    assert files(tmp_path) == set()
    unreadable = init(*SETTINGS, *ACCOUNT, "--certificate", "c.pem", "--private-key", "k.pem")
    assert (unreadable.exit_code, "--certificate can't be used" in unreadable.stderr) == (78, True)
    assert files(tmp_path) == set()


def test_at_a_terminal_it_asks_and_asks_again_what_can_not_be(tmp_path: Path) -> None:
    ours, theirs = pty.openpty()
    answers = [
        *("log example", "log.example", "", "25", "127.0.0.1:2525", "none.pem", "none.key", "", ""),
        *(
            "0.0.0.0:8025",
            "",
            "127.0.0.1:8025",
            "",
            "acme",
            "acme",
            "acme.example,acme.test",
            "ana@acme.example",
            "Ana",
        ),
    ]
    try:
        os.write(ours, "".join(f"{answer}\n" for answer in answers).encode())
        done = subprocess.run(
            [sys.executable, "-P", "-m", "gateway", "init"],
            cwd=tmp_path,
            stdin=theirs,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
    finally:
        os.close(ours)
        os.close(theirs)
    assert done.returncode == 0, done.stderr
    for refusal in (
        "domain must be",
        "smtp.listen must",
        "smtp.certificate can't",
        "console.listen reaches",
        "'acme' is",
    ):
        assert done.stderr.count(refusal) == 1, (refusal, done.stderr)
    settings = load({}, tmp_path / "gateway.toml")
    assert (settings.domain, settings.hostname) == ("log.example", "gateway.log.example")
    assert settings.console.listen == "127.0.0.1:8025"
    assert "own domains: acme.example, acme.test" in done.stdout


def test_what_is_there_stays_as_it_is(init: Run, tmp_path: Path) -> None:
    first = init(*SETTINGS, *ACCOUNT, "--console", "127.0.0.1:8025")
    before = {name: (tmp_path / name).read_bytes() for name in ("gateway.toml", "installation.key")}
    again = init(*SETTINGS, *ACCOUNT)
    assert again.exit_code == 0, again.output
    assert CAPTURE.search(again.stdout)[0] == CAPTURE.search(first.stdout)[0]  # type: ignore[index]  # it is there
    assert "/setup/" not in again.stdout, "the link is shown once"
    otherwise = init("--domain", "other.example", "--listen", "0.0.0.0:26", *ACCOUNT)
    assert (otherwise.exit_code, "otherwise than --domain, --listen" in otherwise.stderr) == (1, True)
    another = init("--account", "beta")
    assert (another.exit_code, "the account acme already" in another.stderr) == (1, True)
    assert {name: (tmp_path / name).read_bytes() for name in before} == before


def _a_file_in_the_way(folder: Path) -> Callable[[], None]:
    blocked = folder / "in-the-way"
    blocked.write_text("", encoding="ascii")
    return blocked.unlink


def _no_capture_addresses(folder: Path) -> Callable[[], None]:
    """Made by an earlier run that was killed, say, with a database that refuses the last insert."""
    CliRunner().invoke(main, ["db", "migrate"], env=_stored(folder))
    with sqlite3.connect(folder / "gateway.db") as database:
        database.execute("CREATE TRIGGER t BEFORE INSERT ON capture_address BEGIN SELECT RAISE(ABORT, 'no'); END")

    def put_right() -> None:
        with sqlite3.connect(folder / "gateway.db") as database:
            rows = database.execute("SELECT count(*) FROM account UNION ALL SELECT count(*) FROM account_user")
            assert rows.fetchall() == [(0,), (0,)]
            database.execute("DROP TRIGGER t")

    return put_right


def _stored(folder: Path) -> dict[str, str]:
    return {
        "GATEWAY_DOMAIN": "log.example",
        "GATEWAY_STORE__PATH": str(folder / "gateway.db"),
        "GATEWAY_STORE__KEY_FILE": str(folder / "installation.key"),
    }


@pytest.mark.parametrize(
    ("spoil", "flags", "stands"),
    [
        (_a_file_in_the_way, ("--config", "in-the-way/gateway.toml"), []),
        (_a_file_in_the_way, ("--key-file", "in-the-way/installation.key"), []),
        (_a_file_in_the_way, ("--database", "in-the-way/gateway.db"), ["installation.key"]),
        (_no_capture_addresses, (), ["gateway.toml", "installation.key", "gateway.db"]),
    ],
    ids=["settings", "key", "database", "account"],
)
def test_a_step_that_fails_says_what_stands_and_the_same_command_goes_on(
    init: Run, tmp_path: Path, spoil: Callable[[Path], Callable[[], None]], flags: tuple[str, ...], stands: list[str]
) -> None:
    flags = tuple(str(tmp_path / flag) if "/" in flag else flag for flag in flags)
    put_right = spoil(tmp_path)
    stopped = init(*SETTINGS, *ACCOUNT, *flags)
    assert stopped.exit_code in (1, 69, 75), stopped.output
    assert re.findall(r"(?m)^  .*?([\w.]+):", stopped.stderr) == stands
    assert ("Nothing was made." in stopped.stderr) == (not stands)
    assert "Traceback" not in stopped.output
    put_right()
    done = init(*SETTINGS, *ACCOUNT, *flags)
    assert done.exit_code == 0, done.output
    assert CAPTURE.findall(done.stdout) == ["bcc"]


@pytest.mark.parametrize(
    ("flag", "value"),
    [
        *(("--admin-address", "ana@other.example"), ("--admin-name", "Anna"), ("--own-domain", "other.example")),
        ("--capture", "relay"),
    ],
)
def test_another_answer_than_what_stands_is_refused(init: Run, tmp_path: Path, flag: str, value: str) -> None:
    assert init(*SETTINGS, *ACCOUNT).exit_code == 0
    before = (tmp_path / "gateway.db").read_bytes()
    refused = init(*SETTINGS, *ACCOUNT, flag, value)
    assert (refused.exit_code, f"says otherwise than {flag}." in refused.stderr) == (1, True)
    assert (tmp_path / "gateway.db").read_bytes() == before
    assert init(*SETTINGS, *ACCOUNT).exit_code == 0


@pytest.mark.parametrize("address", ["192.0.2.1", "2001:db8::1"])
def test_mx_records_lead_to_a_name(init: Run, tmp_path: Path, address: str) -> None:
    refused = init(*SETTINGS[:2], "--hostname", address, *ACCOUNT)
    assert (refused.exit_code, "--hostname must be" in refused.stderr) == (78, True)
    assert files(tmp_path) == set()


def test_a_database_that_can_not_be_made_is_remembered_nowhere(init: Run, tmp_path: Path) -> None:
    _a_file_in_the_way(tmp_path)
    assert init(*SETTINGS, *ACCOUNT, "--database", str(tmp_path / "in-the-way" / "gateway.db")).exit_code == 69
    assert init(*SETTINGS, *ACCOUNT, "--database", str(tmp_path / "gateway.db")).exit_code == 0


def test_where_the_environment_has_the_settings_no_file_is_written(init: Run, tmp_path: Path) -> None:
    environ = {**_stored(tmp_path), "GATEWAY_HOSTNAME": "mx.log.example"}
    made = init(*ACCOUNT, **environ)
    assert made.exit_code == 0, made.output
    assert files(tmp_path) == {"gateway.db", "installation.key"}
    assert "\n  bcc-gateway serve " in made.stdout
    refused = init("--hostname", "other.example", **environ)
    assert (refused.exit_code, "the environment says otherwise than --hostname" in refused.stderr) == (1, True)
