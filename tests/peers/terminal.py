"""A terminal for a program that insists on one; nobody sits there, and its time is bounded."""

from __future__ import annotations

import os
import pty
import select
import subprocess
import termios
import time
from collections.abc import Mapping, Sequence

_ROWS_AND_COLUMNS = (40, 132)
_WAIT = 0.1


def run(command: Sequence[str], environment: Mapping[str, str], seconds: float = 30) -> bytes:
    """Runs the program until it ends by itself; its keys must come from its configuration. What it showed."""
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, _ROWS_AND_COLUMNS)
    program = subprocess.Popen(
        command, stdin=theirs, stdout=theirs, stderr=theirs, env=environment, start_new_session=True
    )
    os.close(theirs)
    try:
        shown = _shown(program, ours, seconds)
        assert program.poll() == 0, f"{command[0]} did not end well:\n{shown[-3000:]!r}"
        return shown
    finally:
        os.close(ours)
        if program.poll() is None:
            program.kill()
        program.wait()


def _shown(program: subprocess.Popen[bytes], ours: int, seconds: float) -> bytes:
    """What the program writes until its end, which must be read, or it would wait for that."""
    shown, end = b"", time.monotonic() + seconds
    while program.poll() is None and time.monotonic() < end:
        if select.select([ours], [], [], _WAIT)[0]:
            try:
                shown += os.read(ours, 65536)
            except OSError:  # its side is closed: it is about to end
                time.sleep(_WAIT)
    return shown
