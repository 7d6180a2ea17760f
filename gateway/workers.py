"""Several processes that speak SMTP, and this one, which looks after them and on SQLite writes for them.

The sockets are bound here and stay open: while a worker is replaced, connections wait.
"""

from __future__ import annotations

import asyncio
import math
import os
import signal
import socket
import sys
import time
from asyncio import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from itertools import chain

from config.changes import values_while_running
from config.settings import Settings
from gateway import metrics, operator_log
from gateway.app import (
    FaultError,
    Journey,
    beside_mail,
    bind,
    checked,
    checks_of_store,
    leave,
    open_console,
    open_health,
    opened,
    sealing_of,
    serving_on,
    setting_of,
)
from gateway.health import checks
from gateway.health.lag import measure
from gateway.health.merging import Samples, lasting, together
from gateway.keeping import Keeping
from gateway.operator_log import OperatorLog
from gateway.process import first_of, prepare, reload_on_signal, stop_on_signal
from gateway.process_memory import spare_what_stays
from gateway.reload import Renewed, read_again, whenever
from gateway.service_manager import ServiceManager
from gateway.smtp.listener import Listener
from gateway.worker import Start
from gateway.writer import Counted, Desk, Fault, Line, Listening, Order, Renew, Settle
from storage.errors import StoreFailed
from storage.interface import Store
from storage.place import Server

PAUSE = 1.0
"""Seconds until a worker that ended is replaced."""
MOST_PAUSE = 60.0
"""Seconds until then at most, where replacements end again and again."""
QUICK = 10.0
"""Seconds within which the end of one is a sign that others will end as well."""
MOST_QUICK = 5
"""Such ends in a row."""
EVERY = 2.0
"""Seconds between two questions to each worker: whether it is there."""
LATE = 3
"""Questions that it leaves unanswered until it doesn't count as serving."""
HUNG = 30
"""The same, until it is killed."""
STARTING = 150
"""The same of one that doesn't serve yet."""
LEEWAY = 2.0
"""Seconds that workers have to end, besides those of draining."""
_PROGRAM = "from gateway.worker import main; main({descriptor})"

Sockets = Sequence[tuple[socket.socket, Listener]]


async def serve(settings: Settings, load: Callable[[], Settings], log: OperatorLog) -> None:
    """Serves until SIGTERM or SIGINT, then drains. `load`: as for one process. Raises FaultError."""
    prepare()
    told_to_stop, told_to_reload = stop_on_signal(), reload_on_signal()
    manager = ServiceManager(os.environ)
    checked(settings)
    store, key = await opened(settings, serving=True)
    operator_log.store_opened()
    setting, sealing = setting_of(settings, key), sealing_of(settings, key)

    def desk(line: Line) -> Desk:
        return Desk(line, store, lambda ready: Keeping(setting, sealing, ready))

    def reload() -> bool:
        nonlocal setting
        new = read_again(workers.settings, load)
        if new:
            setting = setting_of(new.settings, key)
            workers.use(new)
            log.use(new.settings.log.level, new.settings.log.format)
            if journey:
                journey.use(new.settings)
        return new is not None

    def serves(addresses: Sequence[tuple[str, int]]) -> None:
        manager.ready(serving_on(addresses))
        beside.append(asyncio.create_task(whenever(told_to_reload, reload, manager, serving_on(addresses))))

    on_server = isinstance(settings.store.place(), Server)  # it can be had; each worker has its own, and erases
    works = [manager.watch(store.failed), *(() if on_server else beside_mail(settings, store, key))]
    beside = [asyncio.create_task(work) for work in works]
    leaving = asyncio.Event()
    try:
        async with _console(settings, store, key, leaving) as journey:
            workers = Workers(settings, None if on_server else desk, serves)
            beside.append(asyncio.create_task(_leave(told_to_stop, store, workers, manager, leaving)))
            async with _health(settings, store, workers):
                await workers.serve([leaving])
    finally:
        for task in beside:
            task.cancel()
        await asyncio.gather(*beside, return_exceptions=True)
        await store.close()
    operator_log.stopped()
    if store.failed.is_set():
        raise FaultError(str(StoreFailed()), StoreFailed.exit_code)


async def _leave(
    told_to_stop: asyncio.Event, store: Store, workers: Workers, manager: ServiceManager, leaving: asyncio.Event
) -> None:
    await first_of(told_to_stop, store.failed)
    workers.draining = True
    await leave(workers.settings, manager, told=told_to_stop.is_set())
    leaving.set()


@asynccontextmanager
async def _console(
    settings: Settings, store: Store, key: bytes, leaving: asyncio.Event
) -> AsyncIterator[Journey | None]:
    """With the console, if there is to be one, served by this process until it is `leaving`."""
    if not settings.console.listen:
        yield None
        return
    sock = bind(settings.console.listen)
    journey = await Journey.begin(settings, store, key)
    console = await open_console(sock, settings, store, key, journey)

    async def end() -> None:
        await leaving.wait()
        await console.stop()

    ending = asyncio.create_task(end())
    try:
        yield journey
    finally:
        leaving.set()
        await ending
        await journey.close()


@asynccontextmanager
async def _health(settings: Settings, store: Store, workers: Workers) -> AsyncIterator[None]:
    """With answers to probes, if there are to be any."""
    if not settings.health.listen:
        yield
        return
    found = checks_of_store(lambda: workers.settings, store)
    count, parsers = settings.smtp.workers, settings.smtp.workers * settings.parser_limits().processes
    found["listeners"] = checks.count_check(lambda: workers.serving, count, "worker processes")
    found["parser"] = checks.count_check(lambda: workers.parsers, parsers, "parser processes")
    found["certificate"] = checks.certificate_check(lambda: workers.certificate_expires, lambda: datetime.now(UTC))
    sock = bind(settings.health.listen)
    health = open_health(sock, settings, store, found, lambda: workers.draining, workers.counted)
    measuring = asyncio.create_task(measure(metrics.LOOP_LAG.observe))
    try:
        yield
    finally:
        measuring.cancel()
        await health.stop()


class Workers:
    """As many worker processes as the settings say, each replaced when it ends."""

    def __init__(
        self,
        settings: Settings,
        desk: Callable[[Line], Desk] | None,
        serves: Callable[[Sequence[tuple[str, int]]], None],
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """`desk`: where a worker's cases are settled; None where it does that itself. Raises FaultError.

        `serves` is told, once all of them do, where: host and port. `pause`: between looks whether they hang.
        """
        self.settings = settings
        """In force."""
        self._desk = desk
        self._tell_serving = serves
        self._pause = pause
        self._sockets = _bound(settings)
        self._workers: set[_Worker] = set()
        self._served: set[int] = set()
        """Numbers of those that have."""
        self._replaced = 0
        self._past: Samples = ()
        """What workers counted that have ended."""
        self._stopping = asyncio.Event()
        self.draining = False
        """They have been told to stop, or soon will be: whoever can should go elsewhere."""

    async def serve(self, ends: Sequence[asyncio.Event]) -> None:
        """Until one of these is set; then workers drain. Raises FaultError where workers don't stay."""
        waits = [asyncio.create_task(event.wait()) for event in ends]
        slots = [asyncio.create_task(self._keep(number)) for number in range(len(self._sockets))]
        looking = asyncio.create_task(self._look_after())
        try:
            await asyncio.wait([*waits, *slots], return_when=asyncio.FIRST_COMPLETED)
            looking.cancel()  # how long draining may take is bounded anyway
            await self._drain(slots)
        finally:
            for task in (*waits, *slots, looking):
                task.cancel()
            results = await asyncio.gather(*slots, return_exceptions=True)
        for result in results:
            if isinstance(result, Exception):
                raise result

    def use(self, new: Renewed) -> None:
        """These hold for all workers from now on."""
        self.settings = new.settings
        self._tell(Renew(values_while_running(new.settings)))

    async def _drain(self, slots: Sequence[asyncio.Task[None]]) -> None:
        self._stopping.set()
        for sock, _ in chain.from_iterable(self._sockets):
            sock.close()
        self._tell(Order.DRAIN)
        await asyncio.wait(slots, timeout=self.settings.smtp_limits().drain + LEEWAY)

    async def _keep(self, number: int) -> None:
        """One worker after the other on the sockets of that number."""
        quick, pause = 0, PAUSE
        while not self._stopping.is_set():
            began = time.monotonic()
            reason = await self._run(number)
            if self._stopping.is_set():
                return
            quick = quick + 1 if time.monotonic() - began < QUICK else 0
            self._replaced += 1
            pause = min(2 * pause, MOST_PAUSE) if quick >= MOST_QUICK else PAUSE
            operator_log.worker_replaced(reason, self._replaced, pause)
            if quick >= MOST_QUICK:
                if not (self._all_served and any(worker.serves for worker in self._workers)):
                    raise FaultError(f"worker processes end again and again, this one so: {reason}", 69)
                self._bind_anew(number)
            with suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await self._stopping.wait()

    def _bind_anew(self, number: int) -> None:
        """The sockets of that number: as nobody listens on new ones, connections go to the other workers."""
        try:
            fresh = _shared([(_address(sock), mode) for sock, mode in self._sockets[number]])
        except FaultError:  # those that there are will do
            return
        for sock, _ in self._sockets[number]:
            sock.close()
        self._sockets[number] = fresh

    async def _look_after(self) -> None:
        """Asks again and again, and kills whoever hangs. Questions count, not time: this process may have slept."""
        while True:
            await self._pause(EVERY)
            for worker in self._workers:
                worker.ask()
                if worker.unanswered > (HUNG if worker.serves else STARTING):
                    worker.give_up()

    async def _run(self, number: int) -> str:
        """One of them from its start to its end: why it ended. Raises FaultError where no other would do better."""
        try:
            worker = await _Worker.start(self._sockets[number])
        except OSError as error:
            return type(error).__name__
        worker.begin(self.settings, self._sockets[number])
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
            self._past = lasting(worker.counts, self._past)
            worker.told.set()
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
                    elif isinstance(heard, Counted):
                        worker.answered(heard.samples)
                    elif isinstance(heard, Fault):
                        fault = heard.sentence
                        if heard.final or not self._all_served:
                            raise FaultError(fault, heard.exit_code)
        return fault or await worker.ended()

    async def counted(self) -> Sequence[Samples]:
        """What workers have counted; of one that hangs, the counts that it told last."""
        asked = [worker for worker in self._workers if worker.answers]
        for worker in asked:
            worker.told.clear()
            worker.line.send(Order.COUNT)
        with suppress(TimeoutError):
            async with asyncio.timeout(PAUSE):
                await asyncio.gather(*(worker.told.wait() for worker in asked))
        hanging = [lasting(worker.counts, ()) for worker in self._workers if not worker.answers]
        return [self._past, *hanging, *self._told]

    @property
    def serving(self) -> int:
        """Workers that serve now."""
        return sum(worker.answers for worker in self._workers)

    @property
    def parsers(self) -> int:
        """Parser processes that run, of workers that serve."""
        count = together("parser_processes", self._told)
        return 0 if math.isnan(count) else int(count)

    @property
    def certificate_expires(self) -> datetime | None:
        """The end of the certificate in use; of several, the first one."""
        end = together("certificate_expiry_timestamp_seconds", self._told)
        return None if math.isnan(end) else datetime.fromtimestamp(end, UTC)

    @property
    def _told(self) -> Sequence[Samples]:
        """By workers that serve, when they answered last."""
        return [worker.counts for worker in self._workers if worker.answers]

    @property
    def _all_served(self) -> bool:
        return len(self._served) == len(self._sockets)

    def _serves(self, number: int) -> None:
        before = self._all_served
        self._served.add(number)
        if self._all_served and not before:
            spare_what_stays()
            addresses = [sock.getsockname()[:2] for sock, _ in self._sockets[0]]
            for host, port in addresses:
                operator_log.listening(f"{host}:{port}")
            self._tell_serving(addresses)

    def _tell(self, order: Order | Renew) -> None:
        for worker in self._workers:
            worker.line.send(order)


class _Worker:
    """One of the processes, and the connection to it."""

    def __init__(self, process: subprocess.Process, line: Line) -> None:
        self._process = process
        self.line = line
        self._hung = False
        self.serves = False
        """It has said so."""
        self.unanswered = 0
        """Times that it was asked since its last answer."""
        self.counts: Samples = ()
        self.told = asyncio.Event()
        """Of what it has counted, since it was asked."""

    @classmethod
    async def start(cls, sockets: Sockets) -> _Worker:
        """Raises OSError."""
        ours, theirs = socket.socketpair()
        with theirs:
            numbers = [sock.fileno() for sock, _ in sockets]
            try:
                process = await asyncio.create_subprocess_exec(
                    *(sys.executable, "-P", "-B", "-c", _PROGRAM.format(descriptor=theirs.fileno())),
                    stdin=subprocess.DEVNULL,
                    env={**os.environ, "PYTHONPATH": os.pathsep.join(os.path.abspath(path) for path in sys.path)},
                    pass_fds=[theirs.fileno(), *numbers],
                )
            except OSError:
                ours.close()
                raise
        return cls(process, await Line.on(ours))

    def begin(self, settings: Settings, sockets: Sockets) -> None:
        """Has it serve on these."""
        listeners = [(sock.fileno(), mode) for sock, mode in sockets]
        self.line.send(Start(settings.model_dump(), listeners))

    @property
    def answers(self) -> bool:
        """It serves, and not by its word alone."""
        return self.serves and self.unanswered <= LATE

    def ask(self) -> None:
        """Whether it is there; that is, what it has counted."""
        if not self.unanswered:  # else the question is on its way
            self.line.send(Order.COUNT)
        self.unanswered += 1

    def answered(self, counts: Samples) -> None:
        """It is."""
        self.counts, self.unanswered = counts, 0
        self.told.set()

    def give_up(self) -> None:
        """Kills it, since it hangs; its connection tells."""
        self._hung = True
        with suppress(ProcessLookupError):
            self._process.kill()

    async def ended(self) -> str:
        """After its connection ended: how it did."""
        with suppress(TimeoutError):
            async with asyncio.timeout(PAUSE):
                code = await self._process.wait()
                if self._hung:
                    return "hung"
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
            addresses.append((_address(alone), mode))
    return [_shared(addresses) for _ in range(settings.smtp.workers)]


def _shared(addresses: Sequence[tuple[str, Listener]]) -> Sockets:
    """Those of one worker. Raises FaultError."""
    return [(bind(address, shared=True), mode) for address, mode in addresses]


def _address(sock: socket.socket) -> str:
    host, port = sock.getsockname()[:2]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
