"""The servers side by side: the gateway and its peers, each started with files of its own and ended afterwards."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from pathlib import Path

from bench.mail import SENDER
from bench.running import AbsentError, Environment, Server, free_port, nameserver, postgres, running
from tests.peers import postfix as private_postfix

Start = Callable[[Path, Environment], AbstractContextManager[Server]]
"""A folder of its own and additions to its environment → the server, until it is needed no more."""
HARAKA = Path(__file__).parents[1] / ".bench/haraka/node_modules/Haraka"
_INSTALL = "`sh bench/peers.sh` as root installs it"
_SOMEBODY = "bob@client.example"
_LOGGED = "SELECT count(*) FROM decision WHERE outcome = 'logged'"
_PROVEN = (
    "SELECT count(*) FROM decision WHERE outcome = 'logged'"
    " AND id IN (SELECT decision_id FROM finding WHERE stage = 'authenticity' AND evidence LIKE ?)"
)
"""The same, where the recorded findings tell of this proof of the sender."""
_GATEWAY = """\
hostname = "gateway.log.example"
domain = "log.example"

[smtp]
listen = ["127.0.0.1:{port}"]

[dns]
nameservers = ["{nameserver}"]

[health]
listen = ""

[log]
format = "json"

[store]
key_file = "{folder}/installation.key"
{store}
"""
_VIRTUAL = "virtual unix - n n - - virtual"
_HARAKA_PLUGIN = """\
exports.hook_connect = (next, connection) => { connection.relaying = true; next(); };
exports.hook_rcpt = (next) => next(OK);
"""
_STAYS = {"outbound.ini": "disabled=true"}
"""In the queue."""


class Gateway:
    """bcc-gateway at its defaults, prepared by its own commands as an operator would do it.

    It gets relay copies from ana@us.example's mail server, and logs them all.
    """

    def __init__(self, folder: Path, store: str, *, vouches: bool = True) -> None:
        """`store`: a line of the section store. Unless the source `vouches`, the mail must prove its sender."""
        self.port, self.config = free_port(), folder / "gateway.toml"
        text = _GATEWAY.format(port=self.port, nameserver=nameserver(), folder=folder, store=store)
        self.config.write_text(text, encoding="utf-8")
        self.run("db", "migrate")
        self.run("account", "create", "us", "--domain", "us.example")
        self.run("rule", "set", "log_all_and_create")
        self.run("user", "add", SENDER, "Ana Example")
        self.run("source", "add", "mx", "127.0.0.1/32", "--channel", "relay", *(["--vouches"] if vouches else []))
        self.recipient = self.run("address", "create", "relay")
        self.folder = folder

    def run(self, *arguments: str) -> str:
        """What one of its commands prints."""
        command = [*_program(), *arguments, "--config", str(self.config)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 — our own program
        if done.returncode:
            raise AbsentError(f"`bcc-gateway {' '.join(arguments[:2])}` says: {done.stderr.strip()[-300:]}")
        return done.stdout.strip()

    @contextmanager
    def serve(self, environment: Environment, *options: str) -> Iterator[int]:
        """Its process."""
        command = [*_program(), "serve", "--config", str(self.config), *options]
        with running(command, self.port, self.folder, environment) as process:
            yield process.pid


def _program() -> list[str]:
    return [sys.executable, "-P", "-m", "gateway"]


@contextmanager
def gateway(
    folder: Path, environment: Environment, *options: str, vouches: bool = True
) -> Iterator[Server]:
    """On SQLite. `options` of `serve`."""
    path = folder / "gateway.db"
    made = Gateway(folder, f'path = "{path}"', vouches=vouches)
    with made.serve(environment, *options) as pid:
        proof = "%, by a source that vouches" if vouches else "%, by DKIM"
        yield Server(made.port, made.recipient, (pid,), partial(count, path, _PROVEN, proof))


def gateway_workers(folder: Path, environment: Environment) -> AbstractContextManager[Server]:
    """The same with two processes that speak SMTP, and one that writes."""
    return gateway(folder, environment, "--workers", "2")


@contextmanager
def gateway_postgres(folder: Path, environment: Environment) -> Iterator[Server]:
    """With a PostgreSQL server of its own; the two together are measured."""
    with postgres(folder, environment) as (url, postmaster):
        made = Gateway(folder, f'url = "{url}"')

        def kept() -> int:
            command = ["psql", "-tA", "-c", _LOGGED, url]
            return int(subprocess.run(command, capture_output=True, text=True, check=True).stdout)  # noqa: S603 — a program named here

        with made.serve(environment) as pid:
            yield Server(made.port, made.recipient, (pid, postmaster), kept)


@contextmanager
def bare(folder: Path, environment: Environment) -> Iterator[Server]:
    """aiosmtpd that keeps nothing."""
    port = free_port()
    with running([sys.executable, "-m", "bench.bare", str(port)], port, folder, environment) as process:
        yield Server(port, _SOMEBODY, (process.pid,))


@contextmanager
def naive(folder: Path, environment: Environment) -> Iterator[Server]:
    """The gateway as one would write it first."""
    port, path = free_port(), folder / "naive.db"
    command = [sys.executable, "-m", "bench.naive", str(port), str(path)]
    with running(command, port, folder, environment) as process:
        yield Server(port, _SOMEBODY, (process.pid,), partial(count, path, "SELECT count(*) FROM activity"))


@contextmanager
def smtp_sink(folder: Path, environment: Environment) -> Iterator[Server]:
    """A server that does next to nothing: what the load generator and the machine allow."""
    program = Path("/usr/sbin/smtp-sink")
    if not program.exists():
        raise AbsentError(f"needs Debian's postfix; {_INSTALL}")
    port = free_port()
    user = ["-u", "nobody"] if os.geteuid() == 0 else []  # root must name one
    with running([str(program), *user, f"127.0.0.1:{port}", "200"], port, folder, environment) as process:
        yield Server(port, _SOMEBODY, (process.pid,))


@contextmanager
def postfix(folder: Path, environment: Environment) -> Iterator[Server]:
    """Postfix at its defaults; its virtual(8) delivers into a maildir."""
    if not private_postfix.available():
        raise AbsentError(f"needs Debian's postfix, and root; {_INSTALL}")
    mail, port = folder / "mail", free_port()
    mail.mkdir()
    shutil.chown(mail, "nobody", "nogroup")
    settings = {
        "virtual_mailbox_domains": "maildir.example",
        "virtual_mailbox_base": str(mail),
        "virtual_mailbox_maps": "/./ bob/",
        "virtual_uid_maps": f"/./ {mail.stat().st_uid}",
        "virtual_gid_maps": f"/./ {mail.stat().st_gid}",
        "import_environment": " ".join(["MAIL_CONFIG", *(f"{name}={value}" for name, value in environment.items())]),
    }
    server = private_postfix.Postfix(folder, port, 0, settings)
    for name, change in (("main.cf", _to_maildir), ("master.cf", lambda lines: [*lines, _VIRTUAL])):
        file = folder / "etc" / name
        file.write_text("\n".join(change(file.read_text("utf-8").splitlines())) + "\n", encoding="utf-8")
    server.start()
    try:
        master_pid = int((folder / "spool" / "pid" / "master.pid").read_text(encoding="ascii"))
        yield Server(port, "bob@maildir.example", (master_pid,), partial(_files, mail / "bob" / "new"))
    finally:
        server.stop()


@contextmanager
def haraka(folder: Path, environment: Environment) -> Iterator[Server]:
    """Haraka with its own queue on disk, whose files it doesn't sync; nothing is delivered from there."""
    node = shutil.which("node")
    if node is None or not HARAKA.exists():
        raise AbsentError("comes from npm; `sh bench/peers.sh` installs it into .bench/haraka")
    port, config = free_port(), folder / "config"
    config.mkdir()
    (folder / "plugins").mkdir()
    (folder / "plugins" / "keep.js").write_text(_HARAKA_PLUGIN, encoding="utf-8")
    shutil.copy(HARAKA / "config" / "connection.ini", config)
    (config / "smtp.ini").write_text(f"listen=127.0.0.1:{port}\nnodes=0\n", encoding="utf-8")
    for name, text in {"plugins": "keep", "me": "mail.us.example", "log.ini": "level=error", **_STAYS}.items():
        (config / name).write_text(text + "\n", encoding="utf-8")
    with running([node, str(HARAKA / "bin" / "haraka"), "-c", str(folder)], port, folder, environment) as process:
        yield Server(port, _SOMEBODY, (process.pid,), partial(_files, folder / "queue"))


SERVERS: dict[str, tuple[str, Start]] = {
    "gateway": ("bcc-gateway, SQLite", gateway),
    "workers": ("bcc-gateway, SQLite, 2 workers", gateway_workers),
    "postgres": ("bcc-gateway, PostgreSQL", gateway_postgres),
    "bare": ("aiosmtpd, discarding", bare),
    "postfix": ("Postfix → maildir", postfix),
    "haraka": ("Haraka → disk queue", haraka),
    "naive": ("naive: aiosmtpd, email, aiosqlite", naive),
    "sink": ("smtp-sink", smtp_sink),
    "dkim": ("bcc-gateway, DKIM verified", partial(gateway, vouches=False)),
}


def _to_maildir(settings: list[str]) -> list[str]:
    return [line for line in settings if not line.startswith("transport_maps")]


def count(path: Path, sql: str, *values: str) -> int:
    """What a statement counts in an SQLite file."""
    database = sqlite3.connect(path)
    try:
        return int(database.execute(sql, values).fetchone()[0])
    finally:
        database.close()


def _files(folder: Path) -> int:
    return len(os.listdir(folder)) if folder.exists() else 0
