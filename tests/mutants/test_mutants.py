"""The table of mutants fits the code, each of them is killed, and the harness sees one that isn't."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from mutants.run import Mutant, copied, ended, faults, load, run, survives

MUTANT = Mutant("more", "thing.py", "x + 1", "x + 2", "test_thing.py::test_next")


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A product of one line, with its test."""
    (tmp_path / "thing.py").write_text("def following(x):\n    return x + 1\n", encoding="utf-8")
    test = "from thing import following\n\n\ndef test_next():\n    assert following(1) == 2\n"
    (tmp_path / "test_thing.py").write_text(test, encoding="utf-8")
    return tmp_path


def test_every_mutant_fits_the_code_and_names_a_test() -> None:
    assert faults(load()) == []


def test_a_tree_is_copied_whatever_its_links_lead_to(tree: Path) -> None:
    (tree / "changelog.gz").symlink_to("nowhere")
    with copied(tree) as copy:
        assert (copy / "changelog.gz").is_symlink()
        assert (copy / "thing.py").read_text(encoding="utf-8") == (tree / "thing.py").read_text(encoding="utf-8")


def test_a_mutant_is_killed_by_a_test_that_fails_and_the_tree_is_whole_again(tree: Path) -> None:
    assert survives(tree, MUTANT) == ""
    assert ended(tree, [MUTANT.killer], 20) == "passed"


@pytest.mark.parametrize(
    ("new", "why"),
    [("1 + x", "passed"), ("x +", "not run"), ("x + __import__('time').sleep(60)", "hung")],
)
def test_a_mutant_survives_unless_its_test_runs_and_fails(tree: Path, new: str, why: str) -> None:
    patience = 4 if why == "hung" else 120  # a busy machine is no reason to call a test hung
    assert survives(tree, replace(MUTANT, new=new), timeout=patience).startswith(why)


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"old": "y + 1"}, "stands 0 times"),
        ({"old": "x"}, "stands 2 times"),
        ({"new": "x + 1"}, "nothing changes"),
        ({"killer": "test_thing.py::test_other"}, "there is no"),
        ({"killer": "test_other.py::test_next"}, "there is no"),
    ],
)
def test_a_mutant_that_does_not_fit_is_told(tree: Path, change: dict[str, str], fault: str) -> None:
    assert faults([MUTANT], tree) == []
    [told] = faults([replace(MUTANT, **change)], tree)
    assert fault in told
    assert len(faults([MUTANT, MUTANT], tree)) == 1


@pytest.mark.prove
def test_every_mutant_is_killed() -> None:
    assert run(load()) == []
