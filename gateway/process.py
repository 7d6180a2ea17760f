"""What a process that serves does about itself: its memory, its signals, errors that nobody awaits."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import threading
import time
from contextlib import suppress
from types import TracebackType

from gateway import operator_log
from gateway.process_memory import give_back_large_blocks, keep_private


def prepare() -> None:
    """Before it opens anything."""
    keep_private()
    give_back_large_blocks()
    route_stray_errors()


def stop_on_signal() -> asyncio.Event:
    """Set by SIGTERM or SIGINT from now on; a second one ends the process at once."""
    loop = asyncio.get_running_loop()
    ended = asyncio.Event()

    def on_signal(name: str) -> None:
        if ended.is_set():
            os._exit(1)  # the drain hangs; the log has nothing more to say
        operator_log.stopping(name)
        ended.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, on_signal, number.name)
    return ended


def reload_on_signal() -> asyncio.Event:
    """Set by SIGHUP from now on, and by one that came while the command line was read."""
    asked = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, asked.set)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGHUP})
    return asked


def end_within(seconds: float) -> None:
    """Ends the process then, whatever still holds it up: as a kill would, which loses nothing that was answered."""

    def end() -> None:
        operator_log.stop_overdue()
        time.sleep(_LAST_WORDS)
        os._exit(1)

    timer = threading.Timer(seconds, end)
    timer.daemon = True
    timer.start()


_LAST_WORDS = 0.5
"""Seconds for the log's thread to write."""


async def first_of(*events: asyncio.Event) -> None:
    """Waits until one of them is set."""
    waits = [asyncio.create_task(event.wait()) for event in events]
    try:
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in waits:
            wait.cancel()


def route_stray_errors() -> None:
    """Errors that nobody awaits go to the operator log as class and place: their text may hold content."""

    def on_exception(_kind: type[BaseException], error: BaseException, _trace: TracebackType | None) -> None:
        operator_log.internal_error(type(error).__name__, operator_log.raised_at(error))

    def on_loop_error(_loop: asyncio.AbstractEventLoop, context: dict[str, object]) -> None:
        error = context.get("exception")
        place = operator_log.raised_at(error) if isinstance(error, BaseException) else "event loop"
        operator_log.internal_error(type(error).__name__, place)

    def on_unraisable(unraisable: sys.UnraisableHookArgs) -> None:
        error = unraisable.exc_value
        operator_log.internal_error(type(error).__name__, operator_log.raised_at(error) if error else "")

    sys.excepthook = on_exception
    sys.unraisablehook = on_unraisable
    with suppress(RuntimeError):
        asyncio.get_running_loop().set_exception_handler(on_loop_error)
