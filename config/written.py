"""A configuration file as a person would write it: what differs from the defaults, each with its comment."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from importlib import resources

from config.load import PATHS, load
from config.settings import value_at

_HEAD = """\
# What differs from the defaults. `bcc-gateway config show` tells every setting in force.
"""


def written(values: Mapping[str, object]) -> str:
    """The text of a file that gives these values, by dotted path, as flags have them. They must be sound."""
    settings, default = load({}, None, values), load({}, None, {"domain": "domain.invalid"})
    kept = [path for path in PATHS if path in values and value_at(settings, path) != value_at(default, path)]
    lines, said, before = [_HEAD], _comments(), ""
    for path in kept:
        section, _, name = path.rpartition(".")
        if section != before:
            lines.append(f"[{section}]")
            before = section
        value = values[path]
        text = json.dumps(list(value) if isinstance(value, list | tuple) else str(value), ensure_ascii=False)
        lines.append(f"# {said[path]}\n{name} = {text}\n")
    return "\n".join(lines)


def _comments() -> dict[str, str]:
    """The sentence about each setting in the example file, by dotted path."""
    section, comment, found = "", "", {}
    for line in (resources.files("config") / "gateway.example.toml").read_text(encoding="utf-8").splitlines():
        if match := re.fullmatch(r"\[(.+)\]", line):
            section = f"{match[1]}."
        elif match := re.fullmatch(r"(?:# )?([a-z_]+) = .+", line):
            found[section + match[1]] = comment
        comment = line.removeprefix("# ")
    return found
