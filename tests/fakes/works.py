"""What may be asked of a store while others ask: a delivery, or an act of an admin. Each is one transaction."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Protocol, Self, TypeAlias

from fakes.deliveries import KEY, KEYED, Delivery, cases, keeper
from fakes.letters import Letter
from fakes.one_by_one import OneByOne
from fakes.world import EntryRow, load_world

from gateway.core.cases import Setting
from gateway.core.decide import decide
from gateway.core.decision import Decision
from gateway.core.facts import Facts
from gateway.core.limits import ReadingLimits
from gateway.core.model import Outcome
from gateway.core.questions import Case
from gateway.held import Resolving
from storage import held, waiting
from storage.administration import accounts, never_log, users
from storage.administration.act import Act
from storage.content import Content, HeldCopy
from storage.errors import Refused, Undecided
from storage.interface import Decide, Store
from storage.plan import Plan
from storage.sealing import Sealing

US = load_world().with_settings(late_parent_hours=48)
THEM = replace(
    US.with_settings(rule="log_all_and_create", late_parent_hours=0, unproven_user="hold"),
    account="them",
    captures={f"their{key}": capture for key, capture in US.captures.items()},
)
WORLDS = {"us": US, "them": THEM}

Told: TypeAlias = Sequence[object]
"""What the one who asked is told: for each recipient the decision, or one word."""
DONE, REFUSED, UNDECIDED, FAILED, LEFT = ("done",), ("refused",), ("undecided",), ("failed",), ("left",)


class Failed(Exception):
    """Something of ours fails."""


class Work(Protocol):
    """`trace_id` names it; `at` is its moment."""

    @property
    def trace_id(self) -> str: ...
    def named(self, trace_id: str, at: int) -> Work: ...
    async def among_others(self, store: Store, new_id: Callable[[], str], note: Callable[[str], None]) -> Told:
        """Asks a real store, and notes whenever it is this one's turn."""
        ...

    def alone(self, oracle: OneByOne) -> Told:
        """Asks the oracle."""
        ...


@dataclass(frozen=True)
class Sent:
    """A copy of a letter, to one account or both."""

    letter: Letter
    copy: str
    delivery: Delivery
    accounts: tuple[str, ...] = ("us",)
    trouble: str = ""
    """deciding or storing: something fails in it; leaving: who sent it doesn't wait for the answer."""
    patience: int = 0
    """For how many turns of the event loop he waits, if he leaves."""

    @property
    def trace_id(self) -> str:
        return self.delivery.trace_id

    def named(self, trace_id: str, at: int) -> Sent:
        return replace(self, delivery=replace(self.delivery, trace_id=trace_id, at=at))

    def __str__(self) -> str:
        troubled = f", {self.trouble}" if self.trouble else ""
        return f"{self.trace_id}: {self.letter.title}, {self.copy}, to {' and '.join(self.accounts)}{troubled}"

    @cached_property
    def cases(self) -> list[Case]:
        return [case for name in self.accounts for case in cases(WORLDS[name], self.to(name))]

    def to(self, account: str) -> Delivery:
        """Capture addresses of the other account have keys of their own."""
        prefix = "" if account == "us" else "their"
        return replace(self.delivery, to=[prefix + address for address in self.delivery.to])

    async def among_others(self, store: Store, new_id: Callable[[], str], note: Callable[[str], None]) -> Told:
        found = self.cases
        deciding = self._deciding(found)

        def noted(case: Case, facts: Facts) -> Decision:
            note(self.trace_id)
            return deciding(case, facts)

        keeps = _Failing() if self.trouble == "storing" else keeper(self.delivery, US)
        try:
            decisions = await store.settle(found, noted, keeps)
        except Undecided:
            return UNDECIDED
        except Failed:
            return FAILED
        return [told(d) for d in decisions]

    def alone(self, oracle: OneByOne) -> Told:
        found = self.cases
        try:
            return [told(d) for d in oracle.settle_now(found, self._deciding(found))]
        except Undecided:
            return UNDECIDED
        except Failed:
            return FAILED

    def _deciding(self, found: Sequence[Case]) -> Decide:
        """As the product decides; the store makes Undecided of what is deferred, plain dicts don't."""

        def deciding(case: Case, facts: Facts) -> Decision:
            decision = decide(case, facts)
            if self.trouble == "deciding" and case.recipient == found[-1].recipient:
                raise Failed
            if decision.outcome is Outcome.DEFERRED:
                raise Undecided
            return decision

        return deciding


class _Failing:
    """Fails when something is to be stored, behind the first rows."""

    def content(self, case: Case, withheld: tuple[str, ...], activity_id: str) -> Content:
        raise Failed

    def held(self, case: Case, decision: Decision, decision_id: str) -> HeldCopy:
        raise Failed

    def seal(self, case: Case) -> bytes:
        raise Failed

    def reopen(self, sealed: bytes) -> Case:
        raise Failed


def told(decision: Decision) -> tuple[object, ...]:
    """All that is said of a message, but for ids."""
    said = tuple((f.stage, f.slug, f.evidence) for f in decision.findings)
    marks = (decision.waits_until, len(decision.keeps_out), decision.withdraws is not None)
    return decision.outcome.value, decision.reason, decision.flags, said, marks


@dataclass(frozen=True, kw_only=True)
class _Asked:
    """An act of an admin."""

    account: str = "us"
    trace_id: str = field(default="", repr=False)
    now: int = field(default=0, repr=False)

    def named(self, trace_id: str, at: int) -> Self:
        return replace(self, trace_id=trace_id, now=at)

    async def among_others(self, store: Store, new_id: Callable[[], str], note: Callable[[str], None]) -> Told:
        def noted() -> Plan[Told]:
            note(self.trace_id)
            return (yield from self.plan(Act("cli:tester", self.now, new_id, KEYED)))

        try:
            return await store.change(noted())
        except Refused:
            return REFUSED

    def alone(self, oracle: OneByOne) -> Told:
        try:
            return self.told_by(oracle)
        except Refused:
            return REFUSED

    def plan(self, act: Act) -> Plan[Told]:
        raise NotImplementedError

    def told_by(self, oracle: OneByOne) -> Told:
        raise NotImplementedError


@dataclass(frozen=True, kw_only=True)
class Listed(_Asked):
    """An entry for all users is added."""

    row: EntryRow

    def plan(self, act: Act) -> Plan[Told]:
        yield from never_log.add(act, self.account, self.row.pattern, self.row.effect)
        return DONE

    def told_by(self, oracle: OneByOne) -> Told:
        oracle.enter(self.account, self.row)
        return DONE


@dataclass(frozen=True, kw_only=True)
class Unlisted(_Asked):
    """An entry for all users is removed."""

    row: EntryRow

    def plan(self, act: Act) -> Plan[Told]:
        yield from never_log.remove(act, self.account, self.row.pattern)
        return DONE

    def told_by(self, oracle: OneByOne) -> Told:
        oracle.strike(self.account, self.row)
        return DONE


@dataclass(frozen=True, kw_only=True)
class Ruled(_Asked):
    """The account gets another logging rule."""

    rule: str

    def plan(self, act: Act) -> Plan[Told]:
        yield from accounts.change_setting(act, self.account, "rule", self.rule)
        return DONE

    def told_by(self, oracle: OneByOne) -> Told:
        oracle.choose(self.account, self.rule)
        return DONE


@dataclass(frozen=True, kw_only=True)
class Aliased(_Asked):
    """An address is said to be a user's."""

    user: str
    address: str

    def plan(self, act: Act) -> Plan[Told]:
        yield from users.add_address(act, self.account, self.user, self.address, "alias")
        return DONE

    def told_by(self, oracle: OneByOne) -> Told:
        oracle.add_alias(self.account, self.user, self.address)
        return DONE


@dataclass(frozen=True, kw_only=True)
class Resolved(_Asked):
    """Held mail is discarded, decided again or approved."""

    held: str
    """Its trace id."""
    how: str

    def plan(self, act: Act) -> Plan[Told]:
        if self.how == "discard":
            yield from held.discard(act, self.held, self.account)
            return DONE
        setting = Setting(US.domain, US.host, KEYED, ReadingLimits())
        resolving = Resolving(act, setting, Sealing(KEY))
        verb = resolving.approve if self.how == "approve" else resolving.decide
        resolved = yield from verb(self.held, self.account)
        return [told(resolved.decision)]

    def told_by(self, oracle: OneByOne) -> Told:
        if self.how == "discard":
            oracle.discard(self.account, self.held)
            return DONE
        verb = oracle.approve if self.how == "approve" else oracle.decide_again
        return [told(verb(self.account, self.held, self.now))]


@dataclass(frozen=True, kw_only=True)
class Expired(_Asked):
    """What was kept for a while goes, of all accounts."""

    def plan(self, act: Act) -> Plan[Told]:
        yield from waiting.expire(act.at)
        yield from held.expire(act)
        return DONE

    def told_by(self, oracle: OneByOne) -> Told:
        oracle.expire(self.now)
        return DONE
