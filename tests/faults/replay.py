"""What a power cut leaves of a recorded run.

What was synced is there. Of the rest each write may be there, or not, or in part (sectors of 512 bytes), in any order;
names that were never synced may be missing, and names that were removed may be back. A sync that failed proves nothing,
and neither does a later one for what was written before it: the system takes those pages for written.
"""

from __future__ import annotations

import random
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from os.path import dirname
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")

SECTOR = 512
_FOLDER = 0
"""In the place of a file's number."""
_HEAD = struct.Struct("IIQQQ")


@dataclass(frozen=True, slots=True)
class Record:
    """One call. `kind` is the letter that disk.c gives it."""

    kind: str
    path: str
    inode: int
    offset: int
    data: bytes


def records(log: Path) -> list[Record]:
    """All calls of a run, in their order."""
    raw, found, at = log.read_bytes(), [], 0
    while at < len(raw):
        kind, path, inode, offset, length = _HEAD.unpack_from(raw, at)
        at += _HEAD.size
        middle, end = at + path, at + path + length
        found.append(Record(chr(kind), raw[at:middle].decode(), inode, offset, raw[middle:end]))
        at = end
    return found


@dataclass(slots=True)
class _File:
    durable: bytearray = field(default_factory=bytearray)
    pending: list[tuple[int, bytes | None]] = field(default_factory=list)
    """Writes (offset, data) and truncations (length, None)."""


class Cache:
    """The files of one folder as the disk and the system's memory have them, one record after the other."""

    def __init__(self, folder: Path) -> None:
        """Begins with what stands in the folder now, all of it durable."""
        self.folder = str(folder.resolve())
        self._files: dict[int, _File] = {}
        self._names: dict[str, int] = {}
        self._moves: list[tuple[str, int | None]] = []
        """Changes of names that aren't synced: the name, and its file or None."""
        for path in folder.resolve().rglob("*"):
            if path.is_dir():
                self._names[str(path)] = _FOLDER
            elif not path.name.endswith("-shm"):
                self._files[path.stat().st_ino] = _File(bytearray(path.read_bytes()))
                self._names[str(path)] = path.stat().st_ino

    def apply(self, record: Record, chance: random.Random) -> None:
        """The next record. `chance` says what a failed sync has brought to the disk."""
        file = self._files.get(record.inode)
        match record.kind:
            case "C":
                self._files[record.inode] = _File()
                self._moves.append((record.path, record.inode))
            case "W" | "T" if file:
                file.pending.append((record.offset, record.data if record.kind == "W" else None))
            case "S" | "F" if file:
                _write(file.durable, file.pending if record.kind == "S" else _some(file.pending, chance))
                file.pending.clear()
            case "S":  # of a folder: the names in it, not those below
                self._names = self._named([m for m in self._moves if dirname(m[0]) == record.path])
                self._moves = [m for m in self._moves if dirname(m[0]) != record.path]
            case "M" | "U" | "R" | "L":
                self._rename(record)

    def _rename(self, record: Record) -> None:
        if record.kind in "RL":
            self._moves.append((record.data.decode(), self._named(self._moves)[record.path]))
        if record.kind != "L":
            self._moves.append((record.path, _FOLDER if record.kind == "M" else None))

    def image(self, chance: random.Random) -> Iterator[tuple[str, bytearray]]:
        """The files that a cut leaves now, by their names within the folder."""
        whim = chance.randrange(5)
        moves = self._moves
        if whim == 0:  # the least that is possible
            moves = []
        elif whim > 1:
            moves = moves[: chance.randint(0, len(moves))] if chance.random() < 0.5 else _each(moves, chance)
        for path, file in self._reachable(moves):
            content = bytearray(file.durable)
            if whim == 1:  # everything
                _write(content, file.pending)
            elif whim == 2:
                _write(content, _each(file.pending, chance))
            elif whim > 2:
                _write(content, _some(file.pending, chance))
            yield path.removeprefix(self.folder + "/"), content

    def all(self) -> Iterator[tuple[str, bytearray]]:
        """The files as programs see them while the machine runs."""
        for path, file in self._reachable(self._moves):
            content = bytearray(file.durable)
            _write(content, file.pending)
            yield path.removeprefix(self.folder + "/"), content

    def _reachable(self, moves: list[tuple[str, int | None]]) -> Iterator[tuple[str, _File]]:
        """The files whose every folder has its name, too."""
        names = self._named(moves)
        for path, inode in names.items():
            above = dirname(path)
            while above in names:
                above = dirname(above)
            if inode != _FOLDER and above == self.folder:
                yield path, self._files[inode]

    def _named(self, moves: list[tuple[str, int | None]]) -> dict[str, int]:
        names = dict(self._names)
        for path, inode in moves:
            if inode is None:
                names.pop(path, None)
            else:
                names[path] = inode
        return names


def _write(content: bytearray, pending: list[tuple[int, bytes | None]]) -> None:
    for offset, data in pending:
        if data is None and offset < len(content):
            del content[offset:]
        elif len(content) < offset:
            content.extend(bytes(offset - len(content)))
        if data is not None:
            content[offset : offset + len(data)] = data


def _each(pending: list[T], chance: random.Random) -> list[T]:
    """A random part, in order."""
    return [one for one in pending if chance.random() < 0.5]


def _some(pending: list[tuple[int, bytes | None]], chance: random.Random) -> list[tuple[int, bytes | None]]:
    """A random part, in any order, writes torn at sectors of the disk."""
    share = chance.choice((0.0, 0.1, 0.5, 0.9, 1.0))
    kept: list[tuple[int, bytes | None]] = []
    for offset, data in pending:
        if data is None or chance.random() < 0.5:
            kept += [(offset, data)] if chance.random() < share else []
        else:
            kept += [piece for piece in _sectors(offset, data) if chance.random() < share]
    if chance.random() < 0.5:
        chance.shuffle(kept)
    return kept


def _sectors(offset: int, data: bytes) -> Iterator[tuple[int, bytes]]:
    end = offset + len(data)
    while offset < end:
        border = min(end, (offset // SECTOR + 1) * SECTOR)
        yield offset, data[len(data) - (end - offset) : len(data) - (end - border)]
        offset = border
