"""The catalogue of attacks is whole, and what it names is there."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
CATALOGUE = tomllib.loads((Path(__file__).parent / "catalogue.toml").read_text(encoding="utf-8"))
COUNTS: dict[str, list[int | tuple[int, int]]] = {
    "S": [31], "R": [9], "N": [24, (30, 37)], "T": [10], "L": [4], "M": [13], "P": [16], "O": [5], "C": [14], "K": [8],
}  # fmt: skip


def ids(key: str) -> Iterator[str]:
    """One, or all from one to another."""
    first, _, last = key.partition("-")
    letter, start = first[0], int(first[1:])
    yield from (f"{letter}{n:02}" for n in range(start, int(last[1:] or start) + 1)) if last else [first]


def test_no_attack_is_missing_and_none_stands_twice() -> None:
    wanted = [
        f"{letter}{n:02}"
        for letter, ranges in COUNTS.items()
        for some in ranges
        for n in (range(1, some + 1) if isinstance(some, int) else range(some[0], some[1] + 1))
    ]
    assert sorted(one for key in CATALOGUE for one in ids(key)) == sorted(wanted)


@pytest.mark.parametrize("key", CATALOGUE)
def test_what_an_attack_is_tried_by_is_there(key: str) -> None:
    row = CATALOGUE[key]
    assert {"attack"} < row.keys() <= {"attack", "tried", "later"}
    for place in row.get("tried", ()):
        if place.startswith("fixtures/"):
            path = TESTS.parent / place
            assert path.suffix == ".txt" or (path / "case.toml").exists(), place
            assert path.exists(), place
        else:
            file, _, name = place.partition("::")
            text = (TESTS / file).read_text(encoding="utf-8")
            assert re.search(rf"^(async )?def {name}\(", text, re.MULTILINE), place
