"""`db mail-key`, given wrongly."""

from __future__ import annotations

from pathlib import Path

from tests.cli.conftest import Command


def test_keys_that_were_never_made_can_not_be_switched_off(command: Command, tmp_path: Path) -> None:
    refused = command("db", "mail-key", "off", GATEWAY_STORE__MAIL_KEY_FILE=str(tmp_path / "mistyped"))
    assert (refused.exit_code, "isn't there, so no mail is encrypted" in refused.stderr) == (78, True)
    assert not (tmp_path / "mistyped").exists()
