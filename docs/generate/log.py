"""docs/log.md: every event of the operator's log."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from docs.generate.common import cell
from gateway import operator_log

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
            lines.append(f"| `{event}` | {level} | {shown} | {cell(ast.get_docstring(function) or '')} |")
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
