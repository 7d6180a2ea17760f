"""Each import contract of pyproject.toml holds, and breaks when the tree is broken on purpose."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

BREACHES = {
    "Each layer asks only the layers below it": ("gateway/ingest.py", "from gateway.smtp import server"),
    "The core is pure": ("gateway/core/dates.py", "import time"),
    "No stage imports another": ("gateway/core/contacts.py", "from gateway.core import attribution"),
    "Storage knows the core's vocabulary": ("storage/plan.py", "from gateway.core import decide"),
    "Database drivers live in storage only": ("gateway/ingest.py", "import sqlite3"),
    "Only authenticate asks DNS": ("gateway/ingest.py", "import dns.resolver"),
    "Only app and cli read the configuration": ("storage/plan.py", "import config"),
}


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A copy of the sources, to be broken."""
    for folder in ("gateway", "storage", "config"):
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def lint(tree: Path) -> str:
    """What lint-imports prints about a tree, with the exit code before it."""
    program = "import sys; sys.path.insert(0, '.'); from importlinter.cli import lint_imports; sys.exit(lint_imports())"
    run = subprocess.run(
        [sys.executable, "-c", program], cwd=tree, capture_output=True, text=True, check=False, timeout=120
    )
    return f"exit {run.returncode}\n{run.stdout}{run.stderr}"


def test_every_contract_holds(tree: Path) -> None:
    said = lint(tree)
    assert said.startswith("exit 0"), said
    assert said.count(" KEPT") == len(BREACHES)


@pytest.mark.parametrize(
    ("contract", "breach"), BREACHES.items(), ids=lambda value: value if isinstance(value, str) else ""
)
def test_a_contract_breaks_when_it_is_broken(tree: Path, contract: str, breach: tuple[str, str]) -> None:
    """The negative control: the contract would see what it forbids."""
    path, line = breach
    source = tree / path
    source.write_text(f"{source.read_text(encoding='utf-8')}\n{line}\n", encoding="utf-8")
    said = lint(tree)
    assert said.startswith("exit 1"), said
    assert any(row.startswith(contract) and " BROKEN" in row for row in said.splitlines()), said
