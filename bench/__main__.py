"""`make bench`: the gateway beside its peers, in turns, on the same messages and connections.

Rates move with whatever else the machine does, so read the ratios, and the CPU per message. A whole run takes 45
minutes and writes docs/benchmarks.md; a part of it (--quick, --parts, --only, --loads) only prints.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path

from bench import load, machine, report, scale
from bench.measure import Bench, Load
from bench.running import AbsentError, slower_disk
from bench.servers import SERVERS, Start

PAGE = Path(__file__).parents[1] / "docs" / "benchmarks.md"
PLAIN = (
    Load("small-1", "3.7 KB, 1 connection", "small", 1),
    Load("small-10", "3.7 KB, 10 connections", "small", 10),
    Load("small-50", "3.7 KB, 50 connections", "small", 50),
    Load("each-50", "3.7 KB, one per connection, 50", "small", 50, one_each=True),
    Load("html-50", "58 KB, 50 connections", "html", 50),
    Load("large-10", "5 MB, 10 connections", "large", 10, seconds=6, at_most=100),
)
SIGNED = (
    Load("signed-small", "3.7 KB signed, 50 connections", "small", 50, at_most=4_000, signed=True),
    Load("signed-html", "58 KB signed, 50 connections", "html", 50, at_most=4_000, signed=True),
    Load("signed-large", "5 MB signed, 10 connections", "large", 10, seconds=6, at_most=100, signed=True),
)
SLOW_DISK = tuple(one for one in PLAIN if one.name in ("small-1", "small-10", "small-50", "html-50"))
STREAMS = Load("streams", "3.7 KB, 10 connections", "small", 10)
FOUR = Load("four", "5 MB, 4 connections", "large", 4, seconds=6)
SCALE = Load("scale", "3.7 KB, 10 connections", "small", 10)
MEGABYTES = {"small": 0.0037, "html": 0.058, "large": 5.0}
BESIDE = ("gateway", "postgres", "bare", "postfix", "haraka", "naive", "sink")
SYNCING = ("gateway", "postgres", "postfix", "naive")
TITLES = {name: title for name, (title, _) in SERVERS.items()}
DESCRIPTIONS = {one.name: one.title for one in (*PLAIN, *SIGNED)}


class Chosen:
    """What the options leave of servers and loads, and how much of each."""

    def __init__(self, options: argparse.Namespace) -> None:
        self._servers = options.only and options.only.split(",")
        self._loads = options.loads and options.loads.split(",")
        self.smaller = 100 if options.quick else 1
        """What the large accounts are divided by."""

    def servers(self, names: Sequence[str]) -> Mapping[str, tuple[str, Start]]:
        return {name: SERVERS[name] for name in names if not self._servers or name in self._servers}

    def loads(self, loads: Sequence[Load]) -> list[Load]:
        return [one for one in loads if not self._loads or one.name in self._loads]


def plain(bench: Bench, chosen: Chosen) -> str:
    """Every server under every load, with the disk as it is."""
    loads, servers = chosen.loads(PLAIN), chosen.servers(BESIDE)
    samples = [s for one in loads for s in bench.compare(one, servers)]
    in_flight = {one.name: one.connections * MEGABYTES[one.kind] for one in PLAIN}
    return "\n\n".join(
        [
            "## Beside other servers",
            report.beside(samples, TITLES, DESCRIPTIONS, report.TARGETS),
            "### Memory",
            report.memory(samples, DESCRIPTIONS, in_flight),
            "### Figures",
            report.figures(samples, TITLES, DESCRIPTIONS),
        ]
    )


def signed(bench: Bench, chosen: Chosen) -> str:
    """The same signed messages from a source that vouches, and from one that doesn't, so that DKIM must prove them."""
    servers = chosen.servers(("gateway", "dkim"))
    samples = [s for one in chosen.loads(SIGNED) for s in bench.compare(one, servers)]
    tables = [report.dkim(samples, DESCRIPTIONS), report.figures(samples, TITLES, DESCRIPTIONS)]
    return "\n\n".join(["## With DKIM verified", *tables])


def slow_disk(bench: Bench, chosen: Chosen) -> str:
    """Servers that sync what they accept, with a disk that takes a millisecond longer for it."""
    environment = slower_disk(bench.folder)
    servers = chosen.servers(SYNCING)
    samples = [s for one in chosen.loads(SLOW_DISK) for s in bench.compare(one, servers, environment)]
    tables = [report.beside(samples, TITLES, DESCRIPTIONS, {}), report.figures(samples, TITLES, DESCRIPTIONS)]
    return "\n\n".join(["## With 1 ms added to each fsync", *tables])


def streams(bench: Bench, chosen: Chosen) -> str:
    """How long small mail waits for its 250 while four connections send 5 MB messages without a pause."""
    with ExitStack() as stack:
        started = bench.started(stack, chosen.servers(BESIDE), {})
        taken: dict[str, list[tuple[float, ...]]] = {name: [] for name in started}
        for _ in range(bench.rounds):
            for name in random.sample(list(started), len(started)):
                alone = load.run_apart(bench.job(STREAMS, started[name]))
                large = load.start(bench.job(FOUR, started[name]))
                time.sleep(1.5)  # until they stream
                among = load.run_apart(bench.job(STREAMS, started[name]))
                load.finish(large)
                taken[name].append((alone.p50, alone.p99, among.p50, among.p99))
    rows = [(TITLES[name], *report.medians(rounds)) for name, rounds in taken.items()]
    head = ("server", "p50 alone, ms", "p99 alone", "p50 beside the streams", "p99 beside the streams")
    return f"## Small mail while four 5 MB streams run\n\n{STREAMS.title}.\n\n{report.table(head, rows)}"


def scaled(bench: Bench, chosen: Chosen) -> str:
    """The gateway with accounts of every size."""
    accounts = scale.accounts(chosen.smaller)
    samples = bench.compare(SCALE, accounts)
    titles = {name: title for name, (title, _) in accounts.items()}
    return f"## Large accounts\n\n{SCALE.title}.\n\n{report.scale(samples, titles, scale.EMPTY)}"


PARTS: dict[str, Callable[[Bench, Chosen], str]] = {
    "plain": plain,
    "signed": signed,
    "slow-disk": slow_disk,
    "streams": streams,
    "scale": scaled,
}


def main() -> None:
    """Runs the parts that are asked for; of a whole run the page is written."""
    options = _options()
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        folder = Path(name)
        folder.chmod(0o755)  # servers with users of their own must reach theirs
        if machine.in_memory(folder):
            print(f"WARNING: {folder} is in memory and keeps nothing; TMPDIR names another place", file=sys.stderr)
        about = machine.about(folder)
        bench = Bench(folder, options.rounds or (2 if options.quick else 5), 4 if options.quick else 1)
        sections = []
        for part in options.parts.split(",") if options.parts else PARTS:
            try:
                sections.append(PARTS[part](bench, Chosen(options)))
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
    parser.add_argument("--parts", help=f"with commas: {','.join(PARTS)}")
    parser.add_argument("--only", help=f"servers, with commas: {','.join(SERVERS)}")
    parser.add_argument("--scale", dest="parts", action="store_const", const="scale", help="the same as --parts scale")
    parser.add_argument("--loads", help=f"with commas: {','.join(DESCRIPTIONS)}")
    return parser.parse_args()


if __name__ == "__main__":
    main()
