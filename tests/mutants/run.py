"""Breaks the code on purpose, one rule at a time: the test that each rule is proven by must notice.

`python tests/mutants/run.py [--only NAME]` copies the tree, sees that every such test passes there, and then that each
fails once its mutant is in. Exit code 1 where a mutant survives.
"""

from __future__ import annotations

import argparse
import ast
import os
import shutil
import subprocess
import sys
import tempfile
import time
import tomllib
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from queue import SimpleQueue

ROOT = Path(__file__).parents[2]
TABLE = Path(__file__).with_name("table.toml")
_LEFT_OUT = shutil.ignore_patterns(".git", ".venv", "__pycache__", ".*_cache", ".hypothesis", ".fuzz", "data")
_TIMEOUT = 120
"""Seconds for one killer."""
_AT_ONCE = 2
_PASSED, _FAILED = 0, 1
"""Exit codes of pytest; any other means that it couldn't run the test, which proves nothing."""


@dataclass(frozen=True)
class Mutant:
    """One change that makes the product wrong, and the test that sees it."""

    name: str
    file: str
    old: str
    new: str
    killer: str
    """file::test, with [parameters] where one case of it is enough."""


def load(table: Path = TABLE) -> list[Mutant]:
    return [Mutant(**row) for row in tomllib.loads(table.read_text(encoding="utf-8"))["mutant"]]


def faults(mutants: Sequence[Mutant], root: Path = ROOT) -> list[str]:
    """What is wrong with the table itself: it must fit the code as it is."""
    found = [f"{m.name}: the text stands {count} times" for m in mutants if (count := _count(m, root)) != 1]
    found += [f"{m.name}: nothing changes" for m in mutants if m.old == m.new]
    found += [f"{m.name}: there is no {m.killer}" for m in mutants if not _is_test(m.killer, root)]
    names = [m.name for m in mutants]
    return found + [f"{name}: stands twice" for name in sorted(set(names)) if names.count(name) > 1]


def _count(mutant: Mutant, root: Path) -> int:
    return (root / mutant.file).read_text(encoding="utf-8").count(mutant.old)


def _is_test(node: str, root: Path) -> bool:
    path, _, name = node.partition("::")
    return (root / path).is_file() and name.partition("[")[0] in _functions(root / path)


@cache
def _functions(path: Path) -> frozenset[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return frozenset(n.name for n in tree.body if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef))


@contextmanager
def copied(root: Path = ROOT) -> Iterator[Path]:
    """A copy of the tree that may be broken."""
    with tempfile.TemporaryDirectory(prefix="mutants-") as folder:
        tree = Path(folder) / "tree"
        shutil.copytree(root, tree, symlinks=True, ignore=_LEFT_OUT)
        yield tree


def ended(tree: Path, killers: Iterable[str], timeout: float) -> str:
    """How these tests end on the code of this tree: passed, failed, hung or not run."""
    # Before the installed package, also for programs that a test starts. A restored file is as old as its mutant.
    environment = os.environ | {"PYTHONPATH": str(tree), "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", *dict.fromkeys(killers)]
    try:
        done = subprocess.run(
            command, cwd=tree, env=environment, timeout=timeout, check=False, capture_output=True, text=True
        )
    except subprocess.TimeoutExpired:
        return "hung"
    if done.returncode == _FAILED:
        return "failed"
    return "passed" if done.returncode == _PASSED else f"not run: {done.stdout[-2000:]}{done.stderr[-2000:]}"


def survives(tree: Path, mutant: Mutant, timeout: float = _TIMEOUT) -> str:
    """Why a mutant counts as a survivor, or "" for one that was killed. The tree is as before afterwards."""
    file = tree / mutant.file
    sound = file.read_text(encoding="utf-8")
    if sound.count(mutant.old) != 1:
        return "the text is gone"
    file.write_text(sound.replace(mutant.old, mutant.new), encoding="utf-8")
    try:
        end = ended(tree, [mutant.killer], timeout)
    finally:
        file.write_text(sound, encoding="utf-8")
    return "" if end == "failed" else end


def run(mutants: Sequence[Mutant]) -> list[str]:
    """Prints a line for each mutant; gives what went wrong."""
    if wrong := faults(mutants):
        return wrong
    with ExitStack() as copies, ThreadPoolExecutor(_AT_ONCE) as pool:
        trees = SimpleQueue[Path]()
        for _ in range(_AT_ONCE):
            trees.put(tree := copies.enter_context(copied()))
        end = ended(tree, [m.killer for m in mutants], _TIMEOUT * len(mutants))
        if end != "passed":
            return [f"without any mutant the killers don't pass: {end}"]

        def tried(mutant: Mutant) -> tuple[str, float]:
            tree, began = trees.get(), time.monotonic()
            try:
                return survives(tree, mutant), time.monotonic() - began
            finally:
                trees.put(tree)

        for mutant, (why, took) in zip(mutants, pool.map(tried, mutants), strict=True):
            print(f"{why.partition(':')[0] or 'killed':<8} {took:5.1f} s  {mutant.name}  ({mutant.killer})", flush=True)
            wrong += [f"{mutant.name}: {why}"] if why else []
    return wrong


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default="", metavar="NAME", help="those whose name holds this")
    asked = parser.parse_args()
    chosen = [m for m in load() if asked.only in m.name]
    wrong = run(chosen) if chosen else [f"no mutant is called {asked.only!r}"]
    print("\n".join(wrong) or f"{len(chosen)} mutants, all killed")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
