"""Canaries: mail that must leave nothing behind, each piece of it marked, and the search for the marks.

All marks of a run begin with the same random word, so that one search finds any of them.
"""

from __future__ import annotations

import asyncio
import base64
import os
import random
import re
import shutil
import signal
import smtplib
import socket
import sqlite3
import string
import subprocess
import sys
import tempfile
import time
import zlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from zstandard import ZstdDecompressor, ZstdError

from gateway.clock import new_id, now
from gateway.core.keyed_hash import KeyedHash
from storage.administration import accounts, addresses, never_log, sources
from storage.administration.act import Act
from storage.errors import StoreBroken
from storage.open import installation_key, open_store
from storage.sealing import Sealing
from tests.running_gateway import Gateway

ANA, BOB = "ana@us.example", "bob@client.example"
_ALPHABET = string.ascii_lowercase + string.digits
_ZLIB = tuple(
    (first << 8 | level << 6 | 31 - (first << 8 | level << 6) % 31).to_bytes(2, "big")
    for first in (0x08, 0x18, 0x28, 0x38, 0x48, 0x58, 0x68, 0x78)
    for level in range(4)
)
"""How a stream begins, for each window and level (RFC 1950 §2.2)."""
_ZSTANDARD = b"\x28\xb5\x2f\xfd"
"""The same of RFC 8878 §3.1.1."""
_LONGEST_STREAM = 4 * 1024 * 1024
ENTRIES = (("*@secret.example", "participant"), ("*@*.deep.example", "participant"), ("*@*.lawyer.example", "message"))


def _inflated(stream: bytes) -> bytes:
    return zlib.decompressobj().decompress(stream, _LONGEST_STREAM)


def _zstandard(stream: bytes) -> bytes:
    return ZstdDecompressor().decompressobj().decompress(stream)


class Marks:
    """Makes marks of 32 characters that begin with the run's word."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        self.word = self._letters(20)

    def __call__(self) -> str:
        return self.word + self._letters(12)

    def _letters(self, count: int) -> str:
        return "".join(self.chance.choices(_ALPHABET, k=count))


@dataclass(frozen=True)
class Letter:
    """One message to be sent."""

    mail_from: str
    channel: str
    raw: bytes


# --- mail ---


def letters(mark: Marks, capture: str) -> Iterator[Letter]:
    """One of each kind, by every channel. `capture` is the forward address."""
    yield Letter(ANA, "bcc", _mail(mark, ANA, _somebody(mark)))
    yield Letter(ANA, "bcc", _mail(mark, ANA, BOB, f"Cc: x@{mark()}.lawyer.example"))
    yield Letter(ANA, "bcc", _mail(mark, ANA, f"{mark()}@@where@"))
    yield Letter(ANA, "relay", _mail(mark, ANA, f"x@{mark()}.deep.example"))
    sender = f"{mark()}@secret.example"
    yield Letter(sender, "relay", _mail(mark, f"{mark()} <{sender}>", ANA))
    yield Letter(sender, "relay", _mail(mark, BOB, ANA, f"Reply-To: {_somebody(mark)}"))
    listed = _mail(mark, _somebody(mark), ANA)
    yield Letter(ANA, "forward", _attached(capture, listed))
    yield Letter(ANA, "forward", _within_text(mark, capture))
    yield Letter(ANA, "forward", _unreadable(mark, capture))
    yield Letter("", "journal", _journal(sender, listed))
    yield Letter(ANA, "bcc", _mixed(mark))


def large(mark: Marks, size: int) -> Letter:
    """A message of this many bytes."""
    line = (f"{mark()} " * 2 + "\r\n").encode()
    return Letter(ANA, "bcc", _mail(mark, ANA, _somebody(mark)) + line * (size // len(line)))


def _somebody(mark: Marks) -> str:
    return f'"{mark()}" <{mark()}@secret.example>'


def _mail(mark: Marks, author: str, to: str, *more: str) -> bytes:
    """A message in which everything is marked: subject, ids, text in several encodings, attachments and their names."""
    subject = base64.b64encode(f"Ä {mark()}".encode()).decode()
    head = [f"From: {author}", f"To: {to}", f"Subject: {mark()} =?utf-8?b?{subject}?=", *more]
    head += ["Date: Fri, 15 Jan 2027 08:00:00 +0000", f"Message-ID: <{mark()}@mail.example>"]
    head += [f"In-Reply-To: <{mark()}@mail.example>", f"X-Note: {mark()}", "MIME-Version: 1.0"]
    parts = [
        ("text/plain; charset=utf-8", "8bit", f"Hello {mark()} ä".encode()),
        ("text/html", "quoted-printable", f"<p>{mark()[:25]}=\r\n{mark()}</p>".encode()),
        (f'application/pdf; name="{mark()}.pdf"', "base64", base64.encodebytes(mark().encode() * 50)),
        ("text/plain; charset=utf-16", "base64", base64.encodebytes(mark().encode("utf-16"))),
    ]
    body = b"".join(
        f"--b\r\nContent-Type: {kind}\r\nContent-Transfer-Encoding: {encoding}\r\n\r\n".encode()
        + content.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
        + b"\r\n"
        for kind, encoding, content in parts
    )
    return "\r\n".join([*head, "Content-Type: multipart/mixed; boundary=b", "", ""]).encode() + body + b"--b--\r\n"


def _attached(capture: str, raw: bytes) -> bytes:
    head = f"From: {ANA}\r\nTo: {capture}\r\nSubject: Fwd:\r\nDate: Fri, 15 Jan 2027 09:00:00 +0000\r\n"
    head += "Content-Type: multipart/mixed; boundary=o\r\n\r\n--o\r\nContent-Type: message/rfc822\r\n\r\n"
    return head.encode() + raw + b"\r\n--o--\r\n"


def _within_text(mark: Marks, capture: str) -> bytes:
    return _forward(
        mark,
        capture,
        f"---------- Forwarded message ---------\r\nFrom: {_somebody(mark)}\r\nSubject: {mark()}\r\n"
        f"Date: Fri, 15 Jan 2027 08:00:00 +0000\r\nTo: {ANA}\r\n\r\nHello {mark()}\r\n",
    )


def _unreadable(mark: Marks, capture: str) -> bytes:
    return _forward(mark, capture, f"Look:\r\n* {mark()}@secret.example said\r\n{mark()}\r\n")


def _forward(mark: Marks, capture: str, text: str) -> bytes:
    head = f"From: {ANA}\r\nTo: {capture}\r\nSubject: Fwd: {mark()}\r\nMessage-ID: <{mark()}@us.example>\r\n"
    return f"{head}Date: Fri, 15 Jan 2027 09:00:00 +0000\r\n\r\n{text}".encode()


def _journal(sender: str, raw: bytes) -> bytes:
    report = f"Sender: {sender}\r\nSubject: x\r\nMessage-Id: <x@mail.example>\r\nTo: {ANA}\r\n"
    head = "X-MS-Journal-Report:\r\nFrom: server@us.example\r\nContent-Type: multipart/mixed; boundary=j\r\n\r\n"
    first = f"{head}--j\r\nContent-Type: text/plain\r\n\r\n{report}\r\n--j\r\nContent-Type: message/rfc822\r\n\r\n"
    return first.encode() + raw + b"\r\n--j--\r\n"


def _mixed(mark: Marks) -> bytes:
    """One that is logged, without the listed person in it."""
    listed = f"{mark()}@secret.example"
    head = f"From: {ANA}\r\nTo: {BOB}, {mark()} <{listed}>\r\nDelivered-To: {listed}\r\nSubject: kept\r\n"
    ident = mark.chance.randrange(10**12)
    return f"{head}Message-ID: <{ident}@us.example>\r\nDate: Fri, 15 Jan 2027 08:00:00 +0000\r\n\r\nkept\r\n".encode()


# --- the gateway ---


@dataclass
class Watched(Gateway):
    """A gateway whose every file is in its folder: temporary files, the log at debug, and what a crash would leave."""

    program: str = "from gateway.cli import main; main()"
    """What it runs, after which a broken build is told from the true one."""
    tracer: Sequence[str] = ()
    """A command that runs it."""
    environment: dict[str, str] = field(default_factory=dict)

    def prepare(self, limits: str = "") -> None:
        super().prepare(limits)
        text = self.config.read_text(encoding="utf-8").replace('format = "json"', 'format = "json"\nlevel = "debug"')
        self.config.write_text(text, encoding="utf-8")
        for name in ("tmp", "cwd"):
            (self.folder / name).mkdir()
        asyncio.run(self._list())

    async def _list(self) -> None:
        key = installation_key(self.folder / "installation.key", create=False)
        store = await open_store(self.folder / "gateway.db", key, new_id)
        try:
            act, sealing = Act("test", now(), new_id, KeyedHash(key)), Sealing(key)
            account = await store.read(accounts.find(""))
            for pattern, effect in ENTRIES:
                await store.change(never_log.add(act, account, pattern, effect))
            await store.change(addresses.create(act, account, sealing, "journal"))
            await store.change(sources.add(act, account, "reports", "127.0.0.1/32", ["journal"], vouches=True))
            for record in await store.read(addresses.every(account, sealing, "log.example")):
                self.addresses[record.channel] = record.address
        finally:
            await store.close()

    def unlist(self) -> None:
        """Empties the never-log list."""
        with sqlite3.connect(self.folder / "gateway.db") as database:
            database.execute("PRAGMA foreign_keys = ON")
            database.execute("DELETE FROM never_log_entry")
        database.close()

    def start(self) -> None:
        own = {"TMPDIR": str(self.folder / "tmp"), "PYTHONPATH": str(Path(__file__).parents[2])}
        command = [*self.tracer, sys.executable, "-c", self.program, "serve", "--config", str(self.config)]
        with (self.folder / "out.log").open("ab") as out, (self.folder / "gateway.log").open("ab") as err:
            self._process = subprocess.Popen(
                command, stdout=out, stderr=err, cwd=self.folder / "cwd", env={**os.environ, **own, **self.environment}
            )
        end = time.monotonic() + 60
        while True:
            with suppress(OSError):
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return
            assert self._process.poll() is None, self.log()
            assert time.monotonic() < end, self.log()
            time.sleep(0.05)

    def children(self) -> list[int]:
        """The processes that it has started."""
        listed = Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text(encoding="ascii")
        return [int(pid) for pid in listed.split()]

    def end(self, number: signal.Signals) -> None:
        """Ends the gateway by a signal; a tracer ends with it."""
        assert self._process is not None
        os.kill(self.children()[0] if self.tracer else self.pid, number)
        self._process.wait(60)

    def send(self, found: Iterable[Letter]) -> list[int]:
        """The codes of the answers."""
        codes: list[int] = []
        client = None
        try:
            for number, letter in enumerate(found):
                if client is None or number % 200 == 0:
                    if client:
                        client.quit()
                    client = smtplib.SMTP("127.0.0.1", self.port, "mail.us.example", 60)
                    client.ehlo()
                client.mail(letter.mail_from)
                client.rcpt(self.addresses[letter.channel])
                codes.append(client.data(letter.raw)[0])
        finally:
            if client:
                client.close()
        return codes

    def break_off(self, letter: Letter, *, at_end: bool) -> socket.socket:
        """Sends a message without waiting for the answer, and all but its end unless `at_end`."""
        talk = socket.create_connection(("127.0.0.1", self.port), 10)
        talk.settimeout(10)
        to = self.addresses[letter.channel]
        talk.recv(4096)
        for command in ("EHLO mail.us.example", f"MAIL FROM:<{letter.mail_from}>", f"RCPT TO:<{to}>", "DATA"):
            talk.sendall(f"{command}\r\n".encode())
            talk.recv(4096)
        talk.sendall(letter.raw + (b"\r\n.\r\n" if at_end else b""))
        return talk


# --- the search ---

_WRITTEN = re.compile(rb"(?m)^\d+ +(write|pwrite64|writev|sendto|sendmsg)\(\d+<(\S*)>, (.*)$")
_STRING = re.compile(rb'"((?:\\x[0-9a-f]{2})*)"')
_ESCAPE = re.compile(rb"\\x([0-9a-f]{2})")
TRACER = ("strace", "-f", "-yy", "-xx", "-s", "9999999", "-e", "trace=write,pwrite64,writev,sendto,sendmsg", "-o")


def written(trace: bytes) -> Iterator[tuple[str, bytes]]:
    """(call and kind of file, bytes) of each call in a trace that TRACER made."""
    for call, target, rest in _WRITTEN.findall(trace):
        data = b"".join(bytes.fromhex(text.replace(b"\\x", b"").decode()) for text in _STRING.findall(rest))
        path = _ESCAPE.sub(lambda m: bytes.fromhex(m[1].decode()), target)
        yield f"{call.decode()} {path.partition(b':')[0].rpartition(b'/')[2].decode()}", data


@dataclass
class Search:
    """Where a run's word was seen."""

    word: str
    seen: set[str] = field(default_factory=set)
    """File or table, and how it is written there."""
    bytes: int = 0
    """That were looked through, decompressed ones included."""

    def __post_init__(self) -> None:
        self._forms = list(_forms(self.word))

    def folder(self, folder: Path) -> None:
        """Every file below, as it lies there (free pages and all), and every value of the databases, opened."""
        for path in folder.rglob("*"):
            with suppress(FileNotFoundError):
                if path.is_file():
                    self.data(path.name, path.read_bytes())
        for path in folder.rglob("*.db"):
            self._database(path, installation_key(path.parent / "installation.key", create=False))

    def process(self, pid: int) -> None:
        """Files that it holds open although they have no name any more."""
        for link in Path(f"/proc/{pid}/fd").iterdir():
            with suppress(OSError):
                if "(deleted)" in os.readlink(link):
                    self.data(f"deleted {link.name}", link.read_bytes())

    def data(self, place: str, data: bytes) -> None:
        """Looks through bytes, and through every compressed stream in them."""
        self._look(place, data)
        opening = dict.fromkeys(_ZLIB, _inflated) | {_ZSTANDARD: _zstandard}
        for start, opened in opening.items():
            at = data.find(start)
            while at >= 0:
                with suppress(zlib.error, ZstdError):
                    self._look(f"{place}, compressed", opened(data[at : at + _LONGEST_STREAM]))
                at = data.find(start, at + 1)

    def _look(self, place: str, data: bytes) -> None:
        self.bytes += len(data)
        unbroken = data.replace(b"=\r\n", b"").replace(b"=\n", b"").replace(b"\r\n", b"").replace(b"\n", b"")
        for text in {data, unbroken}:
            lower = text.lower()
            self.seen |= {f"{place}: {name}" for name, form, exact in self._forms if form in (text if exact else lower)}

    def _database(self, path: Path, key: bytes) -> None:
        with tempfile.TemporaryDirectory() as elsewhere:
            for suffix in ("", "-wal"):
                if path.with_name(path.name + suffix).exists():
                    shutil.copy(path.with_name(path.name + suffix), elsewhere)
            database = sqlite3.connect(Path(elsewhere) / path.name)
            database.text_factory = bytes
            try:
                for table, value in _values(database):
                    self.data(f"table {table}", value)
                    for place in ("held", "waiting"):
                        with suppress(StoreBroken):
                            self.data(f"table {table}, unsealed", Sealing(key).unseal_bytes(value, place))
            finally:
                database.close()


def _values(database: sqlite3.Connection) -> Iterator[tuple[str, bytes]]:
    tables = database.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
    for (name,) in tables:
        for row in database.execute(f'SELECT * FROM "{name.decode()}"'):  # noqa: S608 - the name comes from the schema
            yield from ((name.decode(), value) for value in row if isinstance(value, bytes))


def _forms(word: str) -> Iterator[tuple[str, bytes, bool]]:
    """(name, bytes, whether case matters) of every coding of a word of lower-case letters and digits."""
    plain = word.encode()
    yield "plain", plain, False
    yield "hex", plain.hex().encode(), False
    yield "utf-16", word.encode("utf-16-le"), False
    yield "utf-16 be", word.encode("utf-16-be"), False
    yield "utf-32", word.encode("utf-32-le"), False
    yield "json", "".join(f"\\u{ord(c):04x}" for c in word).encode(), False
    yield "percent", "".join(f"%{ord(c):02x}" for c in word).encode(), False
    yield "quoted-printable", "".join(f"={ord(c):02x}" for c in word).encode(), False
    yield "entities", "".join(f"&#{ord(c)};" for c in word).encode(), False
    yield "reversed", plain[::-1], False
    for shift in range(3):
        yield "base64", base64.b64encode(b"x" * shift + plain)[4 * (shift > 0) : -4], True
        yield "base85", base64.b85encode(plain), True
