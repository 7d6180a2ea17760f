"""A gateway under attack, each time a new one."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
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
