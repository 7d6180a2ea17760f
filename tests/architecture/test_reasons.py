"""Every outcome names its reason: the catalogue and the code agree. docs/reasons.md is made from it: `make docs`."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.core.reasons import ATTRIBUTION, FINDINGS, FLAGS, REASONS

ROOT = Path(__file__).parents[2]
CATALOGUES = (REASONS, FLAGS, ATTRIBUTION, FINDINGS)
SLUGS = {slug for catalogue in CATALOGUES for slug in catalogue}
FAMILIES = {slug.partition(".")[0] for slug in SLUGS}
SOURCES = [
    path
    for folder in ("core", "smtp", "authenticate")
    for path in sorted((ROOT / "gateway" / folder).rglob("*.py"))
    if path.name != "reasons.py"
] + [ROOT / "gateway" / "ingest.py"]

_SLUG = re.compile(r"[a-z_]+\.(?:[a-z_]|\{\})+(?:\.\{\})?")


def named(path: Path) -> Iterator[str]:
    """Every string of a source file that looks like a slug; {} stands for what is filled in."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        text = None
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            text = node.value
        elif isinstance(node, ast.JoinedStr):
            text = "".join(str(v.value) if isinstance(v, ast.Constant) else "{}" for v in node.values)
        if text and _SLUG.fullmatch(text) and text.partition(".")[0] in FAMILIES:
            yield text


def known(slug: str) -> bool:
    """In the catalogue, as it is or with something filled in."""
    wanted = re.compile(re.escape(slug).replace(r"\{\}", "[a-z_]*"))
    family = slug.partition(".")[0]
    return any(wanted.fullmatch(s) for s in SLUGS) or ("{}" in slug and family in SLUGS)


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_slug_in_the_code_is_in_the_catalogue(path: Path) -> None:
    assert [slug for slug in named(path) if not known(slug)] == []


def test_the_search_finds_slugs_and_strange_ones(tmp_path: Path) -> None:
    source = tmp_path / "source.py"
    source.write_text('a = "rule.log_all"\nb = f"never_log.{kind}"\nc = "rule.unheard_of"\nd = "os.path"\n')
    assert [(slug, known(slug)) for slug in named(source)] == [
        ("rule.log_all", True),
        ("never_log.{}", True),
        ("rule.unheard_of", False),
    ]


def test_each_slug_has_one_sentence() -> None:
    sentences = {slug: {c[slug] for c in CATALOGUES if slug in c} for slug in SLUGS}
    assert {slug for slug, said in sentences.items() if len(said) > 1} == set()


def test_each_sentence_is_said_of_one_slug() -> None:
    said = Counter({slug: sentence for c in CATALOGUES for slug, sentence in c.items()}.values())
    assert [sentence for sentence, times in said.items() if times > 1] == []


def test_sentences_are_short_and_end() -> None:
    every = [sentence for catalogue in CATALOGUES for sentence in catalogue.values()]
    assert [s for s in every if len(s) > 110 or not s.endswith(".") or not s[0].isupper()] == []
