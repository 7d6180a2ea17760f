"""docs/install.md's ways to a virtual environment, followed from the repository into an empty folder."""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path

import pytest

from tests.deploy.read import ROOT

PAGE = (ROOT / "docs" / "install.md").read_text(encoding="utf-8")
INIT = (
    *("--domain", "log.example", "--hostname", "mx.log.example", "--account", "acme", "--own-domain", "acme.example"),
    *("--admin-address", "ana@acme.example", "--admin-name", "Ana"),
)
WHOSE = "import json, importlib.metadata as m; d = m.packages_distributions(); print(json.dumps([d[n] for n in %r]))"


def commands(after: str, before: str) -> list[str]:
    """Those in the blocks between two sentences of the page."""
    start = PAGE.index(after)
    return re.findall(r"(?m)^    (.*)$", PAGE[start : PAGE.index(before, start)])


NEWEST = commands("with the newest packages that fit:", "or with the locked ones:")
LOCKED = commands("or with the locked ones:", "does the same for one person")


@pytest.mark.prove
@pytest.mark.parametrize("ways", [NEWEST, [NEWEST[0], *LOCKED]], ids=["newest", "locked"])
def test_a_virtual_environment_made_as_described_has_a_command_that_works(ways: list[str], tmp_path: Path) -> None:
    assert len(ways) > 1
    opt = tmp_path / "opt" / "bcc-gateway"
    for command in ways:
        run = subprocess.run(
            ["sh", "-c", command.replace("/opt/bcc-gateway", str(opt))],
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=500,
            check=False,
        )
        assert run.returncode == 0, f"{command}\n{run.stdout}{run.stderr}"
    empty = tmp_path / "empty"
    empty.mkdir()
    made = subprocess.run([opt / "bin" / "bcc-gateway", "init", *INIT], cwd=empty, check=True, capture_output=True)
    assert b"@bcc.log.example" in made.stdout
    assert {"gateway.toml", "gateway.db", "installation.key"} <= set(os.listdir(empty))
    whose = [opt / "bin" / "python", "-P", "-c", WHOSE % (["gateway", "storage", "config"],)]
    assert json.loads(subprocess.check_output(whose, cwd=empty)) == [["bcc-gateway"]] * 3
