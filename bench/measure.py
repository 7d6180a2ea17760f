"""One measurement: a load on a server, and what it took; and the same for several servers in turns."""

from __future__ import annotations

import os
import random
import resource
import shutil
import sys
import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

from bench import load
from bench.load import Job
from bench.running import AbsentError, Environment, Server
from bench.servers import Start

_TICK = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")
_SAMPLE = 0.25
"""Seconds between two looks at the memory."""
_PATIENCE = 120.0
"""Seconds that a server may take to finish what it has accepted."""


@dataclass(frozen=True, slots=True)
class Load:
    """What is sent: messages of a kind over a number of connections."""

    name: str
    title: str
    kind: str
    connections: int
    seconds: float = 3
    at_most: int = 1_000_000
    one_each: bool = False
    signed: bool = False


@dataclass(frozen=True, slots=True)
class Figures:
    """What one measurement gave. `cpu` and `generator`: milliseconds per message; `p50`, `p99`: milliseconds."""

    rate: float
    """Messages per second."""
    cpu: float
    p50: float
    p99: float
    memory: float
    """Most of the processes' resident memory seen at a time, in MB."""
    generator: float
    others: float
    """Share of the machine that went to neither the server nor the generator."""


@dataclass(frozen=True, slots=True)
class Sample:
    """The figures of one server in one round."""

    load: str
    server: str
    round: int
    figures: Figures


@dataclass(frozen=True, slots=True)
class Spent:
    """Seconds of CPU and bytes of memory of a server's processes, those that ended included."""

    cpu: float
    memory: int


def spent(roots: Iterable[int]) -> Spent:
    """Of these processes and all that they started; what they share (libraries, buffers) counts once."""
    children: dict[int, list[int]] = {}
    seen: dict[int, tuple[float, int, int]] = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                fields = Path(f"/proc/{entry}/stat").read_text("utf-8", "replace").rpartition(")")[2].split()
                resident, shared = map(int, Path(f"/proc/{entry}/statm").read_text("ascii").split()[1:3])
            except OSError:
                continue  # ended meanwhile; its parent has its time
            children.setdefault(int(fields[1]), []).append(int(entry))
            seen[int(entry)] = sum(map(int, fields[11:15])) / _TICK, resident - shared, shared
    found, tree = list(roots), []
    while found:
        pid = found.pop()
        found += children.get(pid, [])
        tree.append(seen.get(pid, (0.0, 0, 0)))
    cpu, private, shared_most = sum(t[0] for t in tree), sum(t[1] for t in tree), max(t[2] for t in tree)
    return Spent(cpu, (private + shared_most) * _PAGE)


class _Peak:
    """The most memory that a server has while this is entered."""

    def __init__(self, roots: Sequence[int]) -> None:
        self._roots = roots
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch)
        self.memory = 0

    def __enter__(self) -> _Peak:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._over.is_set():
            self.memory = max(self.memory, spent(self._roots).memory)
            self._over.wait(_SAMPLE)


def measure(server: Server, job: Job) -> Figures:
    """Runs the job. The server's CPU counts until it is done with all that it accepted, the rate until the last 250."""
    kept = server.kept() if server.kept else 0
    before, machine, ours, start = quiet(server), _busy(), _own(), time.monotonic()
    with _Peak(server.roots) as peak:
        sent = load.run_apart(job)
    cpu = quiet(server) - before
    others = (_busy() - machine - cpu - (_own() - ours)) / (time.monotonic() - start) / (os.cpu_count() or 1)
    if server.kept and server.kept() - kept != sent.messages:
        raise SystemExit(f"{sent.messages} messages had their 250, and {server.kept() - kept} were kept")
    per_message = 1000 / sent.messages
    return Figures(
        rate=sent.messages / sent.seconds,
        cpu=cpu * per_message,
        p50=sent.p50,
        p99=sent.p99,
        memory=peak.memory / 1e6,
        generator=sent.cpu * per_message,
        others=max(0.0, others),
    )


def quiet(server: Server) -> float:
    """Waits until the server does nothing any more and the disk has everything. Its CPU so far, in seconds."""
    end, now, last = time.monotonic() + _PATIENCE, spent(server.roots).cpu, -1.0
    while now - last > 1.5 / _TICK and time.monotonic() < end:
        time.sleep(0.2)
        last, now = now, spent(server.roots).cpu
    os.sync()
    return now


def _busy() -> float:
    """Seconds that the machine's processors have worked, or were kept from us."""
    user, nice, system, _idle, _iowait, irq, softirq, steal = map(
        int, Path("/proc/stat").read_text(encoding="ascii").split("\n")[0].split()[1:9]
    )
    return (user + nice + system + irq + softirq + steal) / _TICK


def _own() -> float:
    """Seconds of CPU of this process and of the generators that have ended."""
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime


class Bench:
    """Starts servers in folders of their own and sets them side by side."""

    def __init__(self, folder: Path, rounds: int, shorter: float) -> None:
        """`shorter`: what the loads' seconds and messages are divided by."""
        self.folder = folder
        self.rounds = rounds
        self._shorter = shorter
        self._number = 0
        self.absent: dict[str, str] = {}
        """What could not be run, by title: why."""

    def job(self, load: Load, server: Server, salt: str = "") -> Job:
        """The load on that server. Without `salt` these messages are like no others."""
        return Job(
            server.port,
            server.recipient,
            load.kind,
            load.connections,
            salt or f"{time.time_ns():x}",
            load.seconds / self._shorter,
            max(20, int(load.at_most / self._shorter)),
            one_each=load.one_each,
            signed=load.signed,
        )

    def compare(
        self, load: Load, servers: Mapping[str, tuple[str, Start]], environment: Environment | None = None
    ) -> list[Sample]:
        """Each server in each round, in random order within it; all get the same messages in a round."""
        with ExitStack() as stack:
            started = self.started(stack, servers, environment or {})
            for server in started.values():
                measure(server, self.job(replace(load, seconds=min(1, load.seconds), at_most=400), server))
            samples = []
            for number in range(self.rounds):
                salt = f"{time.time_ns():x}"
                for name in random.sample(list(started), len(started)):
                    figures = measure(started[name], self.job(load, started[name], salt))
                    samples.append(Sample(load.name, name, number, figures))
                    print(
                        f"  {load.name:<14}{number + 1:>2}  {name:<14}{figures.rate:>9.1f}/s{figures.cpu:>10.3f} ms",
                        flush=True,
                    )
        return samples

    def started(
        self, stack: ExitStack, servers: Mapping[str, tuple[str, Start]], environment: Environment
    ) -> dict[str, Server]:
        """Those of the servers that can be run here; each missing one is told."""
        running = {}
        for name, (title, start) in servers.items():
            self._number += 1
            folder = self.folder / f"{self._number}-{name}"
            folder.mkdir(mode=0o755)
            stack.callback(shutil.rmtree, folder)
            try:
                running[name] = stack.enter_context(start(folder, environment))
            except AbsentError as absent:
                print(f"SKIPPED: {title}: {absent}", file=sys.stderr, flush=True)
                self.absent[title] = str(absent)
        return running
