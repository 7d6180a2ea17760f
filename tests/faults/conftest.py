"""What the tests of faults share."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.disk import library
from tests.faults.recording import Prepared, Program, program


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Path]:
    """An empty folder, in memory where the system has such."""
    memory = Path("/dev/shm")  # noqa: S108 — a folder with a random name below it
    if not memory.is_dir():
        yield tmp_path
        return
    folder = Path(tempfile.mkdtemp(dir=memory))
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def prepared(room: Path) -> Prepared:
    """A database on a disk that records and fails."""
    library()
    return Prepared(room)


@pytest.fixture
def runs(prepared: Prepared) -> Iterator[Program]:
    """The store's program on that disk."""
    with program(prepared.disk) as started:
        yield started
