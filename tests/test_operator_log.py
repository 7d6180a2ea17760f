"""The operator's log: what each event looks like, what never gets into it, and that it never holds up the mail."""

import inspect
import json
import logging
import os
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
import structlog
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway import operator_log
from gateway.log_sink import Sink
from gateway.operator_log import OperatorLog

HELPERS = {"escape", "frames", "raised_at"}
EVENTS = {
    name: function
    for name, function in vars(operator_log).items()
    if inspect.isfunction(function)
    and function.__module__ == operator_log.__name__
    and not name.startswith("_")
    and name not in HELPERS
}
HOSTILE = [
    "a\r\nlevel=info event=login",
    "\x1b[2J",
    "\x1b]0;x\x07",
    "\u2028\u2029\x85",
    "\x9b31m",
    "\u202egnp.exe\u2066",
    '"},{"x":"',
    "\udc80\x00\x7f",
]
UNSAFE = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
ANSI = re.compile(r"\x1b\[[0-9;]*m")


@contextmanager
def opened(style: str, level: str = "debug") -> Iterator[Callable[[], list[str]]]:
    """A log into a pipe; what is yielded closes it and gives its lines."""
    reading, writing = os.pipe()
    log = OperatorLog(level, style, writing)

    def lines() -> list[str]:
        log.close()
        os.close(writing)
        with open(reading, encoding="utf-8", newline="\n") as pipe:
            return pipe.read().split("\n")[:-1]

    try:
        yield lines
    finally:
        log.close()


def argument(annotation: str, text: str) -> object:
    if annotation.startswith("Sequence"):
        return [text, text]
    return {"int": 20, "float": 1.239}.get(annotation, text)


def call(event: Callable[..., None], text: str) -> dict[str, object]:
    arguments = {p.name: argument(str(p.annotation), text) for p in inspect.signature(event).parameters.values()}
    event(**arguments)
    return arguments


def test_the_events_are_the_whole_vocabulary() -> None:
    assert set(EVENTS) == {
        "configuration_loaded",
        "configuration_reloaded",
        "configuration_refused",
        "restart_needed",
        "stop_overdue",
        "store_opened",
        "store_failed",
        "listening",
        "console_opened",
        "health_opened",
        "source_silent",
        "source_back",
        "stopping",
        "stopped",
        "connected",
        "connection_closed",
        "connection_refused",
        "bare_line_feed",
        "tls_failed",
        "login_refused",
        "certificate_loaded",
        "certificate_refused",
        "recipient_refused",
        "message_decided",
        "operator_mail_held",
        "message_refused",
        "message_deferred",
        "held_expired",
        "webhook_delivered",
        "webhook_failed",
        "webhook_given_up",
        "webhook_disabled",
        "erasing_paused",
        "purged",
        "parser_replaced",
        "worker_replaced",
        "internal_error",
        "library_logged",
        "events_dropped",
    }


def test_no_event_has_a_parameter_for_content() -> None:
    names = {parameter for event in EVENTS.values() for parameter in inspect.signature(event).parameters}
    assert names <= {
        *("trace_id", "connection_id", "account", "user", "channel", "outcome", "reason", "flags", "peer", "address"),
        *("webhook_id", "event_id", "failure", "attempts"),
        *("size", "deliveries", "count", "read_ms", "authenticate_ms", "settle_ms", "file", "expires"),
        *("error", "location", "level", "logger", "frames", "url"),
        *("source", "hours", "pause"),
        *("setting", "settings", "changed", "origin"),
        *("activities", "messages", "skipped", "audit"),
    }


@given(text=st.one_of(st.sampled_from(HOSTILE), st.text()))
@settings(max_examples=30, deadline=None)
def test_every_event_is_one_escaped_json_line_that_reads_back(text: str) -> None:
    with opened("json") as lines:
        given_arguments = [call(event, text) for event in EVENTS.values()]
        written = lines()
    assert len(written) == len(EVENTS)
    readable = text.encode("utf-8", "backslashreplace").decode()
    for line, arguments in zip(written, given_arguments, strict=True):
        assert not UNSAFE.search(line)
        fields = json.loads(line)
        assert re.fullmatch(r"[a-z]+\.[a-z_]+", fields["event"])
        for name in arguments.keys() - {"level"}:
            assert fields[name] in (readable, [readable, readable], 20, 1.24), name


@pytest.mark.parametrize("text", HOSTILE)
def test_every_event_is_one_harmless_line_on_a_terminal(text: str) -> None:
    with opened("console") as lines:
        for event in EVENTS.values():
            call(event, text)
        written = lines()
    assert len(written) == len(EVENTS)
    assert not [line for line in written if UNSAFE.search(ANSI.sub("", line))]


def test_a_decision_is_one_canonical_line() -> None:
    with opened("json", "info") as lines:
        operator_log.message_decided(
            trace_id="01ABC",
            account="acme",
            channel="bcc",
            outcome="logged",
            reason="explicit.bcc",
            flags=["date.assumed"],
            user="u1",
            size=3700,
            deliveries=2,
            read_ms=0.4,
            authenticate_ms=12.345,
            settle_ms=1,
        )
        (line,) = lines()
    fields = json.loads(line)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", fields.pop("timestamp"))
    assert list(fields)[:3] == ["level", "event", "trace_id"]
    assert fields == {
        "level": "info",
        "event": "message.decided",
        "trace_id": "01ABC",
        "account": "acme",
        "channel": "bcc",
        "outcome": "logged",
        "reason": "explicit.bcc",
        "flags": ["date.assumed"],
        "user": "u1",
        "size": 3700,
        "deliveries": 2,
        "read_ms": 0.4,
        "authenticate_ms": 12.35,
        "settle_ms": 1,
    }


def test_auto_is_pretty_on_a_terminal_and_json_elsewhere() -> None:
    controlling, terminal = os.openpty()
    log = OperatorLog("info", "auto", terminal)
    operator_log.stopped()
    log.close()
    pretty = os.read(controlling, 4096).decode()
    os.close(controlling)
    os.close(terminal)
    assert ANSI.search(pretty)
    assert "server.stopped" in ANSI.sub("", pretty)
    with opened("auto") as lines:
        operator_log.stopped()
        (line,) = lines()
    assert json.loads(line)["event"] == "server.stopped"


def test_events_below_the_level_are_not_written() -> None:
    with opened("json", "warning") as lines:
        operator_log.stopped()
        operator_log.store_failed("damaged")
        written = lines()
    assert [json.loads(line)["event"] for line in written] == ["store.failed"]


def test_a_record_of_a_library_loses_its_text_and_keeps_its_place() -> None:
    with opened("json") as lines:
        try:
            dict[str, str]()["MARKER"]
        except KeyError:
            logging.getLogger("asyncio").exception("lost %s", "MARKER")
        logging.getLogger("somebody").log(25, "MARKER")
        written = lines()
    assert not [line for line in written if "MARKER" in line]
    failed, odd = map(json.loads, written)
    assert (failed["event"], failed["logger"], failed["level"]) == ("library.logged", "asyncio", "error")
    assert failed["error"] == "KeyError"
    assert failed["location"].startswith("test_operator_log:")
    assert failed["frames"][-1].startswith(f"{__name__}:")
    assert odd["level"] == "info"


@pytest.mark.parametrize("style", ["json", "console"])
def test_a_traceback_never_shows_local_variables(style: str) -> None:
    with opened(style) as lines:
        try:
            secret = "MAR" + "KER"
            raise RuntimeError(len(secret))  # noqa: TRY301  # the frame must hold the variable
        except RuntimeError:
            structlog.get_logger().error("a.test", exc_info=True)  # as somebody might
        written = lines()
    assert written
    assert "MARKER" not in "".join(written)


def test_a_warning_of_python_loses_its_text() -> None:
    with opened("json") as lines:
        logging.getLogger("py.warnings").warning("%s", "MARKER")
        (line,) = lines()
    assert json.loads(line)["logger"] == "py.warnings"
    assert "MARKER" not in line


@pytest.mark.parametrize("name", ["mail", "mail.log", "mail.debug", "mail.error", "uvicorn.access"])
def test_silenced_loggers_write_nothing_with_the_root_at_debug(name: str) -> None:
    with opened("json") as lines:
        logging.root.setLevel(logging.DEBUG)
        logging.getLogger(name).critical("MARKER")
        assert lines() == []


@pytest.mark.parametrize("name", ["aiosqlite", "asyncpg", "asyncio", "dkimpy"])
def test_noisy_loggers_write_no_detail_with_the_root_at_debug(name: str) -> None:
    with opened("json") as lines:
        logging.root.setLevel(logging.DEBUG)
        logging.getLogger(name).info("MARKER")
        assert lines() == []


def test_a_storm_of_library_records_is_cut() -> None:
    with opened("json") as lines:
        for _ in range(operator_log.LIBRARY_RECORDS_PER_MINUTE * 3):
            logging.getLogger("asyncio").error("again")
        # A minute may end while the records come.
        assert len(lines()) in (operator_log.LIBRARY_RECORDS_PER_MINUTE, operator_log.LIBRARY_RECORDS_PER_MINUTE * 2)


def test_where_an_error_was_raised_is_told_without_its_text() -> None:
    with pytest.raises(ValueError, match="secret") as raised:
        int("secret")
    assert re.fullmatch(rf"{re.escape(__name__)}:\d+", operator_log.raised_at(raised.value))
    assert operator_log.raised_at(ValueError("never raised")) == ""


def test_a_full_pipe_holds_up_nobody_and_drops_the_oldest_counted() -> None:
    reading, writing = os.pipe()
    told = threading.Event()
    counts: list[int] = []

    def tell(count: int) -> None:
        counts.append(count)
        told.set()

    sink = Sink(writing, tell, capacity=100)
    for number in range(2000):  # 2 MB, and nobody reads
        sink.msg(f"{number:04d} " + "x" * 1000)
    assert sink.dropped >= 2000 - 100 - 200  # those that wait, those in the pipe and in the write that blocks
    received = b""
    while b"1999 " not in received:
        received += os.read(reading, 1 << 20)
    assert told.wait(5)
    assert re.findall(rb"(\d{4}) ", received)[-100:] == [b"%d" % number for number in range(1900, 2000)]
    sink.close(5)
    assert sum(counts) == sink.dropped
    os.close(reading)
    os.close(writing)


def test_a_blocked_pipe_does_not_keep_the_log_from_closing() -> None:
    reading, writing = os.pipe()
    sink = Sink(writing, lambda _: None)
    for _ in range(200):
        sink.msg("x" * 1000)
    sink.close(timeout=0.05)
    assert sink._thread.is_alive()
    while sink._thread.is_alive():
        os.read(reading, 1 << 20)
        sink.close(timeout=0.05)
    os.close(reading)
    os.close(writing)


def test_a_reader_that_went_away_is_survived_and_counted() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    sink = Sink(writing, lambda _: None)
    sink.msg("lost")
    sink.close(5)
    assert sink.dropped == 1
    os.close(writing)


def test_dropped_events_are_told_in_the_log() -> None:
    with opened("json") as lines:
        operator_log.events_dropped(7)
        (line,) = lines()
    assert json.loads(line) | {"timestamp": ""} == {
        "timestamp": "",
        "level": "warning",
        "event": "log.dropped",
        "count": 7,
    }
