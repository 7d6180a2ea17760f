"""Recorded runs of the store, and what power cuts leave of them."""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

from tests.faults import store_run
from tests.faults.disk import Disk
from tests.faults.replay import Cache, Record, records
from tests.faults.store_run import DATABASE, Request
from tests.faults.verdict import Findings, verdict

ROOT = Path(__file__).parents[2]


class Program:
    """`store_run` on a disk that records and fails: one process, which runs each request in a child."""

    def __init__(self, disk: Disk) -> None:
        environment = {**disk.environment, "PYTHONPATH": f"{ROOT}:{ROOT / 'tests'}"}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.store_run"],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def run(self, request: Request) -> int:
        """The exit code."""
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps(asdict(request)) + "\n")
        self._process.stdin.flush()
        return int(self._process.stdout.readline())

    def close(self) -> None:
        self._process.communicate(timeout=30)


@contextmanager
def program(disk: Disk) -> Iterator[Program]:
    started = Program(disk)
    try:
        yield started
    finally:
        started.close()


class Prepared:
    """A folder with a prepared database, its log of calls beside it, and a disk that watches it."""

    def __init__(self, room: Path) -> None:
        """`room`: an empty folder, in memory if possible."""
        self.disk = Disk(room / "control")
        self.folder, self.log = room / "data", room / "log"
        self._template = room / "template"
        store_run.prepare(self._template)

    def anew(self) -> Cache:
        """The prepared database again, an empty log, and a sound disk; what a replay begins with."""
        shutil.rmtree(self.folder, ignore_errors=True)
        shutil.copytree(self._template, self.folder)
        self.log.write_bytes(b"")
        self.disk.sound()
        self.disk.record(self.folder, self.log)
        return Cache(self.folder)

    @property
    def database(self) -> Path:
        return self.folder / DATABASE


def acknowledged(run: Sequence[Record]) -> set[str]:
    """The trace ids that were answered 250."""
    return {record.data.decode().strip() for record in run if record.kind == "A"}


def cut(
    cache: Cache, log: Path, cuts: int, chance: random.Random, findings: Findings, image: Path, *, failed: bool = False
) -> None:
    """Cuts the power at random moments, half of them right behind an answer, and looks at each image.

    If `failed`, only moments after the first sync that failed.
    """
    run = records(log)
    first = next((at for at, record in enumerate(run) if failed and record.kind == "F"), 0)
    answers = [at + 1 for at, record in enumerate(run) if record.kind == "A" and at >= first]
    assert answers, "nothing was acknowledged"
    moments = [
        chance.choice(answers) if chance.random() < 0.5 else chance.randint(first, len(run)) for _ in range(cuts)
    ]
    done: set[str] = set()
    at = 0
    for moment in sorted(moments):
        for record in run[at:moment]:
            cache.apply(record, chance)
        done |= acknowledged(run[at:moment])
        at = moment
        lay_out(cache, image, chance)
        findings.take(f"cut at {moment} of {len(run)}", verdict(image / DATABASE, done))


def lay_out(cache: Cache, image: Path, chance: random.Random) -> None:
    """Writes one image. The -shm file means nothing after a cut, whatever stands in it."""
    shutil.rmtree(image, ignore_errors=True)
    image.mkdir()
    for name, content in cache.image(chance):
        path = image / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    if chance.random() < 0.2:
        (image / f"{DATABASE}-shm").write_bytes(chance.randbytes(32768))


def seed_of(name: str) -> int:
    """The seed of a long proof: FAULTS_SEED of the environment, or a new one; printed, so that it can be repeated."""
    seed = int(os.environ.get("FAULTS_SEED") or random.SystemRandom().randrange(1 << 32))
    print(f"{name}: FAULTS_SEED={seed}")
    return seed
