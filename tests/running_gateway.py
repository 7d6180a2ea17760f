"""A gateway as its operator runs it: a configuration file, a database, and the program in a process of its own."""

from __future__ import annotations

import asyncio
import os
import random
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from fakes.names import nameserver

from gateway.clock import new_id, now
from gateway.core.keyed_hash import KeyedHash
from storage.administration import accounts, addresses, sources, users
from storage.administration.act import Act
from storage.open import installation_key, migrate, open_store
from storage.place import Server
from storage.plan import Plan
from storage.sealing import Sealing

CONFIGURATION = """\
hostname = "gateway.log.example"
domain = "log.example"

[smtp]
listen = ["127.0.0.1:{port}"]

[store]
{database}
key_file = "{folder}/installation.key"
busy_timeout = {busy_timeout}

[dns]
nameservers = ["{nameserver}"]

[health]
listen = "{health}"

[log]
format = "json"
"""

RATES = ("address_rate", "address_burst", "account_rate", "account_burst")
"""High, unless a test says otherwise: one client here delivers what many would."""


def free_port() -> int:
    """A port on loopback that nobody listens on now, and that the system gives to nobody by itself.

    Clients who try again and again would be given any other one sooner or later, as their own.
    """
    given = Path("/proc/sys/net/ipv4/ip_local_port_range").read_text(encoding="ascii")
    first = int(given.split()[0])
    while True:
        port = random.SystemRandom().randrange(first - 10_000, first)
        with suppress(OSError), socket.socket() as probe:
            probe.bind(("127.0.0.1", port))
            return port


@dataclass
class Gateway:
    """The gateway's files, and the program while it runs. The machine it runs on is a vouching source."""

    folder: Path
    port: int
    busy_timeout: float = 5
    server: Server | None = None
    """Where its database is, if that is no file."""
    workers: int = 1
    """Processes that speak SMTP."""
    health: str = ""
    """Where probes are answered, "host:port"."""
    addresses: dict[str, str] = field(default_factory=dict)
    """Capture addresses by channel."""
    _process: subprocess.Popen[bytes] | None = None

    @property
    def config(self) -> Path:
        return self.folder / "gateway.toml"

    def prepare(self, limits: str = "") -> None:
        """Configuration and database: one account that logs all mail, one user, a Bcc, a forward and a relay address.

        `limits` are lines of the section smtp.limits, each with its line end.
        """
        self._configure(limits)
        self.addresses |= self.add_account("us")

    def add_account(self, name: str) -> dict[str, str]:
        """One more account of the kind; its addresses by channel."""
        return asyncio.run(self._add_account(name))

    def another(self, folder: Path, port: int) -> Self:
        """A second machine of the same installation, on the same server: all that it needs is the key."""
        made = type(self)(
            folder, port, busy_timeout=self.busy_timeout, server=self.server, addresses=self.addresses
        )
        made._configure()
        shutil.copy(self.folder / "installation.key", folder)
        return made

    def _configure(self, limits: str = "") -> None:
        database = f'path = "{self.folder}/gateway.db"'
        if self.server:
            prepared = str(self.server.prepared_statements).lower()
            database = f'url = "{self.server.url}"\nprepared_statements = {prepared}'
        text = CONFIGURATION.format(
            folder=self.folder,
            port=self.port,
            database=database,
            busy_timeout=self.busy_timeout,
            nameserver=nameserver(),
            health=self.health,
        )
        text += f"\n[smtp.limits]\n{limits}\n" + "".join(f"{rate} = 1000000\n" for rate in RATES if rate not in limits)
        self.config.write_text(text, encoding="utf-8")

    async def _add_account(self, name: str) -> dict[str, str]:
        place = self.server or self.folder / "gateway.db"
        await migrate(place, now())
        key = installation_key(self.folder / "installation.key", create=True)
        store = await open_store(place, key, new_id)
        try:
            return await store.change(_account(Act("test", now(), new_id, KeyedHash(key)), Sealing(key), name))
        finally:
            await store.close()

    def start(self, *tracer: str) -> None:
        """Starts the program, by a `tracer` if one is given, and waits until it answers."""
        program = [sys.executable, "-P", "-m", "gateway", "serve"]
        with (self.folder / "gateway.log").open("ab") as log:
            self._process = subprocess.Popen(
                [*tracer, *program, "--config", str(self.config), "--workers", str(self.workers)],
                stdout=log,
                stderr=log,
            )
        end = time.monotonic() + 60
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
            except OSError:
                assert self._process.poll() is None, self.log()
                assert time.monotonic() < end, self.log()
                time.sleep(0.02)
            else:
                return

    def kill(self) -> None:
        """As a power cut would end it, as far as a process can tell."""
        assert self._process is not None
        self._process.send_signal(signal.SIGKILL)
        self._process.wait()

    def stop(self) -> int:
        """SIGTERM; the exit code."""
        assert self._process is not None
        self._process.send_signal(signal.SIGTERM)
        return self._process.wait(30)

    def wait(self) -> int:
        """The exit code of a program that ends by itself."""
        assert self._process is not None
        return self._process.wait(30)

    def stop_traced(self) -> int:
        """The same of a program that runs under a tracer, which ends with the program's exit code."""
        assert self._process is not None
        children = Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text(encoding="ascii")
        os.kill(int(children.split()[0]), signal.SIGTERM)
        return self._process.wait(60)

    @property
    def pid(self) -> int:
        """Of the running program."""
        assert self._process is not None
        return self._process.pid

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def log(self) -> str:
        return (self.folder / "gateway.log").read_text(encoding="utf-8")

    def rows(self, sql: str, *values: object) -> list[tuple[object, ...]]:
        """A look into the database from outside; each ? stands for a value."""
        database = sqlite3.connect(self.folder / "gateway.db")
        try:
            return database.execute(sql, values).fetchall()
        finally:
            database.close()


def _account(act: Act, sealing: Sealing, name: str) -> Plan[dict[str, str]]:
    account = yield from accounts.create(act, name, [f"{name}.example"])
    yield from accounts.change_setting(act, account, "rule", "log_all_and_create")
    yield from users.add(act, account, "Ana", "ana@us.example", ["account_access", "personal_email_access"])
    for channel in ("bcc", "forward", "relay"):
        yield from addresses.create(act, account, sealing, channel)
    yield from sources.add(act, account, "mail server", "127.0.0.1/32", ["relay"], vouches=True)
    made = yield from addresses.every(account, sealing, "log.example")
    return {record.channel: record.address for record in made}
