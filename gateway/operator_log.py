"""The operator's log: one function for each event, which together are all that a line can say.

The functions take ids, slugs, counts and durations; none has a parameter for an address, a subject or a text, so that
nothing private can get into a line. Records of libraries keep their logger, level and place, and lose their text.
"""

from __future__ import annotations

import logging
import os
import re
import traceback
from collections.abc import Callable, Sequence

import orjson
import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from gateway.log_sink import Sink

LIBRARY_RECORDS_PER_MINUTE = 60
SILENT = logging.CRITICAL + 1
PINNED = {
    "mail": SILENT,
    "mail.log": SILENT,
    "mail.debug": SILENT,
    "uvicorn.access": SILENT,
    "dkimpy": logging.CRITICAL,
    "aiosqlite": logging.WARNING,
    "asyncpg": logging.WARNING,
    "asyncio": logging.WARNING,
}

_log = structlog.get_logger()


# --- the events ---


def configuration_loaded(file: str = "") -> None:
    """The settings are sound; `file`: the TOML file that was read, or ""."""
    _log.info("configuration.loaded", file=file)


def configuration_reloaded(changed: Sequence[str]) -> None:
    """On SIGHUP. `changed`: paths of the settings that hold from now on."""
    _log.info("configuration.reloaded", changed=list(changed))


def configuration_refused(setting: str, reason: str, origin: str) -> None:
    """One fault of a configuration that was read on SIGHUP, so that nothing changes. Never a value."""
    _log.error("configuration.refused", setting=setting, reason=reason, origin=origin)


def restart_needed(settings: Sequence[str]) -> None:
    """These have changed as well, by their paths, and hold from the next start."""
    _log.warning("configuration.restart_needed", settings=list(settings))


def store_opened() -> None:
    """The database is open."""
    _log.info("store.opened")


def console_opened(url: str) -> None:
    """The console and the API are served at `url`."""
    _log.info("console.opened", url=url)


def health_opened(address: str) -> None:
    """Probes and Prometheus are answered; `address`: host:port."""
    _log.info("health.opened", address=address)


def store_failed(reason: str) -> None:
    """The database couldn't do what it had to; `reason`: class of the error. A message that met it got a 4xx."""
    _log.error("store.failed", reason=reason)


def listening(address: str) -> None:
    """SMTP is served; `address`: host:port of a listener."""
    _log.info("listener.opened", address=address)


def stopping(reason: str) -> None:
    """It was told to stop; `reason`: the signal. What runs is finished, nothing new is taken."""
    _log.info("stop.requested", reason=reason)


def stop_overdue() -> None:
    """Something holds up the end, so the process is ended as it is."""
    _log.error("stop.overdue")


def stopped() -> None:
    """Everything is closed; the last line."""
    _log.info("server.stopped")


def connected(connection_id: str, peer: str) -> None:
    """A client has connected; `peer`: its IP address."""
    _log.debug("connection.opened", connection_id=connection_id, peer=peer)


def connection_closed(connection_id: str, reason: str) -> None:
    """A connection has ended; `reason`: quit, shutdown, timeout, limit, or lost where the client was gone."""
    _log.debug("connection.closed", connection_id=connection_id, reason=reason)


def connection_refused(peer: str, reason: str) -> None:
    """A client was sent away; `peer`: its IP address; `reason`: limit, or proxy (its PROXY header is wrong)."""
    _log.info("connection.refused", peer=peer, reason=reason)


def bare_line_feed(connection_id: str) -> None:
    """A client ends its commands in a bare LF; it is served all the same."""
    _log.debug("connection.bare_line_feed", connection_id=connection_id)


def tls_failed(connection_id: str) -> None:
    """A TLS handshake failed; the client may come again without TLS, or not at all."""
    _log.info("tls.failed", connection_id=connection_id)


def login_refused(connection_id: str, peer: str, reason: str) -> None:
    """SMTP AUTH failed. `peer`: the client's IP address; `reason`: wrong, or limit after too many failures."""
    _log.info("login.refused", connection_id=connection_id, peer=peer, reason=reason)


def certificate_loaded(expires: str) -> None:
    """The TLS certificate that handshakes get from now on; `expires`: its last day."""
    _log.info("certificate.loaded", expires=expires)


def certificate_refused(reason: str) -> None:
    """A new certificate can't be used, so the one before it stays; `reason`: a sentence that names the file."""
    _log.error("certificate.refused", reason=reason)


def recipient_refused(trace_id: str, reason: str) -> None:
    """A recipient got a 4xx or 5xx; `reason`: its slug (docs/reasons.md)."""
    _log.info("recipient.refused", trace_id=trace_id, reason=reason)


def message_decided(
    *,
    trace_id: str,
    account: str,
    channel: str,
    outcome: str,
    reason: str,
    flags: Sequence[str],
    user: str | None,
    size: int,
    deliveries: int,
    read_ms: float,
    authenticate_ms: float,
    settle_ms: float,
) -> None:
    """The one line of a decision. `account`: its name; `user`: an id; `size`: in bytes; times in milliseconds."""
    _log.info(
        "message.decided",
        trace_id=trace_id,
        account=account,
        channel=channel,
        outcome=outcome,
        reason=reason,
        flags=list(flags),
        user=user,
        size=size,
        deliveries=deliveries,
        read_ms=round(read_ms, 2),
        authenticate_ms=round(authenticate_ms, 2),
        settle_ms=round(settle_ms, 2),
    )


def operator_mail_held(trace_id: str, size: int, settle_ms: float) -> None:
    """A message to postmaster or abuse was kept; `size` is in bytes."""
    told = {"outcome": "held", "reason": "operator.mail", "size": size, "settle_ms": round(settle_ms, 2)}
    _log.info("message.decided", trace_id=trace_id, **told)


def message_refused(trace_id: str, reason: str) -> None:
    """A message got a 5xx; `reason`: its slug."""
    _log.info("message.refused", trace_id=trace_id, reason=reason)


def message_deferred(trace_id: str, reason: str, error: str) -> None:
    """A message got a 4xx and comes again; `reason`: its slug; `error`: class name, or ""."""
    _log.warning("message.deferred", trace_id=trace_id, reason=reason, error=error)


def held_expired(count: int) -> None:
    """Held messages that nobody resolved in time were erased; `count`: how many."""
    _log.info("held.expired", count=count)


def purged(activities: int, messages: int, skipped: int, audit: int) -> None:
    """What accounts keep for a time only was erased: activities, messages of others, decisions, recorded changes."""
    _log.info("retention.purged", activities=activities, messages=messages, skipped=skipped, audit=audit)


def webhook_delivered(webhook_id: str, event_id: str, attempts: int) -> None:
    """A webhook took an event, at this attempt."""
    _log.debug("webhook.delivered", webhook_id=webhook_id, event_id=event_id, attempts=attempts)


def webhook_failed(webhook_id: str, event_id: str, failure: str, attempts: int) -> None:
    """An attempt; it will be made again. `failure`: `http.` and the status, or what kept it from answering."""
    _log.warning("webhook.failed", webhook_id=webhook_id, event_id=event_id, failure=failure, attempts=attempts)


def webhook_given_up(webhook_id: str, event_id: str, attempts: int) -> None:
    """An event has become a dead letter; `webhook failed` lists them, `webhook replay` sends them again."""
    _log.error("webhook.given_up", webhook_id=webhook_id, event_id=event_id, attempts=attempts)


def webhook_disabled(webhook_id: str, failure: str) -> None:
    """It said that it is gone, so nothing is sent there until it is enabled again."""
    _log.error("webhook.disabled", webhook_id=webhook_id, failure=failure)


def erasing_paused() -> None:
    """The clock has leapt ahead, or nothing on record speaks for it; what is overdue by it is kept for a day more."""
    _log.warning("erasing.paused")


def parser_replaced(reason: str, location: str, count: int) -> None:
    """A parser process ended and was replaced; `reason`: a signal, an error's class, "exit code n"; `count`: so far."""
    _log.warning("parser.replaced", reason=reason, location=location, count=count)


def worker_replaced(reason: str, count: int, pause: float) -> None:
    """A worker process ended and is replaced after `pause` seconds; `reason`: as above, or a fault; `count`: so far."""
    _log.warning("worker.replaced", reason=reason, count=count, pause=round(pause, 2))


def source_silent(source: str, hours: int) -> None:
    """A source has sent nothing for more than its silence_hours; `source`: its id. Told once."""
    _log.warning("source.silent", source=source, hours=hours)


def source_back(source: str) -> None:
    """A source that was silent has sent again; `source`: its id."""
    _log.info("source.back", source=source)


def internal_error(error: str, location: str) -> None:
    """A fault of ours; `error`: class name; `location`: module:line. Please report it."""
    _log.error("internal.failed", error=error, location=location)


def library_logged(level: int, logger: str, location: str, error: str, frames: Sequence[str]) -> None:
    """A record of somebody else's logger, without its text."""
    known = min(level // 10 * 10, logging.CRITICAL) or logging.DEBUG  # libraries may have levels of their own
    _log.log(known, "library.logged", logger=logger, location=location, error=error, frames=list(frames))


def events_dropped(count: int) -> None:
    """The reader of the log was too slow; `count`: lines that it will never get."""
    _log.warning("log.dropped", count=count)


def frames(error: BaseException) -> list[str]:
    """Where an error was raised, outermost first, as module:line. No text and no variables."""
    walked = traceback.walk_tb(error.__traceback__)
    return [f"{frame.f_globals.get('__name__', '?')}:{line}" for frame, line in walked][-20:]


def raised_at(error: BaseException) -> str:
    """The innermost frame of an error as module:line, or ""."""
    return (frames(error) or [""])[-1]


# --- how a line is written ---

# C0, DEL and C1 controls, separators of lines, and what changes the direction of writing.
_UNSAFE = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]")


def escape(text: str) -> str:
    """The text on one line and harmless on a terminal. In a JSON string the escapes read back as what they were."""
    return _UNSAFE.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


def _printable(value: object) -> object:
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode()  # a lone surrogate is no UTF-8
    return [_printable(item) for item in value] if isinstance(value, list) else value


def _make_printable(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    first = {name: event.pop(name) for name in ("timestamp", "level", "event")}
    return {name: _printable(value) for name, value in (first | dict(event)).items()}


def _render_json(_logger: WrappedLogger, _method: str, event: EventDict) -> str:
    return escape(orjson.dumps(event).decode())


def _escape_values(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    return {name: escape(",".join(value) if isinstance(value, list) else str(value)) for name, value in event.items()}


def _counting(count: Callable[[str], None]) -> Processor:
    def counting(_logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
        if method in ("warning", "error", "critical"):
            count(event["event"])
        return event

    return counting


def _processors(count: Callable[[str], None], *, console: bool) -> list[Processor]:
    steps: list[Processor] = [
        _counting(count),
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _make_printable,
    ]
    if console:
        # No exception reaches the renderer; plain_traceback, since the default would show local variables.
        plain = structlog.dev.plain_traceback
        return [*steps, _escape_values, structlog.dev.ConsoleRenderer(exception_formatter=plain, sort_keys=False)]
    return [*steps, _render_json]


# --- the logs of libraries ---


class Bridge(logging.Handler):
    """Turns records of the standard library's logging into events."""

    def emit(self, record: logging.LogRecord) -> None:
        error = record.exc_info[1] if record.exc_info else None
        library_logged(
            record.levelno,
            record.name,
            f"{record.module}:{record.lineno}",
            type(error).__name__ if error else "",
            frames(error) if error else (),
        )


class RateLimit(logging.Filter):
    """Lets a number of records through each minute, by the records' own clock."""

    def __init__(self, records: int) -> None:
        super().__init__()
        self._records = records
        self._minute = self._passed = 0

    def filter(self, record: logging.LogRecord) -> bool:
        minute = int(record.created // 60)
        if minute != self._minute:
            self._minute, self._passed = minute, 0
        self._passed += 1
        return self._passed <= self._records


class OperatorLog:
    """The log while it is open.

    `level` is debug, info, warning or error; `style` is json, console, or auto: console on a terminal.
    """

    def __init__(
        self,
        level: str = "info",
        style: str = "auto",
        descriptor: int = 1,
        count: Callable[[str], None] = lambda _: None,
    ) -> None:
        """`count` is told the event of each warning and error that is written."""
        self._descriptor = descriptor
        self._count = count
        self._sink = Sink(descriptor, events_dropped)
        self._bridge = Bridge()
        self._bridge.addFilter(RateLimit(LIBRARY_RECORDS_PER_MINUTE))
        self._root_level = logging.root.level
        logging.root.addHandler(self._bridge)
        self.use(level, style)
        for name, least in PINNED.items():
            logging.getLogger(name).setLevel(least)
        logging.captureWarnings(capture=True)

    def use(self, level: str, style: str) -> None:
        """Another level and style, from the next line on."""
        number = logging.getLevelNamesMapping()[level.upper()]
        console = style == "console" or (style == "auto" and os.isatty(self._descriptor))
        structlog.configure(
            processors=_processors(self._count, console=console),
            wrapper_class=structlog.make_filtering_bound_logger(number),
            logger_factory=lambda *_: self._sink,
        )
        logging.root.setLevel(number)

    @property
    def dropped(self) -> int:
        """Events that were lost because the reader of the log was too slow."""
        return self._sink.dropped

    def close(self, timeout: float = 5) -> None:
        """Writes what waits, for at most `timeout` seconds, and gives logging back as it was."""
        logging.captureWarnings(capture=False)
        logging.root.removeHandler(self._bridge)
        logging.root.setLevel(self._root_level)
        self._sink.close(timeout)
        structlog.reset_defaults()
