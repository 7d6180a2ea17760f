"""Events are sent at least once, each under its own id; what isn't taken waits, is given up, can be sent again."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from fakes.deliveries import ANA, BCC, BOB, KEY, KEYED, KIM, NOON, Delivery, cases, keeper, mail
from fakes.postgres import MISSING, Databases
from fakes.stores import Look
from fakes.world import EntryRow, load_world, seed, seed_entry

from gateway.core.decide import decide
from gateway.webhooks.limits import WebhookLimits
from gateway.webhooks.post import Answer
from gateway.webhooks.sender import LEASE, Sender
from storage import deliveries, outbox
from storage.administration import contacts, webhooks
from storage.administration.act import Act
from storage.errors import NotFound, Refused, StoreUnavailable
from storage.interface import Store
from storage.open import open_store
from storage.outbox import Happened, Type
from storage.sealing import Sealing

US = load_world()
DAY = 24 * 60 * 60 * 1000
LIMITS = WebhookLimits(timeout=10, concurrent=8, concurrent_per_webhook=2)
OK, DOWN, GONE = Answer(""), Answer("http.500"), Answer("http.410")


@dataclass
class Endpoint:
    """Stands for the network: what it was sent, and what it answers."""

    limits: WebhookLimits = LIMITS
    answers: list[Answer] = field(default_factory=list)
    """The next ones; then all is well."""
    got: list[tuple[str, dict[str, object]]] = field(default_factory=list)
    secrets: list[Sequence[str]] = field(default_factory=list)
    gate: asyncio.Event | None = None
    """Whoever posts hangs until it is set."""
    most: int = 0
    """Requests at a time."""
    _now: int = 0

    async def send(self, url: str, event_id: str, body: bytes, secrets: Sequence[str], now: int) -> Answer:
        self._now += 1
        self.most = max(self.most, self._now)
        self.got.append((event_id, json.loads(body)))
        self.secrets.append(secrets)
        try:
            if self.gate:
                await self.gate.wait()
        finally:
            self._now -= 1
        return self.answers.pop(0) if self.answers else OK

    async def called(self, times: int) -> None:
        """Returns when it was sent so many."""
        async with asyncio.timeout(60):
            while len(self.got) < times:
                await asyncio.sleep(0.001)

    @property
    def types(self) -> list[object]:
        return [event["type"] for _, event in self.got]


@dataclass
class Clock:
    at: int = NOON

    def __call__(self) -> int:
        return self.at


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def endpoint() -> Endpoint:
    return Endpoint()


@pytest.fixture
async def world(store: Store, act: Act, sealing: Sealing) -> Store:
    """With one webhook, "crm"."""
    await store.change(seed(US, KEYED))
    await store.change(webhooks.add(act, US.account, sealing, "crm", "https://crm.example/", (), "whsec_YQ=="))
    return store


def sender_of(store: Store, endpoint: Endpoint, act: Act, clock: Clock) -> Sender:
    return Sender(store, endpoint, Sealing(KEY), KEYED, act.new_id, clock, lambda: 1.0)  # type: ignore[arg-type]  # stands for a Post


@pytest.fixture
async def sender(world: Store, endpoint: Endpoint, act: Act, clock: Clock) -> AsyncIterator[Sender]:
    made = sender_of(world, endpoint, act, clock)
    yield made
    for task in made._running:
        task.cancel()


async def logged(store: Store, number: int = 0, to: str = BOB) -> None:
    raw = mail(ANA, to, f"Offer {number}", message_id=f"m{number}")
    delivery = Delivery(raw, [BCC], ANA, trace_id=f"t{number}")
    await store.settle(cases(US, delivery), decide, keeper(delivery, US))


async def turns(sender: Sender, count: int = 2) -> None:
    """Each with what it begins; the last one notes what came of that."""
    for _ in range(count):
        await sender.turn()
        await sender.idle()


async def turn_beside(sender: Sender) -> None:
    """While an attempt is under way."""
    await sender.turn()
    await asyncio.sleep(0.01)


async def waiting(store: Store) -> tuple[int, int]:
    """Events on their way, and dead letters."""
    found = await store.read(webhooks.find(US.account, "crm"))
    return found.waiting, found.given_up


# --- sent ---


async def test_what_happens_is_posted_once_and_nothing_from_before(
    world: Store, sender: Sender, endpoint: Endpoint, act: Act, sealing: Sealing
) -> None:
    await logged(world)
    await world.change(webhooks.add(act, US.account, sealing, "later", "https://crm.example/", (), "whsec_YQ=="))
    await turns(sender, 3)
    assert (endpoint.types, await waiting(world)) == (["activity.logged"], (0, 0))
    [(event_id, event)] = endpoint.got
    assert (event["id"], event["account"]) == (event_id, US.account)
    assert event["data"]["activity"]["subject"] == "Offer 0"  # type: ignore[index]  # JSON


async def test_only_events_of_the_wanted_types_are_posted(
    store: Store, endpoint: Endpoint, act: Act, clock: Clock, sealing: Sealing
) -> None:
    await store.change(seed(US, KEYED))
    url, secret = "https://crm.example/", "whsec_YQ=="
    await store.change(webhooks.add(act, US.account, sealing, "crm", url, ("contact.created",), secret))
    await logged(store, to="new@client.example")
    await turns(sender_of(store, endpoint, act, clock))
    assert endpoint.types == ["contact.created"]


async def test_an_event_is_sent_again_under_the_same_id_until_it_is_taken(
    world: Store, sender: Sender, endpoint: Endpoint, clock: Clock
) -> None:
    endpoint.answers = [DOWN, Answer("timeout")]
    await logged(world)
    for wait in (0, 10_000, 20_000):
        await turns(sender)
        assert await waiting(world) == (1, 0)
        clock.at += wait - 1 if wait else 0
        await turns(sender)
        clock.at += 1 if wait else 0
    await turns(sender)
    assert len({event_id for event_id, _ in endpoint.got}) == 1
    assert (len(endpoint.got), await waiting(world)) == (3, (0, 0))


async def test_a_webhook_that_asks_to_be_left_alone_is(
    world: Store, sender: Sender, endpoint: Endpoint, clock: Clock
) -> None:
    endpoint.answers = [Answer("http.429", 3600)]
    await logged(world)
    await turns(sender)
    clock.at += 3_599_000
    await turns(sender)
    assert len(endpoint.got) == 1
    clock.at += 1000
    await turns(sender)
    assert len(endpoint.got) == 2


async def test_after_three_days_it_is_a_dead_letter_and_can_be_sent_again(
    world: Store, sender: Sender, endpoint: Endpoint, clock: Clock, act: Act
) -> None:
    endpoint.answers = [DOWN] * 1000
    await logged(world)
    begun = clock.at
    while (await waiting(world))[0] or not endpoint.got:
        await turns(sender)
        clock.at += 60 * 60 * 1000
        assert clock.at - begun < 4 * DAY
    assert (await waiting(world), clock.at - begun > 2.5 * DAY) == ((0, 1), True)
    [letter] = await world.read(webhooks.dead_letters(US.account, "crm"))
    assert (letter.type, letter.failure) == ("activity.logged", "http.500")
    with pytest.raises(NotFound):
        await world.change(webhooks.replay(act, US.account, "crm", "another"))
    endpoint.answers.clear()
    assert await world.change(webhooks.replay(replace(act, at=clock.at), US.account, "crm", letter.event_id)) == 1
    await turns(sender)
    assert (endpoint.got[-1][0], await waiting(world)) == (letter.event_id, (0, 0))


async def test_one_that_is_gone_is_left_alone_until_it_is_enabled(
    world: Store, sender: Sender, endpoint: Endpoint, clock: Clock, act: Act, look: Look
) -> None:
    endpoint.answers = [GONE]
    await logged(world)
    await turns(sender)
    await logged(world, 1)
    clock.at += DAY
    await turns(sender)
    found = await world.read(webhooks.find(US.account, "crm"))
    assert (len(endpoint.got), found.disabled_because, found.failure) == (1, "gone", "http.410")
    assert await look("SELECT count(*) FROM audit WHERE action = 'webhook.disable' AND who = 'gateway'") == [(1,)]
    await world.change(webhooks.enable(replace(act, at=clock.at), US.account, "crm"))
    await turns(sender, 3)  # one at first
    assert (len(endpoint.got), await waiting(world)) == (3, (0, 0))


async def test_a_lease_ends_with_whoever_had_it(
    world: Store, sender: Sender, endpoint: Endpoint, clock: Clock, act: Act
) -> None:
    """It was sent and not noted: it is sent again, under the same id."""
    endpoint.gate = asyncio.Event()
    await logged(world)
    await sender.turn()
    await endpoint.called(1)
    for task in [*sender._running]:
        task.cancel()
    await sender.idle()
    follower = Endpoint()
    second = sender_of(world, follower, act, clock)
    await turns(second)
    assert follower.got == []
    clock.at += LEASE * 10_000
    await turns(second)
    assert [event_id for event_id, _ in follower.got] == [event_id for event_id, _ in endpoint.got]
    assert await waiting(world) == (0, 0)


@pytest.mark.parametrize("other", [OK, Answer("http.503", 3600)])
async def test_a_late_failure_does_not_undo_what_another_has_noted(
    world: Store, sender: Sender, endpoint: Endpoint, clock: Clock, act: Act, look: Look, other: Answer
) -> None:
    endpoint.gate, endpoint.answers = asyncio.Event(), [DOWN]
    await logged(world)
    await sender.turn()
    await endpoint.called(1)
    clock.at += LEASE * 10_000
    await turns(sender_of(world, Endpoint(answers=[other]), act, clock))
    noted = await look("SELECT attempts, next_at, failure FROM delivery")
    endpoint.gate.set()
    await sender.idle()
    await turns(sender)
    assert (await look("SELECT attempts, next_at, failure FROM delivery"), len(noted)) == (noted, int(other != OK))


async def test_a_webhook_that_hangs_holds_up_neither_others_nor_mail(
    world: Store, sender: Sender, endpoint: Endpoint, act: Act, sealing: Sealing
) -> None:
    endpoint.gate = asyncio.Event()
    for number in range(6):
        await logged(world, number)
    await sender.turn()
    await endpoint.called(2)
    for number in range(6, 12):
        await logged(world, number)  # settles, while all requests hang
    assert endpoint.most == 2
    endpoint.gate.set()
    await sender.idle()
    await turns(sender, 3)
    assert (len(endpoint.got), endpoint.most, await waiting(world)) == (12, 2, (0, 0))


async def test_what_ends_after_another_turn_is_noted(
    world: Store, sender: Sender, endpoint: Endpoint, clock: Clock
) -> None:
    endpoint.gate, endpoint.answers = asyncio.Event(), [OK, DOWN]
    await logged(world)
    await sender.turn()
    await endpoint.called(1)
    await logged(world, 1)
    await sender.turn()
    await endpoint.called(2)
    endpoint.gate.set()
    await sender.idle()
    await sender.turn()
    assert await waiting(world) == (1, 0)
    clock.at += 9_999
    await turns(sender)
    assert len(endpoint.got) == 2
    clock.at += LEASE * 10_000
    await turns(sender)
    assert (len(endpoint.got), await waiting(world)) == (3, (0, 0))


async def test_a_webhook_that_fails_has_one_attempt_at_a_time_until_one_succeeds(
    world: Store, sender: Sender, endpoint: Endpoint, look: Look
) -> None:
    endpoint.gate, endpoint.answers = asyncio.Event(), [DOWN, DOWN]
    for number in range(7):
        await logged(world, number)
    await sender.turn()
    await endpoint.called(2)
    endpoint.gate.set()
    while len(sender._ended) < 2:
        await asyncio.sleep(0)
    endpoint.gate, endpoint.most = asyncio.Event(), 0
    async with asyncio.timeout(60):
        while len(endpoint.got) < 3:
            await turn_beside(sender)
    for _ in range(3):
        await turn_beside(sender)
    assert (len(endpoint.got), endpoint.most) == (3, 1)
    endpoint.gate.set()
    await sender.idle()
    endpoint.gate = asyncio.Event()
    await sender.turn()
    await endpoint.called(5)
    assert endpoint.most == 2
    endpoint.gate.set()
    await sender.idle()
    await turns(sender)
    assert await look("SELECT attempts, failure FROM delivery") == [(1, "http.500")] * 2


async def test_what_was_leased_and_not_tried_counts_as_no_attempt(
    world: Store, sender: Sender, endpoint: Endpoint, clock: Clock, look: Look
) -> None:
    endpoint.gate = asyncio.Event()
    for number in range(6):
        await logged(world, number)
    await sender.turn()
    await endpoint.called(2)
    clock.at += LEASE * 10_000 - 10_000  # too late for the other four
    endpoint.gate.set()
    await sender.idle()
    await sender.turn()
    assert (len(endpoint.got), await look("SELECT attempts FROM delivery")) == (2, [(0,)] * 4)
    await sender.idle()
    await turns(sender)
    assert (len(endpoint.got), await waiting(world)) == (6, (0, 0))


async def test_a_fault_of_our_own_is_a_failed_attempt_like_any_other(
    world: Store, sender: Sender, endpoint: Endpoint, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fails(*_: object) -> Answer:
        raise RuntimeError("a fault")

    await logged(world)
    with monkeypatch.context() as patch:
        patch.setattr(endpoint, "send", fails)
        await turns(sender)
    found = await world.read(webhooks.find(US.account, "crm"))
    assert (found.waiting, found.failure) == (1, "internal.failed")
    clock.at += 10_000
    await turns(sender)
    assert (len(endpoint.got), await waiting(world)) == (1, (0, 0))


async def test_more_than_a_webhook_has_room_for_waits_in_the_outbox(
    world: Store, sender: Sender, endpoint: Endpoint, act: Act, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deliveries, "MOST_WAITING", 3)
    endpoint.answers = [DOWN] * 3
    contact = await world.change(contacts.add(act, US.account, "New", ["new@client.example"]))
    for _ in range(6):
        await world.change(outbox.write(act.new_id, US.account, NOON, [Happened(Type.CONTACT, contact)]))
    await turns(sender)
    assert await waiting(world) == (3, 0)
    await turns(sender, 5)
    assert (len(endpoint.got), await waiting(world)) == (3, (3, 0))


# --- what comes out ---


async def test_what_was_withdrawn_or_removed_before_it_was_sent_does_not_come_out(
    world: Store, sender: Sender, endpoint: Endpoint, act: Act
) -> None:
    await logged(world)
    contact = await world.change(contacts.add(act, US.account, "Gone", ["gone@client.example"]))
    await world.change(contacts.remove(act, US.account, contact))
    await world.change(seed_entry(US.account, EntryRow(KIM, "message"), KEYED))
    shows_kim = Delivery(mail(ANA, BOB, "Offer 0", message_id="m0", Cc=KIM), [BCC], ANA, trace_id="t1")
    await world.settle(cases(US, shows_kim), decide, keeper(shows_kim, US))
    await turns(sender, 3)
    [(_, event)] = endpoint.got
    assert event["type"] == "activity.updated"
    assert event["data"]["change"] == "withdrawn"  # type: ignore[index]  # JSON
    assert event["data"]["activity"] is None  # type: ignore[index]  # the same
    assert await waiting(world) == (0, 0)


async def test_whom_the_list_passes_over_stands_in_no_event(
    world: Store, sender: Sender, endpoint: Endpoint
) -> None:
    await world.change(seed_entry(US.account, EntryRow(KIM), KEYED))
    await logged(world, to=f"{BOB}, {KIM}")
    await turns(sender)
    assert endpoint.types == ["activity.logged"]
    assert "kim" not in json.dumps(endpoint.got).lower()


# --- secrets ---


async def test_a_new_secret_signs_beside_the_old_one_for_a_day(
    world: Store, sender: Sender, endpoint: Endpoint, act: Act, clock: Clock, sealing: Sealing
) -> None:
    now = replace(act, at=clock.at)
    await world.change(webhooks.rotate(now, US.account, sealing, "crm", "whsec_Yg=="))
    for number in range(2):
        await logged(world, number)
        await turns(sender)
        clock.at += DAY
    assert endpoint.secrets == [["whsec_Yg==", "whsec_YQ=="], ["whsec_Yg=="]]


async def test_no_secret_is_kept_in_the_clear_nor_told_again(world: Store, kept: object, look: Look) -> None:
    assert await kept("whsec_YQ==") == set()  # type: ignore[operator]  # as its fixture gives it
    assert "whsec" not in repr(await world.read(webhooks.every(US.account)))
    assert "whsec" not in str(await look("SELECT detail FROM audit"))


# --- what admins do ---


async def test_faults_of_an_admin_are_told_and_change_nothing(world: Store, act: Act, sealing: Sealing) -> None:
    url, secret = "https://crm.example/", "whsec_YQ=="
    with pytest.raises(Refused, match="already"):
        await world.change(webhooks.add(act, US.account, sealing, "crm", url, (), secret))
    with pytest.raises(Refused, match="no events"):
        await world.change(webhooks.add(act, US.account, sealing, "other", url, ("nothing",), secret))
    with pytest.raises(NotFound):
        await world.change(webhooks.remove(act, "them", "crm"))
    assert len(await world.read(webhooks.every(US.account))) == 1


async def test_of_a_removed_webhook_nothing_is_left(
    world: Store, sender: Sender, endpoint: Endpoint, act: Act, look: Look
) -> None:
    endpoint.answers = [DOWN]
    await logged(world)
    await turns(sender)
    await world.change(webhooks.remove(act, US.account, "crm"))
    await turns(sender)
    assert await look("SELECT count(*) FROM delivery") == [(0,)]


# --- whoever fails ---


async def test_what_has_ended_is_noted_when_the_store_can_be_written_again(
    world: Store, sender: Sender, endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    await logged(world)
    await sender.turn()
    await sender.idle()

    async def fails(*_: object) -> None:
        raise StoreUnavailable

    with monkeypatch.context() as patch:
        patch.setattr(world, "change", fails)
        with pytest.raises(StoreUnavailable):
            await sender.turn()
    await sender.turn()
    assert (len(endpoint.got), await waiting(world)) == (1, (0, 0))


async def test_a_sender_that_is_told_to_stop_notes_what_it_knows(
    world: Store, endpoint: Endpoint, act: Act, clock: Clock
) -> None:
    endpoint.gate = asyncio.Event()
    await logged(world)
    await logged(world, 1)
    running = asyncio.create_task(sender_of(world, endpoint, act, clock).run())
    await endpoint.called(2)
    running.cancel()
    async with asyncio.timeout(30):
        await asyncio.gather(running, return_exceptions=True)
    assert await waiting(world) == (2, 0)


@pytest.mark.skipif(bool(MISSING), reason=MISSING)
async def test_two_senders_on_one_server_send_nothing_at_the_same_time(
    databases: Databases, tmp_path: Path, act: Act, clock: Clock, sealing: Sealing
) -> None:
    server = await databases.of(tmp_path)
    stores = [await open_store(server, KEY, act.new_id) for _ in range(2)]
    try:
        await stores[0].change(seed(US, KEYED))
        add = webhooks.add(act, US.account, sealing, "crm", "https://crm.example/", (), "whsec_YQ==")
        await stores[0].change(add)
        ends = [Endpoint(), Endpoint()]
        senders = [sender_of(one, end, act, clock) for one, end in zip(stores, ends, strict=True)]
        for number in range(30):
            await logged(stores[number % 2], number)
            if number % 5 == 0:
                await asyncio.gather(*(sender.turn() for sender in senders))
            elif number in (7, 14):  # alone, so that each surely has its share
                await senders[number // 14].turn()
        while (await stores[0].read(webhooks.find(US.account, "crm"))).waiting or sum(len(e.got) for e in ends) < 30:
            await asyncio.gather(*(turns(sender) for sender in senders))
        ids = [event_id for end in ends for event_id, _ in end.got]
        assert (len(ids), len(set(ids))) == (30, 30)
        assert all(end.got for end in ends)
    finally:
        for store in stores:
            await store.close()
