"""The pages that are made from the code say what the code says now."""

from __future__ import annotations

import re
from pathlib import Path

import click
import pytest

from config.load import VARIABLES
from docs.generate import pages
from docs.generate.command_line import cli, commands
from docs.generate.common import DOCS
from docs.generate.log import log
from docs.generate.reasons import reasons
from docs.generate.settings import configuration, fields, kind
from gateway import operator_log
from gateway.cli import COMMANDS, main
from gateway.core.reasons import REASONS

EVENTS = set(re.findall(r'_log\.[^"]*"([a-z_.]+)"', Path(operator_log.__file__).read_text(encoding="utf-8")))
GENERATED = {path.name: (path, text) for path, text in pages().items()}


@pytest.mark.parametrize("name", GENERATED)
def test_a_generated_page_is_current(name: str) -> None:
    path, text = GENERATED[name]
    current = path.is_file() and path.read_text(encoding="utf-8") == text
    assert current, f"docs/{name} is not current: run `make docs` and commit what it writes"


def test_every_setting_has_its_row() -> None:
    page = configuration()
    for variable, path in VARIABLES.items():
        assert page.count(f"| `{path}` | ") >= 1, path
        assert page.count(f"| `{variable}` |") == 1, variable


def test_types_are_told_with_their_bounds() -> None:
    every = fields()
    assert kind(every["smtp.limits.drain"], "30") == "seconds, 0 or more"
    assert kind(every["smtp.limits.message_size"], '"25 MiB"') == "size in bytes, above 0"
    assert kind(every["store.url"], '"postgresql://…"') == "database URL"
    assert kind(every["smtp.sources_need_tls"], "false") == "true or false"
    assert kind(every["log.level"], '"info"') == "debug, info, warning, error"


def test_every_command_has_its_section() -> None:
    page = cli()
    sections = {line.lstrip("# ") for line in page.splitlines() if line.startswith(("## ", "### "))} - {"Exit codes"}
    every = list(commands(click.Context(main, info_name="bcc-gateway")))
    assert set(COMMANDS) < sections
    assert {context.command_path.removeprefix("bcc-gateway ") for context in every} == sections


def test_every_option_says_what_it_does() -> None:
    silent = [
        f"{context.command_path} {option.opts[0]}"
        for context in commands(click.Context(main, info_name="bcc-gateway"))
        for option in context.command.params
        if isinstance(option, click.Option) and not option.help
    ]
    assert silent == []


def test_every_reason_that_reading_a_message_gives_has_an_example() -> None:
    """The others are given in the dialogue, or by a person, or later."""
    page = reasons()
    without = {slug for slug in REASONS if f"\n### {slug}\n" not in page}
    assert {slug for slug in without if not slug.startswith("smtp.")} == {
        "sender.approved",
        "held.discarded",
        "held.expired",
        "held.erased",
        "dedupe.erased",
        "operator.mail",
    }


def test_every_event_of_the_log_has_its_row() -> None:
    rows = [line.split(" | ") for line in log().splitlines() if line.startswith("| `")]
    assert {event.strip("|` ") for event, *_ in rows} == EVENTS
    assert [row for row in rows if len(row) != 4 or len(row[3]) < 20] == []


def test_nothing_else_in_docs_says_that_it_is_generated() -> None:
    made = {path.name for path in DOCS.glob("*.md") if "Made by `make docs`" in path.read_text(encoding="utf-8")[:200]}
    assert made == set(GENERATED)
