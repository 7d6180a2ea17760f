"""A PostgreSQL server of the tests' own, from Debian's package: on a socket in a temporary folder, and no port."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from itertools import count
from pathlib import Path

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
        if os.geteuid() == 0:  # it refuses to run as root
            shutil.chown(self.folder, "postgres", "postgres")
        self._run("initdb", "-D", self.data, "-A", "trust", "-U", "gateway", "--no-sync", "--locale=C.UTF-8", "-EUTF8")

    @property
    def data(self) -> str:
        return str(self.folder / "data")

    @property
    def log(self) -> Path:
        return self.folder / "log"

    def start(self) -> None:
        options = " ".join(f"-c {name}='{value}'" for name, value in self.settings.items())
        self._run("pg_ctl", "-D", self.data, "-w", "-l", str(self.log), "-o", f"-k {self.folder} {options}", "start")

    def stop(self, how: str = "immediate") -> None:
        self._run("pg_ctl", "-D", self.data, "-w", "-m", how, "stop")

    def restart(self, how: str = "immediate") -> None:
        self.stop(how)
        self.start()

    def remove(self) -> None:
        """Ends it, if it runs, and takes its files away."""
        if (self.folder / "data" / "postmaster.pid").exists():
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

    def _run(self, program: str, *arguments: str) -> str:
        as_user: Sequence[str] = ("runuser", "-u", "postgres", "--") if os.geteuid() == 0 else ()
        command = [*as_user, str(PROGRAMS[-1] / program), *arguments]
        # The server inherits what isn't closed: a pipe would stay open as long as it runs.
        with tempfile.TemporaryFile("w+") as out:
            done = subprocess.run(command, stdout=out, stderr=out, cwd="/", timeout=60, check=False)
            out.seek(0)
            text = out.read()
        assert done.returncode == 0, text
        return text


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
