"""Whatever comes at once, and whatever admins do meanwhile: it is as if each had come alone, one after the other."""

from __future__ import annotations

import asyncio
import os
import secrets
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import replace
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar

import pytest
from fakes.deliveries import KEYED, MINUTE, NOON
from fakes.ends import End, end
from fakes.in_turn import Answered, compare
from fakes.letters import COPIES, FROM_HOME, LETTERS, OTHER, PLOTS, Letter, copies_of
from fakes.one_by_one import OneByOne
from fakes.promises import books, broken
from fakes.scan import breaches_of
from fakes.works import LEFT, THEM, US, WORLDS, Aliased, Expired, Listed, Resolved, Ruled, Sent, Unlisted, Work
from fakes.world import EntryRow, seed
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from storage.administration.act import Act
from storage.held import DAY
from storage.interface import Store
from storage.plan import ask

T = TypeVar("T")
Open = Callable[[Path, Act], Awaitable[Store]]

MEMORY = Path("/dev/shm")  # noqa: S108 — nothing here hangs on a disk, and each example takes a database
MOST = 6
"""Works at once."""
RULES = st.sampled_from(("replies_only", "log_all", "log_all_and_create"))
Copy = tuple[Letter, str]


def one_copy(letter: Letter) -> st.SearchStrategy[Copy]:
    return st.tuples(st.just(letter), st.sampled_from(copies_of(letter)))


COPY = st.runner().flatmap(lambda machine: st.sampled_from(machine.letters).flatmap(one_copy))
COPIES_OF_ONE = st.runner().flatmap(
    lambda machine: st.sampled_from(machine.letters).flatmap(
        lambda letter: st.lists(one_copy(letter), min_size=2, max_size=4)
    )
)
EACH = st.runner().flatmap(
    lambda machine: st.permutations(machine.letters).flatmap(lambda letters: st.tuples(*map(one_copy, letters)))
)
TRACES = "SELECT trace_id FROM decision UNION SELECT trace_id FROM repeat"
ONE, BOTH = ("us",), ("us", "them")


class ManyAtOnce(RuleBasedStateMachine):
    """Rules say what is asked for; `all_at_once` asks it, all in one turn of the event loop, in the order of the
    steps. What it says and leaves is compared with the oracle, to which it all comes one by one.
    """

    def __init__(self, open_store: Open, act: Act, kind: str) -> None:
        super().__init__()
        self.open_store, self.act, self.kind = open_store, act, kind
        self.loop = asyncio.Runner(loop_factory=asyncio.new_event_loop)
        self.folder = TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None)
        self.now = NOON
        self.numbers = count(1)
        self.asked: list[Work] = []
        self.answered: list[Answered] = []

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        return self.loop.run(coroutine)

    async def _opened(self) -> Store:
        return await self.open_store(Path(self.folder.name), self.act)

    @initialize(letters=st.sampled_from(PLOTS) | st.lists(st.sampled_from(LETTERS), min_size=2, max_size=4), rule=RULES)
    def begin(self, letters: Sequence[Letter], rule: str) -> None:
        """Few letters, so that copies and answers meet."""
        self.letters = letters
        worlds = US.with_settings(rule=rule), THEM
        self.oracle = OneByOne(KEYED, *worlds)
        self.store = self.run(self._opened())
        for world in worlds:
            self.run(self.store.change(seed(world, KEYED)))

    # --- what is asked for ---

    @rule(what=COPY)
    def send(self, what: Copy) -> None:
        self._send(what)

    @rule(each=EACH)
    def send_each(self, each: Sequence[Copy]) -> None:
        """All letters, in some order."""
        for what in each:
            self._send(what)

    @rule(copies=COPIES_OF_ONE)
    def send_copies(self, copies: Sequence[Copy]) -> None:
        for what in copies:
            self._send(what)

    @rule(what=COPY, to=st.sampled_from((BOTH, ("them",))))
    def send_to_others(self, what: Copy, to: tuple[str, ...]) -> None:
        self._send(what, accounts=to)

    @rule(what=COPY, to=st.sampled_from((ONE, BOTH)), trouble=st.sampled_from(("deciding", "storing")))
    def send_and_fail(self, what: Copy, to: tuple[str, ...], trouble: str) -> None:
        self._send(what, accounts=to, trouble=trouble)

    @rule(what=COPY, patience=st.integers(0, 4))
    def send_and_leave(self, what: Copy, patience: int) -> None:
        self._send(what, trouble="leaving", patience=patience)

    @rule(back=st.integers(1, 6))
    @precondition(lambda self: self._sent())
    def send_again(self, back: int) -> None:
        """The same bytes: whoever sent them had no answer."""
        sent = self._sent()
        self._ask(replace(sent[-min(back, len(sent))], trouble=""))

    @rule(what=COPY, effect=st.sampled_from(("participant", "message")), domain=st.booleans())
    def list_and_send(self, what: Copy, effect: str, domain: bool) -> None:  # noqa: FBT001 — drawn
        outsider = what[0].outsider
        self._ask(Listed(row=EntryRow(f"*@{outsider.partition('@')[2]}" if domain else outsider, effect)))
        self._send(what)

    @rule(number=st.integers(0, 3))
    @precondition(lambda self: self._entries())
    def unlist(self, number: int) -> None:
        rows = self._entries()
        self._ask(Unlisted(row=rows[number % len(rows)]))

    @rule(name=RULES, account=st.sampled_from(("us", "them")), what=COPY)
    def choose_and_send(self, name: str, account: str, what: Copy) -> None:
        self._ask(Ruled(account=account, rule=name))
        self._send(what, accounts=(account,))

    @rule(first=st.booleans())
    def send_from_home_and_say_whose_that_is(self, first: bool) -> None:  # noqa: FBT001 — drawn
        if first:
            self._send((FROM_HOME, "by Bcc, proven by a signature"))
        self._ask(Aliased(user="us/ana", address=OTHER))
        self._send((FROM_HOME, "by Bcc, proven by a signature"))

    @rule(how=st.sampled_from(("approve", "decide", "discard")), number=st.integers(0, 3))
    @precondition(lambda self: any(t.held for t in self.oracle.tenants.values()))
    def resolve(self, how: str, number: int) -> None:
        held = [(account, trace_id) for account in WORLDS for trace_id in sorted(self.oracle.end(account).held)]
        account, trace_id = held[number % len(held)]
        self._ask(Resolved(account=account, held=trace_id, how=how))

    @rule(days=st.sampled_from((3, 31)))
    @precondition(lambda self: any(t.held or t.waiting for t in self.oracle.tenants.values()))
    def days_pass(self, days: int) -> None:
        self.now += days * DAY
        self._ask(Expired())

    def _entries(self) -> list[EntryRow]:
        return [one.work.row for one in self.answered if isinstance(one.work, Listed)]

    def _sent(self) -> list[Sent]:
        return [w for w in (*(one.work for one in self.answered), *self.asked) if isinstance(w, Sent)]

    def _send(self, what: Copy, **how: Any) -> None:  # Any: fields of Sent
        """What came by such a copy before comes by another route: the same bytes come by `send_again` only."""
        letter, copy = what
        delivery = COPIES[copy](letter)
        if before := sum((sent.letter, sent.copy) == what for sent in self._sent()):
            delivery = replace(delivery, raw=f"X-Route: {before}\r\n".encode() + delivery.raw)
        self._ask(Sent(letter, copy, delivery, **how))

    def _ask(self, work: Work) -> None:
        self.now += MINUTE
        self.asked.append(work.named(f"w{next(self.numbers)}", self.now))
        if len(self.asked) == MOST:
            self.all_at_once()

    # --- what comes of it ---

    @rule()
    @precondition(lambda self: self.asked)
    def all_at_once(self) -> None:
        asked, self.asked = self.asked, []
        answered, ends, breaches = self.run(self._settled(asked))
        compare(self.oracle, answered, ends)
        self.answered += answered
        assert breaches == [], breaches

    @rule()
    def restart(self) -> None:
        self.run(self._restarted())

    async def _settled(self, asked: list[Work]) -> tuple[list[Answered], dict[str, End], list[tuple[str, str]]]:
        turns: list[str] = []
        tasks = [asyncio.create_task(work.among_others(self.store, self.act.new_id, turns.append)) for work in asked]
        leaving = {
            task: work.patience
            for task, work in zip(tasks, asked, strict=True)
            if isinstance(work, Sent) and work.trouble == "leaving"
        }
        for turn in range(max(leaving.values(), default=-1) + 1):
            for task in (t for t, patience in leaving.items() if patience == turn):
                task.cancel()
            await asyncio.sleep(0)
        await asyncio.wait(tasks)
        told = [LEFT if task in leaving and task.cancelled() else task.result() for task in tasks]
        if leaving:
            await self._restarted()  # only then it is sure which of them were taken
        taken = {trace_id for (trace_id,) in await self.store.read(ask(TRACES))}
        answered = [Answered(w, t) for w, t in zip(asked, told, strict=True) if t is not LEFT or w.trace_id in taken]
        answered.sort(key=lambda one: _turn(turns, one.work.trace_id))
        ends = {account: await self.store.read(end(account)) for account in WORLDS}
        return answered, ends, await self.store.read(breaches_of(self.kind))

    async def _restarted(self) -> None:
        await self.store.close()
        self.store = await self._opened()

    @invariant()
    def promises_hold(self) -> None:
        if not self.asked:
            found = broken(self.answered, self.run(self.store.read(books())))
            assert found == [], "\n".join(found)

    def teardown(self) -> None:
        try:
            if self.asked:
                self.all_at_once()
                self.promises_hold()
        finally:
            self.run(self.store.close())
            self.loop.close()
            self.folder.cleanup()


def _turn(turns: list[str], trace_id: str) -> int:
    """When it was last this one's turn; a store may ask twice."""
    return max((n for n, turn in enumerate(turns) if turn == trace_id), default=-1)


Machine = Callable[[], ManyAtOnce]


@pytest.fixture
def machine(request: pytest.FixtureRequest, open_empty: Open, make_act: Callable[[], Act]) -> Machine:
    """Makes a machine for each example, on one kind of store after the other."""
    kind = request.node.callspec.params["open_empty"]
    return lambda: ManyAtOnce(open_empty, make_act(), kind)


def test_what_comes_at_once_is_as_if_each_had_come_alone(machine: Machine, request: pytest.FixtureRequest) -> None:
    few = 30 if request.node.callspec.params["open_empty"] == "sqlite" else 5  # a server takes its time for each
    _run(machine, few)


@pytest.mark.prove
def test_so_it_is_however_long_one_looks(machine: Machine, request: pytest.FixtureRequest) -> None:
    """ORDER_EXAMPLES: how many, on a server a tenth of them; ORDER_SEED: those of another run, which prints it."""
    seed = int(os.environ.get("ORDER_SEED", "0")) or secrets.randbits(32)
    examples = int(os.environ.get("ORDER_EXAMPLES", "1000"))
    if request.node.callspec.params["open_empty"] != "sqlite":
        examples //= 10
    print(f"order: {examples} examples, ORDER_SEED={seed}")
    machine._hypothesis_internal_use_seed = seed  # type: ignore[attr-defined]
    _run(machine, examples)


def _run(machine: Machine, examples: int) -> None:
    chosen = settings(max_examples=examples, stateful_step_count=30, deadline=None)
    run_state_machine_as_test(machine, settings=chosen)  # type: ignore[arg-type]  # a function that makes one will do
