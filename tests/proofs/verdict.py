"""Whether a gateway has kept its promise: what its clients were told against what its database holds."""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

from fakes.scan import INVARIANT

from storage.content import unpacked
from storage.place import Server
from tests.proofs.load import Ledger, digest
from tests.running_gateway import Gateway


def faults(gateway: Gateway, ledger: Ledger) -> list[str]:
    """Everything that is wrong; nothing, where the promise was kept."""
    breaches = [f"{breach}: {where}" for breach, where in asked(gateway, INVARIANT)]
    damage = [] if gateway.server else _damage(gateway)
    return [*_deliveries(gateway, ledger), *_contents(gateway, ledger), *breaches, *damage]


def tally(found: Sequence[str]) -> str:
    """Of faults."""
    lost = sum(fault.startswith("lost") for fault in found)
    doubled = sum(fault.startswith("doubled") for fault in found)
    return f"{lost} lost, {doubled} doubled, {len(found) - lost - doubled} other faults"


def _damage(gateway: Gateway) -> list[str]:
    """What SQLite says of its file, which a server would say itself."""
    orphans = [f"a row of {table} without its parent" for table, *_ in asked(gateway, "PRAGMA foreign_key_check")]
    return [*orphans, *(line for (line,) in asked(gateway, "PRAGMA integrity_check") if line != "ok")]


def repeats(gateway: Gateway) -> int:
    """Deliveries of what had been decided before."""
    [(count,)] = asked(gateway, "SELECT count(*) FROM repeat")
    return int(count)


def asked(gateway: Gateway, sql: str) -> list[tuple[Any, ...]]:
    """A look into its database from outside."""
    return asyncio.run(_asked(gateway.server, sql)) if gateway.server else gateway.rows(sql)


async def _asked(server: Server, sql: str) -> list[tuple[Any, ...]]:
    from storage.postgres.connection import connect  # noqa: PLC0415  # its driver is an extra

    connection = await connect(server)
    try:
        return [tuple(row) for row in await connection.fetch(sql)]
    finally:
        await connection.close()


def _deliveries(gateway: Gateway, ledger: Ledger) -> Iterator[str]:
    yield from (f"wrong reply: {reply}" for reply in ledger.wrong)
    deliveries: dict[str, dict[str, int]] = defaultdict(dict)
    for ident, channel, times in asked(
        gateway, "SELECT a.subject, d.channel, d.deliveries FROM decision d JOIN activity a ON a.id = d.activity_id"
    ):
        if channel in deliveries[ident]:
            yield f"doubled: {ident} by {channel}"
        deliveries[ident][channel] = times
    if not ledger.acknowledged:
        yield "nothing was delivered at all"
    for ident, times in ledger.acknowledged.items():
        for channel in ledger.sent[ident][0]:
            if channel not in deliveries[ident]:
                yield f"lost: {ident} by {channel}"
            elif not times <= deliveries[ident][channel] <= ledger.attempts[ident]:
                yield f"miscounted: {ident} by {channel}, {deliveries[ident][channel]} deliveries, {times} answered"


def _contents(gateway: Gateway, ledger: Ledger) -> Iterator[str]:
    activities = Counter[str]()
    for ident, content in asked(
        gateway, "SELECT a.subject, r.content FROM activity a LEFT JOIN raw_message r ON r.activity_id = a.id"
    ):
        activities[ident] += 1
        whole = content is not None and ident in ledger.sent
        if not whole or digest(unpacked(content)) != ledger.sent[ident][1]:
            yield f"another content: {ident}"
    yield from (f"doubled: {ident}, {times} activities" for ident, times in activities.items() if times > 1)
