"""`make bench`: the gateway beside its peers, in turns, on the same messages and connections.

Rates move with whatever else the machine does, so read the ratios, and the CPU per message. A whole run takes 45
minutes and writes docs/benchmarks.md; a part of it (--quick, --parts, --only, --loads) only prints.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Collection
from functools import partial
from pathlib import Path

from bench import machine, report
from bench.measure import Bench
from bench.parts import DESCRIPTIONS, PARTS, Chosen
from bench.running import AbsentError
from bench.servers import SERVERS

PAGE = Path(__file__).parents[1] / "docs" / "benchmarks.md"


def main() -> None:
    """Runs the parts that are asked for; of a whole run the page is written."""
    options = _options()
    chosen = Chosen(options.only, options.loads, 100 if options.quick else 1)
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        folder = Path(name)
        folder.chmod(0o755)  # servers with users of their own must reach theirs
        if machine.in_memory(folder):
            print(f"WARNING: {folder} is in memory and keeps nothing; TMPDIR names another place", file=sys.stderr)
        about = machine.about(folder)
        bench = Bench(folder, options.rounds or (2 if options.quick else 5), 4 if options.quick else 1)
        sections = []
        for part in options.parts or PARTS:
            try:
                sections.append(PARTS[part](bench, chosen))
            except AbsentError as absent:
                bench.absent[part] = str(absent)
                print(f"SKIPPED: {part}: {absent}", file=sys.stderr)
            else:
                print(f"\n{sections[-1]}\n", flush=True)
    if any((options.quick, options.only, options.loads, options.parts)):
        print("A part of the benchmark only: docs/benchmarks.md stays as it was.")
    else:
        PAGE.write_text(report.page(about, bench.rounds, bench.absent, sections), encoding="utf-8")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, help="of each comparison; default 5")
    parser.add_argument("--quick", action="store_true", help="2 short rounds, small accounts: to see that all works")
    for option, names in (("--parts", PARTS), ("--only", SERVERS), ("--loads", DESCRIPTIONS)):
        choice = ",".join(names)
        parser.add_argument(option, type=partial(_some, names=names), default=[], help=choice)
    parser.add_argument("--scale", dest="parts", action="store_const", const=["scale"], help="as --parts scale")
    return parser.parse_args()


def _some(text: str, names: Collection[str]) -> list[str]:
    wanted = text.split(",")
    if unknown := set(wanted) - set(names):
        raise argparse.ArgumentTypeError(f"there is no {', '.join(sorted(unknown))}")
    return wanted


if __name__ == "__main__":
    main()
