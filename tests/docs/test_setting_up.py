"""The page of an admin can be followed: its commands work, one after the other, from an empty folder."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner
from written import ROOT, blocks

from gateway.cli import main

PAGE = ROOT / "docs" / "administration.md"
LETTER = b"From: bo@customer.example\nTo: ann@us.example\nMessage-ID: <a@customer.example>\n\nHello\n"
OF_ANOTHER = {"ID", "URL", "FILE"}
"""A command that names one of these needs something that nobody has here."""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """With the files that the page speaks of, and settings in the environment."""
    (tmp_path / "Maildir" / "cur").mkdir(parents=True)
    (tmp_path / "letters").mkdir()
    for name in ("Maildir/cur/1", "letters/1.eml", "note.eml"):
        (tmp_path / name).write_bytes(LETTER)
    (tmp_path / "old.mbox").write_bytes(b"From bo@customer.example Tue Mar  4 10:12:00 2025\n" + LETTER)
    (tmp_path / "list.csv").write_text("pattern\nrival.example\n")
    (tmp_path / "people.csv").write_text("email,name\nbo@old.example,Bo\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GATEWAY_DOMAIN", "log.example")
    monkeypatch.setenv("GATEWAY_STORE__PATH", str(tmp_path / "gateway.db"))
    monkeypatch.setenv("GATEWAY_STORE__KEY_FILE", str(tmp_path / "installation.key"))
    return tmp_path


def test_every_command_of_the_page_works_in_its_turn(folder: Path) -> None:
    """`~` is the folder here, and ADDRESS a capture address that was made before. Lines with a pipe are left out."""
    addresses: list[str] = []
    refused = []
    lines = [line for block in blocks(PAGE) for line in re.sub(r"\\\n\s*", "", block.text).splitlines()]
    for line in lines:
        words = shlex.split(line.replace("~", str(folder)), comments=True)
        if words[:1] != ["bcc-gateway"] or OF_ANOTHER & set(words):
            continue
        done = CliRunner().invoke(main, [addresses[-1] if word == "ADDRESS" else word for word in words[1:]])
        if done.exit_code:
            refused.append((line, done.exit_code, done.output))
        if words[1:3] in (["address", "create"], ["address", "rotate"]):
            addresses += re.findall(r"(?m)^[a-z0-9]+@\S+$", done.stdout)
    assert refused == []
    assert len(addresses) > 3
