"""An entry of the never-log list that reaches back: what it would have kept out is shown, then goes.

Each activity is judged by what is stored of it, as the stage of the list judges a message that comes.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from gateway.core import addresses, never_log
from gateway.core.address_keys import Pattern, entry_keys, token_keys
from gateway.core.cases import Setting
from gateway.core.erasure import without
from gateway.core.facts import Account, Entry, Facts, StoredParticipant, User
from gateway.core.model import Channel, Finding, Role
from gateway.core.results import Direction, Kind, People, Person, Standing
from gateway.core.spellings import spellings
from gateway.data_care.retention import PAUSE
from storage import activities, kept_out, persons
from storage.administration import accounts, users
from storage.administration.act import Act, record
from storage.administration.never_log import EntryRecord
from storage.content import Content, compressed, place
from storage.interface import Store
from storage.kept_out import Logged
from storage.plan import Plan
from storage.sealing import Sealing

_FINDING = Finding("participants", "participants.read", "", "")


@dataclass(frozen=True, slots=True)
class Hit:
    """What becomes of an activity. Not `wholly`: placeholders stand for the participants at these positions."""

    activity: Logged
    wholly: bool
    keeps_out: tuple[str, ...] = ()
    positions: tuple[int, ...] = ()
    tokens: tuple[str, ...] = ()
    """The addresses that the entry names."""
    contacts: tuple[str, ...] = ()
    """Ids of their contacts."""


class TakingBack:
    """What an admin takes back at one moment, because of one entry."""

    def __init__(self, store: Store, act: Act, setting: Setting, sealing: Sealing, entry: EntryRecord) -> None:
        self._store = store
        self._act = act
        self._limits = setting.limits
        self._mail = sealing.mail
        self._entry = entry
        self._keys = entry_keys(Pattern(entry.kind, entry.pattern))

    async def look(self, account_id: str) -> Sequence[Hit]:
        """What `take_back` would do, the oldest activity first."""
        return [hit async for hit in self._hits(account_id)]

    async def take_back(self, account_id: str, progress: Callable[[int], object] = lambda _: None) -> Mapping[str, int]:
        """Does it, each activity in a transaction; how many went (activities), and of how many somebody (placeholders).

        Whatever ends this, the next one goes on from there.
        """
        done: Counter[str] = Counter()
        run = self._act.new_id()
        async for hit in self._hits(account_id):
            left = None if hit.wholly else await self._left(hit)
            done = await self._store.change(self._taken(account_id, hit, left, run, done), erases=True)
            progress(1)
            await asyncio.sleep(PAUSE)
        return dict(done)

    async def _hits(self, account_id: str) -> AsyncIterator[Hit]:
        judge = await self._store.read(self._judge(account_id))
        behind = (-(2**62), "")
        while places := await self._store.read(activities.places(account_id, behind)):
            for one in await self._store.read(kept_out.logged([activity_id for _, activity_id in places])):
                if hit := judge(one):
                    yield hit
            behind = places[-1]

    def _taken(
        self, account_id: str, hit: Hit, left: Content | None, run: str, before: Counter[str]
    ) -> Plan[Counter[str]]:
        judge = yield from self._judge(account_id)
        now = next((judge(one) for one in (yield from kept_out.logged([hit.activity.id]))), None)
        if now is None:
            return before
        if now.wholly:
            yield from kept_out.take_back(self._act, account_id, now.activity.id, now.keeps_out)
        else:
            if (now.activity.richness, now.tokens) != (hit.activity.richness, hit.tokens):  # another copy has come
                left = None
            yield from kept_out.pass_over(
                *(self._act, account_id, now.activity, now.positions, self._entry.id, now.contacts, now.tokens, left)
            )
        counts = before + Counter({"activities" if now.wholly else "placeholders": 1})
        yield from record(self._act, account_id, run, "never_log.purge", {"entry": self._entry.id, **counts})
        return counts

    async def _left(self, hit: Hit) -> Content | None:
        content = await self._store.read(persons.stored(hit.activity.id))
        if content is None:
            return None
        raw = await asyncio.to_thread(self._mail.raw_bytes, content)
        left = await asyncio.to_thread(without, raw, spellings(hit.tokens, ()), hit.tokens, self._limits)
        return None if left is None else self._mail.encrypted(compressed(left), place("raw_message", hit.activity.id))

    def _judge(self, account_id: str) -> Plan[Callable[[Logged], Hit | None]]:
        """By the account as it is now."""
        shown = yield from accounts.show(account_id)
        account = Account(account_id, shown.name, frozenset(shown.domains), has_entries=True)
        user_id = (yield from users.find(self._act, account_id, self._entry.user)) if self._entry.user else None
        entry = Entry(self._entry.id, self._entry.kind, self._entry.effect, user_id)
        shared = frozenset(shown.mailboxes)
        return lambda one: self._hit(one, Facts(account, Channel.BCC, one.user_id, shared=shared), entry)

    def _hit(self, one: Logged, facts: Facts, entry: Entry) -> Hit | None:
        """What the entry says of an activity; None where it says nothing."""
        persons = [self._person(told, facts, entry) for _, told in one.participants]
        listed = {i: person for i, person in enumerate(persons) if person.entries}
        if not listed:
            return None
        judged = never_log.judge(_people(persons), _standing(one), facts)
        if judged.stop:
            return Hit(one, wholly=True, keeps_out=judged.whole)
        passed_over = [listed[i] for i in judged.passed_over]
        contacts = {p.contact_id for i in judged.passed_over for p in [one.participants[i][1]] if p.contact_id}
        if not passed_over:
            return None
        if one.contacts <= contacts:
            return Hit(one, wholly=True)
        return Hit(
            one,
            wholly=False,
            positions=tuple(one.participants[i][0] for i in judged.passed_over),
            tokens=tuple(dict.fromkeys(token for person in passed_over for token in person.tokens)),
            contacts=tuple(sorted(contacts)),
        )

    def _person(self, told: StoredParticipant, facts: Facts, entry: Entry) -> Person:
        spelt = dict.fromkeys((told.address, told.canonical, *addresses.tokens(told.name)))
        hits = [token for token in spelt if token and not self._keys.isdisjoint(token_keys(token))]
        user = User(told.user_id, told.canonical) if told.user_id else None
        person = Person(told.role, told.name, told.address, told.canonical, _kind(told, facts), user, proven=True)
        return person if user or not hits else replace(person, entries=(entry,), tokens=tuple(hits))


def _kind(told: StoredParticipant, facts: Facts) -> Kind:
    if told.user_id:
        return Kind.USER
    if told.canonical in facts.shared:
        return Kind.SHARED
    return Kind.INTERNAL if told.canonical.rpartition("@")[2] in facts.account.domains else Kind.EXTERNAL


def _people(persons: Sequence[Person]) -> People:
    author = next((p for p in persons if p.role is Role.FROM and p.canonical), None)
    sender = next((p for p in persons if p.role is Role.SENDER and p.canonical), None)
    return People(tuple(persons), author, sender, exposed=False, finding=_FINDING)


def _standing(one: Logged) -> Standing:
    user = User(one.user_id, "") if one.user_id else None
    direction = Direction(one.direction)
    writer = user if direction is Direction.OUT else None
    forwarder = user if one.attribution == "attribution.forwarder" else None
    return Standing(direction, _FINDING, one.explicit, proven=True, writer=writer, forwarder=forwarder)
