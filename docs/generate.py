"""Writes the pages of docs/ that are made from the code: `make docs`.

Each page is a function that gives its whole text. tests/docs/test_generated.py tells when one isn't current.
"""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Callable, Container, Iterator
from pathlib import Path
from typing import Literal, NamedTuple, get_args, get_origin

import annotated_types
import click
from prometheus_client import Counter, Gauge, Histogram
from pydantic import BeforeValidator
from pydantic.fields import FieldInfo

from config import values
from config.contradictions import AT_MOST
from config.load import VARIABLES
from config.settings import Section, Settings
from gateway import metrics, operator_log
from gateway.cli import main
from gateway.core.reasons import ATTRIBUTION, FINDINGS, FLAGS, REASONS
from gateway.smtp import replies

DOCS = Path(__file__).parent
ROOT = DOCS.parent
EXAMPLE = ROOT / "config" / "gateway.example.toml"
CASES = ROOT / "fixtures" / "messages"
MADE = "<!-- Made by `make docs` from the code: a change made here is lost. -->\n\n"


# --- settings ---

KINDS: dict[object, str] = {
    values.whole_number: "whole number",
    values.seconds: "seconds",
    values.host_name: "domain name",
    values.file_path: "path",
    values.database_url: "database URL",
    values.name_servers: "list of IP addresses",
    values.networks: "list of networks",
    values.console_address: "host:port, or empty",
    values.web_address: "URL, or empty",
    values.listen_addresses: "list of addresses",
}


def example() -> dict[str, tuple[str, str]]:
    """Of each setting in the example file, by its path: its comment, and its value as written."""
    section, comment, found = "", "", {}
    for line in EXAMPLE.read_text(encoding="utf-8").splitlines():
        if match := re.fullmatch(r"\[(.+)\]", line):
            section = f"{match[1]}."
        elif match := re.fullmatch(r"(?:# )?([a-z_]+) = (.+)", line):
            found[section + match[1]] = (comment, match[2])
        comment = line.removeprefix("# ")
    return found


def fields(section: type[Section] = Settings, prefix: str = "") -> dict[str, FieldInfo]:
    """The field behind every setting's path."""
    found: dict[str, FieldInfo] = {}
    for name, field in section.model_fields.items():
        inner = field.annotation
        if isinstance(inner, type) and issubclass(inner, Section):
            found |= fields(inner, f"{prefix}{name}.")
        else:
            found[prefix + name] = field
    return found


def kind(field: FieldInfo, written: str) -> str:
    """The type of a setting with its bounds; `written` is its value in the example file."""
    if get_origin(field.annotation) is Literal:
        return ", ".join(get_args(field.annotation))
    said = "true or false" if field.annotation is bool else "text"
    inner = (each for part in get_args(field.annotation) for each in getattr(part, "__metadata__", ()))
    for each in (*inner, *field.metadata):
        if isinstance(each, BeforeValidator):
            said = KINDS.get(each.func, said)
    if written.endswith('iB"'):
        said = "size in bytes"
    for each in field.metadata:
        if isinstance(each, annotated_types.Ge):
            said += f", {each.ge} or more"
        if isinstance(each, annotated_types.Gt):
            said += f", above {each.gt}"
    return said


def configuration() -> str:
    lines = [
        "# Settings",
        "",
        "Every setting, under the name of its section. Where settings are found, how they are written and how they are",
        "checked: [configuration](configuration.md). What is answered beyond a limit: [limits](limits.md).",
    ]
    variables = {path: variable for variable, path in VARIABLES.items()}
    every, section = fields(), None
    for path, (sentence, written) in example().items():
        field = every[path]
        if (name := path.rpartition(".")[0]) != section:
            section = name
            lines += ["", f"## {name or 'Without a section'}", ""]
            lines += ["| setting | type | default | what it says | variable |", "|---|---|---|---|---|"]
        default = "required" if field.is_required() else "none" if field.default is None else f"`{written}`"
        lines.append(f"| `{path}` | {kind(field, written)} | {default} | {sentence} | `{variables[path]}` |")
    lines += ["", "## What must agree", ""]
    lines += ["The start fails where two settings contradict each other. Besides these, a message says which:", ""]
    lines += ["| this | must not be above | because |", "|---|---|---|"]
    lines += [f"| `{smaller}` | `{larger}` | {reason} |" for smaller, larger, reason in AT_MOST]
    return "\n".join(lines) + "\n"


# --- the command line ---

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
            lines += [f"| `{_cell(option)}` | {_cell(said)} |" for option, said in own]
        also = [option.split()[0] for option, _ in records if option.startswith(EVERYWHERE)]
        if also:
            lines += ["", "Also: " + ", ".join(f"`{option}`" for option in also) + "."]
    return "\n".join(lines) + "\n"


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


# --- reasons ---

ABOUT_EXAMPLES = """\
For each reason that reading a message can give, one of the messages with which it is tested: what it shows, and what
`bcc-gateway explain` says of it, with the last of its stages. [The world](../fixtures/world.toml) in which they are
decided has the users, contacts, never-log entries and mail servers; where an example is logged by another rule than
`replies_only`, its folder says so. The reasons without an example are given in the SMTP dialogue, by a person, or when
something was erased or its time was over.
"""


class Case(NamedTuple):
    """A golden case of fixtures/messages."""

    folder: Path
    why: str
    explanation: list[str]
    """Of the message, or of the first original in it."""


def cases() -> dict[str, Case]:
    """Of each reason that a golden case ends with the plainest one: which needs least and has least to say."""
    found: dict[str, tuple[tuple[int, int], Case]] = {}
    for path in sorted(CASES.glob("*/*/case.toml")):
        told = tomllib.loads(path.read_text(encoding="utf-8"))
        lines = (path.parent / "expected.txt").read_text(encoding="utf-8").splitlines()
        reason, needs = lines[0].split()[1], (len(set(told) - {"why", "to"}), len(lines))
        if reason not in found or needs < found[reason][0]:
            found[reason] = needs, Case(path.parent, told["why"], lines)
    return {reason: case for reason, (_, case) in found.items()}


def reasons() -> str:
    examples = cases()
    lines = [
        "# Reasons",
        "",
        "Every decision names a reason, flags and what each stage found. This page lists them all.",
    ]
    lines += _catalogue("Reasons", "The one reason of a decision, behind its outcome.", REASONS, examples)
    lines += _catalogue("Flags", "What is remarkable besides, whatever the outcome.", FLAGS)
    lines += _catalogue("Attribution", "By which rule a user was named.", ATTRIBUTION)
    lines += _catalogue("Findings", "What the stages say besides the slugs above.", FINDINGS)
    lines += ["", "## Examples", "", ABOUT_EXAMPLES.rstrip()]
    for slug in REASONS:
        if slug in examples:
            lines += ["", *_example(slug, examples[slug])]
    return "\n".join(lines) + "\n"


def _catalogue(title: str, about: str, catalogue: dict[str, str], examples: Container[str] = ()) -> list[str]:
    lines = ["", f"## {title}", "", about, "", "| slug | means |", "|---|---|"]
    for slug, sentence in catalogue.items():
        shown = f"[`{slug}`](#{slug.replace('.', '')})" if slug in examples else f"`{slug}`"
        answer = replies.refusal(slug)
        told = f" Answered `{answer.code} {answer.status} {answer.text}`." if slug.startswith("smtp.") else ""
        lines.append(f"| {shown} | {sentence}{told} |")
    return lines


def _example(slug: str, case: Case) -> list[str]:
    folder = f"../{case.folder.relative_to(ROOT).as_posix()}"
    end = next((n for n, line in enumerate(case.explanation) if n and not line.startswith(" ")), len(case.explanation))
    stages = case.explanation.index("  stages:")
    last = max(n for n in range(stages + 1, end) if case.explanation[n][4] != " ")
    shown = [*case.explanation[:stages], "  …" if last > stages + 1 else "", *case.explanation[last:end]]
    links = f"[message]({folder}/message.eml), [the whole explanation]({folder}/expected.txt)"
    return [f"### {slug}", "", f"{case.why} ({links})", "", *(f"    {line}" for line in shown if line)]


# --- the log ---

ABOUT_LOG = """\
The gateway writes a line for each event to standard output: `log.level` says from which level on, `log.format` how. As
JSON each has `timestamp` (UTC), `level`, `event` and the fields below. No line has an address, a subject or a text.
"""


def log() -> str:
    lines = ["# Log events", "", ABOUT_LOG, "| event | level | fields | what it says |", "|---|---|---|---|"]
    tree = ast.parse(Path(operator_log.__file__).read_text(encoding="utf-8"))
    for function in (node for node in tree.body if isinstance(node, ast.FunctionDef)):
        for event, level in _events(function):
            fields = [arg.arg for arg in (*function.args.args, *function.args.kwonlyargs) if arg.arg != "level"]
            shown = ", ".join(f"`{field}`" for field in fields)
            lines.append(f"| `{event}` | {level} | {shown} | {_cell(ast.get_docstring(function) or '')} |")
    return "\n".join(lines) + "\n"


def _events(function: ast.FunctionDef) -> Iterator[tuple[str, str]]:
    """The event that a function logs, with its level."""
    for node in ast.walk(function):
        match node:
            case ast.Call(
                func=ast.Attribute(value=ast.Name(id="_log"), attr=level),
                args=[ast.Constant(value=str(event))] | [_, ast.Constant(value=str(event))],
            ):
                yield event, "its own" if level == "log" else level


# --- metrics ---

ABOUT_METRICS = """\
`/metrics` on the address in `health.listen` (see [health](health.md), which has alerts and a dashboard as well) tells
these to Prometheus. With `workers` they are of all processes of one gateway together; what a worker counted since
somebody last asked is lost if it is killed, and no count ever falls. What is counted of the whole installation (held
mail, never-log entries, sources) is the same on each of its machines: take the `max` of it, not the sum.

No label says anything about a person: there is no address, domain, subject, key or account among them. A source is
named by its id, which `source list --json` has, and not by its name, which people choose freely: names often are those
of customers or their servers, and figures are kept and passed on by other rules than mail is. Counting a message costs
about 12 \u00b5s of CPU; a page, some 5 ms and three queries that count.

Counters end in `_total`. A histogram has `_bucket` (with the label `le`), `_sum` and `_count`. Times are in seconds,
moments are Unix time, `NaN` stands for what there is none of.
"""


def metric_list() -> list[tuple[str, str, tuple[str, ...], str]]:
    """Name, type, labels and meaning of each metric."""
    named = vars(metrics).values()  # some by two names
    made = dict.fromkeys(each for each in named if isinstance(each, Counter | Gauge | Histogram))
    families = [(family, each) for each in made for family in each.describe()]
    return [
        (
            family.name + ("_total" if family.type == "counter" else ""),
            family.type,
            each._labelnames,  # noqa: SLF001 — nothing public tells them of a metric without children
            family.documentation,
        )
        for family, each in families
    ]


def metric_page() -> str:
    """docs/metrics.md."""
    lines = ["# Metrics", "", ABOUT_METRICS, "| metric | type | labels | what it tells |", "|---|---|---|---|"]
    for name, metric_type, labels, about in metric_list():
        shown = ", ".join(f"`{label}`" for label in labels)
        lines.append(f"| `{name}` | {metric_type} | {shown} | {_cell(about)} |")
    return "\n".join(lines) + "\n"


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


if __name__ == "__main__":
    for path, text in pages().items():
        path.write_text(text, encoding="utf-8")
