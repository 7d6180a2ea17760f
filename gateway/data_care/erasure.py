"""Erasing a person outside: what an account has of them is shown, then goes, step by step.

Each step is a transaction that leaves nothing half done, and the record of the account's own data about them goes last:
whatever interrupts an erasure, the same one again goes on with it.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import asdict, dataclass, field
from functools import cached_property

from gateway.core.cases import Setting
from gateway.core.erasure import names_them, without
from gateway.core.questions import Questions
from gateway.data_care.retention import PAUSE
from gateway.keeping import Keeping
from gateway.records import moment
from storage import held, persons
from storage.administration import never_log
from storage.administration.act import Act, record
from storage.administration.sources import sources
from storage.content import Content, compressed, place
from storage.errors import Refused, StoreBroken
from storage.interface import Store
from storage.persons import Concerned, Person
from storage.plan import Plan
from storage.sealing import Sealing

PURPOSE = "erased"
"""Of the keyed hashes in a receipt: whoever has the key and the address can tell whom it is about."""
REMAINS = {
    "hashes": "Keyed hashes of messages and of who takes part in threads: by them later copies are kept out.",
    "decisions": "When which message was decided how and for which reason, without anything of its content.",
    "operator_mail": "Mail that was sent to the operator's own mailboxes, for 30 days.",
    "backups": "Copies of the database that were made before.",
}
LISTED = "The never-log list names them, so that nothing more is stored."


@dataclass(frozen=True, slots=True)
class Found:
    """What there is of a person, before anything is erased."""

    addresses: Sequence[str]
    contacts: Sequence[str]
    """Ids."""
    erased: Sequence[Concerned]
    """Activities that would go."""
    placeholders: Sequence[Concerned]
    """Activities that would stay for others, without them."""
    held: int
    waiting: int


@dataclass(slots=True)
class Receipt:
    """What was erased, for whoever demanded it. It names nobody."""

    at: str
    """RFC 3339."""
    by: str
    address_hashes: Sequence[str]
    """Keyed."""
    contact_ids: Sequence[str]
    counts: dict[str, int] = field(default_factory=dict)
    remains: dict[str, str] = field(default_factory=dict)
    complete: bool = False


class Erasing:
    """The erasures of one admin at one moment."""

    def __init__(self, store: Store, act: Act, setting: Setting, sealing: Sealing) -> None:
        self._store = store
        self._act = act
        self._limits = setting.limits
        self._keeping = Keeping(setting, sealing)
        self._mail = sealing.mail

    async def find(self, account_id: str, who: Sequence[str]) -> Person:
        """Whose addresses or contact's id these are. Raises Refused."""
        return await self._store.read(persons.find(self._act, account_id, who))

    async def look(self, person: Person) -> Found:
        """What `erase` would do. Raises NotFound where there is nothing."""
        activities = [one async for one in self._activities(person)]
        erased, placeholders = ([one for one in activities if one.wholly is wholly] for wholly in (True, False))
        held_ids = [held_id async for held_id, _ in self.held(person)]
        waiting = [decision_id async for decision_id, _ in self._waiting(person)]
        persons.must_be_known(person, found=bool(activities or held_ids or waiting))
        return Found(person.addresses, person.contact_ids, erased, placeholders, len(held_ids), len(waiting))

    async def erase(
        self, person: Person, *, never_log_again: bool = False, progress: Callable[[int], None] = lambda _: None
    ) -> Receipt:
        """Erases them; `progress` is told how many more steps are done. Raises NotFound where there is nothing."""
        persons.must_be_known(person, found=await self._anything(person))
        run = _Run(self._store, self._act, person)
        if never_log_again:
            await run.change("never_log_entries", self._never_again(person))
        await self._from_activities(person, run, progress)
        async for held_id, asked in self.held(person):
            await run.change("held", persons.erase_kept(self._act, person, held_id, asked))
        async for decision_id, asked in self._waiting(person):
            await run.change("waiting", persons.erase_kept(self._act, person, decision_id, asked))
        await self._rewrite_changes(person, run)
        while not (receipt := await run.end()):  # mail with them has come meanwhile
            await self._from_activities(person, run, progress)
        return receipt

    async def _from_activities(self, person: Person, run: _Run, progress: Callable[[int], None]) -> None:
        async for one in self._activities(person):
            left = None if one.wholly else await self._left(person, one)
            await run.erased(one, left)
            progress(1)

    async def _anything(self, person: Person) -> bool:
        if await self._store.read(persons.concerned(person, limit=1)):
            return True
        return bool([1 async for _ in self.held(person)] or [1 async for _ in self._waiting(person)])

    async def _activities(self, person: Person) -> AsyncIterator[Concerned]:
        after = ""
        while page := await self._store.read(persons.concerned(person, after)):
            for one in page:
                yield one
            after = page[-1].id

    async def _left(self, person: Person, one: Concerned) -> Content | None:
        """The message of an activity without them; None where they can't be taken out of it."""
        content = await self._store.read(persons.stored(one.id))
        if content is None:
            return None
        raw = await asyncio.to_thread(self._mail.raw_bytes, content)
        spelt = {*person.addresses, *person.spelt}
        left = await asyncio.to_thread(without, raw, person.spellings, spelt, self._limits)
        return None if left is None else self._mail.encrypted(compressed(left), place("raw_message", one.id))

    async def held(self, person: Person) -> AsyncIterator[tuple[str, Questions | None]]:
        """Held messages that name them, each with the hashes of its copies where it can be opened."""
        after, who = "", person.by_address
        while page := await self._store.read(persons.held_copies(person.account_id, after)):
            for held_id, content in page:
                raw = await asyncio.to_thread(self._mail.raw_bytes, content)
                if await asyncio.to_thread(names_them, raw, who, self._limits):
                    yield held_id, await self._opened(held_id)
            after = page[-1][0]

    async def _opened(self, held_id: str) -> Questions | None:
        def plan() -> Plan[Questions]:
            mail = yield from held.find(held_id)
            return self._keeping.open((yield from held.copy(mail)), (yield from sources())).asked

        try:
            return await self._store.read(plan())
        except (Refused, StoreBroken):  # of an older version: it goes all the same
            return None

    async def _waiting(self, person: Person) -> AsyncIterator[tuple[str, Questions | None]]:
        after, who = "", person.by_address
        while page := await self._store.read(persons.waiting_copies(person.account_id, after)):
            for decision_id, sealed in page:
                try:
                    case = self._keeping.reopen(sealed)
                except StoreBroken:
                    continue
                if await asyncio.to_thread(names_them, case.copy, who, self._limits):
                    yield decision_id, case.asked
            after = page[-1][0]

    def _never_again(self, person: Person) -> Plan[int]:
        added = 0
        for address in person.addresses:
            tested = yield from never_log.test(self._act, person.account_id, address)
            if not any(entry.user is None for entry in tested.entries):
                yield from never_log.add(self._act, person.account_id, address, "participant", "")
                added += 1
        return added

    async def _rewrite_changes(self, person: Person, run: _Run) -> None:
        after, who = "", person.spellings
        while page := await self._store.read(persons.changes(person.account_id, after)):
            left = {i: persons.without_them(person, who, action, detail) for i, action, detail in page}
            changed = {i: left[i] for i, _, detail in page if left[i] != detail}
            if changed:
                await run.change("changes", _counted(persons.rewrite(changed), len(changed)))
            after = page[-1][0]


class _Run:
    """The receipt of one erasure, written again with each of its steps."""

    def __init__(self, store: Store, act: Act, person: Person) -> None:
        self._store = store
        self._act = act
        self._person = person
        hashes = [act.keyed(PURPOSE, address) for address in person.addresses]
        self._receipt = Receipt(moment(act.at), act.who, hashes, list(person.contact_ids))

    @cached_property
    def _id(self) -> str:
        return self._act.new_id()

    async def change(self, kind: str, step: Plan[int | None]) -> None:
        """One step; it says how many it erased of the kind, if that isn't one. Those who deliver mail come next."""

        def plan() -> Plan[None]:
            done = yield from step
            yield from self._written(Counter({kind: 1 if done is None else done}))

        await self._store.change(plan(), erases=True)
        await asyncio.sleep(PAUSE)

    async def erased(self, one: Concerned, left: Content | None) -> None:
        """An activity is without them, or gone."""

        def plan() -> Plan[None]:
            done = yield from persons.erase_from(self._act, self._person, one, left)
            counts = {"erased": "activities", "placeholder": "placeholders"}
            told = Counter({counts[done]: 1}) if done else Counter[str]()
            if done == "placeholder" and left is None:
                told["messages"] = 1
            yield from self._written(told)

        await self._store.change(plan(), erases=True)
        await asyncio.sleep(PAUSE)

    async def end(self) -> Receipt | None:
        """Their own record goes, and what remains is told; None where there is an activity with them again."""

        def plan() -> Plan[Receipt | None]:
            if (yield from persons.concerned(self._person, limit=1)):
                return None
            addresses = yield from persons.erase_contact(self._act, self._person)
            self._receipt.remains = dict(REMAINS)
            if (yield from persons.listed(self._act, self._person)):
                self._receipt.remains["never_log"] = LISTED
            self._receipt.complete = True
            yield from self._written(Counter(contacts=len(self._person.contact_ids), addresses=addresses))
            return self._receipt

        return await self._store.change(plan(), erases=True)

    def _written(self, more: Counter[str]) -> Plan[None]:
        self._receipt.counts = dict(Counter(self._receipt.counts) + more)
        yield from record(self._act, self._person.account_id, self._id, "person.erase", asdict(self._receipt))


def _counted(plan: Plan[None], count: int) -> Plan[int]:
    yield from plan
    return count
