"""Starts gateways quickly: `python -m tests.proofs.launcher`, driven by `Launched`.

Everything is imported once. Each line of standard input, a JSON object, forks a process that is the gateway from there
on; the launcher answers with its pid, and when it has ended with its exit code (negative for a signal), each on a line.
"""

from __future__ import annotations

import ctypes
import gc
import json
import os
import select
import signal
import sys
from dataclasses import asdict, dataclass

from gateway.cli import db, main, serve  # noqa: F401 - here, so that no process need import them
from gateway.core import charsets
from tests.proofs import broken, moments, shifted

_PR_SET_PDEATHSIG = 1


@dataclass(frozen=True)
class Request:
    """One start of the program."""

    arguments: list[str]
    log: str
    """The file that its output is appended to."""
    moment: str = ""
    """It is killed at this moment of `moments.MOMENTS` …"""
    times: int = 1
    """… when that comes for this time."""
    build: str = ""
    """One of `broken.BUILDS`: the program is wrong in this way."""
    clock: str = ""
    """A file with milliseconds by which its clock is ahead, read whenever it is looked at."""
    parser: bool = True
    """Without, no parser process is started: for runs in which each start counts and no message needs it."""

    def line(self) -> bytes:
        return json.dumps(asdict(self)).encode() + b"\n"


def become(request: Request) -> None:
    """Makes the process the program that is asked for; what it needs of the product and doesn't find is an error."""
    if request.clock:
        shifted.install(request.clock)
    if not request.parser:
        broken.without_parser()
    if request.build:
        broken.BUILDS[request.build]()
    if request.moment:
        moments.install(request.moment, request.times)


def next_request() -> Request | None:
    """In a new process the request; in this one, when the input has ended, None."""
    for line in sys.stdin.buffer:
        request = Request(**json.loads(line))
        pid = os.fork()
        if not pid:
            return request
        _say(pid)
        _say(_exit_code(pid))
    return None


def _exit_code(pid: int) -> int:
    """Waits for its end. Whoever asked for it says nothing more until then; where he has gone, both end."""
    ended = os.pidfd_open(pid)
    ready, _, _ = select.select([ended, sys.stdin.fileno()], [], [])
    os.close(ended)
    if ended not in ready:
        sys.exit()
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def _say(number: int) -> None:
    sys.stdout.write(f"{number}\n")
    sys.stdout.flush()


def _detach(log: str) -> None:
    """Output goes to the log, there is no input, and the launcher's end is its end."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    out, empty = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT), os.open(os.devnull, os.O_RDONLY)
    os.dup2(empty, 0)
    os.dup2(out, 1)
    os.dup2(out, 2)


if __name__ == "__main__":
    charsets.decode("Grüße".encode("latin-1"), None)  # loads its models
    gc.freeze()
    if asked := next_request():
        _detach(asked.log)
        become(asked)
        main(asked.arguments)
