"""What the figures were measured on: the machine, its disk and the programs."""

from __future__ import annotations

import json
import os
import platform
import shutil
import sqlite3
import statistics
import subprocess
import time
from importlib.metadata import version
from pathlib import Path

from bench.servers import HARAKA


def about(folder: Path) -> list[tuple[str, str]]:
    """Name and value of each thing to know. `folder`: where the servers keep their files."""
    kind = _filesystem(folder)
    return [
        ("date", time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime())),
        ("processor", f"{os.cpu_count()} × {_field('/proc/cpuinfo', 'model name')}"),
        ("memory", f"{int(_field('/proc/meminfo', 'MemTotal').split()[0]) / 1e6:.1f} GB"),
        ("kernel", f"Linux {platform.release()}"),
        ("disk", f"{kind}, {_fsync(folder) * 1e6:.0f} µs for a 4 KB write and fdatasync"),
        ("bcc-gateway", version("bcc-gateway")),
        ("Python", f"{platform.python_version()}, SQLite {sqlite3.sqlite_version}, aiosmtpd {version('aiosmtpd')}"),
        *_programs(),
    ]


def in_memory(folder: Path) -> bool:
    """Whether an fsync there costs nothing, so that nothing is durable."""
    return _filesystem(folder) in ("tmpfs", "ramfs")


def _programs() -> list[tuple[str, str]]:
    about = HARAKA / "package.json"
    installed = [("Haraka", str(json.loads(about.read_text("utf-8"))["version"]))] if about.exists() else []
    asked = {
        "Postfix": ["/usr/sbin/postconf", "-d", "-h", "mail_version"],
        "PostgreSQL": ["psql", "--version"],
        "Node.js": ["node", "--version"],
    }
    return installed + [(name, _output(command)) for name, command in asked.items() if shutil.which(command[0])]


def _output(command: list[str]) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()  # noqa: S603 — programs named above


def _field(file: str, name: str) -> str:
    lines = Path(file).read_text("utf-8").splitlines()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith(name)), "0")


def _filesystem(folder: Path) -> str:
    mounts = (line.split()[1:3] for line in Path("/proc/mounts").read_text("utf-8").splitlines())
    above = [(Path(at), kind) for at, kind in mounts if folder.resolve().is_relative_to(at)]
    return max(above, key=lambda mount: len(mount[0].parts))[1]


def _fsync(folder: Path) -> float:
    """Median seconds."""
    taken = []
    with (folder / "fsync").open("wb", buffering=0) as file:
        for _ in range(100):
            file.write(bytes(4096))
            start = time.perf_counter()
            os.fdatasync(file.fileno())
            taken.append(time.perf_counter() - start)
    return statistics.median(taken)
