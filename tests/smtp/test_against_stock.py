"""Random dialogues with the library's own class and with ours: the same replies, the same messages, byte for byte."""

from __future__ import annotations

import asyncio
import os
import random
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import aiosmtpd.smtp
import pytest
from fuzz.virtual_smtp import VirtualClient, VirtualLoop
from smtp.random_dialogues import Dialogue, random_dialogue
from smtp.smtp_fakes import NOW, QUICK, FakeJourney, RecordingEvents
from smtp.stock_differences import DIFFERENCES, Difference

from gateway.core.model import Answer, Envelope, Peer, Recipient
from gateway.smtp import replies
from gateway.smtp.data import DataReader
from gateway.smtp.replies import Reply
from gateway.smtp.server import silence_library
from gateway.smtp.session import GatewaySMTP
from gateway.smtp.shared import Shared

SIZE = 60_000
NO_END = 10**9
LIMITS = replace(
    QUICK,
    message_size=SIZE,
    errors=NO_END,
    unknown_commands=NO_END,
    unknown_recipients=NO_END,
    commands_base=NO_END,
    messages=NO_END,
)
"""What a session may use up is no matter of this comparison."""
PEER = Peer("192.0.2.1")
PATIENCE = 100_000
"""Turns of the loop, after which a session is no more believed to end."""

Taken = tuple[str, list[str], bytes]
"""Reverse-path, recipients, content."""

class Taking(FakeJourney):
    """Takes messages whose content doesn't say otherwise."""

    async def message(self, envelope: Envelope, raw: bytes) -> Answer:
        if b"Fault" in raw:
            raise RuntimeError
        return await super().message(envelope, raw)

    def taken(self) -> list[Taken]:
        return [(e.mail_from, [r.address for r in e.recipients], raw) for e, raw in self.messages]


class StockHandler:
    """Asks the same journey on behalf of the library's class."""

    def __init__(self, journey: Taking) -> None:
        self.journey = journey

    async def handle_RCPT(self, _: Any, __: Any, envelope: Any, address: str, ___: Any) -> str:  # noqa: N802
        found = await self.journey.recipient(PEER, address)
        if isinstance(found, str):
            return f"{replies.refusal(found).code} no"
        if address not in envelope.rcpt_tos:
            envelope.rcpt_tos.append(address)
        return "250 yes"

    async def handle_DATA(self, _: Any, __: Any, envelope: Any) -> str:  # noqa: N802
        found = [await self.journey.recipient(PEER, address) for address in envelope.rcpt_tos]
        recipients = tuple(r for r in found if isinstance(r, Recipient))
        mail_from = envelope.mail_from.removeprefix("<>")
        answer = await self.journey.message(Envelope("t", PEER, mail_from, recipients, NOW), envelope.content)
        return f"{replies.refusal(answer.reason).code if answer.reason else 250} so"


class Stock(aiosmtpd.smtp.SMTP):
    line_length_limit = 1 << 20


def stock(journey: Taking) -> asyncio.Protocol:
    silence_library()
    handler = StockHandler(journey)
    options = {"hostname": "mx.example", "ident": "ESMTP", "data_size_limit": SIZE, "enable_SMTPUTF8": True}
    session: asyncio.Protocol = Stock(handler, loop=asyncio.get_running_loop(), **options)
    return session


def ours(journey: Taking) -> asyncio.Protocol:
    return GatewaySMTP(Shared(journey, RecordingEvents(), LIMITS, "mx.example", None, lambda: NOW))


def play(
    loop: VirtualLoop, session: Callable[[Taking], asyncio.Protocol], dialogue: Dialogue
) -> tuple[list[int], list[Taken]]:
    """The codes of all replies after the greeting, and what was delivered."""
    journey = Taking()
    client = VirtualClient(loop, lambda: session(journey), "192.0.2.1")

    async def speak() -> None:
        for segment, turns in dialogue.segments:
            client.unread += segment
            loop.call_soon(client._pump)
            for _ in range(turns):
                await asyncio.sleep(0)
        for _ in range(PATIENCE):
            if b"\r\n221 " in client.wire.said:
                return
            await asyncio.sleep(0)
        raise AssertionError(client.said[-200:])

    try:
        loop.finish(speak())
    finally:
        client.leave()
        loop.pass_time(LIMITS.linger)
    codes = [int(reply[:3]) for reply in client.said.split(b"\r\n") if reply[3:4] == b" "]
    assert codes[0] == 220
    return codes[1:], journey.taken()


def asked(stream: bytes, codes: list[int]) -> Iterator[bytes]:
    """What each of the replies answers: a line without its end, or a message with its end marker."""
    in_data = False
    for code in codes:
        if in_data:
            end = (b"\r\n" + stream).index(b"\r\n.\r\n") + 3
            yield b"\r\n" + stream[:end]
            stream = stream[end:]
        else:
            text, _, stream = stream.partition(b"\n")
            yield text.removesuffix(b"\r")
        in_data = code == 354


def compare(loop: VirtualLoop, dialogue: Dialogue, met: Counter[Difference]) -> int:
    """Asserts that nothing but the known differences shows; counts them. Returns the number of messages."""
    (stock_codes, stock_taken), (codes, taken) = play(loop, stock, dialogue), play(loop, ours, dialogue)
    for text, theirs, our in zip(asked(dialogue.stream, codes), stock_codes, codes, strict=False):
        known = [d for d in DIFFERENCES if d.covers(text, theirs, our)]
        assert theirs == our or known, (text[-300:], theirs, our)
        met.update(known if theirs != our else ())
    assert len(codes) == len(stock_codes)
    assert taken == stock_taken
    return len(taken)


@pytest.fixture
def loop(monkeypatch: pytest.MonkeyPatch) -> Iterator[VirtualLoop]:
    monkeypatch.setattr(aiosmtpd.smtp, "BOGUS_LIMIT", NO_END)
    virtual = VirtualLoop()
    yield virtual
    assert not virtual.faults, virtual.faults
    virtual.close()


def test_random_dialogues_are_those_of_the_library_but_for_the_known_differences(loop: VirtualLoop) -> None:
    chance = random.Random(20260322)
    assert sum(compare(loop, random_dialogue(chance), Counter()) for _ in range(100)) > 100


@pytest.mark.prove
def test_thousands_of_them_are_too_and_no_difference_is_listed_that_never_shows(loop: VirtualLoop) -> None:
    seed = int(os.environ.get("SEED") or random.SystemRandom().randrange(1 << 32))
    print(f"SEED={seed}")
    chance, met = random.Random(seed), Counter[Difference]()
    messages = sum(compare(loop, random_dialogue(chance), met) for _ in range(2000))
    print(f"2000 dialogues, {messages} messages, {met.total()} differences on purpose")
    assert [d.why for d in DIFFERENCES if not met[d]] == []


def _find_end(self: DataReader, start: int, real: Callable[..., int] = DataReader._find_end) -> int:
    return real(self, start + 4)


def _feed(self: DataReader, chunk: bytes, real: Callable[..., bytes | None] = DataReader.feed) -> bytes | None:
    rest = real(self, chunk)
    return rest and rest[1:]


async def _push(self: GatewaySMTP, status: Reply | str, real: Callable[..., Any] = GatewaySMTP.push) -> None:
    before, self._unsent = self._unsent, b""
    await real(self, status)
    self._unsent += before


@pytest.mark.parametrize(
    ("owner", "name", "broken"),
    [
        pytest.param(DataReader, "_unstuff", lambda self, end: setattr(self, "_plain", end), id="stuffing stays"),
        pytest.param(DataReader, "_find_end", _find_end, id="an end marker in two segments isn't seen"),
        pytest.param(DataReader, "feed", _feed, id="the byte behind a message is lost"),
        pytest.param(GatewaySMTP, "_set_rset_state", lambda self: None, id="a transaction isn't forgotten"),
        pytest.param(GatewaySMTP, "push", _push, id="replies overtake each other"),
    ],
)
def test_what_is_broken_shows(
    loop: VirtualLoop, monkeypatch: pytest.MonkeyPatch, owner: type, name: str, broken: Callable[..., Any]
) -> None:
    monkeypatch.setattr(owner, name, broken)
    chance = random.Random(20260322)
    dialogues = [random_dialogue(chance) for _ in range(100)]
    with pytest.raises(AssertionError):
        sum(compare(loop, dialogue, Counter()) for dialogue in dialogues)
