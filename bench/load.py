"""The load generator: many SMTP connections in one process, with next to no cost of its own.

    python -m bench.load JOB

runs one job (JSON of `Job`) and prints its `Sent` as JSON. Sockets and epoll by hand: a stream library would cost more
than the servers that it is to measure.
"""

from __future__ import annotations

import json
import resource
import select
import socket
import subprocess
import sys
import time
from collections.abc import Generator, Sequence
from dataclasses import asdict, dataclass

from bench.mail import SENDER, Messages

_PER_CONNECTION = 500
"""Messages, then it connects anew: a server may limit them in one session."""
_SILENCE = 120.0
"""Seconds without any reply after which the server counts as hung."""


class RefusedError(Exception):
    """A reply that no healthy server gives here: the run is void."""


@dataclass(frozen=True, slots=True)
class Job:
    """What to send where, for how long."""

    port: int
    recipient: str
    kind: str
    """Of the messages: `small`, `html` or `large`."""
    connections: int
    salt: str
    seconds: float
    """No message begins later."""
    at_most: int = 1_000_000
    """Messages."""
    one_each: bool = False
    """One message per connection."""
    signed: bool = False


@dataclass(frozen=True, slots=True)
class Sent:
    """What became of a job. Every message had its 250."""

    messages: int
    seconds: float
    """From the first connection to the last 250."""
    p50: float
    p99: float
    """Milliseconds from the last byte of a message, handed to the kernel, to its 250."""
    cpu: float
    """Seconds that the generator took."""


Parts = Sequence[bytes]
Dialogue = Generator[tuple[Parts, bytes], None, None]


class Generated:
    """The job's messages, each given out once, and the latency of each."""

    def __init__(self, job: Job) -> None:
        self.job = job
        self.latencies: list[float] = []
        self._messages = Messages(job.kind, job.salt, signed=job.signed)
        # Signing costs more than sending.
        self._ready = [self._messages.parts(n) for n in range(job.at_most)] if job.signed else None
        self._next = 0
        self.started = self.ended = time.perf_counter()

    def accepted(self, sent_at: float) -> None:
        self.ended = time.perf_counter()
        self.latencies.append(self.ended - sent_at)

    @property
    def more(self) -> bool:
        return self._next < self.job.at_most and time.perf_counter() < self.started + self.job.seconds

    def take(self) -> Parts:
        """Header, body and the end of the next message."""
        header, body = self._ready[self._next] if self._ready else self._messages.parts(self._next)
        self._next += 1
        return header, body, b".\r\n"


def _dialogue(generated: Generated, connection: _Connection) -> Dialogue:
    """What a client says, and the code that it expects, one after the other; nothing is pipelined."""
    job, message = generated.job, generated.take()
    yield (), b"220"
    yield (b"EHLO mail.us.example\r\n",), b"250"
    for number in range(1 if job.one_each else _PER_CONNECTION):
        if number and not generated.more:
            break
        message = generated.take() if number else message
        yield (b"MAIL FROM:<%b>\r\n" % SENDER.encode(),), b"250"
        yield (b"RCPT TO:<%b>\r\n" % job.recipient.encode(),), b"250"
        yield (b"DATA\r\n",), b"354"
        yield message, b"250"
        generated.accepted(connection.sent_at)
    yield (b"QUIT\r\n",), b"221"


class _Connection:
    """One client. `on_event` is called when its socket is ready; it is over once `closed`."""

    def __init__(self, generated: Generated, poll: select.epoll) -> None:
        self.socket = socket.socket()
        self.socket.settimeout(0)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.connect_ex(("127.0.0.1", generated.job.port))
        self.sent_at = 0.0
        self.closed = False
        self._poll = poll
        self._dialogue = _dialogue(generated, self)
        self._left: list[memoryview] = []
        self._blocked = False
        self._reply = b""
        poll.register(self.socket.fileno(), select.EPOLLIN)
        _, self._expected = next(self._dialogue)

    def on_event(self, events: int) -> None:
        if events & select.EPOLLOUT:
            self._send()
        if events & ~select.EPOLLOUT:
            self._receive()

    def _receive(self) -> None:
        data = self.socket.recv(65536)
        if not data:
            raise RefusedError("the server closed the connection")
        self._reply += data
        if not self._reply.endswith(b"\n") or self._reply.rpartition(b"\n")[0].rpartition(b"\n")[2][3:4] == b"-":
            return
        if not self._reply.startswith(self._expected):
            raise RefusedError(f"{self._expected.decode()} was expected, the server said {self._reply[:200]!r}")
        self._reply = b""
        self._say()

    def _say(self) -> None:
        try:
            parts, self._expected = next(self._dialogue)
        except StopIteration:
            self._poll.unregister(self.socket.fileno())
            self.socket.close()
            self.closed = True
            return
        self._left = [memoryview(part) for part in parts]
        self._send()

    def _send(self) -> None:
        try:
            sent = self.socket.sendmsg(self._left)
        except BlockingIOError:
            sent = 0
        while self._left and sent >= len(self._left[0]):
            sent -= len(self._left.pop(0))
        if self._left:
            self._left[0] = self._left[0][sent:]
        else:
            self.sent_at = time.perf_counter()
        if bool(self._left) != self._blocked:
            self._blocked = not self._blocked
            self._poll.modify(self.socket.fileno(), select.EPOLLIN | (select.EPOLLOUT if self._blocked else 0))


def run(job: Job) -> Sent:
    """Sends the job's messages. Raises RefusedError at the first reply that isn't the one expected."""
    generated = Generated(job)
    before = time.process_time()
    with select.epoll() as poll:
        made = [_Connection(generated, poll) for _ in range(min(job.connections, job.at_most))]
        clients = {c.socket.fileno(): c for c in made}
        try:
            _talk(generated, poll, clients)
        finally:
            for client in clients.values():
                client.socket.close()
    ordered = sorted(generated.latencies)
    took, cpu = generated.ended - generated.started, time.process_time() - before
    return Sent(len(ordered), took, _at(ordered, 0.5), _at(ordered, 0.99), cpu)


def _talk(generated: Generated, poll: select.epoll, clients: dict[int, _Connection]) -> None:
    """Until every message has its reply. `clients`: by file descriptor; who has ended is replaced."""
    while clients:
        ready = poll.poll(_SILENCE)
        if not ready:
            raise RefusedError(f"no reply for {_SILENCE:.0f} seconds")
        for number, events in ready:
            client = clients[number]
            client.on_event(events)
            if client.closed:
                del clients[number]
                if generated.more:
                    fresh = _Connection(generated, poll)
                    clients[fresh.socket.fileno()] = fresh


def _at(ordered: Sequence[float], share: float) -> float:
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] * 1000


def start(job: Job) -> subprocess.Popen[str]:
    """The job in a process of its own."""
    command = [sys.executable, "-m", "bench.load", json.dumps(asdict(job))]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)  # noqa: S603 — our own program


def finish(process: subprocess.Popen[str]) -> Sent:
    """What it sent. A refused message ends the whole run: its figures would mean nothing."""
    output, _ = process.communicate()
    if process.returncode:
        raise SystemExit("the load generator failed, see above")
    return Sent(**json.loads(output))


def run_apart(job: Job) -> Sent:
    """The job in a process of its own, and what it sent."""
    return finish(start(job))


if __name__ == "__main__":
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(4096, most), most))
    try:
        print(json.dumps(asdict(run(Job(**json.loads(sys.argv[1]))))))
    except (RefusedError, OSError) as refused:
        sys.exit(str(refused))
