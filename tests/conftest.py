"""Fixtures that tests of several kinds share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.running_gateway import Gateway, free_port


@pytest.fixture
def gateway(tmp_path: Path) -> Iterator[Gateway]:
    """A prepared gateway, not started yet."""
    made = Gateway(tmp_path, free_port())
    made.prepare()
    yield made
    if made.running:
        made.kill()
