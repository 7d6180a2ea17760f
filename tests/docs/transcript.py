"""A page with commands and what they print, as a shell runs it: `run(page, …)` gives the page as it should be.

A command stands behind "    $ ", longer ones go on behind a backslash; what it prints follows, indented.
"""

from __future__ import annotations

import os
import re
import select
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path

COMMAND = "    $ "
_END = b"\0done\0"


class Shell:
    """A shell in a folder, whose commands are run one by one."""

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        self._bash = subprocess.Popen(
            ["bash", "--noprofile", "--norc"],
            cwd=folder,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    def run(self, command: str, seconds: float = 60) -> str:
        """What it prints."""
        assert self._bash.stdin
        assert self._bash.stdout
        self._bash.stdin.write(f"{command}\nprintf '\\0done\\0'\n".encode())
        self._bash.stdin.flush()
        said, end = b"", time.monotonic() + seconds
        while not said.endswith(_END):
            left = end - time.monotonic()
            ready = left > 0 and select.select([self._bash.stdout], [], [], left)[0]
            more = os.read(self._bash.stdout.fileno(), 65536) if ready else b""
            assert more, f"{command} doesn't end:\n{said.decode()}"
            said += more
        return said.removesuffix(_END).decode()

    def close(self) -> None:
        """Ends it, and what it has left behind."""
        assert self._bash.stdin
        self._bash.stdin.write(b"kill $(jobs -p) 2>/dev/null; wait; exit\n")
        self._bash.stdin.close()
        self._bash.wait(60)
        assert self._bash.stdout
        self._bash.stdout.close()


class Disguise:
    """What differs from run to run, and what stands for it on the page."""

    def __init__(self, fixed: Mapping[str, str], kinds: Mapping[str, Callable[[int], str]]) -> None:
        """`fixed`: real → shown. `kinds`: a pattern, and what stands for the nth different text that fits it."""
        self._fixed, self._kinds = fixed, kinds
        self._seen: dict[str, dict[str, str]] = {}
        """By pattern: what was found, and what stands for it."""

    def put_on(self, text: str) -> str:
        """The text as the page has it."""
        for real, shown in self._fixed.items():
            text = text.replace(real, shown)
        for pattern, shown_as in self._kinds.items():
            text = re.sub(pattern, partial(self._stand_in, pattern, shown_as), text)
        return text

    def _stand_in(self, pattern: str, shown_as: Callable[[int], str], found: re.Match[str]) -> str:
        seen = self._seen.setdefault(pattern, {})
        return seen.setdefault(found[0], shown_as(len(seen)))

    def take_off(self, text: str) -> str:
        """A command as it must be given here."""
        for real_to_shown in (self._fixed, *self._seen.values()):
            for real, shown in real_to_shown.items():
                text = text.replace(shown, real)
        return text


def run(page: str, execute: Callable[[str], str], *, kept: Callable[[str], bool]) -> str:
    """The page with what its commands print now; of those that are `kept`, what stood there."""
    lines: list[str] = []
    for piece in filter(None, _parts(page)):
        command = "\n".join(_command(piece)).removeprefix(COMMAND) if piece[0].startswith(COMMAND) else ""
        if not command or kept(command):
            lines += piece
            continue
        lines += _command(piece)
        printed = execute(command).strip("\n")
        lines += [f"    {line}".rstrip() for line in printed.split("\n")] if printed else []
    return "\n".join(lines)


def _command(piece: list[str]) -> list[str]:
    length = next(i for i, line in enumerate(piece, 1) if not line.endswith("\\"))
    return piece[:length]


def _parts(page: str) -> Iterator[list[str]]:
    """The page in pieces: each command with what it printed, and what stands between."""
    piece: list[str] = []
    lines = page.split("\n")
    for at, line in enumerate(lines):
        following = next((later for later in lines[at:] if later.strip()), "")
        printed = bool(piece) and piece[0].startswith(COMMAND)
        prose = not following.startswith("    ") or following.startswith(COMMAND)
        if line.startswith(COMMAND) or (printed and prose):
            yield piece
            piece = []
        piece.append(line)
    yield piece
