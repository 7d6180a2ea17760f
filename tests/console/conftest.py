"""A console without a network, for each test, on each kind of store."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from fakes.desk import Desk, opened
from fakes.gateway import empty_database
from fakes.postgres import KINDS, Databases

from storage.place import Place


@pytest.fixture(params=KINDS)
async def place(
    request: pytest.FixtureRequest, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, databases: Databases
) -> AsyncIterator[Place]:
    """An empty database."""
    if request.param == "postgres":
        yield await databases.of(tmp_path)
        databases.give_back()
    else:
        path = tmp_path / "gateway.db"
        empty_database(path, tmp_path_factory.getbasetemp() / "template.db")
        yield path


@pytest.fixture
async def desk(place: Place) -> AsyncIterator[Desk]:
    async with opened(place) as made:
        yield made
