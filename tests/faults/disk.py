"""The recorder of what a program does to a folder, and the faults it can be given: `disk.c`, seen from the test."""

from __future__ import annotations

import atexit
import errno
import mmap
import os
import shutil
import struct
import subprocess
import tempfile
from functools import cache
from pathlib import Path

import pytest

_SOURCE = Path(__file__).with_name("disk.c")
_FOLDER, _LOG, _NUMBERS = 0, 512, 1024
_FIELDS = ("kind", "nth", "error", "lasting", "space", "sync", "failed", "kill")
KINDS = {"open": 1, "read": 2, "write": 3, "sync": 4, "truncate": 5, "unlink": 6}
SYNCS = {"": 0, "believed": 1, "swallowed": 2, "retried": 3}
"""How a build syncs that breaks the promise: not at all, taking an error for success, trying again after one."""
SHORT = 0
"""In the place of an error: half of it is written."""


@cache
def library() -> Path:
    """`disk.c`, compiled. The test is skipped where there is no compiler."""
    if not shutil.which("gcc"):
        pytest.skip("no gcc: apt-get install gcc libc6-dev")
    folder = Path(tempfile.mkdtemp(prefix="disk-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    built = folder / "disk.so"
    flags = ["-shared", "-fPIC", "-O2", "-Wall", "-Wextra", "-Werror"]
    subprocess.run(["gcc", *flags, "-o", built, _SOURCE, "-ldl", "-lpthread"], check=True, timeout=100)
    return built


class Disk:
    """What happens to a folder's files, and what goes wrong; programs started with `environment` are under it."""

    def __init__(self, control: Path) -> None:
        """`control`: a file to be made, outside the folder."""
        control.write_bytes(bytes(_NUMBERS + 8 * len(_FIELDS)))
        self._control = control
        with control.open("r+b") as file:
            self._shared = mmap.mmap(file.fileno(), 0)
        self._set("space", -1)

    @property
    def environment(self) -> dict[str, str]:
        """For the programs that are to run on this disk."""
        return {**os.environ, "LD_PRELOAD": str(library()), "FAULTS": str(self._control)}

    def record(self, folder: Path, log: Path) -> None:
        """From now on what is done to the files in the folder goes to the log."""
        for at, path in ((_FOLDER, folder.resolve()), (_LOG, log.resolve())):
            text = str(path).encode()
            assert len(text) < 512
            self._shared[at : at + 512] = text.ljust(512, b"\0")

    def fail(self, kind: str, nth: int, error: int = errno.EIO, *, lasting: bool = False, kill: bool = False) -> None:
        """The nth call of this kind from now on fails, and every later one if `lasting`; or ends the program."""
        self.sound()
        for name, value in (("error", error), ("lasting", lasting), ("kill", kill), ("kind", KINDS[kind])):
            self._set(name, value)
        self._set("nth", nth)

    def leave_space(self, size: int) -> None:
        """Files may grow by so many bytes; negative: without end."""
        self._set("space", size)

    def sync(self, how: str) -> None:
        """One of SYNCS."""
        self._set("sync", SYNCS[how])

    def sound(self) -> None:
        """No call fails any more, and none has failed."""
        for name in ("nth", "kind", "error", "lasting", "kill", "failed"):
            self._set(name, 0)

    @property
    def failed(self) -> int:
        """Calls that were made to fail."""
        at = _NUMBERS + 8 * _FIELDS.index("failed")
        return int(struct.unpack_from("q", self._shared, at)[0])

    def _set(self, name: str, value: int) -> None:
        struct.pack_into("q", self._shared, _NUMBERS + 8 * _FIELDS.index(name), value)
