"""A PostgreSQL server of the tests' own, from Debian's package: on a socket in a temporary folder, and no port."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from itertools import count
from pathlib import Path

import pytest

from storage.open import migrate
from storage.place import Server
from storage.postgres.connection import connect

PROGRAMS = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
TEMPLATE = "test1"
"""The first database that is created."""
MISSING = "" if PROGRAMS else "Debian's package postgresql isn't installed"

# As docs/postgres.md asks of every server.
_SETTINGS = {
    "listen_addresses": "",
    "log_parameter_max_length": "0",
    "log_parameter_max_length_on_error": "0",
    "log_error_verbosity": "terse",
    "max_wal_size": "256MB",
}


class PostgresServer:
    """One server. `settings` are its own, besides the usual ones; it isn't started yet."""

    def __init__(self, **settings: str) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="pg-"))  # its path must be short: the socket is in it
        self.settings = _SETTINGS | settings
        self._numbers = count(1)
        self._process: subprocess.Popen[bytes] | None = None
        if os.geteuid() == 0:
            shutil.chown(self.folder, "postgres", "postgres")
        self._run("initdb", "-D", self.data, "-A", "trust", "-U", "gateway", "--no-sync", "--locale=C.UTF-8", "-EUTF8")

    @property
    def data(self) -> str:
        return str(self.folder / "data")

    @property
    def log(self) -> Path:
        return self.folder / "log"

    def __enter__(self) -> PostgresServer:
        try:
            self.start()
        except BaseException:
            self.remove()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.remove()

    def start(self) -> None:
        """It ends with the process that started it, however that ends."""
        options = [f"--{name}={value}" for name, value in self.settings.items()]
        program = [*as_user("setpriv", "--pdeathsig=QUIT"), str(PROGRAMS[-1] / "postgres")]
        command = [*program, "-D", self.data, f"-k{self.folder}", *options]
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log, stdin=subprocess.DEVNULL, cwd="/")
        while not self._ready():
            assert self._process.poll() is None, self.log.read_text(encoding="utf-8")
            time.sleep(0.02)

    def stop(self, how: str = "immediate") -> None:
        self._run("pg_ctl", "-D", self.data, "-m", how, "--no-wait", "stop")
        assert self._process
        self._process.wait(60)
        self._process = None

    def restart(self, how: str = "immediate") -> None:
        self.stop(how)
        self.start()

    def remove(self) -> None:
        """Ends it, if it runs, and takes its files away."""
        if self._process:
            self.stop()
        shutil.rmtree(self.folder)

    def place(self, database: str = "postgres", **how: object) -> Server:
        return Server(f"postgresql://gateway@/{database}?host={self.folder}", **how)  # type: ignore[arg-type]  # as Server takes it

    def create(self, template: str = "template0") -> str:
        """The name of a new database."""
        name = f"test{next(self._numbers)}"
        self.sql(f"CREATE DATABASE {name} TEMPLATE {template}")
        return name

    def sql(self, text: str, database: str = "postgres") -> list[list[str]]:
        """Rows, each value as text."""
        out = self._run("psql", "-h", str(self.folder), "-U", "gateway", "-d", database, "-qAtX", "-F\t", "-c", text)
        return [line.split("\t") for line in out.splitlines()]

    def _ready(self) -> bool:
        """The server says so itself, in the last line of its file."""
        with suppress(OSError):
            lines = (self.folder / "data" / "postmaster.pid").read_text(encoding="utf-8").split("\n")
            return lines[0] == str(self._process.pid if self._process else 0) and "ready" in lines[-2]
        return False

    def _run(self, program: str, *arguments: str) -> str:
        command = [*as_user("setpriv"), str(PROGRAMS[-1] / program), *arguments]
        done = subprocess.run(command, capture_output=True, text=True, cwd="/", timeout=60, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout


def as_user(*setpriv: str) -> Sequence[str]:
    """What stands before a program that root must not run as himself."""
    if os.geteuid() != 0:
        return setpriv if len(setpriv) > 1 else ()
    return *setpriv, "--reuid=postgres", "--regid=postgres", "--clear-groups", "--"


KINDS = ("sqlite", pytest.param("postgres", marks=pytest.mark.skipif(bool(MISSING), reason=MISSING)))
"""Of stores, for whatever is tried with each."""


class Databases:
    """Empty databases with a current schema on one server: one for each folder, until that is gone or all are given
    back.
    """

    def __init__(self) -> None:
        self._server: PostgresServer | None = None
        self._free: list[str] = []
        self._used: dict[Path, str] = {}

    async def of(self, folder: Path) -> Server:
        """That of this folder; the same each time."""
        if self._server is None:
            self._server = PostgresServer()
            self._server.start()
            await migrate(self._server.place(self._server.create()), 0)
        for gone in [used for used in self._used if not used.exists()]:
            self._free.append(self._used.pop(gone))
        if folder not in self._used:
            self._used[folder] = await self._emptied() if self._free else self._server.create(TEMPLATE)
        return self._server.place(self._used[folder])

    def give_back(self) -> None:
        """All that were handed out are free; nothing is connected to them any more."""
        self._free += self._used.values()
        self._used.clear()

    def remove(self) -> None:
        if self._server:
            self._server.remove()

    async def _emptied(self) -> str:
        assert self._server
        connection = await connect(self._server.place(self._free[-1]))
        try:
            tables = await connection.fetch(
                "SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'schema_migration'"
            )
            deletes = [f"DELETE FROM {table}" for (table,) in tables]  # noqa: S608 — names from the schema
            # References aren't looked at, so that order doesn't matter.
            await connection.execute("; ".join(["SET session_replication_role = replica", *deletes]))
        finally:
            await connection.close()
        return self._free.pop()


class Pooler:
    """Debian's pgbouncer in transaction mode, between the gateway and a server."""

    def __init__(self, server: PostgresServer) -> None:
        self._socket = server.folder
        self._settings = (
            f"[databases]\n* = host={server.folder} user=gateway\n[pgbouncer]\nlisten_addr =\n"
            f"unix_socket_dir = {server.folder}\n"
            "listen_port = 6432\nauth_type = any\npool_mode = transaction\ndefault_pool_size = 3\n"
        )

    def __enter__(self) -> Pooler:
        settings = self._socket / "pooler.ini"
        settings.write_text(self._settings, encoding="utf-8")
        command = [*as_user("setpriv", "--pdeathsig=QUIT"), "/usr/sbin/pgbouncer", "--quiet", str(settings)]
        self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL, cwd="/")
        while not (self._socket / ".s.PGSQL.6432").exists():
            assert self._process.poll() is None
            time.sleep(0.02)
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.wait(30)

    def forget(self) -> None:
        """It makes new connections to the server."""
        self.__exit__()
        self.__enter__()

    def place(self, database: str) -> Server:
        return Server(f"postgresql://gateway@/{database}?host={self._socket}&port=6432", prepared_statements=False)
