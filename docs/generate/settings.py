"""docs/configuration-reference.md: every setting, from its model and the sentence in the example file."""

from __future__ import annotations

import re
from typing import Literal, get_args, get_origin

import annotated_types
from pydantic import BeforeValidator
from pydantic.fields import FieldInfo

from config import values
from config.contradictions import AT_MOST
from config.load import VARIABLES
from config.settings import Section, Settings
from docs.generate.common import ROOT

EXAMPLE = ROOT / "config" / "gateway.example.toml"

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
