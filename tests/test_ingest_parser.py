"""Large and odd mail on its journey: the loop goes on, and whatever becomes of the parser process, nothing leaks."""

from __future__ import annotations

import asyncio
import base64
import os
import sys
import threading
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from types import FrameType

import pytest
from fakes import parser_work as work
from fakes.deliveries import ANA, BCC, BOB, EVE, KEY, KEYED, NOON, RELAY, mail
from fakes.gateway import Clock, counting_ids, empty_database
from fakes.scan import breaches, found
from fakes.seen import seen
from fakes.world import World, load_world, seed

from gateway.authenticate import Authenticator
from gateway.core import charsets
from gateway.core.cases import Setting
from gateway.core.limits import DkimLimits, ParserLimits, ReadingLimits
from gateway.core.message import read
from gateway.core.model import Envelope, Outcome, Recipient
from gateway.ingest import Ingest
from gateway.parser import Parser
from storage.interface import Store
from storage.open import open_store
from storage.plan import ask
from storage.sealing import Sealing

WORDS = "vermilion lighthouse"
HARMLESS, DEADLY = ParserLimits(wall=60), ParserLimits(memory=70_000_000, wall=60)
"""In the second, there is room for the program but not for a large message."""


@asynccontextmanager
async def journey(tmp_path: Path, limits: ParserLimits, world: World) -> AsyncIterator[tuple[Ingest, Store, Parser]]:
    empty_database(tmp_path / "gateway.db", tmp_path / "template.db")
    store = await open_store(tmp_path / "gateway.db", KEY, counting_ids(Clock()))
    parser = Parser(limits, lambda *_: None)
    try:
        await store.change(seed(world, KEYED))
        await parser.start()
        setting, ids = Setting("log.example", "gw.log.example", KEYED, ReadingLimits()), counting_ids(Clock())
        authenticator = Authenticator(None, DkimLimits())
        yield Ingest(store, setting, Sealing(KEY), authenticator, 30, ids, Clock(), parser), store, parser
    finally:
        await parser.close()
        await store.close()


async def envelope(ingest: Ingest, to: str) -> Envelope:
    peer = await ingest.peer("127.0.0.1")
    recipient = await ingest.recipient(peer, to)
    assert isinstance(recipient, Recipient)
    return Envelope(ingest.new_trace_id(), peer, ANA, (recipient,), NOON)


def large(size: int = 20_000_000, **fields: str) -> bytes:
    """A text of a few words, an attached message that names somebody listed, and a large file."""
    raw = mail(ANA, BOB, MIME_Version="1.0", Content_Type='multipart/mixed; boundary="b"', text="")
    line = base64.b64encode(os.urandom(57)) + b"\r\n"
    parts = [
        f"--b\r\n\r\n{WORDS}\r\n--b\r\nContent-Type: message/rfc822\r\n\r\n".encode(),
        mail("carla@client.example", fields.get("inner", BOB), text="Inner."),
        b"--b\r\nContent-Type: application/pdf\r\nContent-Transfer-Encoding: base64\r\n\r\n",
        line * (size // len(line)),
        b"--b--\r\n",
    ]
    return raw + b"".join(parts)


def without_list() -> World:
    return World(**{**vars(load_world()), "never_log": ()})


async def test_a_large_message_is_logged_as_any_other(tmp_path: Path) -> None:
    async with journey(tmp_path, HARMLESS, load_world()) as (ingest, store, _):
        answer = await ingest.message(await envelope(ingest, BCC), large(1_000_000))
        assert answer.outcomes == (Outcome.LOGGED,)
        [(text,)] = await store.read(ask("SELECT text FROM activity"))
        assert str(text).strip() == WORDS
    assert found(tmp_path, WORDS) == {WORDS}
    assert breaches(tmp_path / "gateway.db") == []


async def test_what_could_not_be_read_leaves_nothing_where_there_is_a_list(tmp_path: Path) -> None:
    """N35: the process ran out of memory before anybody was seen who is named inside."""
    async with journey(tmp_path, DEADLY, load_world()) as (ingest, store, _):
        answer = await ingest.message(await envelope(ingest, BCC), large(inner=EVE))
        assert answer.outcomes == (Outcome.SKIPPED,)
        assert await store.read(ask("SELECT reason FROM decision")) == [("participants.unparsable",)]
    assert found(tmp_path, WORDS, "one@mail.example", "carla@client.example") == set()


@pytest.mark.parametrize("to", [BCC, RELAY])
async def test_without_a_list_it_is_decided_by_its_header(tmp_path: Path, to: str) -> None:
    world = without_list().with_settings(rule="log_all_and_create")
    async with journey(tmp_path, DEADLY, world) as (ingest, store, _):
        answer = await ingest.message(await envelope(ingest, to), large())
        assert answer.outcomes == (Outcome.LOGGED,)
        assert await store.read(ask("SELECT text FROM activity")) == [("",)]
    assert found(tmp_path, WORDS) == {WORDS}, "the raw message has it all"


async def test_the_same_bytes_again_meet_the_first_decision(tmp_path: Path) -> None:
    """Read by its header or as a whole: one message."""
    raw = large()
    async with journey(tmp_path, DEADLY, without_list()) as (ingest, store, _):
        first = await envelope(ingest, BCC)
        assert (await ingest.message(first, raw)).outcomes == (Outcome.LOGGED,)
        ingest._parser = None
        assert (await ingest.message(first, raw)).outcomes == (Outcome.MERGED,)
        assert len(await store.read(seen("us"))) == 1


async def test_a_process_that_is_killed_defers_the_message(tmp_path: Path) -> None:
    """F17: nothing in the message is to blame, so it may come again; then it is logged once."""
    raw = large(1_000_000)
    async with journey(tmp_path, HARMLESS, load_world()) as (ingest, store, parser):
        sent = await envelope(ingest, BCC)
        process_id = await parser.run(work.process_id, b"")
        os.kill(process_id, 19)
        waiting = asyncio.create_task(ingest.message(sent, raw))
        await asyncio.sleep(0.05)
        os.kill(process_id, 9)
        assert (await waiting).reason == "smtp.store_unavailable"
        assert await store.read(seen("us")) == []
        assert (await ingest.message(sent, raw)).outcomes == (Outcome.LOGGED,)
        assert len(await store.read(seen("us"))) == 1


async def test_the_loop_never_reads_a_large_message(tmp_path: Path) -> None:
    """What runs in the loop's thread while 25 MB are decided, and how long it is held up by it."""
    raw, called = large(25_000_000), set[str]()
    loop_thread = threading.get_ident()

    def note(frame: FrameType, event: str, _: object) -> None:
        if event == "call" and threading.get_ident() == loop_thread:
            called.add(frame.f_globals.get("__name__", ""))

    async with journey(tmp_path, HARMLESS, load_world()) as (ingest, _, _):
        sent = await envelope(ingest, BCC)
        ticking = asyncio.create_task(_longest_hold())
        await asyncio.sleep(0)
        sys.setprofile(note)
        try:
            answer = await ingest.message(sent, raw)
        finally:
            sys.setprofile(None)
        ticking.cancel()
        held_up = await ticking
    assert answer.outcomes == (Outcome.LOGGED,)
    print(f"the loop's thread worked for {held_up * 1000:.0f} ms at most without a break")
    core = {name.removeprefix("gateway.core.") for name in called if name.startswith("gateway.core.")}
    values = {"model", "claims", "delivery", "questions", "results", "keyed_hash", "thread_names"}
    assert core <= values, "values of theirs are made"
    assert "storage.content" not in called


async def _longest_hold() -> float:
    """CPU seconds of this thread between two turns of the loop: the machine may be busy with others."""
    longest, last = 0.0, time.thread_time()
    try:
        while True:
            await asyncio.sleep(0.005)
            longest, last = max(longest, time.thread_time() - last), time.thread_time()
    except asyncio.CancelledError:
        return longest


async def test_a_charset_is_guessed_by_the_parser_process_and_never_in_the_loop(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def guessed(*_: object, **__: object) -> object:
        raise AssertionError("guessed in this process")

    text = "Grüße aus München, schöne Überraschung.\r\n".encode("latin-1")
    raw = mail(ANA, BOB, text="").rstrip() + b"\r\n\r\n" + text
    async with journey(tmp_path, HARMLESS, without_list()) as (ingest, store, _):
        with pytest.raises(charsets.GuessNeeded), charsets.without_guesses():
            read(raw)
        assert read(raw).text.startswith("Grüße")
        monkeypatch.setattr(charsets.chardet, "detect", guessed)
        answer = await ingest.message(await envelope(ingest, BCC), raw)
        assert answer.outcomes == (Outcome.LOGGED,)
        assert (await store.read(ask("SELECT text FROM activity")))[0][0].startswith("Grüße aus München")
