"""docs/metrics.md: every metric."""

from __future__ import annotations

from prometheus_client import Counter, Gauge, Histogram

from docs.generate.common import cell
from gateway import metrics

ABOUT_METRICS = """\
`/metrics` on the address in `health.listen` (see [health](health.md), which has alerts and a dashboard as well) tells
these to Prometheus. With `workers` they are of all processes of one gateway together; what a worker counted since
somebody last asked is lost if it is killed, and no count ever falls. What is counted of the whole installation (held
mail, never-log entries, sources) is the same on each of its machines: take the `max` of it, not the sum.

No label says anything about a person: there is no address, domain, subject, key or account among them. A source is
named by its id, which `source list --json` has, and not by its name, which people choose freely: names often are those
of customers or their servers, and figures are kept and passed on by other rules than mail is. Counting a message costs
about 12 \u00b5s of CPU; a page, some 4 ms and three queries that count.

Counters end in `_total`. A histogram has `_bucket` (with the label `le`), `_sum` and `_count`. Times are in seconds,
moments are Unix time, `NaN` stands for what there is none of.
"""


def metric_list() -> list[tuple[str, str, tuple[str, ...], str]]:
    """Name, type, labels and meaning of each metric."""
    named = vars(metrics).values()  # some by two names
    made = dict.fromkeys(each for each in named if isinstance(each, Counter | Gauge | Histogram))
    families = [(family, each) for each in made for family in each.describe()]
    return [
        (
            family.name + ("_total" if family.type == "counter" else ""),
            family.type,
            each._labelnames,  # noqa: SLF001 — nothing public tells them of a metric without children
            family.documentation,
        )
        for family, each in families
    ]


def metric_page() -> str:
    """docs/metrics.md."""
    lines = ["# Metrics", "", ABOUT_METRICS, "| metric | type | labels | what it tells |", "|---|---|---|---|"]
    for name, metric_type, labels, about in metric_list():
        shown = ", ".join(f"`{label}`" for label in labels)
        lines.append(f"| `{name}` | {metric_type} | {shown} | {cell(about)} |")
    return "\n".join(lines) + "\n"
