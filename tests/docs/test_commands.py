"""What the documentation says to type can be typed: commands, options, settings and variables exist."""

from __future__ import annotations

import re
import shlex
import tomllib
from collections.abc import Iterator
from itertools import takewhile
from pathlib import Path

import click
import pytest
from written import PAGES, Block, blocks, name, spans

from config.load import CONFIG, PATHS, VARIABLES
from docs.generate import pages
from gateway import operator_log
from gateway.cli import COMMANDS, main
from gateway.core.reasons import ATTRIBUTION, FINDINGS, FLAGS, REASONS

WRITTEN = [page for page in PAGES if page not in pages()]
SECTIONS = {path for path, is_setting in PATHS.items() if not is_setting}
EVENTS = set(re.findall(r'"([a-z]+\.[a-z_]+)"', Path(operator_log.__file__).read_text(encoding="utf-8")))
NO_SETTINGS = {*REASONS, *FLAGS, *FINDINGS, *ATTRIBUTION, *EVENTS}
ENDS = {"|", "||", "&&", ";", "&", ">", ">>", "<", "2>", "2>&1"}
NOT_BEFORE = {"-u", "-g", "-o", "--home-dir", "install"}
"""A unit, a group, an owner, a folder, a package of that name."""
PLACEHOLDER = re.compile(r"[A-Z_]+|.*….*|<.*>|\$.*")


def faults(words: list[str], *, whole: bool) -> list[str]:
    """What is wrong with a command line, its program left out. `whole`: nothing that is required is left out."""
    context, command = click.Context(main, info_name="bcc-gateway"), main
    while isinstance(command, click.Group) and words and not words[0].startswith("-"):
        step, *words = words
        inner = command.get_command(context, step)
        if inner is None:
            return [] if PLACEHOLDER.fullmatch(step) else [f"there is no command {context.command_path} {step}"]
        context, command = click.Context(inner, info_name=step, parent=context), inner
    if {"…", "-h", "--help"} & set(words):
        words, whole = [word for word in words if word not in ("…", "-h", "--help")], False
    try:
        given, left, _ = command.make_parser(context).parse_args(words)
    except click.UsageError as error:
        return [error.format_message()]
    return [f"too much: {word}" for word in left if not isinstance(command, click.Group)] + [
        fault for each in command.params for fault in wrong(each, given.get(each.name or ""), whole=whole)
    ]


def wrong(parameter: click.Parameter, given: object, *, whole: bool) -> Iterator[str]:
    """The same of one option or argument."""
    values = [value for value in (given if isinstance(given, list | tuple) else [given]) if isinstance(value, str)]
    if whole and parameter.required and not values:
        yield f"{parameter.human_readable_name} is missing"
    if isinstance(parameter.type, click.Choice):
        yield from (
            f"no choice: {v}" for v in values if v not in parameter.type.choices and not PLACEHOLDER.fullmatch(v)
        )


def typed(text: str) -> Iterator[list[str]]:
    """The words behind each `bcc-gateway` of a shell's lines, up to where its command ends."""
    for line in re.sub(r"\\\n\s*", "", text).splitlines():
        if "bcc-gateway " not in line:
            continue
        try:
            words = shlex.split(line.replace(";", " ; ").rstrip(")"), comments=True)
        except ValueError:  # prose, with an apostrophe
            continue
        for at, word in enumerate(words):
            if word.rpartition("/")[2] == "bcc-gateway" and not (at and words[at - 1] in NOT_BEFORE):
                yield list(takewhile(lambda each: each not in ENDS, words[at + 1 :]))


def is_command(words: list[str]) -> bool:
    """Output of the program begins with its name, too: "bcc-gateway: there is no …"."""
    return bool(words) and (words[0] in COMMANDS or re.fullmatch(r"-{0,2}[a-z-]+", words[0]) is not None)


@pytest.mark.parametrize("page", WRITTEN, ids=name)
def test_every_command_can_be_typed(page: Path) -> None:
    in_blocks = [(words, True) for block in blocks(page) for words in typed(block.text)]
    in_prose = [(words, False) for span in spans(page) for words in typed(span)]
    named = [(span.split(), False) for span in spans(page) if re.match(r"[a-z-]+ [a-z-]+( |$)", span)]
    every = [*in_blocks, *in_prose, *((words, whole) for words, whole in named if words[0] in COMMANDS)]
    said = {" ".join(words): faults(words, whole=whole) for words, whole in every if is_command(words)}
    assert {command: what for command, what in said.items() if what} == {}


def strange_settings(page: Path) -> list[str]:
    """What looks like a setting and is none."""
    dotted = [span for span in spans(page) if re.fullmatch(r"[a-z_]+(\.[a-z_]+)+", span)]
    settings = [path for path in dotted if path.partition(".")[0] in PATHS and path not in PATHS]
    text = "\n".join(line for line in page.read_text(encoding="utf-8").splitlines() if "is no setting" not in line)
    variables = set(re.findall(r"\bGATEWAY_[A-Z_]+[A-Z]\b", text)) - {CONFIG}
    known = VARIABLES.keys() | {f"{variable}_FILE" for variable in VARIABLES}
    return [path for path in settings if path not in NO_SETTINGS] + sorted(variables - known)


@pytest.mark.parametrize("page", WRITTEN, ids=name)
def test_every_setting_that_is_named_exists(page: Path) -> None:
    assert strange_settings(page) == []


def configured(block: Block) -> list[str]:
    """The settings in a piece of a configuration file."""
    if not re.search(r"(?m)^\[(" + "|".join(map(re.escape, SECTIONS)) + r")\]$", block.text):
        return []
    return list(flattened(tomllib.loads(block.text)))


def flattened(table: dict[str, object], prefix: str = "") -> Iterator[str]:
    for key, value in table.items():
        if isinstance(value, dict):
            yield from flattened(value, f"{prefix}{key}.")
        else:
            yield prefix + key


@pytest.mark.parametrize("page", WRITTEN, ids=name)
def test_every_piece_of_a_configuration_file_is_one(page: Path) -> None:
    assert [path for block in blocks(page) for path in configured(block) if not PATHS.get(path)] == []


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("bcc-gateway held list --oprator", "No such option"),
        ("$ sudo -u bcc-gateway /opt/bin/bcc-gateway user sing-up", "there is no command"),
        ("bcc-gateway db backup", "FILE is missing"),
        ("bcc-gateway db backup a.db b.db  # twice", "too much"),
        ("zcat x | bcc-gateway address create fax | cat", "no choice"),
        ("GATEWAY_DOMAIN=log.example bcc-gateway serve --listen", "requires an argument"),
    ],
)
def test_what_can_not_be_typed_is_found(line: str, fault: str) -> None:
    ((said,),) = [faults(words, whole=True) for words in typed(line)]
    assert fault in said


@pytest.mark.parametrize(
    "line",
    [
        "bcc-gateway address create bcc && bcc-gateway tail -f --config gateway.toml",
        "docker compose exec gateway bcc-gateway held approve ID \\\n    --contact",
        "bcc-gateway COMMAND --help",
        "bcc-gateway user password …",
        "bcc-gateway address create CHANNEL > file",
    ],
)
def test_what_can_be_typed_is_let_through(line: str) -> None:
    assert [faults(words, whole=True) for words in typed(line)] == [[]] * line.count("bcc-gateway")


def test_strange_settings_are_found(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "`smtp.limits.speed` `smtp.busy` `log.dropped` `smtp.listen`\n\n"
        "    GATEWAY_LOG__COLOUR=1 GATEWAY_LOG__LEVEL=x\n"
    )
    assert strange_settings(page) == ["smtp.limits.speed", "GATEWAY_LOG__COLOUR"]
    assert configured(Block(page, "toml", "[smtp]\nspeed = 1\n")) == ["smtp.speed"]
