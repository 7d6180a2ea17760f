"""An admin at the held mail of a world: acts at a moment, each in one transaction."""

from __future__ import annotations

from dataclasses import replace

from fakes.deliveries import KEY, KEYED, NOON
from fakes.world import World

from gateway.core.approval import Way
from gateway.core.cases import Setting
from gateway.core.limits import ReadingLimits
from gateway.core.model import Outcome
from gateway.held import Resolved, Resolving
from storage import held
from storage.administration.act import Act
from storage.held import HeldMail
from storage.interface import Store
from storage.reads import RecordedDecision
from storage.sealing import Sealing

HOUR = 3_600_000


class Admin:
    """`await Admin(store, act, world).approve(id, Way.ALIAS, "ana")`."""

    def __init__(self, store: Store, act: Act, world: World, at: int = NOON + HOUR) -> None:
        self._store = store
        self._act = replace(act, at=at)
        setting = Setting(world.domain, world.host, KEYED, ReadingLimits())
        self._resolving = Resolving(self._act, setting, Sealing(KEY))

    async def waiting(self) -> list[HeldMail]:
        return list(await self._store.read(held.every()))

    async def approve(self, held_id: str, way: Way = Way.AS_IT_IS, user: str = "") -> Resolved:
        return await self._store.change(self._resolving.approve(held_id, "", way, user), erases=True)

    async def decide(self, held_id: str) -> Resolved:
        return await self._store.change(self._resolving.decide(held_id), erases=True)

    async def discard(self, held_id: str) -> HeldMail:
        return await self._store.change(held.discard(self._act, held_id), erases=True)

    async def expire(self) -> int:
        return await self._store.change(held.expire(self._act), erases=True)


def outcome_of(resolved: Resolved) -> tuple[Outcome, str]:
    return resolved.decision.outcome, resolved.decision.reason


def standing(decisions: list[RecordedDecision]) -> list[tuple[str, str]]:
    """Outcome and reason of those that no later one replaced."""
    return [(d.outcome, d.reason) for d in decisions if d.superseded_by is None]
