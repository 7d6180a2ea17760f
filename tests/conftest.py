"""Fixtures that tests of several kinds share."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from tests.running_gateway import Gateway, free_port

# The same examples in each run, so that a failure is the change's; `make prove` looks for new ones.
# Without deadlines: how long one takes is the machine's affair.
settings.register_profile("repeatable", derandomize=True, deadline=None)
settings.register_profile("exploring", derandomize=False, deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "repeatable"))


@pytest.fixture
def gateway(tmp_path: Path) -> Iterator[Gateway]:
    """A prepared gateway, not started yet."""
    made = Gateway(tmp_path, free_port())
    made.prepare()
    yield made
    if made.running:
        made.kill()
