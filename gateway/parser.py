"""The process that reads large or odd mail under limits: starting it, asking it, replacing it.

Whatever becomes of a process, each request ends, `wall` seconds after its turn came at the latest.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import signal
import sys
from asyncio import subprocess
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Concatenate, ParamSpec, TypeVar, cast

from gateway.core.limits import ParserLimits
from gateway.parser_process import READY, Failure
from gateway.pieces import Values, packed, receive, send

P = ParamSpec("P")
T = TypeVar("T")

_START = 30.0
"""Seconds within which a process must be ready."""
_PAUSE = 1.0
"""Seconds until one that couldn't be started is tried again."""
_PIPE = 1024 * 1024
"""Bytes that may be on their way to a process."""
_OURS = frozenset({"TimeoutError", "SIGKILL"})
"""Ends for which the message isn't to blame: nothing in it waits, and its memory and CPU have limits of their own."""
_PROGRAM = "from gateway.parser_process import main; main({memory}, {cpu}, {answer})"


class Unparsed(Exception):
    """The message brought the process to a limit or down, and would again: it can't be read as a whole."""


class Unavailable(Exception):
    """There is no answer now, for no reason that lies in the message."""


class NotStarted(Exception):
    """No parser process can be started."""


class Parser:
    """A fixed number of processes, each of which reads one message at a time."""

    def __init__(self, limits: ParserLimits, replaced: Callable[[str, str, int], None]) -> None:
        """`replaced` is told when a process had to be: why, the place in the code or "", and how many so far."""
        self.in_loop = limits.in_loop
        self._limits = limits
        self._replaced = replaced
        self._count = 0
        self._idle: asyncio.Queue[_Process | None] = asyncio.Queue()
        self._processes: set[_Process] = set()
        self._replacing: set[asyncio.Task[None]] = set()
        self._closed = False

    async def start(self) -> None:
        """Returns when all are ready. Raises NotStarted; then none is left."""
        try:
            for _ in range(self._limits.processes):
                await self._start_one()
        except (OSError, EOFError, TimeoutError):
            await self.close()
            raise NotStarted from None

    async def close(self) -> None:
        """Ends the processes. Whoever still waits for an answer gets Unavailable."""
        self._closed = True
        self._idle.put_nowait(None)
        for task in self._replacing:
            task.cancel()
        await asyncio.gather(*self._replacing, return_exceptions=True)
        await asyncio.gather(*(process.end() for process in self._processes))

    @property
    def running(self) -> int:
        """Processes that are ready, as far as we were told."""
        return sum(process.runs for process in self._processes)

    async def run(self, function: Callable[Concatenate[bytes, P], T], raw: bytes, *args: P.args, **_: P.kwargs) -> T:
        """What a function of a module makes of these bytes and further arguments. Raises Unparsed and Unavailable."""
        request = packed((function, raw, *args))
        process = await self._next()
        reason, place = "CancelledError", ""
        try:
            async with asyncio.timeout(self._limits.wall):
                answer = await process.ask(request, raw)
            reason, place = (answer.error, answer.place) if isinstance(answer, Failure) else ("", "")
        except (EOFError, ConnectionError):
            code = await process.ended()
            reason = signal.Signals(-code).name if code < 0 else f"exit code {code}"
        except Exception as error:
            reason = type(error).__name__
        finally:
            if reason:
                self._replace(process, reason, place)
            else:
                self._idle.put_nowait(process)
        if self._closed or reason in _OURS:
            raise Unavailable
        if reason:
            raise Unparsed
        return cast("T", answer)

    async def _next(self) -> _Process:
        """One that is idle and still runs."""
        while (process := await self._idle.get()) is not None and not self._closed:
            if process.runs:
                return process
            self._replace(process, "ended while idle", "")
        self._idle.put_nowait(None)
        raise Unavailable

    def _replace(self, process: _Process, reason: str, place: str) -> None:
        if not self._closed:
            self._tell(reason, place)
            task = asyncio.get_running_loop().create_task(self._start_another(process))
            self._replacing.add(task)
            task.add_done_callback(self._replacing.discard)

    def _tell(self, reason: str, place: str) -> None:
        self._count += 1
        self._replaced(reason, place, self._count)

    async def _start_another(self, old: _Process) -> None:
        await old.end()
        self._processes.discard(old)
        while True:
            try:
                return await self._start_one()
            except (OSError, EOFError, TimeoutError) as error:
                self._tell(type(error).__name__, "")
                await asyncio.sleep(_PAUSE)

    async def _start_one(self) -> None:
        process = await _Process.start(self._limits)
        self._processes.add(process)
        self._idle.put_nowait(process)


class _Process:
    """One of them, ready to be asked."""

    def __init__(self, process: subprocess.Process, most: int) -> None:
        assert process.stdin is not None  # noqa: S101 - for the type checker
        assert process.stdout is not None  # noqa: S101 - the same
        self._process = process
        self._stdin, self._stdout = process.stdin, process.stdout
        with suppress(AttributeError, OSError):  # fewer turns for a large message, where the system allows it
            fcntl.fcntl(self._stdin.get_extra_info("pipe"), fcntl.F_SETPIPE_SZ, _PIPE)
        self._most = most

    @classmethod
    async def start(cls, limits: ParserLimits) -> _Process:
        """Returns once it is ready. Raises OSError, EOFError, TimeoutError."""
        # It finds the modules that we have and sees nothing else of the environment, which may hold secrets.
        environment = {"PYTHONPATH": os.pathsep.join(os.path.abspath(path) for path in sys.path)}
        program = _PROGRAM.format(memory=limits.memory, cpu=limits.cpu, answer=limits.answer)
        started = await asyncio.create_subprocess_exec(
            *(sys.executable, "-P", "-B", "-c", program),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment,
        )
        process = cls(started, limits.memory)
        try:
            async with asyncio.timeout(_START):
                await process._stdout.readexactly(len(READY))
        except BaseException:
            await process.end()
            raise
        return process

    async def ask(self, request: Sequence[bytes], raw: bytes) -> object:
        """The answer, or a Failure. `raw`: what of the request the answer may refer to."""
        await send(self._stdin, request)
        return Values(await receive(self._stdout, self._most), (raw,)).load()

    @property
    def runs(self) -> bool:
        """As far as we were told."""
        return self._process.returncode is None

    async def ended(self) -> int:
        """After its output ended: its exit code, negative for a signal."""
        with suppress(TimeoutError):
            async with asyncio.timeout(_PAUSE):
                return await self._process.wait()  # to kill what has died already would lose its exit code
        await self.end()
        return -signal.SIGKILL

    async def end(self) -> None:
        """Kills it, if it still runs."""
        if self.runs:
            with suppress(ProcessLookupError):
                self._process.kill()
        self._stdin.close()
        await self._process.wait()
