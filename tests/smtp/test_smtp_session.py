"""Sessions over real sockets: what the dialogues of fixtures/dialogs can't show."""

import asyncio
import logging
import re
import socket
import time
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from smtp_fakes import (
    KEY,
    NOW,
    QUICK,
    Client,
    FakeJourney,
    RecordingEvents,
    Running,
    client_context,
    serving,
    stuffed,
    until,
)

from gateway.smtp import replies
from gateway.smtp.data import DataReader
from gateway.smtp.handler import Handler
from gateway.smtp.replies import Reply
from gateway.smtp.shared import Shared

MESSAGE = b"From: a@example.com\r\nSubject: x\r\n\r\n.dot\r\n\r\ntext\r\n"
TRANSACTION = f"MAIL FROM:<a@example.com>\r\nRCPT TO:<{KEY}>\r\nDATA\r\n".encode()
ACCEPTED = re.compile(rb"250 2\.0\.0 Accepted trace[0-9]+")
CONSTANT = {value.wire for value in vars(replies).values() if isinstance(value, Reply)}
EHLO = [
    b"250-mx.example",
    b"250-SIZE 26214400",
    b"250-8BITMIME",
    b"250-SMTPUTF8",
    b"250-PIPELINING",
    b"250-ENHANCEDSTATUSCODES",
    b"250 HELP",
]


def of_the_table(line: bytes) -> bool:
    known = line + b"\r\n" in CONSTANT or line in EHLO or line in (b"220 mx.example ESMTP", b"250 mx.example")
    return known or ACCEPTED.fullmatch(line) is not None


async def talk(running: Running, segments: list[bytes]) -> bytes:
    """Everything the server says to these segments followed by a half-close."""
    client = await running.connect()
    client.writer.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    for segment in segments:
        try:
            await client.send(segment)
        except ConnectionError:
            break
        await asyncio.sleep(0)
    if not client.writer.is_closing():
        client.writer.write_eof()
    said = await client.rest()
    await client.close()
    return said


# What arrives


async def test_the_journey_is_told_envelope_and_bytes() -> None:
    async with serving() as running:
        client = await running.greeted()
        await client.say("MAIL FROM:<>")
        await client.say("RCPT TO:<key1@bcc.example>")
        await client.say("RCPT TO:<key2@bcc.example>")
        await client.say("RCPT TO:<key1@bcc.example>")
        await client.say("DATA")
        await client.send(stuffed(MESSAGE))
        assert await client.reply() == "250 2.0.0 Accepted trace1"
        envelope, raw = running.journey.messages[0]
        assert raw == MESSAGE
        assert envelope.mail_from == ""
        assert [r.address for r in envelope.recipients] == ["key1@bcc.example", "key2@bcc.example"]
        assert (envelope.trace_id, envelope.received_at) == ("trace1", NOW)
        assert (envelope.peer.ip, envelope.peer.tls) == ("127.0.0.1", False)
        await client.close()


PIECES = st.sampled_from([b".", b"\r\n", b"\r", b"\n", b"\0", b"\xff", b"\r\n.", b"\n.\n", b"\r.\r\n", b"word " * 500])


async def test_content_arrives_byte_for_byte_in_any_segments() -> None:
    async with serving() as running:

        @settings(max_examples=40, deadline=None)
        @given(st.lists(PIECES, max_size=12).map(b"".join), st.lists(st.integers(1, 400), min_size=1, max_size=5))
        async def check(raw: bytes, sizes: list[int]) -> None:
            raw += b"" if raw.endswith(b"\r\n") or not raw else b"\r\n"
            stream = b"EHLO client.example\r\n" + TRANSACTION + stuffed(raw) + b"QUIT\r\n"
            said = await talk(running, cut(stream, sizes))
            assert said.endswith(b"221 2.0.0 Bye\r\n")
            assert running.journey.messages.pop()[1] == raw
            assert running.server._shared.budget.used == 0

        await in_thread(check)


def cut(stream: bytes, sizes: list[int]) -> list[bytes]:
    segments, at = [], 0
    for n in range(len(stream)):
        size = sizes[n % len(sizes)]
        segments.append(stream[at : at + size])
        at += size
        if at >= len(stream):
            break
    return segments


async def in_thread(check: Callable[[], object]) -> None:
    """Run a property whose body is a coroutine of this loop: hypothesis itself is not asynchronous."""
    loop = asyncio.get_running_loop()
    body = check.hypothesis.inner_test  # type: ignore[attr-defined]

    def on_loop(*args: object, **kwargs: object) -> object:
        return asyncio.run_coroutine_threadsafe(body(*args, **kwargs), loop).result(30)

    check.hypothesis.inner_test = on_loop  # type: ignore[attr-defined]
    await asyncio.to_thread(check)


LINES = [
    b"EHLO client.example",
    b"HELO client.example",
    b"MAIL FROM:<a@example.com>",
    b"MAIL FROM:<> SIZE=9999999999",
    f"RCPT TO:<{KEY}>".encode(),
    b"RCPT TO:<nobody@bcc.example>",
    b"RCPT TO:<broken@bcc.example>",
    b"RCPT TO:<x@elsewhere.example>",
    b"DATA",
    b"DATA x",
    b"text",
    b".",
    b"Answer: smtp.malformed",
    b"RSET",
    b"NOOP",
    b"HELP",
    b"VRFY x",
    b"EXPN x",
    b"AUTH PLAIN",
    b"STARTTLS",
    b"QUIT",
    b"",
    b"\xff\xfe\x00",
    b"MAIL FROM:<\r>",
    b"x" * 3000,
]


async def test_any_commands_in_any_segments_give_the_same_replies_all_of_the_table() -> None:
    async with serving(errors=12, unknown_recipients=10_000) as running:

        @settings(max_examples=60, deadline=None)
        @given(
            st.lists(st.sampled_from(LINES) | st.binary(max_size=30), max_size=25),
            st.lists(st.integers(1, 90), min_size=1, max_size=5),
        )
        async def check(lines: list[bytes], sizes: list[int]) -> None:
            stream = b"".join(line + b"\r\n" for line in lines)
            whole = await talk(running, [stream])
            segmented = await talk(running, cut(stream, sizes))
            assert nameless(whole) == nameless(segmented)
            said = whole.split(b"\r\n")
            assert said.pop() == b""
            assert [line for line in said if not of_the_table(line)] == []

        await in_thread(check)


def nameless(said: bytes) -> bytes:
    return re.sub(rb"trace[0-9]+", b"trace", said)


# What is said of us


async def test_a_fault_of_ours_is_temporary_and_says_nothing_of_itself() -> None:
    async with serving(FakeJourney(fault=ValueError("secret"))) as running:
        client = await running.greeted()
        assert await client.deliver(MESSAGE) == "451 4.3.0 Temporary failure, try again later"
        assert ("internal_error", "ValueError") in running.events.seen
        assert ("message_deferred", "trace1", "smtp.store_unavailable", "ValueError") in running.events.seen
        running.journey.fault = None
        assert await client.deliver(MESSAGE) == "250 2.0.0 Accepted trace2"
        await client.close()


@pytest.mark.parametrize("fault", [MemoryError(), asyncio.CancelledError(), TimeoutError(), ConnectionResetError()])
async def test_whatever_ends_a_journey_the_session_lives(fault: BaseException) -> None:
    async with serving(FakeJourney(fault=fault)) as running:
        client = await running.greeted()
        assert (await client.deliver(MESSAGE))[:3] == "451"
        assert await client.say("NOOP") == "250 2.0.0 OK"
        await client.close()


async def test_an_unexpected_error_in_a_command_is_temporary(monkeypatch: pytest.MonkeyPatch) -> None:
    async with serving() as running:
        client = await running.greeted()
        monkeypatch.setattr(running.journey, "new_trace_id", lambda: 1 / 0)
        assert await client.say("MAIL FROM:<a@example.com>") == "451 4.3.0 Temporary failure, try again later"
        assert ("internal_error", "ZeroDivisionError") in running.events.seen
        await client.close()


async def test_while_the_client_cannot_be_identified_mail_is_deferred() -> None:
    async with serving(FakeJourney(peer_fault=OSError("down"))) as running:
        client = await running.greeted()
        assert await client.say("MAIL FROM:<a@example.com>") == "451 4.3.0 Temporary failure, try again later"
        running.journey.peer_fault = None
        assert (await client.deliver(MESSAGE))[:3] == "250"
        await client.close()


async def test_no_log_line_holds_content_even_at_debug(caplog: pytest.LogCaptureFixture) -> None:
    asyncio.get_running_loop().set_debug(True)
    try:
        with caplog.at_level(logging.DEBUG):
            async with serving(FakeJourney(fault=ValueError("marker-in-error"))) as running:
                client = await running.greeted("EHLO marker.example")
                await client.say("MAIL FROM:<marker@example.com>")
                await client.say(f"RCPT TO:<{KEY}>")
                await client.say("DATA")
                await client.send(stuffed(b"Subject: marker\r\n\r\nmarker\r\n"))
                await client.reply()
                client.reset()
    finally:
        asyncio.get_running_loop().set_debug(False)
    assert running.journey.messages
    assert "marker" not in caplog.text
    assert all(logging.getLogger(name).disabled for name in ("mail", "mail.log", "mail.debug"))


async def test_large_messages_that_end_at_once_leave_others_a_turn_between_any_two(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    turn, copied_in = 0, list[int]()

    def content(self: DataReader, real: Callable[[DataReader], bytes | Reply] = DataReader.content) -> bytes | Reply:
        copied_in.append(turn)
        return real(self)

    async def deliver() -> None:
        handler = Handler(shared, "192.0.2.1")
        await handler.mail("FROM:<a@example.com>", extended=True)
        await handler.rcpt(f"TO:<{KEY}>", extended=True)
        assert handler.transaction is not None
        data = DataReader(10**6, handler.transaction.holding)
        data.feed(b"x" * 300_000 + b"\r\n.\r\n")
        assert (await handler.message(data)).code == 250

    monkeypatch.setattr(DataReader, "content", content)
    shared = Shared(FakeJourney(), RecordingEvents(), QUICK, "mx.example", None, lambda: NOW)
    delivering = [asyncio.create_task(deliver()) for _ in range(5)]
    while not all(task.done() for task in delivering):
        turn += 1
        await asyncio.sleep(0)
    assert len(set(copied_in)) == 5
    await asyncio.gather(*delivering)


# Clients that leave

STATES = {
    "connected": b"",
    "greeted": b"EHLO client.example\r\n",
    "in a command": b"EHLO client.example\r\nMAIL FR",
    "in a transaction": b"EHLO client.example\r\nMAIL FROM:<a@example.com>\r\n",
    "in data": b"EHLO client.example\r\n" + TRANSACTION + b"From: a@exam",
    "at half an end marker": b"EHLO client.example\r\n" + TRANSACTION + b"text\r\n.",
}


@pytest.mark.parametrize("way", ["close", "half-close", "reset"])
@pytest.mark.parametrize("state", STATES)
async def test_a_client_may_leave_at_any_state(state: str, way: str) -> None:
    async with serving() as running:
        client = await running.connect()
        await client.reply()
        await client.send(STATES[state])
        await asyncio.sleep(0.01)
        await leave(client, way)
        await until(lambda: not running.server._shared.sessions)
        assert running.journey.messages == []
        assert running.server._shared.budget.used == 0
        assert running.events.seen[-1] == ("closed", "lost")
        await client.close()


async def test_what_came_with_the_end_of_the_stream_is_answered_to_its_last_word() -> None:
    async with serving(FakeJourney(gate=asyncio.Event())) as running:
        client = await running.greeted()
        await client.send((TRANSACTION + stuffed(MESSAGE)) * 2 + b"QUIT\r\n")
        client.writer.write_eof()
        await running.journey.begun.wait()
        assert running.journey.gate is not None
        running.journey.gate.set()
        assert re.findall(rb"^(250 2.0.0 Accepted|221)", await client.rest(), re.MULTILINE) == [
            b"250 2.0.0 Accepted", b"250 2.0.0 Accepted", b"221",
        ]  # fmt: skip
        assert "internal_error" not in running.events.names()
        await client.close()


async def test_a_message_whose_stream_has_ended_is_not_waited_for() -> None:
    async with serving() as running:
        client = await running.connect()
        await client.send(b"EHLO client.example\r\n" + TRANSACTION + b"From: a@exam")
        client.writer.write_eof()
        assert (await client.rest()).endswith(b"354 End data with <CR><LF>.<CR><LF>\r\n")
        await until(lambda: not running.server._shared.sessions, 2)
        assert running.server._shared.budget.used == 0
        await client.close()


async def leave(client: Client, way: str) -> None:
    if way == "half-close":
        client.writer.write_eof()
    elif way == "reset":
        client.reset()
    else:
        await client.close()


@pytest.mark.parametrize("way", ["close", "half-close", "reset"])
async def test_a_journey_that_runs_is_finished_whatever_the_client_does(way: str) -> None:
    async with serving(FakeJourney(gate=asyncio.Event())) as running:
        client = await running.greeted()
        await client.to_data()
        await client.send(stuffed(MESSAGE))
        await running.journey.begun.wait()
        await leave(client, way)
        if way == "reset":
            await until(lambda: not running.server._shared.sessions)
        assert running.server._shared.budget.used > 0
        assert running.journey.gate is not None
        running.journey.gate.set()
        await until(lambda: running.journey.finished == 1)
        await until(lambda: running.server._shared.budget.used == 0)
        if way == "half-close":
            assert await client.rest() == b"250 2.0.0 Accepted trace1\r\n"
        await client.close()


async def test_an_error_after_the_client_left_is_told_to_operators_only(caplog: pytest.LogCaptureFixture) -> None:
    journey = FakeJourney(gate=asyncio.Event(), fault=ValueError("secret"))
    async with serving(journey) as running:
        client = await running.greeted()
        await client.to_data()
        await client.send(stuffed(MESSAGE))
        await journey.begun.wait()
        client.reset()
        await until(lambda: not running.server._shared.sessions)
        assert journey.gate is not None
        journey.gate.set()
        await until(lambda: "internal_error" in running.events.names())
    assert caplog.text == ""


# Time


async def test_the_time_for_commands_does_not_run_while_a_message_is_decided() -> None:
    async with serving(FakeJourney(gate=asyncio.Event()), command_wait=0.2, data_silence=0.2) as running:
        client = await running.greeted()
        await client.to_data()
        await client.send(stuffed(MESSAGE))
        await running.journey.begun.wait()
        await asyncio.sleep(0.5)
        assert running.journey.gate is not None
        running.journey.gate.set()
        assert await client.reply() == "250 2.0.0 Accepted trace1"
        assert await client.reply() == "421 4.4.2 Timeout"
        await client.close()


@pytest.mark.parametrize("limits", [{"data": 0.2}, {"data_grace": 0.1, "data_rate": 5000}])
async def test_a_slow_message_is_cut(limits: dict[str, float]) -> None:
    async with serving(**limits) as running:
        client = await running.greeted()
        await client.to_data()
        began = time.monotonic()

        async def drip() -> None:
            while True:
                await client.send(b"x")
                await asyncio.sleep(0.01)

        dripping = asyncio.create_task(drip())
        assert await client.reply() == "421 4.4.2 Timeout"
        assert time.monotonic() - began > 0.09
        dripping.cancel()
        await asyncio.gather(dripping, return_exceptions=True)
        assert running.server._shared.budget.used == 0
        await client.close()


async def test_a_steady_message_is_not_cut_however_long_its_pauses_are_in_sum() -> None:
    async with serving(data_silence=0.4) as running:
        client = await running.greeted()
        await client.to_data()
        for _ in range(12):
            await client.send(b"x\r\n")
            await asyncio.sleep(0.05)
        await client.send(b".\r\n")
        assert await client.reply() == "250 2.0.0 Accepted trace1"
        await client.close()


async def test_a_client_that_never_reads_is_freed() -> None:
    async with serving(command_wait=0.3, linger=0.2, commands_base=10**9) as running:
        client = await running.connect()
        client.writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.reader._transport.pause_reading()  # type: ignore[attr-defined]
        client.writer.write(b"HELP\r\n" * 200_000)
        await until(lambda: "connected" in running.events.names())
        await until(lambda: not running.server._shared.sessions)
        assert running.events.seen[-1] == ("closed", "timeout")
        client.writer.transport.abort()


async def test_a_client_that_never_hangs_up_is_freed() -> None:
    async with serving(linger=0.1) as running:
        client = await running.greeted()
        assert await client.say("QUIT") == "221 2.0.0 Bye"
        await until(lambda: not running.server._shared.sessions)
        assert running.events.seen[-1] == ("closed", "quit")
        await client.close()


async def test_a_session_ends_in_time_however_busy_it_is() -> None:
    async with serving(session=0.2, commands_base=10**9) as running:
        client = await running.greeted()
        said = ""
        while said in ("", "250 2.0.0 OK"):
            said = await client.say("NOOP")
        assert said == "421 4.4.2 Timeout"
        await client.close()


async def test_a_transaction_begun_in_time_may_be_finished() -> None:
    async with serving(session=0.5) as running:
        client = await running.greeted()
        await client.say("MAIL FROM:<a@example.com>")
        await asyncio.sleep(0.6)
        await client.say(f"RCPT TO:<{KEY}>")
        await client.say("DATA")
        await client.send(b".\r\n")
        assert await client.reply() == "250 2.0.0 Accepted trace1"
        assert await client.reply() == "421 4.4.2 Timeout"
        await client.close()


# TLS


async def test_the_journey_hears_of_tls(tls: object) -> None:
    async with serving(tls=tls) as running:  # type: ignore[arg-type]
        client = await running.greeted()
        await client.say("STARTTLS")
        await client.writer.start_tls(client_context())
        await client.say("EHLO client.example")
        big = MESSAGE + b"x" * 400_000 + b"\r\n"
        assert await client.deliver(big) == "250 2.0.0 Accepted trace1"
        envelope, raw = running.journey.messages[0]
        assert envelope.peer.tls
        assert raw == big
        await client.close()


@pytest.mark.parametrize("noise", [b"garbage instead of a handshake\r\n", b"", b"\x16\x03\x01"])
async def test_a_broken_handshake_is_counted_once_and_frees_the_connection(
    tls: object, noise: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    async with serving(tls=tls, tls_handshake=0.2) as running:  # type: ignore[arg-type]
        client = await running.greeted()
        await client.say("STARTTLS")
        await client.send(noise)
        if not noise:
            await client.close()
        await until(lambda: not running.server._shared.sessions)
        assert running.events.names().count("tls_failed") == 1
        assert "internal_error" not in running.events.names()
        assert running.server._shared.connections.total == 0
        await client.close()
    assert "Traceback" not in caplog.text
