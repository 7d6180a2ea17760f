"""Metrics of several processes on one page: counts are added, and no count ever falls."""

from __future__ import annotations

import math
from collections.abc import Iterator

import pytest
from prometheus_client.parser import text_string_to_metric_families

from gateway import metrics
from gateway.health.merging import Samples, lasting, page, samples, together


def value(text: bytes, name: str, **labels: str) -> float:
    """Of one series; 0 where it isn't on the page."""
    found = (sample for family in text_string_to_metric_families(text.decode()) for sample in family.samples)
    return next((sample.value for sample in found if sample.name == name and sample.labels == labels), 0)


def of(name: str, number: float, **labels: str) -> Samples:
    """What a worker says: one series."""
    return ((name, tuple(labels.items()), number),)


@pytest.fixture
def _queue() -> Iterator[None]:
    yield
    metrics.STORE_QUEUE.set(0)
    metrics.CERTIFICATE.set(math.nan)


def test_counts_and_histograms_of_workers_are_added() -> None:
    before = value(page(()), "bcc_gateway_replies_total", code="250", status="2.0.0")
    reply = of("bcc_gateway_replies_total", 5, code="250", status="2.0.0")
    bucket = of("bcc_gateway_store_batch_size_bucket", 3, le="1.0")
    text = page([reply, reply + bucket])
    assert value(text, "bcc_gateway_replies_total", code="250", status="2.0.0") == before + 10
    assert (
        value(text, "bcc_gateway_store_batch_size_bucket", le="1.0")
        == value(page(()), "bcc_gateway_store_batch_size_bucket", le="1.0") + 3
    )


def test_a_series_that_only_a_worker_has_is_shown() -> None:
    text = page([of("bcc_gateway_replies_total", 2, code="599", status="5.9.9")])
    assert value(text, "bcc_gateway_replies_total", code="599", status="5.9.9") == 2


@pytest.mark.usefixtures("_queue")
def test_gauges_are_added_or_the_worst_counts() -> None:
    metrics.STORE_QUEUE.set(1)
    text = page(
        [
            of("bcc_gateway_store_queue", 4) + of("bcc_gateway_certificate_expiry_timestamp_seconds", 900),
            of("bcc_gateway_erasing_paused", 1) + of("bcc_gateway_certificate_expiry_timestamp_seconds", 700),
        ]
    )
    assert value(text, "bcc_gateway_store_queue") == 5
    assert value(text, "bcc_gateway_erasing_paused") == 1
    assert value(text, "bcc_gateway_certificate_expiry_timestamp_seconds") == 700  # its own is unknown
    metrics.CERTIFICATE.set(800)
    text = page([of("bcc_gateway_certificate_expiry_timestamp_seconds", math.nan)])
    assert value(text, "bcc_gateway_certificate_expiry_timestamp_seconds") == 800


def test_what_processes_say_together_is_unknown_where_none_says_it() -> None:
    one, other = of("bcc_gateway_parser_processes", 2), of("bcc_gateway_parser_processes", 1)
    assert together("parser_processes", [one, (), other]) == 3
    ends = [of("bcc_gateway_certificate_expiry_timestamp_seconds", end) for end in (math.nan, 900, 700)]
    assert together("certificate_expiry_timestamp_seconds", ends) == 700
    assert math.isnan(together("parser_processes", [()]))


def test_what_is_of_the_installation_is_never_added() -> None:
    told = {name for name, _, _ in samples()}
    assert not told & {"bcc_gateway_held_messages", "bcc_gateway_ready", "bcc_gateway_disk_free_bytes"}
    assert {"bcc_gateway_replies_total", "bcc_gateway_connections"} <= told


def test_of_a_worker_that_has_ended_its_counts_remain_and_its_gauges_go() -> None:
    ended = of("bcc_gateway_connections_opened_total", 3) + of("bcc_gateway_connections", 7)
    past = lasting(ended, lasting(ended, ()))
    assert past == of("bcc_gateway_connections_opened_total", 6)
