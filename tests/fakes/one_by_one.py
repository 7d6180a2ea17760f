"""The oracle with what admins do: everything comes alone, one after the other, to plain dicts and lists."""

from __future__ import annotations

from dataclasses import replace
from itertools import count

from fakes.deliveries import KEY
from fakes.ends import End, end_in
from fakes.memory_store import MemoryStore, Recorded, Tenant
from fakes.world import EntryRow, World

from gateway.core.approval import Way, approved, objection
from gateway.core.cases import Setting
from gateway.core.decide import decide
from gateway.core.decision import Decision
from gateway.core.facts import Entry
from gateway.core.keyed_hash import KeyedHash
from gateway.core.limits import ReadingLimits
from gateway.core.model import Outcome
from gateway.core.questions import Case
from gateway.keeping import Keeping
from storage.errors import Refused
from storage.held import DAY
from storage.sealing import Sealing


class OneByOne(MemoryStore):
    """Each method is one transaction. What can't be done raises Refused and changes nothing."""

    def __init__(self, keyed: KeyedHash, *worlds: World) -> None:
        super().__init__(keyed, *worlds)
        self._keyed = keyed
        self._entries = count(1)

    def end(self, account: str) -> End:
        return end_in(self.tenants[account], self.seen(account))

    def enter(self, account: str, row: EntryRow) -> None:
        tenant = self.tenants[account]
        if any(keys == row.keys for _, keys in tenant.entries):
            raise Refused("It is on the list already.")
        entry = Entry(f"{row.id} {next(self._entries)}", row.kind, row.effect)  # once removed it is another one
        tenant.entries.append((entry, row.keys))

    def strike(self, account: str, row: EntryRow) -> None:
        tenant = self.tenants[account]
        left = [(entry, keys) for entry, keys in tenant.entries if keys != row.keys]
        if len(left) == len(tenant.entries):
            raise Refused("It isn't on the list.")
        tenant.entries = left

    def choose(self, account: str, rule: str) -> None:
        tenant = self.tenants[account]
        tenant.world = tenant.world.with_settings(rule=rule)

    def add_alias(self, account: str, user: str, address: str) -> None:
        users = self.tenants[account].users
        if any(address in addresses for _, addresses in users.values()):
            raise Refused("It is a user's already.")
        known, addresses = users[user]
        users[user] = known, (*addresses, address)

    def discard(self, account: str, trace_id: str) -> None:
        tenant = self.tenants[account]
        held = self._held(tenant, trace_id)
        del tenant.held[held.id]
        held.decision = replace(held.decision, outcome=Outcome.SKIPPED, reason="held.discarded")

    def expire(self, now: int) -> None:
        for tenant in self.tenants.values():
            tenant.waiting = {i: waits for i, waits in tenant.waiting.items() if waits[1] > now}
            before = now - tenant.world.account_settings.held_days * DAY
            for held in [r for r in tenant.decisions if r.id in tenant.held]:
                if tenant.held[held.id].envelope.received_at <= before:
                    del tenant.held[held.id]
                    held.decision = replace(held.decision, outcome=Outcome.SKIPPED, reason="held.expired")

    def decide_again(self, account: str, trace_id: str, now: int) -> Decision:
        tenant = self.tenants[account]
        held = self._held(tenant, trace_id)
        case, decision = self._again(tenant, self._kept(tenant, held), now)
        if (decision.outcome, decision.reason) != (Outcome.HELD, held.decision.reason):
            self._supersede(tenant, held, case, decision)
        return decision

    def approve(self, account: str, trace_id: str, now: int) -> Decision:
        tenant = self.tenants[account]
        held = self._held(tenant, trace_id)
        reason = held.decision.reason
        case, decision = self._again(tenant, self._kept(tenant, held), now)
        if not decision.reason.startswith("never_log."):
            if objection(case, reason, Way.AS_IT_IS):
                raise Refused("It can't be approved so.")
            case, decision = self._again(tenant, approved(case, reason, self._setting(tenant)), now)
            private = decision.reason.startswith("never_log.")
            if (decision.outcome is Outcome.SKIPPED and not private) or decision.reason == reason:
                raise Refused("It wouldn't help.")
        self._supersede(tenant, held, case, decision)
        return decision

    def _held(self, tenant: Tenant, trace_id: str) -> Recorded:
        found = [r for r in tenant.decisions if r.id in tenant.held and r.decision.trace_id == trace_id]
        if len(found) != 1:
            raise Refused("It isn't held, or several are.")
        return found[0]

    def _kept(self, tenant: Tenant, held: Recorded) -> Case:
        """What was kept of it: whoever is on the list stands in it no more."""
        keeping = Keeping(self._setting(tenant), Sealing(KEY))
        sources = [tenant.world.source(name) for name in tenant.world.sources]
        return keeping.open(keeping.held(tenant.held[held.id], held.decision, held.id), sources)

    def _setting(self, tenant: Tenant) -> Setting:
        return Setting(tenant.world.domain, tenant.world.host, self._keyed, ReadingLimits())

    def _again(self, tenant: Tenant, case: Case, now: int) -> tuple[Case, Decision]:
        case = replace(case, may_refuse=False)
        return case, replace(decide(case, tenant.facts(case, again=True)), at=now)

    def _supersede(self, tenant: Tenant, held: Recorded, case: Case, decision: Decision) -> None:
        tenant.record(case, decision, self._new_id, held.id)
        tenant.held.pop(held.id, None)
        while decision.remembered and self._call_in(tenant, decide, decision.at):
            pass
