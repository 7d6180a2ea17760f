"""Every metric of this process, by name, and what counts it.

Labels are words of the code's own (reasons, stages, reply codes) and ids of sources: nothing that a client sends, and
nothing personal, can become one. `gateway/health/figures.py` adds what is looked up when somebody asks, and what the
worker processes counted.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from functools import lru_cache

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics

from gateway.core.reasons import REASONS

disable_created_metrics()  # type: ignore[no-untyped-call]  # the library's; those series would be half of all

REGISTRY = CollectorRegistry()
PREFIX = "bcc_gateway_"
UNUSUAL = "other"
"""The label of a reason that isn't in the catalogue."""

_TIMES = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
_SIZES = tuple(4**power for power in range(5, 14))
"""1 KiB to 64 MiB."""


def _counter(name: str, about: str, *labels: str) -> Counter:
    return Counter(PREFIX + name, about, labels, registry=REGISTRY)


def _gauge(name: str, about: str, *labels: str) -> Gauge:
    return Gauge(PREFIX + name, about, labels, registry=REGISTRY)


def _histogram(name: str, about: str, *labels: str, buckets: tuple[float, ...] = _TIMES) -> Histogram:
    return Histogram(PREFIX + name, about, labels, registry=REGISTRY, buckets=buckets)


# --- SMTP ---

CONNECTIONS = _gauge("connections", "SMTP connections open now.")
CONNECTIONS_OPENED = _counter("connections_opened", "SMTP connections that were let in.")
CONNECTIONS_REFUSED = _counter("connections_refused", "SMTP connections that got no place, by the reason.", "reason")
REPLIES = _counter("replies", "SMTP replies, by reply code and enhanced status code (RFC 3463).", "code", "status")
REFUSALS = _counter(
    "refusals", "What was refused (5xx) or deferred (4xx) for its own part, by the reason.", "part", "reason"
)
MESSAGE_SIZE = _histogram("message_size_bytes", "Size of the messages that came whole.", buckets=_SIZES)
MESSAGES_IN_FLIGHT = _gauge("messages_in_flight", "Messages received whole and not answered yet.")
MESSAGE_SECONDS = _histogram("message_seconds", "From the end of a message to its answer.")
STAGE_SECONDS = _histogram(
    "stage_seconds",
    "Time of a message in one stage: receive (from DATA to its end), read, authenticate, settle.",
    "stage",
)

# --- decisions ---

DECISIONS = _counter(
    "decisions",
    "Decisions, one for each recipient and original, with words of docs/reasons.md.",
    "channel",
    "outcome",
    "reason",
)
NEVER_LOG_ENTRIES = _gauge("never_log_entries", "Entries on the never-log lists of all accounts.")
HELD_MESSAGES = _gauge("held_messages", "Held messages that wait for a person, in all accounts.")
HELD_OLDEST = _gauge(
    "held_oldest_timestamp_seconds", "When the held message came that waits longest; NaN where none waits."
)
SOURCE_SEEN = _gauge(
    "source_last_seen_timestamp_seconds", "When a source last sent a copy, to the hour; by its id.", "source"
)
SOURCE_SILENT = _gauge(
    "source_silent", "1 while a source has sent nothing for more than its silence_hours; by its id.", "source"
)
WEBHOOK_DELIVERIES = _gauge("webhook_deliveries", "Events on their way to webhooks, in all accounts.")
WEBHOOK_DEAD_LETTERS = _gauge(
    "webhook_dead_letters", "Events that no webhook took after all attempts; kept for a replay."
)
EVENTS_HELD_BACK = _gauge(
    "events_held_back_timestamp_seconds",
    "When the oldest event happened that an open transaction on the PostgreSQL server holds back; NaN where none does.",
)

# --- DNS ---

DNS_SECONDS = _histogram(
    "dns_query_seconds", "DNS queries, by their result: records, none, or failed (no usable answer).", "result"
)
DNS_CACHE = _counter("dns_cache", "Questions looked for in the memory of DNS answers: hit or miss.", "result")

# --- store ---

STORE_COMMIT_SECONDS = _histogram("store_commit_seconds", "Transactions of the store, each with its whole batch.")
STORE_BATCH = _histogram(
    "store_batch_size", "Pieces of work in one transaction.", buckets=(1, 2, 5, 10, 20, 50, 100, 200)
)
STORE_QUEUE = _gauge("store_queue", "Pieces of work that wait for the next transaction.")
STORE_ERRORS = _counter("store_errors", "Messages that the store couldn't take, by the kind of error.", "error")
DISK_FREE = _gauge(
    "disk_free_bytes", "Free on the disk of the database file; NaN with PostgreSQL, which looks after its own."
)
ERASING_PAUSED = _gauge("erasing_paused", "1 while nothing is erased, since the clock can't be believed.")

# --- the process ---

BUILD = _gauge("build_info", "Always 1; the version is its label.", "version")
READY = _gauge("ready", "1 if mail can be taken, as /readyz tells.")
CHECK = _gauge("check", "Each check of /readyz: 1 where it is passed, perhaps with a warning, else 0.", "check")
CERTIFICATE = _gauge(
    "certificate_expiry_timestamp_seconds", "When the TLS certificate in use expires; NaN without one."
)
LOOP_LAG = _histogram(
    "event_loop_lag_seconds",
    "How much later than asked for the event loop came back, four times a second.",
    buckets=(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 10),
)
LOG_EVENTS = _counter("log_events", "Warnings and errors in the operator's log, by event (docs/log.md).", "event")
PARSERS = _gauge("parser_processes", "Parser processes that run.")
WORKERS = _gauge("workers", "Processes that serve SMTP and answer.")

for _unknown in (HELD_OLDEST, EVENTS_HELD_BACK, DISK_FREE, CERTIFICATE):
    _unknown.set(math.nan)

_smtp_reasons = [reason for reason in REASONS if reason.startswith("smtp.")]
_FROM_THE_START: dict[Counter | Histogram, Iterable[tuple[str, ...]]] = {
    REPLIES: [
        *(("250", "2.0.0"), ("451", "4.3.0"), ("451", "4.4.3"), ("452", "4.3.1")),
        *(("550", "5.1.1"), ("550", "5.7.1"), ("550", "5.7.26")),
    ],
    REFUSALS: [(part, reason) for part in ("recipient", "message") for reason in _smtp_reasons],
    CONNECTIONS_REFUSED: [("limit",), ("proxy",)],
    STAGE_SECONDS: [("receive",), ("read",), ("authenticate",), ("settle",)],
    DECISIONS: [
        *(("bcc", "logged", "explicit.bcc"), ("forward", "logged", "explicit.forward")),
        *((channel, "logged", "thread.logged") for channel in ("relay", "journal")),
        *((channel, "skipped", "rule.replies_only") for channel in ("relay", "journal")),
    ],
    DNS_SECONDS: [("records",), ("none",), ("failed",)],
    DNS_CACHE: [("hit",), ("miss",)],
    LOG_EVENTS: [
        *(("internal.failed",), ("parser.replaced",), ("worker.replaced",), ("certificate.refused",)),
        *(("store.failed",), ("erasing.paused",), ("log.dropped",), ("source.silent",)),
        *(("webhook.failed",), ("webhook.given_up",), ("webhook.disabled",)),
    ],
}
"""Series that stand at 0 before anything has happened: from nothing to 1 isn't seen as an increase."""
for _metric, _series in _FROM_THE_START.items():
    for _labels in _series:
        _metric.labels(*_labels)


# --- what counts; to find a child by its labels costs more than to count with it ---


@lru_cache(maxsize=256)
def _reply(code: int, status: str) -> Counter:
    return REPLIES.labels(str(code), status)


@lru_cache(maxsize=256)
def _refusal(part: str, reason: str) -> Counter:
    return REFUSALS.labels(part, _known(reason))


@lru_cache(maxsize=2048)
def _decision(channel: str, outcome: str, reason: str) -> Counter:
    return DECISIONS.labels(channel, outcome, _known(reason))


@lru_cache(maxsize=16)
def _stage_seconds(stage: str) -> Histogram:
    return STAGE_SECONDS.labels(stage)


def _known(reason: str) -> str:
    return reason if reason in REASONS else UNUSUAL


def replied(code: int, status: str) -> None:
    """A reply was sent."""
    _reply(code, status).inc()


def refused(part: str, reason: str) -> None:
    """A recipient or a message (`part`) was refused or deferred."""
    _refusal(part, reason).inc()


def spent(stage: str, seconds: float) -> None:
    """One message has passed a stage."""
    _stage_seconds(stage).observe(seconds)


def decided(channel: str, outcome: str, reason: str) -> None:
    """One decision was made."""
    _decision(channel, outcome, reason).inc()


def dns_asked(result: str, seconds: float) -> None:
    """`result`: records, none or failed."""
    DNS_SECONDS.labels(result).observe(seconds)


def dns_remembered(*, hit: bool) -> None:
    """Whether a question needed no query."""
    DNS_CACHE.labels("hit" if hit else "miss").inc()


def committed(pieces: int, seconds: float, waiting: int) -> None:
    """The store ended a transaction, well or badly; `waiting`: pieces of work that came meanwhile."""
    STORE_BATCH.observe(pieces)
    STORE_COMMIT_SECONDS.observe(seconds)
    STORE_QUEUE.set(waiting)


def logged(event: str) -> None:
    """A warning or an error stands in the operator's log."""
    LOG_EVENTS.labels(event).inc()


def watch(gauge: Gauge, value: Callable[[], float]) -> None:
    """The gauge is looked up whenever somebody asks."""
    gauge.set_function(value)
