"""Fixtures that tests of several kinds share."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from fakes.postgres import Databases
from hypothesis import settings

from tests.running_gateway import Gateway, free_port

# The same examples in each run, so that a failure is the change's; `make prove` looks for new ones.
# Without deadlines: how long one takes is the machine's affair.
settings.register_profile("repeatable", derandomize=True, deadline=None)
settings.register_profile("exploring", derandomize=False, deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "repeatable"))


if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # as a shell starts what runs in its background
    signal.signal(signal.SIGINT, signal.default_int_handler)  # the programs that tests interrupt are to hear it


@pytest.fixture(scope="session")
def databases() -> Iterator[Databases]:
    """On a PostgreSQL server that is started for the first test that wants one."""
    made = Databases()
    yield made
    made.remove()


@pytest.fixture
def gateway(tmp_path: Path) -> Iterator[Gateway]:
    """A prepared gateway, not started yet."""
    made = Gateway(tmp_path, free_port())
    made.prepare()
    yield made
    if made.running:
        made.kill()


@pytest.fixture
def console(tmp_path: Path) -> Iterator[Gateway]:
    """A gateway into which nobody can sign in yet; its address stands in `url`, the first link in its log."""
    made = Gateway(tmp_path, free_port())
    made.prepare()
    text = made.config.read_text(encoding="utf-8")
    made.config.write_text(f'{text}\n[console]\nlisten = "127.0.0.1:{free_port()}"\n', encoding="utf-8")
    made.start()
    while "/setup/" not in made.log() or "console.opened" not in made.log():
        assert made.running, made.log()
        time.sleep(0.02)
    yield made
    made.stop()
