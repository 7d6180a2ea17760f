"""Every link of the documentation leads somewhere, and every page is led to. Nothing is asked of the network."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from written import FOLDERS, PAGES, ROOT, anchors, links, name, spans, tokens

INDEX = ROOT / "docs" / "README.md"
SOURCES = [path for folder in ("gateway", "storage", "config") for path in sorted((ROOT / folder).rglob("*.py"))]
MADE_LATER = {"deploy/scale/secrets"}
NO_PAGES = {".py", ".pyc"}
"""In docs/, for `make docs`."""


def broken(page: Path) -> list[str]:
    """The links of a page that lead nowhere."""
    return [target for target in links(page) if not leads_somewhere(page, target)]


def leads_somewhere(page: Path, target: str) -> bool:
    parts = urlsplit(target)
    if parts.scheme or parts.netloc:
        return parts.scheme in ("https", "http") and "." in parts.netloc and " " not in target
    path = (page.parent / unquote(parts.path)).resolve() if parts.path else page
    if not path.exists() or not path.is_relative_to(ROOT):
        return False
    return not parts.fragment or (path.suffix == ".md" and parts.fragment in anchors(path))


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_link_leads_somewhere(page: Path) -> None:
    assert broken(page) == []


def test_every_page_of_docs_is_led_to() -> None:
    """From README.md or docs/README.md, over any number of links."""
    reached, ahead = set[Path](), [ROOT / "README.md", INDEX]
    while ahead:
        page = ahead.pop()
        if page not in reached and page.exists():
            reached.add(page)
            ahead += (
                [(page.parent / urlsplit(target).path).resolve() for target in links(page)] if page in PAGES else []
            )
    every = {path for path in (ROOT / "docs").rglob("*") if path.is_file() and path.suffix not in NO_PAGES}
    assert sorted(name(path) for path in every - reached) == []


def test_every_page_that_is_named_exists() -> None:
    """In prose, and in what the program says: docs/….md."""
    named = {
        (name(path), page)
        for path in (*PAGES, *SOURCES)
        for page in re.findall(r"\bdocs/[\w/-]+\.md\b", path.read_text(encoding="utf-8"))
    }
    assert [(path, page) for path, page in sorted(named) if not (ROOT / page).is_file()] == []


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_file_that_is_named_exists(page: Path) -> None:
    """As `folder/file`, perhaps with a * in it."""
    paths = [span for span in spans(page) if re.fullmatch(rf"({'|'.join(FOLDERS)})/[\w./*-]+", span)]
    assert [path for path in paths if path not in MADE_LATER and not any(ROOT.glob(path))] == []


def test_what_leads_nowhere_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("test_links.ROOT", tmp_path)
    (tmp_path / "there.md").write_text("# One heading: `two`\n\n## Again\n\n## Again\n")
    (tmp_path / "page.md").write_text(
        "[a](there.md) [b](there.md#one-heading-two) [c](there.md#again-1) [d](https://example.com/x) [e](#top)\n"
        "[f](gone.md) [g](there.md#again-2) ![h](gone.png) [i](https://nowhere) [j](../outside.md) `[k](gone.md)`\n\n"
        "# Top\n\n    [l](gone.md)\n"
    )
    tokens.cache_clear()
    wrong = broken(tmp_path / "page.md")
    assert wrong == ["gone.md", "there.md#again-2", "gone.png", "https://nowhere", "../outside.md"]
