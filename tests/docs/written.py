"""What stands in the repository's Markdown pages: links, headings, code."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

from markdown_it import MarkdownIt
from markdown_it.token import Token

ROOT = Path(__file__).parents[2]
FOLDERS = ("docs", "bench", "config", "deploy", "fixtures", "gateway", "storage", "tests")
PAGES = (*sorted(ROOT.glob("*.md")), *(page for folder in FOLDERS for page in sorted((ROOT / folder).rglob("*.md"))))


class Block(NamedTuple):
    """A block of code."""

    page: Path
    language: str
    """As named behind the fence, or ""."""
    text: str


@cache
def tokens(page: Path) -> tuple[Token, ...]:
    """Every token of a page, those inside others as well."""
    parsed = MarkdownIt("commonmark").enable("table").parse(page.read_text(encoding="utf-8"))
    return tuple(each for token in parsed for each in (token, *(token.children or ())))


def links(page: Path) -> Iterator[str]:
    """Where its links lead to, and what its images show."""
    for token in tokens(page):
        if target := token.attrGet("href") or token.attrGet("src"):
            yield str(target)


@cache
def anchors(page: Path) -> frozenset[str]:
    """The anchors of its headings, as code hosts make them."""
    every = tokens(page)
    headings = [after.content for token, after in itertools.pairwise(every) if token.type == "heading_open"]
    seen: list[str] = []
    for heading in headings:
        text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading)
        anchor = re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-")
        seen.append(f"{anchor}-{seen.count(anchor)}" if anchor in seen else anchor)
    return frozenset(seen)


def blocks(page: Path) -> Iterator[Block]:
    """Its blocks of code."""
    for token in tokens(page):
        if token.type in ("code_block", "fence"):
            yield Block(page, token.info.strip(), token.content)


def spans(page: Path) -> Iterator[str]:
    """Its code within sentences."""
    return (" ".join(token.content.split()) for token in tokens(page) if token.type == "code_inline")


def name(page: Path) -> str:
    """Its path in the repository."""
    return page.relative_to(ROOT).as_posix()
