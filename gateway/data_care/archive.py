"""Files of an export: in a new folder, or in a ZIP archive, which may go out as it is made."""

from __future__ import annotations

import os
import shutil
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Protocol

from storage.durable import sync_folder
from storage.errors import Refused

_OWNER_ONLY = 0o600
_EPOCH = (1980, 1, 1, 0, 0, 0)
"""Of all files in an archive, so that the same data makes the same bytes."""


class Archive(Protocol):
    """Takes files piece by piece; all pieces of one come together."""

    def write(self, name: str, data: bytes) -> None:
        """The next bytes of the file of this name, which may have a folder in it."""
        ...

    def close(self) -> None:
        """Ends the last file."""
        ...


class Stream(Protocol):
    """Takes bytes; it can't go back."""

    def write(self, data: bytes, /) -> int: ...
    def flush(self) -> None: ...
    def close(self) -> None: ...


class Folder:
    """Files below a folder that exists, for the owner only."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._name = ""
        self._file: IO[bytes] | None = None

    def write(self, name: str, data: bytes) -> None:
        if self._file is None or name != self._name:
            self.close()
            path = self._root / name
            path.parent.mkdir(mode=0o700, exist_ok=True)
            flags = os.O_CREAT | os.O_EXCL | os.O_WRONLY
            self._name, self._file = name, os.fdopen(os.open(path, flags, _OWNER_ONLY), "wb")
        self._file.write(data)

    def close(self) -> None:
        if self._file:
            self._file.close()
            self._file = None


class Zip:
    """The same in an archive, written to a stream that needn't go back."""

    def __init__(self, stream: Stream) -> None:
        self._archive = zipfile.ZipFile(stream, "w")
        self._name = ""
        self._file: IO[bytes] | None = None

    def write(self, name: str, data: bytes) -> None:
        if self._file is None or name != self._name:
            self._end()
            info = zipfile.ZipInfo(name, _EPOCH)
            info.external_attr = _OWNER_ONLY << 16
            info.compress_type = zipfile.ZIP_DEFLATED
            self._name, self._file = name, self._archive.open(info, "w", force_zip64=True)
        self._file.write(data)

    def close(self) -> None:
        self._end()
        self._archive.close()

    def _end(self) -> None:
        if self._file:
            self._file.close()
            self._file = None


@contextmanager
def new_archive(target: Path) -> Iterator[Archive]:
    """A folder, or an archive where its name ends in .zip, that doesn't exist yet; all of it or nothing.

    It is written beside its place and then renamed. Raises Refused where something stands there.
    """
    if os.path.lexists(target):
        raise Refused("{target} exists already, so nothing was written: name another one.", target=str(target))
    if not target.absolute().parent.is_dir():
        raise Refused("There is no folder {folder}: make it first.", folder=str(target.parent))
    work = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))  # for the owner only
    try:
        inside = work / "export"
        if target.suffix == ".zip":
            with os.fdopen(os.open(inside, os.O_CREAT | os.O_EXCL | os.O_WRONLY, _OWNER_ONLY), "wb") as stream:
                yield from _closed(Zip(stream))
            os.sync()  # one for all files
            os.link(inside, target)  # unlike a renaming, it takes nobody's place
        else:
            inside.mkdir(mode=0o700)
            yield from _closed(Folder(inside))
            os.sync()
            inside.rename(target)
        sync_folder(target.parent)
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _closed(archive: Archive) -> Iterator[Archive]:
    try:
        yield archive
    finally:
        archive.close()
