"""Writes the pages of docs/ that are made from the code: `make docs`.

Each page is a function that gives its whole text. tests/docs/test_generated.py tells when one isn't current.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from docs.generate.command_line import cli
from docs.generate.common import DOCS
from docs.generate.log import log
from docs.generate.metrics import metric_page
from docs.generate.reasons import reasons
from docs.generate.settings import configuration

MADE = "<!-- Made by `make docs` from the code: a change made here is lost. -->\n\n"

PAGES: dict[str, Callable[[], str]] = {
    "configuration-reference.md": configuration,
    "cli.md": cli,
    "reasons.md": reasons,
    "log.md": log,
    "metrics.md": metric_page,
}


def pages() -> dict[Path, str]:
    """What the generated pages must say now."""
    return {DOCS / name: MADE + page() for name, page in PAGES.items()}
