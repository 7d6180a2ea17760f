"""The parts of the benchmark: which servers get which loads, and the tables that come of it."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass

from bench import lists, load, report, scale
from bench.measure import Bench, Load, quiet
from bench.running import slower_disk
from bench.servers import SERVERS, Start

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
SCALE = Load("scale", "3.7 KB, 10 connections", "small", 10, seconds=5)
MEGABYTES = {"small": 0.0037, "html": 0.058, "large": 5.0}
BESIDE = ("gateway", "workers", "postgres", "bare", "postfix", "haraka", "naive", "sink")
SYNCING = ("gateway", "postgres", "postfix", "naive")
TITLES = {name: title for name, (title, _) in SERVERS.items()}
DESCRIPTIONS = {one.name: one.title for one in (*PLAIN, *SIGNED)}


@dataclass(frozen=True, slots=True)
class Chosen:
    """What the options leave of servers and loads; empty for all of them."""

    only: Sequence[str]
    named: Sequence[str]
    smaller: int
    """What the large accounts are divided by."""

    def servers(self, names: Sequence[str]) -> Mapping[str, tuple[str, Start]]:
        return {name: SERVERS[name] for name in names if not self.only or name in self.only}

    def loads(self, loads: Sequence[Load]) -> list[Load]:
        return [one for one in loads if not self.named or one.name in self.named]


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
                quiet(started[name])
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


def long_lists(bench: Bench, chosen: Chosen) -> str:
    """Pages of the console's lists, from first to last."""
    said = f"Pages of {lists.PAGE} rows of an account with a million activities, on SQLite; medians of {lists.TIMES}."
    return f"## Long lists\n\n{said}\n\n{lists.measured(bench.folder, chosen.smaller)}"


PARTS: dict[str, Callable[[Bench, Chosen], str]] = {
    "plain": plain,
    "signed": signed,
    "slow-disk": slow_disk,
    "streams": streams,
    "scale": scaled,
    "lists": long_lists,
}
