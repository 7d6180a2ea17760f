"""The gateway in a process of its own with a meter in its loop: `python -m tests.hostile.metered CONFIG [CONTROL]`.

It prints one line when it serves. Each line "mark" on standard input begins a measurement, each line "read" is answered
with its figures so far as JSON; the end of the input stops the gateway.
"""

from __future__ import annotations

import asyncio
import json
import os
import resource
import sys
import time
from pathlib import Path

from config.load import load
from gateway import ingest
from gateway.app import App, FaultError
from gateway.operator_log import OperatorLog
from gateway.process import prepare
from gateway.process_memory import spare_what_stays
from gateway.smtp import data

TICK = 0.005


class Ticker:
    """Wakes up every 5 ms and notes how late it was, and what the process did meanwhile."""

    def __init__(self) -> None:
        self.mark()

    def mark(self) -> None:
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # the peak begins anew
        self._began = time.process_time()
        self.lag = self.held = 0.0

    async def run(self) -> None:
        while True:
            wall, used = time.perf_counter(), time.process_time()
            await asyncio.sleep(TICK)
            lag = time.perf_counter() - wall - TICK
            self.lag = max(self.lag, lag)
            # Lateness that isn't the machine's: for as long, this process itself was at work.
            self.held = max(self.held, min(lag, time.process_time() - used))

    def figures(self) -> dict[str, float]:
        children = [_memory(pid, "VmHWM") for pid in _children()]
        return {
            "peak": _memory("self", "VmHWM"),
            "now": _memory("self", "VmRSS"),
            "parsers": sum(children),
            "cpu": time.process_time() - self._began,
            "lag": self.lag * 1000,
            "held": self.held * 1000,
            "open": len(os.listdir("/proc/self/fd")),
        }


def _memory(pid: str, name: str) -> float:
    """In MiB."""
    for line in Path(f"/proc/{pid}/status").read_text(encoding="ascii", errors="replace").splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1]) / 1024
    return 0.0


def _children() -> list[str]:
    return Path(f"/proc/self/task/{os.getpid()}/children").read_text(encoding="ascii").split()


def unbounded() -> None:
    """A build whose reader keeps whatever comes."""
    data.Budget.take = lambda *_: True  # type: ignore[method-assign]
    plain = data.DataReader.__init__

    def endless(self: data.DataReader, _limit: int, holding: data.Holding, read_at_most: int = 4) -> None:
        plain(self, 1 << 40, holding, read_at_most)

    data.DataReader.__init__ = endless  # type: ignore[method-assign,assignment]


def blocking() -> None:
    """A build that works for a third of a second in the event loop for each message."""
    plain = ingest.Ingest.message

    async def message(self: ingest.Ingest, *arguments: object) -> object:
        until = time.thread_time() + 0.3
        while time.thread_time() < until:
            pass
        return await plain(self, *arguments)  # type: ignore[arg-type]

    ingest.Ingest.message = message  # type: ignore[assignment,method-assign]


CONTROLS = {"unbounded": unbounded, "blocking": blocking}


async def main(config: Path) -> None:
    prepare()
    settings = load({}, config)
    app = await App.start(settings)
    spare_what_stays()
    ticker = Ticker()
    ticking = asyncio.create_task(ticker.run())
    commands = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(commands), sys.stdin)
    print(json.dumps({"ports": [port for _, port in app.addresses]}), flush=True)
    while command := await commands.readline():
        if command == b"mark\n":
            ticker.mark()
        print(json.dumps(ticker.figures()), flush=True)
    ticking.cancel()
    await app.stop()


if __name__ == "__main__":
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    for control in sys.argv[2:]:
        CONTROLS[control]()
    log = OperatorLog("warning", "json", descriptor=2)
    try:
        asyncio.run(main(Path(sys.argv[1])))
    except FaultError as fault:
        sys.exit(str(fault))
    finally:
        log.close()
