"""Mail programs of Debian that forward a mail to the gateway as their users would."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.peers import terminal

NOTE = "Please log this."

_MUTT = """\
set from = "ana@us.example" realname = "Ana" hostname = us.example
set smtp_url = "smtp://127.0.0.1:{port}/" ssl_starttls = no ssl_force_tls = no use_envelope_from = yes
set folder = "{folder}" spoolfile = "{folder}/inbox" record = "{folder}/sent" mbox_type = mbox copy = yes
set editor = "{folder}/editor" abort_unmodified = no askcc = no askbcc = no
set quit = yes delete = no move = no mark_old = no confirmappend = no confirmcreate = no sleep_time = 0
set charset = utf-8
ignore *
unignore from: date subject to cc
{options}
push "{keys}"
"""
_EDITOR = f"""\
#!/bin/sh
# Writes the note above what is there already.
{{ printf '{NOTE}\\n\\n'; cat "$1"; }} >"$1.new" && mv "$1.new" "$1"
"""
_S_NAIL = """\
set v15-compat from="Ana <ana@us.example>" hostname=us.example
set mta=smtp://127.0.0.1:{port} smtp-auth=none record={folder}/sent
set ttycharset=utf-8 sendcharsets=utf-8 dotlock-disable
{options}
"""


def needs(program: str) -> pytest.MarkDecorator:
    """Skips a test where the program isn't installed; where everything must be proven, that is a failure."""
    missing = shutil.which(program) is None and "CI" not in os.environ
    return pytest.mark.skipif(missing, reason=f"needs Debian's {program}")


@dataclass(frozen=True)
class Desk:
    """A user's place: a folder with a mailbox file, and the port of the server that takes her mail."""

    folder: Path
    port: int

    @property
    def sent(self) -> Path:
        """The mailbox file with what was sent, as far as a program keeps that."""
        return self.folder / "sent"

    def receive(self, *messages: str) -> None:
        """Fills the mailbox with these messages."""
        box = "".join(f"From bob@client.example Mon Mar  2 09:12:04 2026\n{message}\n" for message in messages)
        (self.folder / "inbox").write_text(box, encoding="utf-8")

    def mutt(self, program: str, options: str, keys: str) -> None:
        """Starts mutt, or neomutt, which then gets these keys; its editor adds the note."""
        editor, settings = self.folder / "editor", self.folder / "muttrc"
        editor.write_text(_EDITOR, encoding="ascii")
        editor.chmod(0o755)
        text = _MUTT.format(port=self.port, folder=self.folder, options=options, keys=keys)
        settings.write_text(text, encoding="utf-8")
        command = [program, "-F", str(settings), "-f", str(self.folder / "inbox")]
        terminal.run(command, self._environment() | {"TERM": "vt100"})

    def s_nail(self, options: str, commands: str) -> None:
        """Starts s-nail without a terminal, with these commands as its input."""
        settings = self.folder / "mailrc"
        settings.write_text(_S_NAIL.format(port=self.port, folder=self.folder, options=options), encoding="utf-8")
        command = ["s-nail", "-#", "-:/", "-X", f"source {settings}", "-f", str(self.folder / "inbox")]
        done = subprocess.run(
            command, input=commands, env=self._environment(), capture_output=True, text=True, timeout=30, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr

    def _environment(self) -> dict[str, str]:
        return {
            "PATH": "/usr/bin:/bin",
            "HOME": str(self.folder),
            "TMPDIR": str(self.folder),
            "LC_ALL": "C.UTF-8",
            "TZ": "UTC",
        }
