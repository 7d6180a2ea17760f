"""The program of docs/connect/opensmtpd.md, by itself."""

from __future__ import annotations

import shutil
import subprocess

import pytest

from tests.connect.recipe import blocks

PERL = shutil.which("perl")


@pytest.mark.skipif(not PERL, reason="perl is not installed")
@pytest.mark.parametrize(
    ("version", "taken"), [("6.6.4p1", False), ("6.7.1p1", False), ("6.8.0p2", True), ("7.4.0", True)]
)
def test_a_server_that_it_does_not_understand_is_told_at_its_start(version: str, *, taken: bool) -> None:
    [program] = [block.text for block in blocks("opensmtpd.md", "The copies", {}) if block.text.startswith("#!")]
    said = f"config|smtpd-version|{version}\nconfig|subsystem|smtp-in\nconfig|ready\n"
    ended = subprocess.run(
        [str(PERL), "-e", program], input=said, capture_output=True, text=True, timeout=60, check=False
    )
    if taken:
        assert (ended.returncode, ended.stdout.splitlines()[-1]) == (0, "register|ready")
    else:
        told = "gateway-copy: needs OpenSMTPD 6.8 or later\n"
        assert (ended.returncode, ended.stdout, ended.stderr) == (255, "", told)
