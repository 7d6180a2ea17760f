"""`purge` shows what has been kept for long enough, and lets it go."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from fakes.deliveries import mail

from gateway import expiry
from gateway.cli import common
from gateway.clock import now

DAY = 24 * 60 * 60 * 1000
ROW = {"account": "us", "kind": "activities", "count": 1}


@pytest.fixture
def later(good: Callable[..., str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An activity is on record, and ten days have gone by since."""
    good("user", "add", "ana@us.example", "Ana")
    capture = good("address", "create", "bcc").split()[0]
    (tmp_path / "one.eml").write_bytes(mail("ana@us.example", "bob@client.example"))
    good("replay", "--to", capture, str(tmp_path / "one.eml"))
    good("account", "set", "activity_days", "7")
    for module in (common, expiry):
        monkeypatch.setattr(module, "now", lambda: now() + 10 * DAY)


@pytest.mark.usefixtures("later")
def test_a_dry_run_shows_and_changes_nothing(lines: Callable[..., list[dict[str, Any]]]) -> None:
    for _ in range(2):
        [row] = lines("purge", "--dry-run")
        assert {name: row[name] for name in ROW} == ROW


@pytest.mark.usefixtures("later")
def test_it_erases_only_with_a_clock_that_is_believed(command: Callable[..., Result], good: Callable[..., str]) -> None:
    refused = command("purge")
    assert (refused.exit_code, refused.stdout) == (1, "")
    assert "--clock-is-right" in refused.stderr
    assert "1 erased." in good("purge", "--clock-is-right")
    assert good("purge") == "Nothing has been kept for longer than the accounts' settings say.\n"
    assert "account.purge" in good("account", "audit")


@pytest.mark.usefixtures("later")
def test_another_account_is_left_alone(good: Callable[..., str], lines: Callable[..., list[dict[str, Any]]]) -> None:
    good("account", "create", "them")
    assert lines("purge", "--account", "them", "--clock-is-right") == []
    assert len(lines("purge", "--dry-run")) == 1
