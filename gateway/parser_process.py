"""The parser process: runs the functions that it is sent, one at a time, under limits that it sets itself first.

It reads requests on standard input and writes answers to standard output, nothing else and nowhere else: what it reads
may be private. It ends with its input, at a limit, or on a failure; whoever asks starts another one.
"""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import sys
import traceback
from dataclasses import dataclass
from typing import BinaryIO

import gateway.core.cases  # noqa: F401 - here, before the first message waits for it
from gateway.core import charsets
from gateway.pieces import COUNT, LENGTH, Unpickler, head, packed
from gateway.process_memory import keep_private

READY = b"+"

_PR_SET_PDEATHSIG = 1
_SIGNALS_TO_ALL = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""Sent to every process of the gateway when it is to stop; it has messages to finish then, and closes our input."""


@dataclass(frozen=True, slots=True)
class Failure:
    """Instead of an answer: the class of an error and its place as module:line. No text, which may hold content."""

    error: str
    place: str


def main(memory: int, cpu: int, most: int) -> None:
    """Answers until its input ends. `most`: bytes of an answer."""
    source, sink = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever a library prints is no answer
    _confine(memory)
    charsets.decode("Grüße".encode("latin-1"), None)  # loads the models that the first message would wait for
    sink.write(READY)
    sink.flush()
    while _serve(source, sink, cpu, most):
        pass


def _confine(memory: int) -> None:
    keep_private()
    for number in _SIGNALS_TO_ALL:
        signal.signal(number, signal.SIG_IGN)
    if sys.platform == "linux":  # a gateway that is killed closes our input too, but a stopped process sees no end
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))


def _serve(source: BinaryIO, sink: BinaryIO, cpu: int, most: int) -> bool:
    """One request; False at the end of the input, and where a failure may have left something behind."""
    pieces = _received(source)
    if not pieces:
        return False
    _allow(cpu)
    try:
        function, raw, *arguments = Unpickler(pieces).load()
        answer = packed(function(raw, *arguments), (raw,))
        failure = Failure("AnswerTooLarge", "") if len(answer[0]) > most else None
    except Exception as error:
        failure = Failure(type(error).__name__, _place(error))
    if failure:
        answer = packed(failure)
    sink.write(head(answer))
    for piece in answer:
        sink.write(piece)
    sink.flush()
    return failure is None


def _received(source: BinaryIO) -> list[bytes]:
    start = source.read(COUNT.size)
    if len(start) < COUNT.size:
        return []
    (count,) = COUNT.unpack(start)
    lengths = [LENGTH.unpack(source.read(LENGTH.size))[0] for _ in range(count)]
    return [source.read(length) for length in lengths]


def _allow(seconds: int) -> None:
    """So much CPU from now on, or part of a second less: the limit counts whole seconds of a process's whole life."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    resource.setrlimit(resource.RLIMIT_CPU, (int(used.ru_utime + used.ru_stime) + seconds, resource.RLIM_INFINITY))


def _place(error: BaseException) -> str:
    frame, line = list(traceback.walk_tb(error.__traceback__))[-1]
    return f"{frame.f_globals.get('__name__', '?')}:{line}"
