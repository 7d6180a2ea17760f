"""`python -m fuzz TARGET --minutes 30`: looks for inputs that break a target's rule, led by the code that they reach.

An input that breaks it is written to the findings' folder and ends the run with exit code 1.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path

import atheris  # type: ignore[import-untyped]  # has no types

with atheris.instrument_imports(include=["gateway", "aiosmtpd"]):
    from fuzz.targets import FINDINGS, TARGETS

_LONGEST = 16 * 1024
_SECONDS_AN_INPUT = 25
_MEGABYTES = 1500


def main() -> None:
    parser = argparse.ArgumentParser(prog="fuzz", description=__doc__)
    parser.add_argument("target", choices=TARGETS)
    parser.add_argument("--minutes", type=float, default=1)
    parser.add_argument("--corpus", type=Path, help="folder of inputs that reach more code, kept between runs")
    asked = parser.parse_args()
    target = TARGETS[asked.target]
    with tempfile.TemporaryDirectory() as scratch:
        corpus = asked.corpus or Path(scratch) / "corpus"
        corpus.mkdir(parents=True, exist_ok=True)
        write_all(corpus, target.seeds())
        words = Path(scratch) / "words"
        words.write_text("".join(f'"{_escaped(word)}"\n' for word in target.words), encoding="ascii")
        findings = FINDINGS / asked.target
        findings.mkdir(parents=True, exist_ok=True)
        options = [
            f"-max_total_time={int(asked.minutes * 60)}",
            f"-dict={words}",
            f"-max_len={_LONGEST}",
            f"-timeout={_SECONDS_AN_INPUT}",
            f"-rss_limit_mb={_MEGABYTES}",
            f"-artifact_prefix={findings}{os.sep}",
        ]
        atheris.Setup([sys.argv[0], *options, str(corpus)], target.slow or target.check)
        atheris.Fuzz()


def write_all(folder: Path, seeds: Iterable[bytes]) -> None:
    for number, seed in enumerate(seeds):
        (folder / f"seed-{number:03}").write_bytes(seed)


def _escaped(word: bytes) -> str:
    return "".join(f"\\x{byte:02x}" for byte in word)


if __name__ == "__main__":
    main()
