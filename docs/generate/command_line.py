"""docs/cli.md: every command, as its --help has it."""

from __future__ import annotations

import re
from collections.abc import Iterator

import click

from docs.generate.common import cell
from gateway.cli import main

EVERYWHERE = ("--config", "--account", "--as", "--json")
EXIT_CODES = """\
| exit code | means |
|---|---|
| 0 | It is done. |
| 1 | It can't be done, or there is no such thing: the line on standard error says why. Nothing was changed. |
| 2 | The command is not written as it must be. |
| 69 | Something that is needed is down: the database, its server, a disk, a port. |
| 75 | Not now: the database is busy or its disk is full. The same command may work later. |
| 78 | The configuration, or something that it names, is wrong. |
"""


def commands(context: click.Context) -> Iterator[click.Context]:
    """The context of each command below a group, the group first."""
    group = context.command
    if isinstance(group, click.Group):
        for name in group.list_commands(context):
            if command := group.get_command(context, name):
                inner = click.Context(command, info_name=name, parent=context)
                yield inner
                yield from commands(inner)


def cli() -> str:
    lines = [
        "# Command line",
        "",
        "    bcc-gateway COMMAND [OPTIONS] [ARGUMENTS]",
        "",
        "`--help` (or `-h`) behind any command tells what stands here. Commands that work on the database take",
        "",
        "| option | what it says |",
        "|---|---|",
        "| `--config FILE` | The TOML file with the [settings](configuration.md), in place of `GATEWAY_CONFIG`. |",
        "| `--account NAME` | Which account; needless if there is only one. |",
        "| `--as NAME` | Who does this, for the audit log; without it `cli:` and the login name. |",
        "| `--json` | Lists and shows print one JSON object a line. |",
        "",
        "Below, a command that takes one of these names it without explaining it again.",
        "",
        "## Exit codes",
        "",
        EXIT_CODES.rstrip(),
        "",
        "An import that refuses some lines exits 1, too, and takes the others. Ctrl-C ends `replay` with 130.",
    ]
    for context in commands(click.Context(main, info_name="bcc-gateway")):
        command = context.command
        depth = "###" if context.parent and context.parent.parent else "##"
        lines += ["", f"{depth} {context.command_path.removeprefix('bcc-gateway ')}", ""]
        if not isinstance(command, click.Group):
            lines += [f"    {context.get_usage().removeprefix('Usage: ')}", ""]
        lines += [re.sub(r"(?m)^ +", "", command.help or "").strip()]
        options = [option for option in command.params if isinstance(option, click.Option)]
        records = [record for option in options if (record := option.get_help_record(context))]
        own = [record for record in records if not record[0].startswith(EVERYWHERE)]
        if own:
            lines += ["", "| option | what it says |", "|---|---|"]
            lines += [f"| `{cell(option)}` | {cell(said)} |" for option, said in own]
        also = [option.split()[0] for option, _ in records if option.startswith(EVERYWHERE)]
        if also:
            lines += ["", "Also: " + ", ".join(f"`{option}`" for option in also) + "."]
    return "\n".join(lines) + "\n"
