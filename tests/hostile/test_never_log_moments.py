"""The never-log list counts as it is when a message is decided, and what it kept out stays out."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from fakes.deliveries import ANA, BCC, BOB, KEYED, NOON, Delivery, mail
from fakes.gateway import Gateway, counting_ids, gateway
from fakes.scan import found
from fakes.world import load_world

from gateway import ingest
from gateway.core.decision import Decision
from gateway.core.facts import Facts
from gateway.core.questions import Case
from storage import reads
from storage.administration import never_log
from storage.administration.act import Act

KIM, SECRET = "kim@client.example", "a-word-of-its-own"


@pytest.fixture
async def running(tmp_path: Path) -> AsyncIterator[Gateway]:
    async with gateway(tmp_path / "gateway.db", tmp_path / "template", load_world()) as started:
        yield started


ACT = Act("test", NOON, counting_ids(lambda: NOON - 1), KEYED)


async def add(running: Gateway, pattern: str = KIM) -> None:
    await running.store.change(never_log.add(ACT, "us", pattern, "message"))


def to_kim(ident: str = "one") -> Delivery:
    return Delivery(mail(ANA, KIM, SECRET, message_id=ident, text=SECRET), [BCC], ANA)


async def reasons(running: Gateway) -> list[str]:
    return [d.reason for d in await running.store.read(reads.latest(9, reads.Filter()))]


async def test_an_entry_made_while_the_message_is_received_counts(running: Gateway, tmp_path: Path) -> None:
    """N33: within DATA."""
    reader, writer = await asyncio.open_connection("127.0.0.1", running.port)
    await reader.readline()
    for line in ("HELO client.example", f"MAIL FROM:<{ANA}>", f"RCPT TO:<{BCC}>", "DATA"):
        writer.write(f"{line}\r\n".encode())
        assert (await reader.readline())[:3] in (b"250", b"354")
    raw = to_kim().raw
    writer.write(raw[: len(raw) // 2])
    await writer.drain()
    await add(running)
    writer.write(raw[len(raw) // 2 :] + b"\r\n.\r\n")
    assert (await reader.readline()).startswith(b"250")
    writer.close()
    assert await reasons(running) == ["never_log.address"]
    assert found(tmp_path, SECRET) == set()


async def test_an_entry_made_between_reading_and_deciding_counts(running: Gateway, tmp_path: Path) -> None:
    """N33: while DNS is asked, and up to the transaction."""
    prepare = running.ingest.prepare

    async def with_entry(opened: Any) -> ingest.Prepared:  # what prepare takes
        prepared = await prepare(opened)
        await add(running)
        return prepared

    running.ingest.prepare = with_entry  # type: ignore[method-assign]  # the barrier
    assert (await running.send(to_kim()))[0] == 250
    assert await reasons(running) == ["never_log.address"]
    assert found(tmp_path, SECRET) == set()


async def test_no_entry_is_made_between_facts_and_commit(
    running: Gateway, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """N33: the list is read in the transaction that writes, so an entry comes before the facts or after the row."""
    tried: list[str] = []
    decide: Callable[[Case, Facts], Decision] = ingest.decide

    def while_somebody_writes(case: Case, facts: Facts) -> Decision:
        other = sqlite3.connect(tmp_path / "gateway.db", timeout=0, isolation_level=None)
        try:
            other.execute("DELETE FROM never_log_entry")
        except sqlite3.OperationalError as error:
            tried.append(str(error))
        finally:
            other.close()
        return decide(case, facts)

    monkeypatch.setattr(ingest, "decide", while_somebody_writes)
    await running.send(to_kim())
    assert tried == ["database is locked"]
    await add(running)
    await running.send(to_kim("two"))
    assert await reasons(running) == ["explicit.bcc", "never_log.address"]


async def test_without_the_entry_a_repeat_still_finds_its_row_and_brings_no_content(
    running: Gateway, tmp_path: Path
) -> None:
    """N37: removing an entry logs nothing afterwards."""
    await add(running)
    assert (await running.send(to_kim()))[0] == 250
    await running.store.change(never_log.remove(ACT, "us", KIM))
    assert (await running.send(to_kim()))[0] == 250
    [decision] = await running.store.read(reads.latest(9, reads.Filter()))
    assert (decision.reason, decision.deliveries) == ("never_log.address", 2)
    assert found(tmp_path, SECRET) == set()
    assert (await running.send(to_kim("two")))[0] == 250
    assert found(tmp_path, SECRET) == {SECRET}


async def test_an_entry_made_later_leaves_what_was_logged(running: Gateway, tmp_path: Path) -> None:
    """N37: activities change by an explicit act only."""
    await running.send(Delivery(mail(ANA, f"{BOB}, {KIM}", SECRET), [BCC], ANA))
    await add(running)
    await running.send(to_kim("two"))
    assert await reasons(running) == ["explicit.bcc", "never_log.address"]
    assert found(tmp_path, SECRET) == {SECRET}
