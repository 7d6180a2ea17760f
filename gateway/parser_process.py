"""The parser process: runs the functions that it is sent, one at a time, under limits that it sets itself first.

It reads requests on standard input and writes answers to standard output, nothing else and nowhere else: what it reads
may be private. It ends with its input, at a limit, or on a failure; whoever asks starts another one.
"""

from __future__ import annotations

import os
import resource
import sys
import traceback
from dataclasses import dataclass
from typing import BinaryIO

import gateway.core.cases  # noqa: F401 - here, before the first message waits for it
from gateway.child_process import leave_signals_to_parent
from gateway.core import charsets
from gateway.pieces import COUNT, LENGTH, Unpickler, head, packed
from gateway.process_memory import keep_private

READY = b"+"


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
    charsets.prepare()
    sink.write(READY)
    sink.flush()
    while _serve(source, sink, cpu, most):
        pass


def _confine(memory: int) -> None:
    keep_private()
    leave_signals_to_parent()  # which has messages to finish then, and closes our input
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
