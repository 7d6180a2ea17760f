"""The figures as tables: rates, and the gateway's ratios to its peers beside what they are meant to be."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from bench.measure import Figures, Sample

OURS = "gateway"
_LOADS = ("small-50", "small-1", "each-50", "html-50", "large-10")
TARGETS: Mapping[str, Mapping[str, tuple[float, float]]] = {
    "bare": dict(zip(_LOADS, [(1.4, 2.2), (0.5, 0.8), (1.3, 2), (2.5, 4), (4, 8)], strict=True)),
    "postfix": dict(zip(_LOADS, [(3, 5), (1, 1.5), (2, 3.5), (1.6, 2.6), (0.6, 1.2)], strict=True)),
    "haraka": dict(zip(_LOADS, [(3, 5), (1.7, 2.7), (2, 3.4), (2.5, 4), (3, 5)], strict=True)),
    "naive": dict(zip(_LOADS, [(10, 17), (3.5, 5), (5, 8), (8, 15), (7, 12)], strict=True)),
}
"""Messages per second of the gateway to those of a peer, by load: floor and aim."""
DKIM_TARGET = (0.4, 0.6)
"""Messages per second with DKIM verified to those without: floor and aim."""
SCALE_TARGET = 1.2
"""Cost per message in a large account to that in an empty one, at most."""

_METHOD = """\
## What is measured

- bcc-gateway runs at its defaults, prepared by its own commands: a message is read, its sender is proven, it is decided
  and logged with its bytes, all of it synced to the disk before the 250. It comes in relay copies of a mail server that
  vouches for its senders, to an account that logs all mail and creates contacts.
- All messages differ (Message-ID, subject, recipients among 300 contacts, every third answers the one before). 3.7 KB
  is text, 58 KB has text and HTML, 5 MB has an attachment in base64.
- messages/s ×: the gateway's figure divided by the other server's; floor and aim: what it was meant to reach there, set
  beforehand.
- messages/s: until the last 250. p50 and p99: from a message's last byte, handed to the kernel, to its 250.
- CPU: of the server's processes, until they are done with all that they accepted, which for Postfix is the delivery
  into the maildir. For PostgreSQL, gateway and database server together.
- RSS: the most seen at a time, four times a second, over all processes; what they share counts once.
- generator: CPU that the load generator took per message. smtp-sink shows what it can send on this machine.
- others: share of the machine that went to neither server nor generator; the figures are good where it is small.
- After each run it is checked that what was accepted is kept, as often as it was accepted; for the gateway also that
  each message was logged, and by the proof that the table speaks of.
- Postfix, PostgreSQL and Haraka run at their defaults. Haraka writes mail to files of its own queue and doesn't sync
  them; aiosmtpd alone and smtp-sink keep nothing; the naive server (bench/naive.py) syncs, and decides nothing.

Not measured: TLS, signing in, networks slower than loopback, mail that is forwarded or in journal reports, several
gateways on one database, more memory of remembered mail than fits into the page cache.

To repeat it: `sh bench/peers.sh` installs the other servers (as root), `make bench` runs it all, in about 45 minutes on
a machine that has nothing else to do. `make bench ARGS="--quick"` shows in minutes that everything works; `--parts`,
`--only`, `--loads` and `--rounds` choose. Needs 30 GB of disk where temporary files go (TMPDIR)."""


@dataclass(frozen=True, slots=True)
class Ratio:
    """Of two servers' figures, round by round: the median, and the least and the most."""

    median: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.median:.2f} ({self.low:.2f}–{self.high:.2f})"


def ratio(
    samples: Sequence[Sample], load: str, over: str, under: str, value: Callable[[Figures], float]
) -> Ratio | None:
    """The value of the server `over` to that of `under`; None where either was not measured."""
    taken = {(s.server, s.round): value(s.figures) for s in samples if s.load == load}
    ratios = [
        taken[over, number] / taken[under, number]
        for server, number in taken
        if server == over and taken.get((under, number))
    ]
    return Ratio(statistics.median(ratios), min(ratios), max(ratios)) if ratios else None


def verdict(found: float, floor: float, aim: float) -> str:
    """In a word."""
    return "aim reached" if found >= aim else "above floor" if found >= floor else "**below floor**"


def beside(
    samples: Sequence[Sample],
    titles: Mapping[str, str],
    loads: Mapping[str, str],
    targets: Mapping[str, Mapping[str, tuple[float, float]]],
) -> str:
    """The gateway to each other server: its rate, with floor and aim where there are, and its CPU per message."""
    rows = []
    for peer in titles:
        for load in _in_order(s.load for s in samples if s.server == peer != OURS):
            rate, cpu = ratio(samples, load, OURS, peer, _rate), ratio(samples, load, OURS, peer, _cpu)
            floor, aim = targets.get(peer, {}).get(load, (0, 0))
            told = (f"{floor:g}", f"{aim:g}", verdict(rate.median, floor, aim)) if floor and rate else ("", "", "")
            rows.append((titles[peer], loads[load], f"{rate}", *told, f"{cpu}"))
    return table(("against", "load", "messages/s ×", "floor", "aim", "", "CPU per message ×"), rows)


def memory(samples: Sequence[Sample], loads: Mapping[str, str], in_flight: Mapping[str, float]) -> str:
    """The gateway's most memory under each load beside what it may have. `in_flight`: MB of messages at a time."""
    rows = []
    for load in _in_order(s.load for s in samples if s.server == OURS):
        most = max(s.figures.memory for s in samples if (s.load, s.server) == (load, OURS))
        allowed = 150 + 2 * in_flight[load]
        rows.append((loads[load], f"{most:.0f}", f"{allowed:.0f}", "kept" if most <= allowed else "**missed**"))
    return table(("load", "most, MB", "allowed, MB", ""), rows)


def dkim(samples: Sequence[Sample], loads: Mapping[str, str]) -> str:
    """With signatures verified to without, on the same signed messages."""
    rows = []
    for load in _in_order(s.load for s in samples):
        rate, cpu = ratio(samples, load, "dkim", OURS, _rate), ratio(samples, load, "dkim", OURS, _cpu)
        if rate and cpu:
            floor, aim = DKIM_TARGET
            rows.append((loads[load], f"{rate}", f"{floor:g}", f"{aim:g}", verdict(rate.median, floor, aim), f"{cpu}"))
    return table(("load", "messages/s ×", "floor", "aim", "", "CPU per message ×"), rows)


def scale(samples: Sequence[Sample], titles: Mapping[str, str], empty: str) -> str:
    """Each account to the empty one, in CPU and in time per message."""
    rows = []
    (load,) = {s.load for s in samples}
    for server, title in titles.items():
        mine = [s.figures for s in samples if s.server == server]
        cpu, slower = ratio(samples, load, server, empty, _cpu), ratio(samples, load, empty, server, _rate)
        word = "" if not cpu or server == empty else "kept" if cpu.median <= SCALE_TARGET else "**missed**"
        rows.append((title, _spread(mine, _rate), _spread(mine, _cpu), f"{cpu}", f"{slower}", word))
    head = ("account", "messages/s", "CPU ms", "CPU × empty", "time × empty", f"CPU at most {SCALE_TARGET:g}")
    return table(head, rows)


def figures(samples: Sequence[Sample], titles: Mapping[str, str], loads: Mapping[str, str]) -> str:
    """Every server under every load: medians of the rounds, rates with the least and the most."""
    rows = []
    for load in _in_order(s.load for s in samples):
        for server in _in_order(s.server for s in sorted(samples, key=lambda s: list(titles).index(s.server))):
            mine = [s.figures for s in samples if (s.load, s.server) == (load, server)]
            if mine:
                rows.append((loads[load], titles[server], _spread(mine, _rate), *_medians(mine)))
    head = ("load", "server", "messages/s", "CPU ms", "p50 ms", "p99 ms", "RSS MB", "generator ms", "others")
    return table(head, rows)


def medians(rounds: Sequence[Sequence[float]]) -> list[str]:
    """Of each column."""
    return [f"{statistics.median(column):.1f}" for column in zip(*rounds, strict=True)]


def page(about: Sequence[tuple[str, str]], rounds: int, absent: Mapping[str, str], sections: Sequence[str]) -> str:
    """docs/benchmarks.md."""
    body = "\n\n".join(sections)
    missing = "".join(f"\nNot run: {title} ({why}).\n" for title, why in absent.items())
    return f"""# Benchmarks

Written by `make bench`. A ratio is the median of {rounds} rounds, with the least and the most in brackets. In each
round all servers get the same messages, one server after the other in random order, so that what else the machine does
hits all alike. Rates move from machine to machine and from hour to hour; ratios and CPU per message move less.

{table(("", ""), about)}
{missing}
{_METHOD}

{body}
"""


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Markdown, with columns of even width so that it reads well in a terminal, too."""
    widths = [max(len(row[i]) for row in (head, *rows)) for i in range(len(head))]
    lines = (head, ["-" * width for width in widths], *rows)
    return "\n".join("| " + " | ".join(c.ljust(w) for c, w in zip(r, widths, strict=True)) + " |" for r in lines)


def _medians(mine: Sequence[Figures]) -> list[str]:
    def median(value: Callable[[Figures], float]) -> float:
        return statistics.median(map(value, mine))

    return [
        f"{median(_cpu):.3f}",
        f"{median(lambda f: f.p50):.1f}",
        f"{median(lambda f: f.p99):.1f}",
        f"{max(f.memory for f in mine):.0f}",
        f"{median(lambda f: f.generator):.3f}",
        f"{median(lambda f: f.others):.0%}",
    ]


def _spread(mine: Sequence[Figures], value: Callable[[Figures], float]) -> str:
    values = sorted(map(value, mine))
    digits = 0 if values[-1] >= 100 else 1 if values[-1] >= 10 else 3
    return f"{statistics.median(values):.{digits}f} ({values[0]:.{digits}f}–{values[-1]:.{digits}f})"


def _rate(found: Figures) -> float:
    return found.rate


def _cpu(found: Figures) -> float:
    return found.cpu


def _in_order(names: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(names))
