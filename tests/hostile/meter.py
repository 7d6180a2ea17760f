"""Measuring a gateway under attack: its memory, its time, its files, the lag of its loop, and how others are served."""

from __future__ import annotations

import asyncio
import contextlib
import json
import smtplib
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from tests.running_gateway import Gateway, free_port

MIB = 1 << 20
MOST_AT_REST = 150
"""MiB, besides twice the bytes in flight."""
MOST_LAG = 100
"""Milliseconds that the event loop may be held by our own work."""
LEGITIMATE = "127.0.0.1"
"""The address of the vouching source; attackers come from others of 127.0.0.0/8."""
ROW = "{:<34} {:>7} {:>7} {:>7} {:>7} {:>7} {:>7} {:>6} {:>8} {:>8}"
HEADINGS = ("attack", "peak MB", "after", "parser", "CPU s", "lag ms", "held ms", "files", "others", "p99 ms")


@dataclass
class Figures:
    """One measurement."""

    name: str
    in_flight: float
    """MiB of messages that the gateway may have had to hold at a time."""
    most_held: float = MOST_LAG
    """Milliseconds."""
    peak: float = 0
    now: float = 0
    parsers: float = 0
    cpu: float = 0
    lag: float = 0
    held: float = 0
    open: int = 0
    open_before: int = 0
    latencies: list[float] = field(default_factory=list)
    """Seconds that each message of the legitimate client took, from connecting to its 250."""
    refused: list[str] = field(default_factory=list)
    """What the legitimate client was told where it wasn't served."""
    seconds: float = 0

    @property
    def p99(self) -> float:
        """Milliseconds."""
        ordered = sorted(self.latencies)
        return 1000 * ordered[min(len(ordered) - 1, int(0.99 * len(ordered)))] if ordered else 0.0

    def row(self) -> str:
        numbers = (self.peak, self.now, self.parsers, self.cpu, self.lag, self.held)
        shown = [f"{number:.1f}" if number < 10 else f"{number:.0f}" for number in numbers]
        return ROW.format(
            self.name, *shown, int(self.open), f"{len(self.latencies)}-{len(self.refused)}", f"{self.p99:.0f}"
        )

    def faults(self) -> list[str]:
        """What is beyond its bound."""
        most = MOST_AT_REST + 2 * self.in_flight
        found = [f"{self.peak:.0f} MB, at most {most:.0f}"] if self.peak > most else []
        if self.held > self.most_held:
            found.append(f"the loop was held for {self.held:.0f} ms")
        if not self.latencies:
            found.append("nobody else was served")
        # A delivery takes a dozen turns of the loop; how late the machine made these is no fault of ours.
        if self.p99 - 12 * (self.lag - self.held) > 2000:
            found.append(f"others waited {self.p99:.0f} ms")
        if self.open > self.open_before + 2:  # the legitimate client's own, and one that is just leaving
            found.append(f"{self.open - self.open_before} files were left open")
        return found


class Metered(Gateway):
    """The gateway as a child with a meter in its loop."""

    port: int

    def start(self, *controls: str) -> None:
        with (self.folder / "gateway.log").open("ab") as log:
            self._child = _program("metered", str(self.config), *controls, log=log)
        assert self._child.stdout is not None
        assert self._child.stdout.readline(), self.log()

    def _ask(self, command: str) -> dict[str, float]:
        assert self._child.stdin is not None
        assert self._child.stdout is not None
        self._child.stdin.write(f"{command}\n")
        self._child.stdin.flush()
        answer = self._child.stdout.readline()
        assert answer, self.log()
        found: dict[str, float] = json.loads(answer)
        return found

    def stop(self) -> int:
        assert self._child.stdin is not None
        assert self._child.stdout is not None
        self._child.stdin.close()
        code = self._child.wait(60)
        self._child.stdout.close()
        return code

    @property
    def running(self) -> bool:
        return self._child.poll() is None

    def kill(self) -> None:
        self._child.kill()
        self._child.wait()
        for pipe in (self._child.stdin, self._child.stdout):
            assert pipe is not None
            pipe.close()

    @contextlib.contextmanager
    def measured(self, name: str, in_flight: float = 0, most_held: float = MOST_LAG) -> Iterator[Figures]:
        """Measures what happens within, while a second client delivers mail, then waits until all have gone."""
        figures = Figures(name, in_flight, most_held)
        figures.open_before = int(self._ask("mark")["open"])
        others = _program("bystander", str(self.port), LEGITIMATE, self.addresses["bcc"])
        began = time.monotonic()
        try:
            yield figures
        finally:
            figures.seconds = time.monotonic() - began
            served = json.loads(others.communicate(timeout=90)[0])
            figures.latencies, figures.refused = served["served"], served["refused"]
        end = time.monotonic() + 15
        while (found := self._ask("read"))["open"] > figures.open_before and time.monotonic() < end:
            time.sleep(0.1)
        for key, value in found.items():
            setattr(figures, key, value)
        print(figures.row(), f"{figures.seconds:6.1f} s", flush=True)

    def send(self, raw: bytes, channel: str = "relay", ip: str = LEGITIMATE, timeout: float = 90) -> tuple[int, float]:
        """Delivers one message; the code of its answer, and the seconds from the final dot to it."""
        with contextlib.closing(smtplib.SMTP("127.0.0.1", self.port, "mail.us.example", timeout, (ip, 0))) as client:
            client.ehlo()
            client.mail("ana@us.example")
            code, _ = client.rcpt(self.addresses[channel])
            assert code == 250
            code, _ = client.docmd("DATA")
            assert code == 354
            assert client.sock is not None
            client.sock.sendall(stuffed(raw))
            began = time.monotonic()
            code, _ = client.getreply()
            return code, time.monotonic() - began


def _program(name: str, *arguments: str, log: IO[bytes] | None = None) -> subprocess.Popen[str]:
    """One of this folder's programs, which ends when its input does."""
    root = Path(__file__).parents[2]
    return subprocess.Popen(
        [sys.executable, "-P", "-m", f"tests.hostile.{name}", *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=log,
        cwd=root,
        text=True,
        env={"PYTHONPATH": str(root), "PATH": "/usr/bin:/bin"},
    )


def prepared(folder: Path, limits: str = "") -> Metered:
    """A gateway that isn't started yet."""
    folder.mkdir(exist_ok=True)
    made = Metered(folder, free_port())
    made.prepare(limits)
    return made


def stuffed(raw: bytes) -> bytes:
    """As sent in DATA, with the end marker."""
    ended = raw if raw.endswith(b"\r\n") else raw + b"\r\n"
    return (b"\r\n" + ended).replace(b"\r\n.", b"\r\n..")[2:] + b".\r\n"


class Attacker:
    """One raw connection from an address of its own. What the gateway says is read or left unread as is wished."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    @classmethod
    async def connect(cls, port: int, number: int) -> Attacker:
        """`number` gives the client's address below 127.16.0.0/12, twenty clients to each."""
        host = 0x7F100000 + number // 20
        ip = ".".join(str(host >> shift & 255) for shift in (24, 16, 8, 0))
        return cls(*await asyncio.open_connection("127.0.0.1", port, local_addr=(ip, 0)))

    async def say(self, line: str) -> str:
        """The reply's last line, or "" where there is no more."""
        try:
            self.writer.write(line.encode() + b"\r\n" if line else b"")
            await self.writer.drain()
            while (answer := await self.reader.readline())[3:4] == b"-":
                pass
        except OSError:
            return ""
        return answer.decode("ascii", "replace").strip()

    async def to_data(self, recipient: str) -> str:
        """Everything up to the answer to DATA."""
        for line in ("", "EHLO client.example", "MAIL FROM:<eve@evil.example>", f"RCPT TO:<{recipient}>", "DATA"):
            answer = await self.say(line)
            if answer[:1] not in ("2", "3"):
                break
        return answer

    async def flood(self, block: bytes, size: int) -> int:
        """Sends blocks until so many bytes are gone, or the gateway hung up; how many were taken."""
        sent = 0
        with contextlib.suppress(OSError):
            while sent < size and not self.reader.at_eof():
                self.writer.write(block)
                await self.writer.drain()
                sent += len(block)
        return sent

    async def close(self) -> None:
        self.writer.transport.abort()
        with contextlib.suppress(OSError):
            await self.writer.wait_closed()
