"""Several processes that speak SMTP, and this one, which looks after them and on SQLite writes for them.

The sockets are bound here and stay open: while a worker is replaced, connections wait.
"""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
import time
from asyncio import subprocess
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from itertools import chain

from config.settings import Settings
from gateway import operator_log
from gateway.app import (
    FaultError,
    Journey,
    beside_mail,
    bind,
    checked,
    checks_of_store,
    open_console,
    open_health,
    opened,
    sealing_of,
    setting_of,
)
from gateway.health import checks
from gateway.keeping import Keeping, Ready
from gateway.process import prepare, stop_on_signal
from gateway.process_memory import spare_what_stays
from gateway.smtp.listener import Listener
from gateway.worker import Start
from gateway.writer import Desk, Fault, Line, Listening, Order, Settle
from storage.errors import StoreFailed
from storage.interface import Store
from storage.place import Server

PAUSE = 1.0
"""Seconds until a worker that ended is replaced."""
QUICK = 10.0
"""Seconds within which the end of one is a sign that others will end as well."""
MOST_QUICK = 5
"""Such ends in a row."""
LEEWAY = 10.0
"""Seconds that workers have to end, besides those of draining."""
_PROGRAM = "from gateway.worker import main; main({descriptor})"

Sockets = Sequence[tuple[socket.socket, Listener]]


async def serve(settings: Settings) -> None:
    """Serves until SIGTERM or SIGINT, then drains. Raises FaultError."""
    prepare()
    told_to_stop = stop_on_signal()
    checked(settings)
    store, key = await opened(settings, serving=True)
    operator_log.store_opened()
    try:
        async with _console(settings, store, key):
            if isinstance(settings.store.place(), Server):  # it can be had; each worker has its own
                workers = Workers(settings, None)
                async with _health(settings, store, workers):
                    await workers.serve([told_to_stop])
            else:
                await _write(settings, store, key, told_to_stop)
    finally:
        await store.close()
    operator_log.stopped()
    if store.failed.is_set():
        raise FaultError(str(StoreFailed()), StoreFailed.exit_code)


async def _write(settings: Settings, store: Store, key: bytes, told_to_stop: asyncio.Event) -> None:
    """Serves, and makes all transactions with mail in them here."""
    setting, sealing = setting_of(settings, key), sealing_of(settings, key)

    def keeping(ready: Ready | None) -> Keeping:
        return Keeping(setting, sealing, ready)

    beside = [asyncio.create_task(work) for work in beside_mail(settings, store, key)]
    try:
        workers = Workers(settings, lambda line: Desk(line, store, keeping))
        async with _health(settings, store, workers):
            await workers.serve([told_to_stop, store.failed])
    finally:
        for task in beside:
            task.cancel()


@asynccontextmanager
async def _console(settings: Settings, store: Store, key: bytes) -> AsyncIterator[None]:
    """With the console, if there is to be one, served by this process."""
    if not settings.console.listen:
        yield
        return
    sock = bind(settings.console.listen)
    journey = await Journey.begin(settings, store, key)
    console = await open_console(sock, settings, store, key, journey)
    try:
        yield
    finally:
        await console.stop()
        await journey.close()


@asynccontextmanager
async def _health(settings: Settings, store: Store, workers: Workers) -> AsyncIterator[None]:
    """With answers to probes, if there are to be any."""
    if not settings.health.listen:
        yield
        return
    found = checks_of_store(settings, store)
    found["listeners"] = checks.count_check(lambda: workers.serving, settings.smtp.workers, "worker processes")
    health = open_health(bind(settings.health.listen), found, lambda: workers.draining)
    try:
        yield
    finally:
        await health.stop()


class Workers:
    """As many worker processes as the settings say, each replaced when it ends."""

    def __init__(self, settings: Settings, desk: Callable[[Line], Desk] | None) -> None:
        """`desk`: where a worker's cases are settled; None where it does that itself. Raises FaultError."""
        self._settings = settings
        self._desk = desk
        self._sockets = _bound(settings)
        self._workers: set[_Worker] = set()
        self._served: set[int] = set()
        """Numbers of those that have."""
        self._replaced = 0
        self._stopping = asyncio.Event()

    async def serve(self, ends: Sequence[asyncio.Event]) -> None:
        """Until one of these is set; then workers drain. Raises FaultError where workers don't stay."""
        asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, self._tell, Order.RENEW)
        waits = [asyncio.create_task(event.wait()) for event in ends]
        slots = [asyncio.create_task(self._keep(number)) for number in range(len(self._sockets))]
        try:
            await asyncio.wait([*waits, *slots], return_when=asyncio.FIRST_COMPLETED)
            await self._drain(slots)
        finally:
            for task in (*waits, *slots):
                task.cancel()
            results = await asyncio.gather(*slots, return_exceptions=True)
        for result in results:
            if isinstance(result, Exception):
                raise result

    async def _drain(self, slots: Sequence[asyncio.Task[None]]) -> None:
        self._stopping.set()
        for sock, _ in chain.from_iterable(self._sockets):
            sock.close()
        self._tell(Order.DRAIN)
        await asyncio.wait(slots, timeout=self._settings.smtp_limits().drain + LEEWAY)

    async def _keep(self, number: int) -> None:
        """One worker after the other on the sockets of that number."""
        quick = 0
        while not self._stopping.is_set():
            began = time.monotonic()
            reason = await self._run(number)
            if self._stopping.is_set():
                return
            quick = quick + 1 if time.monotonic() - began < QUICK else 0
            self._replaced += 1
            operator_log.worker_replaced(reason, self._replaced)
            if quick == MOST_QUICK:
                raise FaultError(f"worker processes end again and again, this one so: {reason}", 69)
            await asyncio.sleep(PAUSE)

    async def _run(self, number: int) -> str:
        """One of them from its start to its end: why it ended. Raises FaultError where no other would do better."""
        try:
            worker = await _Worker.start(self._settings, self._sockets[number])
        except OSError as error:
            return type(error).__name__
        self._workers.add(worker)
        try:
            if self._stopping.is_set():
                worker.line.send(Order.DRAIN)
            return await self._attend(worker, number)
        except Exception as error:
            if isinstance(error, FaultError):
                raise
            return type(error).__name__
        finally:
            self._workers.discard(worker)
            await worker.end()

    async def _attend(self, worker: _Worker, number: int) -> str:
        desk, fault = self._desk and self._desk(worker.line), ""
        with suppress(EOFError, ConnectionError):
            while True:
                for heard in await worker.line.receive():
                    if desk and isinstance(heard, Settle):
                        desk.settle(heard)
                    elif isinstance(heard, Listening):
                        worker.serves = True
                        self._serves(number)
                    elif isinstance(heard, Fault):
                        fault = heard.sentence
                        if heard.final or not self._all_served:
                            raise FaultError(fault, heard.exit_code)
        return fault or await worker.ended()

    @property
    def draining(self) -> bool:
        """Workers take no new mail, and end what runs."""
        return self._stopping.is_set()

    @property
    def serving(self) -> int:
        """Workers that serve now."""
        return sum(worker.serves for worker in self._workers)

    @property
    def _all_served(self) -> bool:
        return len(self._served) == len(self._sockets)

    def _serves(self, number: int) -> None:
        before = self._all_served
        self._served.add(number)
        if self._all_served and not before:
            spare_what_stays()
            for sock, _ in self._sockets[0]:
                host, port = sock.getsockname()[:2]
                operator_log.listening(f"{host}:{port}")

    def _tell(self, order: Order) -> None:
        for worker in self._workers:
            worker.line.send(order)


class _Worker:
    """One of the processes, and the connection to it."""

    def __init__(self, process: subprocess.Process, line: Line) -> None:
        self._process = process
        self.line = line
        self.serves = False

    @classmethod
    async def start(cls, settings: Settings, sockets: Sockets) -> _Worker:
        """Returns before it serves. Raises OSError."""
        ours, theirs = socket.socketpair()
        with theirs:
            numbers = [sock.fileno() for sock, _ in sockets]
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-P", "-B", "-c", _PROGRAM.format(descriptor=theirs.fileno())),
                stdin=subprocess.DEVNULL,
                env={**os.environ, "PYTHONPATH": os.pathsep.join(os.path.abspath(path) for path in sys.path)},
                pass_fds=[theirs.fileno(), *numbers],
            )
        worker = cls(process, await Line.on(ours))
        modes = [mode for _, mode in sockets]
        worker.line.send(Start(settings.model_dump(), list(zip(numbers, modes, strict=True))))
        return worker

    async def ended(self) -> str:
        """After its connection ended: how it did."""
        with suppress(TimeoutError):
            async with asyncio.timeout(PAUSE):
                code = await self._process.wait()
                return signal.Signals(-code).name if code < 0 else f"exit code {code}"
        return "hung"

    async def end(self) -> None:
        """Kills it, if it still runs."""
        with suppress(ProcessLookupError):
            self._process.kill()
        await self._process.wait()
        await self.line.close()


def _bound(settings: Settings) -> list[Sockets]:
    """For each worker a socket on each address; the system shares connections out among them."""
    addresses = []
    for address, mode in settings.listeners():
        with bind(address) as alone:  # sharing would hide that somebody else listens there
            host, port = alone.getsockname()[:2]
        addresses.append((f"[{host}]:{port}" if ":" in host else f"{host}:{port}", mode))
    return [[(bind(address, shared=True), mode) for address, mode in addresses] for _ in range(settings.smtp.workers)]
