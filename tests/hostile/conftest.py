"""A gateway under attack, each time a new one."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from fakes.world import load_world
from hostile.attacked import Attacked, attacked


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One migrated database that every gateway under test starts from."""
    return tmp_path_factory.mktemp("template") / "empty.db"


@pytest.fixture
async def gateway(tmp_path: Path, template: Path) -> AsyncIterator[Attacked]:
    """In the usual world."""
    async with attacked(tmp_path, template) as one:
        yield one


@pytest.fixture
async def logging_all(tmp_path: Path, template: Path) -> AsyncIterator[Attacked]:
    """In a world that logs all copies and creates contacts for them, so that what is believed shows."""
    async with attacked(tmp_path, template, (load_world().with_settings(rule="log_all_and_create"),)) as one:
        yield one
