"""What all servers under test need: a process that answers, a database server, a name server, a slower disk."""

from __future__ import annotations

import asyncio
import os
import random
import shutil
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from bench.mail import key_record
from gateway.cli.demo_dns import serve_zones

_SHIM = Path(__file__).with_name("shim.c")
Environment = Mapping[str, str]


class AbsentError(Exception):
    """The server can't be run here; the text says how to get it."""


@dataclass(frozen=True, slots=True)
class Server:
    """A running server: where it takes mail and for whom, and whose CPU and memory are its own."""

    port: int
    recipient: str
    roots: tuple[int, ...]
    """Processes that are it, with all that they started."""
    kept: Callable[[], int] | None = None
    """Messages that it has on disk; None for one that keeps nothing."""


def free_port() -> int:
    """A port on loopback that nobody listens on, and that no client is given by chance before the server has it."""
    for _ in range(100):
        port = random.randrange(20_000, 32_000)  # noqa: S311 — no secret; below what the kernel gives out
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise AbsentError("found no free port")


@contextmanager
def running(
    command: Sequence[str], port: int, folder: Path, environment: Environment
) -> Iterator[subprocess.Popen[bytes]]:
    """A program that listens on this port, until it is needed no more."""
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, env={**os.environ, **environment})  # noqa: S603 — programs named in servers.py
    try:
        end = time.monotonic() + 30
        while not _answers(port):
            if process.poll() is not None or time.monotonic() > end:
                raise AbsentError("doesn't start: " + (folder / "log").read_text("utf-8", "replace").strip()[-500:])
            time.sleep(0.05)
        yield process
    finally:
        process.terminate()
        process.wait(60)


def _answers(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except OSError:
        return False
    return True


@contextmanager
def postgres(folder: Path, environment: Environment) -> Iterator[tuple[str, int]]:
    """An empty PostgreSQL database on a server with its own defaults: its URL, and the server's first process."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    if not found:
        raise AbsentError("needs Debian's postgresql; `sh bench/peers.sh` as root installs it")
    data, port = folder / "postgres", free_port()
    data.mkdir()
    user = []
    if os.geteuid() == 0:  # whom it refuses
        shutil.chown(data, "postgres", "postgres")
        user = ["runuser", "-u", "postgres", "--"]

    def run(program: str, *arguments: str) -> None:
        command = [*user, str(found[-1] / program), *arguments]
        # It goes on in the background: with a pipe for its output, this would wait for its end.
        with (folder / "postgres.log").open("ab") as log:
            subprocess.run(command, check=True, stdout=log, stderr=log, env={**os.environ, **environment}, cwd="/")  # noqa: S603 — programs named here

    run("initdb", "-D", str(data), "-A", "trust", "-U", "gateway", "--locale=C.UTF-8", "-E", "UTF8")
    run("pg_ctl", "-D", str(data), "-w", "-o", f"-k {data} -p {port} -c listen_addresses=127.0.0.1", "start")
    try:
        run("createdb", "-h", "127.0.0.1", "-p", str(port), "-U", "gateway", "gateway")
        postmaster = int((data / "postmaster.pid").read_text(encoding="ascii").split()[0])
        yield f"postgresql://gateway@127.0.0.1:{port}/gateway", postmaster
    finally:
        run("pg_ctl", "-D", str(data), "-m", "immediate", "stop")


@cache
def nameserver() -> str:
    """A name server that knows the sender's key, for the gateway; it runs beside the benchmark until that ends."""
    address: list[str] = []
    ready = threading.Event()

    async def run(zone: Path) -> None:
        served, _ = await serve_zones([zone])
        address.append(served)
        ready.set()
        await asyncio.Event().wait()

    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        zone = Path(folder) / "us.example.zone"
        zone.write_text("$TTL 3600\n" + key_record(), encoding="utf-8")
        threading.Thread(target=lambda: asyncio.run(run(zone)), daemon=True).start()
        assert ready.wait(10)
    return address[0]


def slower_disk(folder: Path) -> Environment:
    """What a server's environment needs for a disk that takes a millisecond longer for each fsync."""
    compiler = shutil.which("gcc") or shutil.which("cc")
    if compiler is None:
        raise AbsentError("needs Debian's gcc and libc6-dev; `sh bench/peers.sh` as root installs them")
    library = folder / "shim.so"
    subprocess.run([compiler, "-shared", "-fPIC", "-O2", "-o", str(library), str(_SHIM), "-ldl"], check=True)  # noqa: S603 — a compiler
    return {"LD_PRELOAD": str(library)}
