"""`make bench`: the gateway beside bare aiosmtpd that discards, in turns, on the same messages and connections.

Rates move with whatever else the machine does, so read the ratios. The load comes from processes of its own.
"""

from __future__ import annotations

import argparse
import asyncio
import multiprocessing
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.running_gateway import Gateway, free_port

DISCARD = """
import asyncio, sys
from aiosmtpd.smtp import SMTP
class Discard:
    async def handle_DATA(self, server, session, envelope):
        return "250 2.0.0 OK"
async def main():
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(Discard(), hostname="bench", data_size_limit=None), "127.0.0.1", int(sys.argv[1]))
    await server.serve_forever()
asyncio.run(main())
"""  # noqa: E501 — a program of its own


@dataclass(frozen=True, slots=True)
class Load:
    """What is sent: messages of a size over a number of connections."""

    name: str
    size: int
    connections: int
    messages: int
    one_each: bool = False
    """One message per connection."""


LOADS = (
    Load("3.7 KB, 50 connections", 3_700, 50, 3_000),
    Load("3.7 KB, 1 connection", 3_700, 1, 500),
    Load("3.7 KB, one per connection, 50", 3_700, 50, 1_500, one_each=True),
    Load("58 KB, 50 connections", 58_000, 50, 1_000),
    Load("5 MB, 10 connections", 5_000_000, 10, 60),
)


@dataclass(frozen=True, slots=True)
class Server:
    """A server under test: where it is, and whom it takes mail for."""

    port: int
    recipient: str
    pid: int


async def _send(server: Server, load: Load, numbers: range, salt: str) -> None:
    """One connection's share of the load (or one message on each of many)."""
    reader, writer = None, None
    line = b"The quick brown fox jumps over the lazy dog, and then some more of it.\r\n"
    body = line * (load.size // len(line))
    for number in numbers:
        if writer is None or load.one_each:
            reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
            await _reply(reader)
            await _command(reader, writer, b"EHLO bench.us.example\r\n")
        assert reader is not None
        await _command(reader, writer, b"MAIL FROM:<ana@us.example>\r\n")
        await _command(reader, writer, f"RCPT TO:<{server.recipient}>\r\n".encode())
        await _command(reader, writer, b"DATA\r\n")
        header = (
            f"From: Ana <ana@us.example>\r\nTo: Bob <bob{number % 100}@client.example>\r\nSubject: Offer {number}\r\n"
            f"Date: Mon, 02 Mar 2026 09:12:04 +0000\r\nMessage-ID: <{salt}.{number}@us.example>\r\n\r\n"
        )
        await _command(reader, writer, header.encode() + body + b".\r\n")
        if load.one_each:
            await _command(reader, writer, b"QUIT\r\n")
            writer.close()
    if writer is not None:
        writer.close()


async def _command(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, command: bytes) -> None:
    writer.write(command)
    await writer.drain()
    await _reply(reader)


async def _reply(reader: asyncio.StreamReader) -> None:
    while (line := await reader.readline())[3:4] == b"-":
        pass
    if line[:1] not in b"23":
        raise RuntimeError(f"the server said {line!r}")


def _generate(server: Server, load: Load, salt: str) -> None:
    async def all_connections() -> None:
        share = load.messages // load.connections
        ranges = [range(i * share, (i + 1) * share) for i in range(load.connections)]
        await asyncio.gather(*(_send(server, load, numbers, salt) for numbers in ranges))

    asyncio.run(all_connections())


def _cpu(pid: int) -> float:
    """Seconds of CPU that a process and those it started have used."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()
    return (int(fields[11]) + int(fields[12])) / 100 + sum(_cpu(int(child)) for child in children)


def measure(server: Server, load: Load, salt: str) -> tuple[float, float]:
    """Messages per second, and ms of the server's CPU per message."""
    generator = multiprocessing.Process(target=_generate, args=(server, load, salt))
    cpu, start = _cpu(server.pid), time.perf_counter()
    generator.start()
    generator.join()
    if generator.exitcode:
        raise SystemExit(f"{load.name}: the load generator failed")
    return load.messages / (time.perf_counter() - start), (_cpu(server.pid) - cpu) / load.messages * 1000


@contextmanager
def the_gateway() -> Iterator[Server]:
    """bcc-gateway on SQLite, durable, raw message kept, sender proven by its source."""
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        gateway = Gateway(Path(folder), free_port())
        gateway.prepare(limits="connections_per_source = 500\nmessages_from_source = 1000000\n")
        gateway.start()
        try:
            yield Server(gateway.port, gateway.addresses["bcc"], gateway.pid)
        finally:
            gateway.stop()


@contextmanager
def bare_aiosmtpd() -> Iterator[Server]:
    """The library's own server, keeping nothing."""
    port = free_port()
    with subprocess.Popen([sys.executable, "-c", DISCARD, str(port)]) as process:  # noqa: S603 — our own program
        time.sleep(1)
        try:
            yield Server(port, "x@discard.example", process.pid)
        finally:
            process.terminate()


def _medians(taken: Sequence[tuple[float, float]]) -> list[float]:
    return [statistics.median(values) for values in zip(*taken, strict=True)]


def main() -> None:
    """Prints a row for each load: rates, CPU, and the ratios of their medians."""
    parser = argparse.ArgumentParser(prog="make bench")
    parser.add_argument("--rounds", type=int, default=3)
    rounds = parser.parse_args().rounds
    resource.setrlimit(resource.RLIMIT_NOFILE, (4096, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
    print(f"{'load':<32}{'gateway/s':>11}{'bare/s':>9}{'ratio':>7}{'ms CPU':>9}{'bare ms':>9}{'ratio':>7}")
    with the_gateway() as gateway, bare_aiosmtpd() as bare:
        for load in LOADS:
            taken = [
                (measure(gateway, load, f"{load.size}-{n}-{time.time_ns()}"), measure(bare, load, "x"))
                for n in range(rounds)
            ]
            ours, theirs = (_medians(side) for side in zip(*taken, strict=True))
            print(
                f"{load.name:<32}{ours[0]:>11.0f}{theirs[0]:>9.0f}{ours[0] / theirs[0]:>7.2f}"
                f"{ours[1]:>9.2f}{theirs[1]:>9.2f}{theirs[1] / ours[1] if ours[1] else 0:>7.2f}",
                flush=True,
            )


if __name__ == "__main__":
    main()
