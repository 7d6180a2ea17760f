"""`db`."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from click.testing import Result

from storage.migrate import migrations

Command = Callable[..., Result]
Lines = Callable[..., list[dict[str, Any]]]
NEWEST = migrations()[-1].version


def test_migrate_makes_database_and_key_for_their_owner_only(bare: Command, tmp_path: Path) -> None:
    applied = [f"{tmp_path}/gateway.db: applied {m.version:04} {m.name}" for m in migrations()]
    assert bare("db", "migrate").stdout.splitlines() == applied
    for name in ("gateway.db", "installation.key"):
        assert (tmp_path / name).stat().st_mode & 0o777 == 0o600
    assert bare("db", "migrate").stdout == f"{tmp_path}/gateway.db: up to date\n"


def test_status_tells_the_versions_and_if_they_fit(bare: Command, tmp_path: Path) -> None:
    missing = bare("db", "status")
    assert (missing.exit_code, missing.stdout) == (69, f"{tmp_path}/gateway.db: version 0 of {NEWEST}, 0 bytes\n")
    bare("db", "migrate")
    found = bare("db", "status", "--json")
    status = json.loads(found.stdout)
    assert (found.exit_code, status["version"], status["newest"]) == (0, NEWEST, NEWEST)
    assert status["size"] > 0


def test_a_key_that_was_lost_is_not_replaced(bare: Command, tmp_path: Path) -> None:
    """A new key would find nothing that was remembered under the old one."""
    bare("db", "migrate")
    (tmp_path / "installation.key").unlink()
    assert bare("db", "migrate").exit_code == 69
    assert not (tmp_path / "installation.key").exists()


def test_what_is_no_database_is_left_alone(bare: Command, tmp_path: Path) -> None:
    (tmp_path / "gateway.db").write_text("something else, and longer than a header of SQLite would ever be: " * 20)
    for arguments in (("migrate",), ("status",)):
        result = bare("db", *arguments)
        assert result.exit_code == 69
        assert "no database of bcc-gateway" in result.stderr
    assert (tmp_path / "gateway.db").read_text().startswith("something else")


def test_a_backup_is_a_database_of_its_own(command: Command, tmp_path: Path) -> None:
    copy = tmp_path / "copy.db"
    assert command("db", "backup", str(copy)).exit_code == 0
    assert copy.stat().st_mode & 0o777 == 0o600
    result = command("account", "list", "--json", GATEWAY_STORE__PATH=str(copy))
    assert json.loads(result.stdout)["name"] == "us"
    again = command("db", "backup", str(copy))
    assert (again.exit_code, again.stderr) == (1, f"bcc-gateway: {copy}: File exists\n")


def test_behind_a_link_the_file_is_the_database_and_the_link_stays(
    command: Command, lines: Lines, tmp_path: Path
) -> None:
    (tmp_path / "volume").mkdir()
    (tmp_path / "gateway.db").rename(tmp_path / "volume" / "real.db")
    (tmp_path / "gateway.db").symlink_to(tmp_path / "volume" / "real.db")
    assert [account["name"] for account in lines("account", "list")] == ["us"]
    assert command("db", "backup", str(tmp_path / "backup.db")).exit_code == 0
    assert command("db", "restore", str(tmp_path / "backup.db")).exit_code == 0
    assert (tmp_path / "gateway.db").is_symlink()
    assert [path.parent.name for path in tmp_path.rglob("*.before-*")] == ["volume"]


def test_a_folder_is_no_database(command: Command, tmp_path: Path) -> None:
    for arguments in (("db", "migrate"), ("account", "list")):
        refused = command(*arguments, GATEWAY_STORE__PATH=str(tmp_path))
        assert (refused.exit_code, "is a folder: store.path names the database" in refused.stderr) == (1, True)
