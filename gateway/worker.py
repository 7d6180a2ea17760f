"""A worker: one of several processes that speak SMTP. It is started by gateway/workers.py, which says when to end.

Everything is done here up to the transaction. On SQLite the process that started it makes those; a database server is
asked from here.
"""

from __future__ import annotations

import asyncio
import os
import socket
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from config.changes import with_values
from config.settings import Settings
from gateway import metrics
from gateway.app import App, FaultError, checked, opened
from gateway.child_process import leave_signals_to_parent
from gateway.health import merging
from gateway.operator_log import OperatorLog
from gateway.pieces import Unpickler
from gateway.process import first_of, prepare
from gateway.process_memory import spare_what_stays
from gateway.reload import tls_files
from gateway.smtp.listener import Listener
from gateway.writer import Counted, Fault, Line, Listening, NotSettled, Order, RemoteStore, Renew, Settled
from storage.errors import StoreFailed
from storage.place import Server


@dataclass(frozen=True, slots=True)
class Start:
    """What a worker is told first."""

    settings: dict[str, Any]  # Any: as pydantic dumps them
    listeners: list[tuple[int, Listener]]
    """File descriptors of the sockets, and the mode of each."""


def main(descriptor: int) -> None:
    """Serves until told to end, or until whoever started it is gone. `descriptor`: of the connection to that."""
    leave_signals_to_parent()  # which tells what to do
    with suppress(EOFError, ConnectionError):
        asyncio.run(_run(socket.socket(fileno=descriptor)))


async def _run(connection: socket.socket) -> None:
    line = await Line.on(connection)
    start, *orders = await line.receive(Unpickler)
    assert isinstance(start, Start)  # noqa: S101 - what comes first
    settings = Settings(**start.settings)
    log = OperatorLog(settings.log.level, settings.log.format, count=metrics.logged)
    try:
        await _serve(settings, start, line, orders, log)
    except FaultError as fault:
        line.send(Fault(str(fault), fault.exit_code, final=False))
    finally:
        await line.close()
        log.close()


async def _serve(settings: Settings, start: Start, line: Line, orders: list[object], log: OperatorLog) -> None:
    prepare()
    files, tls = checked(settings)
    on_server = isinstance(settings.store.place(), Server)
    store, key = await opened(settings, serving=on_server)
    remote = None if on_server else RemoteStore(store, line)
    sockets = [(socket.socket(fileno=number), mode) for number, mode in start.listeners]
    app = await App.begin(settings, remote or store, key, sockets, files, tls, erases=on_server)
    spare_what_stays()
    told_to_stop = asyncio.Event()
    hearing = asyncio.create_task(_hear(line, orders, app, log, remote, told_to_stop))
    line.send(Counted(merging.samples()))  # so that nothing is unknown of one that serves
    line.send(Listening(os.getpid()))
    await first_of(told_to_stop, store.failed)
    if store.failed.is_set():
        line.send(Fault(str(StoreFailed()), StoreFailed.exit_code, final=True))
    await app.stop()
    hearing.cancel()


async def _hear(
    line: Line,
    orders: list[object],
    app: App,
    log: OperatorLog,
    remote: RemoteStore | None,
    told_to_stop: asyncio.Event,
) -> None:
    """Does as it is told, to the end: answers are waited for while sessions drain. `orders`: those that came first."""
    with suppress(EOFError, ConnectionError):
        while True:
            for heard in orders:
                if heard is Order.DRAIN:
                    told_to_stop.set()
                elif isinstance(heard, Renew):
                    _renew(app, log, heard)
                elif heard is Order.COUNT:
                    line.send(Counted(merging.samples()))
                elif remote and isinstance(heard, Settled | NotSettled):
                    remote.answered(heard)
            orders = await line.receive()
    if remote:
        remote.lost()
    told_to_stop.set()


def _renew(app: App, log: OperatorLog, order: Renew) -> None:
    """What the process that started this one has found sound; the certificate may have changed meanwhile."""
    settings = with_values(app.settings, order.settings)
    app.use(settings)
    app.renewal.turn_to(tls_files(settings))
    log.use(settings.log.level, settings.log.format)
