"""Two gateways behind HAProxy on one PostgreSQL server, as in compose.yaml, but as plain processes on loopback."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

from fakes.postgres import MISSING as NO_SERVER
from fakes.postgres import PostgresServer

from tests.proofs.launched import Launched
from tests.proofs.talk import Talk
from tests.proofs.verdict import asked
from tests.running_gateway import Gateway, free_port

HAPROXY = Path("/usr/sbin/haproxy")
MISSING = NO_SERVER or ("" if HAPROXY.exists() else "Debian's package haproxy isn't installed")
TEXT = (Path(__file__).parents[2] / "deploy" / "scale" / "haproxy.cfg").read_text(encoding="utf-8")
"""The very text that compose.yaml gives to HAProxy; here it has other addresses."""
PATIENCE = 60
"""Seconds."""


@dataclass(frozen=True)
class Topology:
    """All of it, running."""

    server: PostgresServer
    gateways: tuple[Launched, Launched]
    front: Gateway
    """Where clients connect: HAProxy's port. It is no program of its own."""
    other_account: Gateway
    """The same with the addresses of another account, in which gateways needn't wait for each other."""


@contextmanager
def topology(server: PostgresServer, folder: Path, build: str = "", *, proxied: bool = True) -> Iterator[Topology]:
    """On a database of its own. Wrong on purpose: the gateways, with a `build`; all of it, if nobody says who the
    client is.
    """
    with ExitStack() as ends:
        first = Launched(_folder(folder, "one"), free_port(), server=server.place(server.create()))
        first.prepare()
        gateways = first, first.another(_folder(folder, "two"), free_port())
        for gateway in gateways:
            gateway.build = build
            mode = " proxy=127.0.0.1" if proxied else ""
            text = gateway.config.read_text(encoding="utf-8").replace(f':{gateway.port}"', f':{gateway.port}{mode}"')
            gateway.config.write_text(text, encoding="utf-8")
            ends.callback(gateway.close)
            gateway.start()
        front = Gateway(folder, free_port(), server=first.server, addresses=first.addresses)
        ends.enter_context(_haproxy(front, gateways, TEXT if proxied else TEXT.replace("send-proxy-v2", "")))
        yield Topology(server, gateways, front, replace(front, addresses=first.add_account("them")))


def _folder(folder: Path, name: str) -> Path:
    (folder / name).mkdir(parents=True)
    return folder / name


@contextmanager
def _haproxy(front: Gateway, gateways: tuple[Launched, Launched], text: str) -> Iterator[None]:
    places = {"gateway-1:2525": gateways[0].port, "gateway-2:2525": gateways[1].port, " :2525": front.port}
    for place, port in places.items():
        assert text.count(place) == 1
        text = text.replace(place, f" 127.0.0.1:{port}")
    config = front.folder / "haproxy.cfg"
    config.write_text(text, encoding="utf-8")
    subprocess.run([HAPROXY, "-c", "-q", "-f", config], check=True, timeout=30)
    with (front.folder / "haproxy.log").open("ab") as log:
        command = ["setpriv", "--pdeathsig=KILL", "--", str(HAPROXY), "-db", "-f", str(config)]
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    try:
        _wait_for_greeting(front)
        yield
    finally:
        process.kill()
        process.wait()


def _wait_for_greeting(front: Gateway) -> None:
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        with suppress(OSError), Talk(front.port) as talk:
            talk.greet()
            return
        time.sleep(0.02)
    raise AssertionError((front.folder / "haproxy.log").read_text(encoding="utf-8"))


@contextmanager
def one_by_each(at: Topology) -> Iterator[tuple[Talk, Talk]]:
    """Two connections through HAProxy, one by each gateway: nobody else is there, so each gets one."""
    with Talk(at.front.port) as one, Talk(at.front.port) as other:
        one.greet()
        other.greet()
        yield one, other


class Tail:
    """`bcc-gateway tail -f` on one machine, while it runs."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._out = gateway.folder / "tail.jsonl"
        command = [sys.executable, "-P", "-m", "gateway", "tail", "-f", "-n1", "--json", "--config", gateway.config]
        with self._out.open("wb") as out:
            self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out)

    def __enter__(self) -> Self:
        self._wait_for(1)
        return self

    def __exit__(self, *_: object) -> None:
        self._process.send_signal(signal.SIGINT)
        self._process.wait(PATIENCE)

    def shown(self) -> int:
        """How many decisions it has shown: all that were made since it began, each once and in order."""
        rows = asked(
            self._gateway,
            "SELECT d.trace_id, d.channel FROM recorded r JOIN decision d ON d.id = r.id ORDER BY r.position, r.id",
        )
        first = rows.index(self._shown()[0])
        self._wait_for(len(rows) - first)
        assert self._shown()[: len(rows) - first] == rows[first:], "not what was recorded"
        return len(rows) - first

    def _wait_for(self, count: int) -> None:
        end = time.monotonic() + PATIENCE
        while len(self._shown()) < count:
            assert self._process.poll() is None
            assert time.monotonic() < end, f"{len(self._shown())} of {count} decisions shown"
            time.sleep(0.02)

    def _shown(self) -> list[tuple[str, str]]:
        text = self._out.read_text(encoding="utf-8")
        records = [json.loads(line) for line in text[: text.rfind("\n") + 1].splitlines()]
        return [(record["trace_id"], record["channel"]) for record in records]
