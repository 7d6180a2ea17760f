"""Which short forms of long proofs are left to `.ci/run`: those that would take the default suite a minute."""

from __future__ import annotations

from pathlib import Path

import pytest

IN_CI = {"test_kill.py", "test_migrations_interrupted.py", "test_migrations_on_a_server.py", "test_scale.py"}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        path = Path(item.fspath)
        if path.parent == Path(__file__).parent and path.name in IN_CI and not item.get_closest_marker("prove"):
            item.add_marker(pytest.mark.ci)
