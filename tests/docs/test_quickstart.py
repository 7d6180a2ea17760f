"""docs/quickstart.md shows what its commands print: they are run, here and by `make prove` from a fresh clone.

`UPDATE_GOLDEN=1 pytest tests/docs/test_quickstart.py` writes what they print now.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from transcript import Disguise, Shell, run

from tests.running_gateway import free_port

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "quickstart.md"
INSTALLS = "make install"
FOLDER = "/home/ana/bcc-gateway"
KINDS = {
    r"\b[a-z2-7]{26}(?=@bcc)": lambda n: "mfrggzdfmztwq2lkmnswmz3ijf"[: 26 - n] + "a" * n,
    r"\b01[0-9a-hjkmnp-tv-z]{24}\b": lambda n: f"01m0vzs7gqbb3cw2bg5s{n:06}",
    r"\b20\d\d-\d\d-\d\d \d\d:\d\d:\d\d\b": lambda _: "2027-03-01 09:30:00",
    r"(?<=Date: )\w{3}, \d\d \w{3} \d{4} [\d:]{8} [+-]\d{4}": lambda _: "Mon, 01 Mar 2027 09:30:00 +0000",
    r"(?<=Message-Id: <)[^>]+(?=>)": lambda _: "20270301093000.004711@laptop.example",
    r"(?<=-> EHLO )\S+": lambda _: "laptop.example",
    r"(?<=swaks )v\d+\.\d+": lambda _: "v20201014.0",
    r"(?<=/setup/)[\w-]{43}": lambda _: "7Hq2b0mJk3dXo9sYtV5wZpLrNfGcAeUiBy1T4x6QhKE",
}
pytestmark = pytest.mark.skipif(not shutil.which("swaks"), reason="swaks is not installed")


@contextmanager
def at_work(folder: Path) -> Iterator[tuple[Shell, Disguise]]:
    """A shell in a folder, with little more than a path in its environment, and ports that are free."""
    fixed = {f"127.0.0.1:{free_port()}": f"127.0.0.1:{shown}" for shown in (2525, 8025)} | {str(folder): FOLDER}
    given = {name: value for name, value in os.environ.items() if name.startswith(("PIP_", "SSL_"))}
    environment = {
        **given,
        "PATH": f"{Path(sys.base_prefix) / 'bin'}:/usr/local/bin:/usr/bin:/bin",
        "HOME": str(Path.home()),  # pip's index is set there
        "LANG": "C.UTF-8",
        "GATEWAY_HEALTH__LISTEN": f"127.0.0.1:{free_port()}",
    }
    shell = Shell(folder, environment)
    try:
        yield shell, Disguise(fixed, KINDS)
    finally:
        shell.close()


def page_as_run(folder: Path, *, installed: bool) -> str:
    """The page with what is printed now. `installed`: with the environment of these tests."""
    with at_work(folder) as (shell, disguise):

        def execute(command: str) -> str:
            said = disguise.put_on(shell.run(disguise.take_off(command), seconds=900 if command == INSTALLS else 60))
            if command.startswith("kill"):
                shell.run("wait")
            return "\n".join(line for line in said.split("\n") if not line.startswith("WARNING: "))

        text = PAGE.read_text(encoding="utf-8")
        return run(text, execute, kept=lambda command: installed and command.endswith(INSTALLS))


def test_what_the_page_shows_is_what_the_commands_print(tmp_path: Path) -> None:
    (tmp_path / ".venv").symlink_to(Path(sys.prefix))
    now = page_as_run(tmp_path, installed=True)
    if os.environ.get("UPDATE_GOLDEN"):
        PAGE.write_text(now, encoding="utf-8")
    assert PAGE.read_text(encoding="utf-8") == now
    assert "logged    explicit.bcc" in now
    assert "skipped   never_log.address" in now


@pytest.mark.prove
def test_a_newcomer_gets_there_from_a_fresh_clone_in_ten_minutes(tmp_path: Path) -> None:
    clone = tmp_path / "bcc-gateway"
    subprocess.run(["git", "clone", "--quiet", ROOT, clone], check=True, timeout=120)
    began = time.monotonic()
    now = page_as_run(clone, installed=False)
    if os.environ.get("UPDATE_GOLDEN"):
        PAGE.write_text(now, encoding="utf-8")
    print(f"quickstart from a fresh clone: {time.monotonic() - began:.0f} s")
    assert PAGE.read_text(encoding="utf-8") == now
