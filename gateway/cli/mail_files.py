"""Mail as people keep it: message files, folders of them, mboxes, Maildirs, standard input."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import BinaryIO

_FIELD = re.compile(rb"[!-9;-~]+[ \t]*:")
_BLANK = (b"\n", b"\r\n")
_A_LOOK = 4096
"""Bytes of a file in which it shows whether it begins like a message."""


@dataclass(frozen=True, slots=True)
class Piece:
    """One message of a file."""

    file: str
    index: int
    """Position inside an mbox; 0 elsewhere."""
    raw: bytes
    """With CRLF line ends where the file has bare LF only."""
    stored: int
    """Bytes that it takes up in the file."""


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A file or folder that can't be opened."""

    file: str
    reason: str


def files(path: str, *, maildirs: bool) -> tuple[list[str], list[Unreadable]]:
    """The files that a PATH stands for: itself, or every file below a folder, sorted; and what can't be looked into.

    With `maildirs`, what stands in a Maildir beside its messages is left out: tmp/ holds mail that isn't delivered yet,
    and mail servers keep files of their own next to cur/ and new/.
    """
    if path == "-" or not os.path.isdir(path):
        return [path], []
    faults: list[OSError] = []
    found: list[Path] = []
    beside_mail: set[str] = set()
    for at, folders, names in os.walk(path, onerror=faults.append):
        is_maildir = maildirs and {"cur", "new"} <= set(folders)
        beside = is_maildir or at in beside_mail
        if is_maildir:
            folders[:] = [name for name in folders if name != "tmp"]
        if beside:
            beside_mail.update(os.path.join(at, f) for f in folders if not (is_maildir and f in ("cur", "new")))
        here = (os.path.join(at, name) for name in names)
        found += [Path(f) for f in here if os.path.isfile(f) and (not beside or _begins_like_mail(f))]
    return [str(file) for file in sorted(found)], [Unreadable(str(f.filename), str(f.strerror)) for f in faults]


def read(names: Iterable[str], most: int = sys.maxsize, *, mail_only: bool = False) -> Iterator[Piece | Unreadable]:
    """The messages of these files: those of an mbox, else the file itself; "-" is standard input.

    Of a message of more than `most` bytes only so much is read that this shows. With `mail_only`, a file that doesn't
    begin as a message does is told of instead.
    """
    for name in names:
        yield from _pieces(name, most, mail_only=mail_only)


def _pieces(name: str, most: int, *, mail_only: bool) -> Iterator[Piece | Unreadable]:
    try:
        with nullcontext(sys.stdin.buffer) if name == "-" else Path(name).open("rb") as file:
            for index, (raw, stored) in enumerate(_messages(file, most)):
                if mail_only and not _is_begun_like_mail(raw):
                    yield Unreadable(name, "is no message and no mbox; nothing of it was taken")
                else:
                    yield Piece(name, index, _as_sent(raw), stored)
    except OSError as error:
        yield Unreadable(name, str(error.strerror))


def _messages(file: BinaryIO, most: int) -> Iterator[tuple[bytes, int]]:
    """Each message with the bytes that it takes up."""
    first, second = file.readline(most), file.readline(most)
    if first.startswith(b"From ") and _FIELD.match(second):
        yield from _of_mbox(chain([first, second], iter(lambda: file.readline(most), b"")), most)
        return
    raw = first + second
    raw += file.read(max(0, most + 1 - len(raw)) if most < sys.maxsize else -1)
    yield raw, len(raw)


def _of_mbox(lines: Iterable[bytes], most: int) -> Iterator[tuple[bytes, int]]:
    """The messages between "From " lines (RFC 4155): such a line has a blank line before and a header field behind it.

    Neither it nor the blank line is part of a message. So a message is the same whether or not another follows it.
    """
    message: list[bytes] = []
    size = taken = 0
    start, after_blank = b"", True
    for line in lines:
        if start and _FIELD.match(line):
            if message:
                yield _without_blank_line(message), taken
            message, size, taken = [], 0, 0
        elif start:
            message.append(start)
        taken += len(start)
        start = line if after_blank and line.startswith(b"From ") else b""
        after_blank = line in _BLANK
        if not start:
            if size <= most:
                message.append(line)
            size += len(line)
            taken += len(line)
    if start:
        message.append(start)
    yield _without_blank_line(message), taken + len(start)


def _without_blank_line(message: list[bytes]) -> bytes:
    return b"".join(message[:-1] if len(message) > 1 and message[-1] in _BLANK else message)


def _as_sent(content: bytes) -> bytes:
    return content if b"\r\n" in content else content.replace(b"\n", b"\r\n")


def _begins_like_mail(file: str) -> bool:
    try:
        with Path(file).open("rb") as opened:
            head = opened.read(_A_LOOK)
    except OSError:
        return True  # to be told of
    return _is_begun_like_mail(head)


def _is_begun_like_mail(head: bytes) -> bool:
    if head.startswith(b"From "):
        head = head.partition(b"\n")[2]
    return bool(_FIELD.match(head))
