"""A store of plain dicts and lists: what decisions rest on and leave behind, told without any SQL.

It is the oracle of the golden cases and of the contract suite: facts are looked up by walking everything there is.
"""

from __future__ import annotations

import copy
import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from fakes.seen import Seen
from fakes.world import EntryRow, World

from gateway.core.address_keys import token_keys
from gateway.core.decision import Activity, Decision, Remembered
from gateway.core.facts import (
    Account,
    Contact,
    Entry,
    Facts,
    FirstDecision,
    KnownActivity,
    KnownMessage,
    KnownThread,
    StoredParticipant,
    User,
)
from gateway.core.keyed_hash import KeyedHash
from gateway.core.model import Outcome
from gateway.core.questions import Case
from storage.interface import Decide, Keeper


@dataclass
class Thread:
    id: str
    subject: str
    started_at: int
    messages: int = 0
    ids: dict[str, tuple[int | None, int, str | None]] = field(default_factory=dict)
    """Name → when its message came (None: others named it only), when it was first heard of, activity."""
    members: set[str] = field(default_factory=set)


@dataclass
class Kept:
    """An activity."""

    id: str
    now: Activity
    arrived_at: int
    thread: Thread | None
    richest: Activity
    contacts: list[str] = field(default_factory=list)
    created: list[str] = field(default_factory=list)
    copies: list[str] = field(default_factory=list)
    failed: set[str] = field(default_factory=set)


@dataclass
class Met:
    """A message by its hashes."""

    id_hash: str
    way: str
    anchor: str
    conflict: str
    author: str
    text: str
    subject: str
    outcome: Outcome
    activity: str | None
    thread: Thread


@dataclass
class Recorded:
    """A decision with the id it got."""

    id: str
    decision: Decision
    activity: str | None
    deliveries: int = 1


class Tenant:
    """One account. Nothing here knows of another one."""

    def __init__(self, world: World, keyed: KeyedHash) -> None:
        acc = world.account
        self.world = world
        self.users = {
            f"{acc}/{i}": (User(f"{acc}/{i}", u.addresses[0], u.active and "personal" in u.permissions), u.addresses)
            for i, u in world.users.items()
        }
        self.contacts = {
            f"{acc}/{i}": (c.addresses, f"{acc}/{c.owner}" if c.owner else None) for i, c in world.contacts.items()
        }
        self.entries: list[tuple[Entry, frozenset[str]]] = []
        for entry in world.never_log:
            self.add(entry)
        self.captures = {
            keyed("capture", key): (c.channel, f"{acc}/{c.user}" if c.user else None)
            for key, c in world.captures.items()
        }
        self.decisions: list[Recorded] = []
        self.messages: list[Met] = []
        self.threads: list[Thread] = []
        self.activities: dict[str, Kept] = {}
        self.held: dict[str, Case] = {}
        self.waiting: dict[str, tuple[Case, int, Thread]] = {}
        """By decision: a reply without its parent, until when it waits, and where."""

    def add(self, entry: EntryRow) -> None:
        acc = self.world.account
        user = f"{acc}/{entry.user}" if entry.user else None
        self.entries.append((Entry(f"{acc}/{entry.id}", entry.kind, entry.effect, user), entry.keys))

    # --- facts ---

    def facts(self, case: Case, *, again: bool = False) -> Facts:
        asked, world = case.asked, self.world
        settings = world.account_settings
        account = Account(world.account, world.account, frozenset(world.domains), settings, bool(self.entries))
        channel, capture_user = self.captures[asked.capture]
        facts = Facts(account, channel, capture_user)
        key = (asked.retry, asked.number)
        first = next((r for r in self.decisions if (r.decision.retry_hash, r.decision.number) == key), None)
        if first and not again:
            d = first.decision
            return replace(facts, first=FirstDecision(first.id, d.trace_id, d.outcome, d.reason))
        barring = (
            entry
            for r in self.decisions
            for entry, _ in sorted(self.entries, key=lambda one: one[0].kind)
            if r.decision.id_hash in (asked.message_id, *asked.aliases, *asked.links)
            if entry.id in r.decision.keeps_out and entry.effect == "message" and entry.user_id is None
        )
        threads = {i: self.thread_facts(t, i) for t in self.threads for i in t.ids}
        named = {*asked.names, *asked.other_names, *asked.parents.all, *asked.parents.agreeing, asked.conversation}
        same = [m for m in self.messages if m.way != "link" and m.id_hash in (asked.message_id, *asked.aliases)]
        linked = [m for m in self.messages if m.way == "link" and m.id_hash == asked.message_id]
        linked += [m for m in self.messages if m.way == "" and m.id_hash in asked.links]
        own = {m.activity for m in (*same, *linked)}
        return replace(
            facts,
            barred=next(barring, None),
            users={a: u for a in asked.people if (u := self.user(a, subaddressing=settings.subaddressing))},
            shared=frozenset(a for a in asked.people if {a, _plain(a)} & set(world.shared)),
            contacts={a: c for a in asked.people if (c := self.contact(a))},
            listed={t: hits for t in asked.tokens if (hits := self.hits(t))},
            same_id=tuple(
                self.message_facts(m, renamed=m.way == "alias" or m.id_hash != asked.message_id) for m in same
            ),
            linked=tuple(self.message_facts(m, renamed=False) for m in linked),
            threads={i: t for i, t in threads.items() if i in named},
            owners={i: u for i, (u, _) in self.users.items()},
            latest={c: u for c in self.contacts if (u := self.latest(c, own))},
            reported={
                m.id_hash: known
                for m in self.messages
                if m.way != "link" and m.id_hash in asked.reported and (known := self.activity_facts(m.activity))
            },
        )

    def message_facts(self, m: Met, *, renamed: bool) -> KnownMessage:
        kept = self.activity_facts(m.activity)
        thread, first = m.thread.id, m.conflict == ""
        return KnownMessage(m.anchor, m.author, m.text, m.subject, m.outcome, kept, thread, renamed, reachable=first)

    def user(self, address: str, *, subaddressing: bool) -> User | None:
        wanted = [address, _plain(address)] if subaddressing else [address]
        return next((u for w in wanted for u, addresses in self.users.values() if w in addresses), None)

    def contact(self, address: str) -> Contact | None:
        for wanted in (address, _plain(address)):
            for contact_id, (addresses, owner) in self.contacts.items():
                if wanted in addresses:
                    return Contact(contact_id, wanted, owner)
        return None

    def hits(self, token: str) -> tuple[Entry, ...]:
        return tuple(entry for entry, keys in self.entries if keys & token_keys(token))

    def latest(self, contact: str, own: set[str | None]) -> User | None:
        others = [k for k in self.activities.values() if contact in k.contacts and k.id not in own]
        with_user = [k for k in others if k.now.attribution.user_id]
        newest = max(with_user, key=lambda k: k.richest.sent_at, default=None)
        return self.users[newest.now.attribution.user_id or ""][0] if newest else None

    def activity_facts(self, activity_id: str | None) -> KnownActivity | None:
        kept = self.activities.get(activity_id or "")
        if kept is None:
            return None
        now = kept.now
        return KnownActivity(
            kept.id,
            now.explicit,
            kept.arrived_at,
            now.participants,
            tuple(self.first_address(c) for c in kept.contacts),
            now.attribution.user_id,
            now.attribution.slug,
            kept.richest.richness,
            kept.richest.subject,
            len(kept.richest.attachments),
            kept.thread.id if kept.thread else None,
            now.attribution.candidates,
            now.attribution.owner_id,
        )

    def thread_facts(self, thread: Thread, message_id: str) -> KnownThread:
        kept = [k for k in self.activities.values() if k.thread is thread]
        oldest = sorted((k.richest.sent_at, c) for k in kept for c in k.contacts)
        contacts = (self.first_address(c) for c in dict.fromkeys(c for _, c in oldest))
        came, heard, activity = thread.ids[message_id]
        return KnownThread(
            thread.id,
            came is not None,
            heard if came is None else came,
            thread.subject,
            thread.messages,
            thread.started_at,
            logged=bool(kept),
            members=frozenset(thread.members),
            contacts=tuple(
                replace(c, listed=any(e.user_id is None for e in self.hits(c.address))) for c in contacts
            ),
            activity_id=activity,
        )

    def first_address(self, contact_id: str) -> Contact:
        addresses, owner = self.contacts[contact_id]
        return Contact(contact_id, addresses[0], owner)

    # --- what a decision leaves behind ---

    def record(self, case: Case, decision: Decision, new_id: itertools.count[int], before: str = "") -> None:
        if decision.outcome is Outcome.REFUSED:
            return
        if decision.first:
            next(r for r in self.decisions if r.id == decision.first).deliveries += 1
            return
        thread = self.join(decision, f"t{next(new_id)}") if decision.remembered else None
        stands_in = thread if decision.remembered and decision.remembered.thread.counts else None
        kept = self.keep(decision, decision.activity, stands_in, new_id) if decision.activity else None
        recorded = Recorded(f"d{next(new_id):06}", decision, kept.id if kept else None)
        for earlier in [r for r in self.decisions if r.id == before]:
            recorded.deliveries, earlier.deliveries = earlier.deliveries, 1
            earlier.decision = replace(earlier.decision, retry_hash="")
        self.decisions.append(recorded)
        if decision.waits_until and thread:
            self.waiting[recorded.id] = (case, decision.waits_until, thread)
        if decision.outcome is Outcome.HELD:
            self.held[recorded.id] = case
        if decision.remembered and thread:
            self.remember(decision, decision.remembered, thread, kept.id if kept else None)
        if decision.keeps_out:
            self.keep_out(decision, {case.asked.message_id, *case.asked.aliases})
        for activity_id, canonical in decision.failed:
            self.activities[activity_id].failed.add(canonical)

    def keep_out(self, decision: Decision, ids: set[str]) -> None:
        for other in [r for r in self.decisions if r.decision.id_hash in ids]:
            self.waiting.pop(other.id, None)
            if self.held.pop(other.id, None):
                reason, entry = decision.reason, decision.entry_id
                other.decision = replace(other.decision, outcome=Outcome.SKIPPED, reason=reason, entry_id=entry)
        if not decision.withdraws:
            return
        gone = self.activities.pop(decision.withdraws)
        self.messages = [m for m in self.messages if m.activity != gone.id]
        for thread in self.threads:
            for name, (came, _, activity) in list(thread.ids.items()):
                if activity == gone.id:
                    thread.ids[name] = (None, came or 0, None)
        if gone.thread and not any(k.thread is gone.thread for k in self.activities.values()):
            gone.thread.members.clear()
        for contact in gone.created:
            if not any(contact in k.contacts for k in self.activities.values()):
                del self.contacts[contact]

    def join(self, decision: Decision, thread_id: str) -> Thread:
        assert decision.remembered is not None
        plan = decision.remembered.thread
        if plan.join is None:
            self.threads.append(Thread(thread_id, decision.remembered.subject_hash, decision.at))
            return self.threads[-1]
        into = next(t for t in self.threads if t.id == plan.join)
        for other in [t for t in self.threads if t.id in plan.merge]:
            into.messages += other.messages
            into.ids |= other.ids
            into.members |= other.members
            for kept in self.activities.values():
                kept.thread = into if kept.thread is other else kept.thread
            for met in self.messages:
                met.thread = into if met.thread is other else met.thread
            for waits, (case, until, thread) in self.waiting.items():
                self.waiting[waits] = (case, until, into if thread is other else thread)
            self.threads.remove(other)
        return into

    def keep(self, decision: Decision, activity: Activity, thread: Thread | None, new_id: itertools.count[int]) -> Kept:
        ids: dict[str, str] = {}
        created: list[str] = []
        for target in activity.targets:
            contact_id = target.contact_id
            if contact_id is None:
                contact_id = f"{self.world.account}/new{next(new_id):06}"
                self.contacts[contact_id] = ((target.canonical,), None)
                created.append(contact_id)
            ids[target.canonical] = contact_id
        people = tuple(replace(p, contact_id=p.contact_id or ids.get(p.canonical)) for p in activity.participants)
        now = replace(activity, participants=people)
        kept = self.activities.get(activity.into or "")
        if kept is None:
            kept = Kept(f"a{next(new_id):06}", now, decision.at, thread, now)
            self.activities[kept.id] = kept
        kept.now = now
        kept.thread = thread or kept.thread
        kept.richest = now if activity.replaces_content else kept.richest
        kept.contacts += [c for c in dict.fromkeys(ids.values()) if c not in kept.contacts]
        kept.created += created
        kept.copies.append(decision.channel.value)
        return kept

    def remember(self, decision: Decision, seen: Remembered, thread: Thread, activity: str | None) -> None:
        outcome = decision.outcome
        for way, id_hash in seen.ids:
            conflict = seen.conflict(way)
            key = (id_hash, seen.anchor_hash, conflict)
            known = next((m for m in self.messages if (m.id_hash, m.anchor, m.conflict) == key), None)
            if known is None:
                hashes = (seen.author_hash, seen.text_hash, seen.subject_hash)
                known = Met(id_hash, way, seen.anchor_hash, conflict, *hashes, outcome, None, thread)
                self.messages.append(known)
            known.thread = thread
            known.outcome = Outcome.LOGGED if activity else outcome
            known.activity = activity or known.activity
        owners = {i: t for t in self.threads for i in t.ids}
        for name in seen.thread.names:
            came, _, before = owners.get(name, thread).ids.pop(name, (None, 0, None))
            thread.ids[name] = (decision.at if came is None else came, decision.at, activity or before)
        for name in (*seen.thread.parents, seen.thread.hint):
            if name and name not in owners:
                thread.ids.setdefault(name, (None, decision.at, None))
        thread.members |= set(seen.thread.members)
        thread.messages += seen.first


class MemoryStore:
    """`storage.interface.Store` as far as deciding goes."""

    def __init__(self, keyed: KeyedHash, *worlds: World) -> None:
        self.tenants = {w.account: Tenant(w, keyed) for w in worlds}
        self._new_id = itertools.count(1)

    async def settle(self, cases: Sequence[Case], decide: Decide, keeper: Keeper) -> Sequence[Decision]:
        return self.settle_now(cases, decide)

    def settle_now(self, cases: Sequence[Case], decide: Decide) -> list[Decision]:
        """All recipients of one transaction, or none of them."""
        before = copy.deepcopy(self.tenants) if len(cases) > 1 else self.tenants
        try:
            decisions = [self._settle(case, decide) for case in cases]
            refused = [i for i, d in enumerate(decisions) if d.outcome is Outcome.REFUSED]
            if len(refused) < len(cases):
                for i in refused:
                    decisions[i] = self._settle(replace(cases[i], may_refuse=False), decide)
        except BaseException:
            self.tenants = before
            raise
        return decisions

    def facts(self, case: Case) -> Facts:
        return self.tenants[case.recipient.account_id].facts(case)

    def _settle(self, case: Case, decide: Decide) -> Decision:
        tenant = self.tenants[case.recipient.account_id]
        decision = decide(case, tenant.facts(case))
        tenant.record(case, decision, self._new_id)
        while decision.remembered and self._call_in(tenant, decide, decision.at):
            pass
        return decision

    def _call_in(self, tenant: Tenant, decide: Decide, now: int) -> bool:
        """Decides again whoever waits; says whether that logged anything."""
        called = False
        for decision_id, (case, until, thread) in sorted(tenant.waiting.items(), key=lambda item: item[0]):
            if until <= now or not any(k.thread is thread for k in tenant.activities.values()):
                continue
            decision = decide(case, tenant.facts(case, again=True))
            if not decision.waits_until:
                del tenant.waiting[decision_id]
            if decision.reason != "rule.replies_only":
                tenant.record(case, replace(decision, at=now), self._new_id, decision_id)
                called = called or decision.activity is not None
        return called

    def seen(self, account: str) -> list[Seen]:
        """The account's activities as anybody would see them."""
        tenant = self.tenants[account]
        return sorted(_seen(tenant, kept) for kept in tenant.activities.values())

    def parties(self, account: str) -> frozenset[frozenset[str]]:
        """The thread partition: Message-ID hashes that stand together."""
        return frozenset(frozenset(t.ids) for t in self.tenants[account].threads if t.ids)


def _seen(tenant: Tenant, kept: Kept) -> Seen:
    now, richest = kept.now, kept.richest
    return Seen(
        subject=richest.subject or "",
        text=richest.text,
        direction=now.direction.value,
        explicit=now.explicit,
        user=now.attribution.user_id or "",
        attribution=now.attribution.slug,
        contacts=tuple(sorted(tenant.first_address(c).address for c in kept.contacts)),
        created=tuple(sorted(tenant.first_address(c).address for c in kept.created)),
        participants=tuple(sorted(_line(p, failed=p.canonical in kept.failed) for p in now.participants)),
        reference=now.reference,
        copies=tuple(sorted(kept.copies)),
    )


def _line(person: StoredParticipant, *, failed: bool) -> str:
    mark = " hidden" * person.hidden + " failed" * (failed and not person.entry_id)
    return f"{person.role.value} {person.canonical or '(listed)'}{mark}"


def _plain(address: str) -> str:
    """Without its subaddress, if anything is left then."""
    local, _, domain = address.rpartition("@")
    plain = local.partition("+")[0]
    return f"{plain}@{domain}" if plain else address
