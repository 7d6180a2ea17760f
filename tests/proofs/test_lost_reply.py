"""The reply to a message gets lost, and the message comes again: there is one decision, and the second reply is 250."""

from __future__ import annotations

import asyncio
import random
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

import pytest

from gateway.clock import new_id, now
from gateway.core.keyed_hash import KeyedHash
from storage.administration import accounts, sources
from storage.administration.act import Act
from storage.open import installation_key, open_store
from tests.proofs import parameters, shifted
from tests.proofs.cutting import CUTS, CuttingProxy, Way
from tests.proofs.launched import Launched
from tests.proofs.load import Ledger, Message, digest, message
from tests.proofs.talk import Talk, wire
from tests.proofs.verdict import faults
from tests.running_gateway import free_port

ELSEWHERE = "127.0.0.2"
LATER = 3 * shifted.DAY
REPEATS = ("at once", "from another address", "through another listener", "days later")
CLIENTS = 6


class Lossy:
    """A gateway behind proxies that lose replies."""

    def __init__(self, folder: Path, build: str = "") -> None:
        self.ahead = folder / "ahead"
        shifted.set_ahead(self.ahead, 0)
        self.second_port = free_port()
        self.gateway = Launched(folder, free_port(), build=build, clock=str(self.ahead), parser=False)
        self.gateway.prepare()
        config = self.gateway.config
        text = config.read_text(encoding="utf-8").replace("listen = [", f'listen = ["127.0.0.1:{self.second_port}", ')
        config.write_text(text, encoding="utf-8")
        asyncio.run(self._believe_elsewhere())
        self.ledger = Ledger()
        self._clock = threading.Lock()
        self.kinds = Counter[tuple[str, str]]()

    async def _believe_elsewhere(self) -> None:
        """The same mail server has a second address."""
        folder = self.gateway.folder
        key = installation_key(folder / "installation.key", create=False)
        store = await open_store(folder / "gateway.db", key, new_id)
        try:
            act, account = Act("test", now(), new_id, KeyedHash(key)), await store.read(accounts.find(""))
            await store.change(sources.add(act, account, "second", f"{ELSEWHERE}/32", ["relay"], vouches=True))
        finally:
            await store.close()

    def lose(self, cuts: int, seed: int) -> None:
        """So many replies, and repeats each message until its 250 is read."""
        self.gateway.start()
        each = [cuts // CLIENTS + (number < cuts % CLIENTS) for number in range(CLIENTS)]
        clients = [
            threading.Thread(target=self._client, args=(f"m{number}", count, random.Random(f"{seed} {number}")))
            for number, count in enumerate(each)
        ]
        for client in clients:
            client.start()
        for client in clients:
            client.join()
        assert self.gateway.stop() == 0

    def _client(self, name: str, cuts: int, chance: random.Random) -> None:
        proxy = CuttingProxy()
        try:
            for number in range(cuts):
                self._one(proxy, f"{name}-{number}", chance)
        except Exception as error:
            self.ledger.wrong.append(f"{type(error).__name__} {error}")
            raise
        finally:
            proxy.close()

    def _one(self, proxy: CuttingProxy, ident: str, chance: random.Random) -> None:
        """One message, whose reply is lost first. What counts as acknowledged is every 250 that the proxy saw."""
        sent, gateway, ledger = message(ident, chance), self.gateway, self.ledger
        ledger.sent[ident] = (sent.channels, digest(sent.raw))
        cut, repeat = chance.choice(CUTS), chance.choice(REPEATS)
        answered, whole = proxy.answered, proxy.whole
        proxy.way = Way(gateway.port, "127.0.0.1", cut)
        try:
            self._deliver(proxy.port, sent, chance)
        except OSError:
            pass
        else:
            ledger.wrong.append("a reply that was to be lost")
        proxy.way = Way(
            self.second_port if repeat == "through another listener" else gateway.port,
            ELSEWHERE if repeat == "from another address" else "127.0.0.1",
        )
        with self._days_later() if repeat == "days later" else nullcontext():
            reply = self._deliver(proxy.port, sent, chance)
        if not reply.startswith("250 "):
            ledger.wrong.append(reply)
        ledger.acknowledged[ident] = proxy.answered - answered
        ledger.attempts[ident] = proxy.whole - whole
        self.kinds[cut, repeat] += 1

    def _deliver(self, port: int, sent: Message, chance: random.Random) -> str:
        with Talk(port) as talk:
            talk.greet()
            talk.open("ana@us.example", [self.gateway.addresses[channel] for channel in sent.channels])
            talk.send(wire(sent.raw), chance)
            return talk.reply()

    @contextmanager
    def _days_later(self) -> Iterator[None]:
        with self._clock:
            shifted.set_ahead(self.ahead, LATER)
            yield
            shifted.set_ahead(self.ahead, 0)

    def faults(self) -> list[str]:
        return faults(self.gateway, self.ledger)

    def close(self) -> None:
        self.gateway.close()


@pytest.fixture
def lossy(tmp_path: Path) -> Iterator[Lossy]:
    made = Lossy(tmp_path)
    yield made
    made.close()


def test_a_message_whose_reply_was_lost_is_decided_once_and_acknowledged_when_it_comes_again(lossy: Lossy) -> None:
    lossy.lose(120, 20260302)
    assert lossy.faults() == []
    assert {cut for cut, _ in lossy.kinds} == set(CUTS)
    assert {repeat for _, repeat in lossy.kinds} == set(REPEATS)


@pytest.mark.prove
def test_ten_thousand_lost_replies_make_no_second_decision(lossy: Lossy) -> None:
    began, cuts = time.monotonic(), parameters.count(10_000)
    lossy.lose(cuts, parameters.seed())
    ledger = lossy.ledger
    again = sum(ledger.attempts.values()) - len(ledger.attempts)
    print(f"{cuts} replies lost, {again} messages came whole twice; {time.monotonic() - began:.0f} s")
    print(", ".join(f"{cut}, {repeat}: {count}" for (cut, repeat), count in sorted(lossy.kinds.items())))
    assert lossy.faults() == []


def test_a_build_that_does_not_recognise_repeats_is_found_out(tmp_path: Path) -> None:
    lossy = Lossy(tmp_path, "forgets retries")
    try:
        lossy.lose(30, 20260302)
        assert any(fault.startswith("doubled") for fault in lossy.faults())
    finally:
        lossy.close()
