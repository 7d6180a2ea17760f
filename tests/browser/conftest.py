"""A gateway with its console, as its operator runs it, and a real browser before it."""

from __future__ import annotations

import os
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from fakes.walker import Walker
from playwright.async_api import Browser, async_playwright

from tests.running_gateway import Gateway

CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or ""
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    missing = pytest.mark.skip(reason="Chromium isn't installed; tests/machine.sh does that")
    for item in items:
        if not CHROMIUM and Path(item.fspath).parent == Path(__file__).parent:
            item.add_marker(missing)


@pytest.fixture(scope="session")
async def browser() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        made = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield made
        await made.close()


@pytest.fixture
async def walker(browser: Browser, console: Gateway) -> AsyncIterator[Walker]:
    """Somebody before the browser, who isn't signed in yet. At the end nothing has gone wrong in it."""
    async with Walker.on(browser, console) as made:
        yield made
        assert made.troubles == []


@pytest.fixture
async def ana(walker: Walker) -> Walker:
    """The account's first admin, who has just chosen a password."""
    await walker.choose_a_password()
    return walker
