"""Values on their way to another process and back: a pickle, and large bytes beside it as pieces of their own."""

from __future__ import annotations

import io
import pickle
import struct
from collections.abc import Callable, Sequence
from dataclasses import fields, is_dataclass
from datetime import datetime, timedelta, timezone
from enum import Enum
from functools import lru_cache
from operator import attrgetter
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # one of the processes that use this has no event loop
    from asyncio import StreamReader, StreamWriter

COUNT, LENGTH = struct.Struct(">I"), struct.Struct(">Q")
"""What goes before a value: how many pieces, the length of each. The first is the pickle."""
LARGE = 64 * 1024
"""Bytes from which they are a piece of their own, so that they are copied once."""
_CHUNK = 256 * 1024
_TIMES = frozenset({datetime, timedelta, timezone})

_Reduced = tuple[type, tuple[Any, ...]]  # Any: whatever its fields hold


class _Reducers(dict[type, Callable[[Any], _Reduced]]):
    """How instances of dataclasses are taken apart: by their fields in order, many times as quickly as by default."""

    def __missing__(self, made: type) -> Callable[[Any], _Reduced]:
        if not is_dataclass(made) or len(fields(made)) < 2:  # of one name attrgetter makes no tuple
            raise KeyError(made)
        values = attrgetter(*(each.name for each in fields(made)))
        self[made] = lambda instance: (made, values(instance))
        return self[made]


class _Pickler(pickle.Pickler):
    """Leaves large bytes out. `pieces`: those that the other side has, then those that must go along."""

    dispatch_table = _Reducers()

    def __init__(self, file: io.BytesIO, known: Sequence[bytes]) -> None:
        super().__init__(file, pickle.HIGHEST_PROTOCOL)
        self.pieces = list(known)
        self._numbers = {id(piece): number for number, piece in enumerate(known)}

    def persistent_id(self, value: object) -> int | None:
        if type(value) is not bytes or (len(value) < LARGE and id(value) not in self._numbers):
            return None
        if id(value) not in self._numbers:
            self._numbers[id(value)] = len(self.pieces)
            self.pieces.append(value)
        return self._numbers[id(value)]


class Unpickler(pickle.Unpickler):
    """Reads what `packed` wrote."""

    def __init__(self, pieces: Sequence[bytes], known: Sequence[bytes] = ()) -> None:
        super().__init__(io.BytesIO(pieces[0]))
        self._pieces = (*known, *pieces[1:])

    def persistent_load(self, number: int) -> bytes:
        return self._pieces[number]


class Values(Unpickler):
    """Makes values and nothing else, whatever a process that reads mail has become."""

    def find_class(self, module: str, name: str) -> object:
        return _value_class(module, name)


@lru_cache(maxsize=256)
def _value_class(module: str, name: str) -> object:
    if module.startswith("gateway.") or module in ("datetime", "storage.content"):
        found = Unpickler([b""]).find_class(module, name)
        if isinstance(found, type) and (is_dataclass(found) or issubclass(found, Enum) or found in _TIMES):
            return found
    raise pickle.UnpicklingError


def packed(value: object, known: Sequence[bytes] = ()) -> list[bytes]:
    """The pieces for a value. `known`: bytes in it that the other side has."""
    file = io.BytesIO()
    pickler = _Pickler(file, known)
    pickler.dump(value)
    return [file.getvalue(), *pickler.pieces[len(known) :]]


def head(pieces: Sequence[bytes]) -> bytes:
    """What goes before the pieces."""
    return COUNT.pack(len(pieces)) + b"".join(LENGTH.pack(len(piece)) for piece in pieces)


async def send(writer: StreamWriter, pieces: Sequence[bytes]) -> None:
    """Sends them. Whoever ends this half-way spoils what follows on the connection."""
    writer.write(head(pieces) + pieces[0])
    for piece in pieces[1:]:
        for start in range(0, len(piece), _CHUNK):
            writer.write(memoryview(piece)[start : start + _CHUNK])
            await writer.drain()
    await writer.drain()


async def receive(reader: StreamReader, most: int) -> list[bytes]:
    """The next pieces, up to so many bytes. Raises EOFError, and ValueError for more."""
    (count,) = COUNT.unpack(await reader.readexactly(COUNT.size))
    lengths = [LENGTH.unpack(await reader.readexactly(LENGTH.size))[0] for _ in range(count)]
    if sum(lengths) > most:
        raise ValueError("more than a process can hold")
    return [await reader.readexactly(length) for length in lengths]
