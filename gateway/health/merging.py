"""One page of metrics for several processes: what workers counted is added to what this one did."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from functools import reduce
from operator import add
from typing import TypeAlias

from prometheus_client import Metric, generate_latest
from prometheus_client.registry import Collector
from prometheus_client.samples import Sample

from gateway import metrics

Labels: TypeAlias = tuple[tuple[str, str], ...]
Samples: TypeAlias = tuple[tuple[str, Labels, float], ...]
"""Name, labels and value of each."""
Merge: TypeAlias = Callable[[float, float], float]


def _earliest(one: float, other: float) -> float:
    return min((time for time in (one, other) if not math.isnan(time)), default=math.nan)


_GAUGES: dict[str, Merge] = {
    metrics.PREFIX + "connections": add,
    metrics.PREFIX + "messages_in_flight": add,
    metrics.PREFIX + "store_queue": add,
    metrics.PREFIX + "parser_processes": add,
    metrics.PREFIX + "workers": add,
    metrics.PREFIX + "erasing_paused": max,
    metrics.PREFIX + "certificate_expiry_timestamp_seconds": _earliest,
}
"""How two processes' values become one. Any other gauge is of this process, or of the installation."""


def samples() -> Samples:
    """What this process has to add to another one's."""
    found = (family for family in metrics.REGISTRY.collect() if _together(family))
    return tuple((each.name, _labels(each), each.value) for family in found for each in family.samples)


def lasting(ended: Samples, before: Samples) -> Samples:
    """What remains of a process that has ended, added to what remained before: its counts, no gauge."""
    total: dict[tuple[str, Labels], float] = defaultdict(float)
    for name, labels, value in (*before, *ended):
        if name not in _GAUGES:
            total[name, labels] += value
    return tuple((name, labels, value) for (name, labels), value in total.items())


def together(gauge: str, told: Iterable[Samples]) -> float:
    """What several processes say of this one; NaN where none does."""
    name = metrics.PREFIX + gauge
    values = [value for each in told for found, _, value in each if found == name]
    return reduce(_GAUGES[name], values) if values else math.nan


def page(others: Iterable[Samples]) -> bytes:
    """This process's metrics and those of others, as Prometheus reads them."""
    return generate_latest(_Merged(others))


class _Merged(Collector):
    def __init__(self, others: Iterable[Samples]) -> None:
        self._others: dict[str, list[tuple[Labels, float]]] = defaultdict(list)
        for name, labels, value in (sample for other in others for sample in other):
            self._others[name].append((labels, value))

    def collect(self) -> Iterator[Metric]:
        for family in metrics.REGISTRY.collect():
            yield self._merged(family) if _together(family) else family

    def _merged(self, family: Metric) -> Metric:
        merge: Merge = _GAUGES.get(family.name, add)
        found = {(each.name, _labels(each)): each.value for each in family.samples}
        ends = {"counter": ("_total",), "histogram": ("_bucket", "_count", "_sum")}.get(family.type, ("",))
        for name in (family.name + end for end in ends):
            for labels, value in self._others.get(name, ()):
                known = found.get((name, labels))
                found[name, labels] = value if known is None else merge(known, value)
        merged = Metric(family.name, family.documentation, family.type)
        merged.samples = [Sample(name, dict(labels), value) for (name, labels), value in found.items()]
        return merged


def _together(family: Metric) -> bool:
    return family.type != "gauge" or family.name in _GAUGES


def _labels(sample: Sample) -> Labels:
    return tuple(sample.labels.items())
