"""What a page of docs/connect tells an admin to write into which file."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

_PAGES = Path(__file__).parents[2] / "docs" / "connect"
_BLOCK = re.compile(r"^[^\n]*`(/[^`\n]+)`[^`\n]*:\n\n```[a-z]*\n(.*?)^```$", re.DOTALL | re.MULTILINE)
"""A paragraph of one line that names a file and ends in a colon, and the block behind it."""


@dataclass(frozen=True)
class Block:
    path: str
    text: str


def blocks(page: str, heading: str, values: Mapping[str, str]) -> list[Block]:
    """The blocks below a heading of the page; its examples, all of which it must have, replaced by these values."""
    text = (_PAGES / page).read_text(encoding="utf-8")
    [section] = re.findall(rf"^## {re.escape(heading)}\n(.*?)(?=^## |\Z)", text, re.DOTALL | re.MULTILINE)
    found = [Block(path, _filled(block, values)) for path, block in _BLOCK.findall(section)]
    assert found, f"{page} has no blocks below {heading}"
    unused = [example for example in values if example not in section]
    assert not unused, f"{page}, {heading}: no {unused}"
    return found


def _filled(text: str, values: Mapping[str, str]) -> str:
    for example, value in values.items():
        text = text.replace(example, value)
    return text


def shown(page: str, values: Mapping[str, str]) -> list[re.Pattern[str]]:
    """What the page says that one sees in the log, line by line; … stands for anything."""
    text = (_PAGES / page).read_text(encoding="utf-8")
    [lines] = re.findall(r"^## What you see\n.*?^```\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)
    return [re.compile(re.escape(_filled(line, values)).replace("…", ".*")) for line in lines.splitlines()]
