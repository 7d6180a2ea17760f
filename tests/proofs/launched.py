"""A gateway that is started by the launcher: within milliseconds, to be killed at a moment, or wrong on purpose."""

from __future__ import annotations

import atexit
import os
import select
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from tests.proofs.launcher import Request
from tests.running_gateway import Gateway

_ROOT = Path(__file__).parents[2]


@dataclass
class Launched(Gateway):
    """As `Gateway`. What is set of these holds from the next start."""

    moment: str = ""
    times: int = 1
    build: str = ""
    clock: str = ""
    parser: bool = True
    _launcher: subprocess.Popen[bytes] | None = None
    _pid: int = 0
    """Of the gateway; 0 while none runs."""
    _code: int = 0

    def start(self, *tracer: str) -> None:
        assert not tracer
        self.launch("serve")
        end = time.monotonic() + 60
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
            except OSError:
                if not self.running and self.moment:
                    return  # it came at once
                assert self.running, self.log()
                assert time.monotonic() < end, self.log()
                time.sleep(0.002)
            else:
                return

    def launch(self, *command: str) -> None:
        """Starts this command of the program, and doesn't wait."""
        arguments, log = [*command, "--config", str(self.config)], str(self.folder / "gateway.log")
        request = Request(arguments, log, self.moment, self.times, self.build, self.clock, self.parser)
        pipe = self._launcher_running()
        assert pipe.stdin
        pipe.stdin.write(request.line())
        pipe.stdin.flush()
        self._pid = self._number()

    def signal(self, number: signal.Signals) -> None:
        """To the gateway, if it still runs."""
        if self.running:
            os.kill(self._pid, number)

    def ended(self, within: float = 60) -> int:
        """Waits for the end; the exit code, negative for a signal."""
        assert self._launcher
        assert self._launcher.stdout
        if self._pid:
            ready, _, _ = select.select([self._launcher.stdout], [], [], within)
            assert ready, f"it runs on; {self.log()[-2000:]}"
            self._code, self._pid = self._number(), 0
        return self._code

    def wait_for_log(self, text: str, times: int = 1) -> None:
        """Until that stands in the log, so often."""
        end = time.monotonic() + 60
        while self.log().count(text) < times:
            assert time.monotonic() < end, self.log()[-2000:]
            time.sleep(0.01)

    def kill(self) -> None:
        self.signal(signal.SIGKILL)
        self.ended()

    def stop(self) -> int:
        self.signal(signal.SIGTERM)
        return self.ended()

    def close(self) -> None:
        """Ends the gateway; the launcher is for the next one."""
        if self._launcher:
            self.kill()
            _idle.append(self._launcher)
            self._launcher = None

    @property
    def pid(self) -> int:
        return self._pid

    @property
    def running(self) -> bool:
        if self._pid and self._launcher and select.select([self._launcher.stdout], [], [], 0)[0]:
            self.ended()
        return bool(self._pid)

    def _launcher_running(self) -> subprocess.Popen[bytes]:
        if self._launcher is None:
            self._launcher = _idle.pop() if _idle else _new_launcher()
        return self._launcher

    def _number(self) -> int:
        assert self._launcher
        assert self._launcher.stdout
        line = self._launcher.stdout.readline()
        assert line, "the launcher has ended"
        return int(line)


_idle: list[subprocess.Popen[bytes]] = []
"""Launchers that wait for a request."""


def _new_launcher() -> subprocess.Popen[bytes]:
    places = os.pathsep.join(map(str, (_ROOT, _ROOT / "tests")))
    return subprocess.Popen(
        [sys.executable, "-P", "-m", "tests.proofs.launcher"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        bufsize=0,
        env={**os.environ, "PYTHONPATH": places},
    )


@atexit.register
def _end_launchers() -> None:
    for launcher in _idle:
        launcher.communicate()
