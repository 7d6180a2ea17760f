"""How an account ends, without ids: what two stores can be compared by, whatever they are made of."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from fakes.memory_store import Tenant
from fakes.seen import Seen, seen

from storage.plan import Plan, ask


@dataclass(frozen=True)
class End:
    """Hashes stand for message ids and people; they are the same in each store of one key."""

    activities: list[Seen]
    threads: Counter[tuple[object, ...]]
    """Names, members, whether logged, messages."""
    messages: Counter[tuple[object, ...]]
    """Id hash, way, anchor, conflict, outcome, whether in an activity."""
    decisions: Counter[tuple[object, ...]]
    """Those that stand: trace id, channel, outcome, reason, deliveries."""
    held: Counter[str]
    """Trace ids."""
    waiting: Counter[str]
    """Trace ids."""


def end(account: str) -> Plan[End]:
    """How it ends in a database."""
    threads = yield from ask("SELECT id, logged, messages FROM thread WHERE account_id = $1", account)
    named = yield from ask("SELECT thread_id, message_id_hash FROM thread_ref WHERE account_id = $1", account)
    members = yield from ask("SELECT thread_id, member FROM thread_member")
    messages = yield from ask(
        "SELECT id_hash, way, anchor_hash, conflict, outcome, activity_id IS NOT NULL FROM message"
        " WHERE account_id = $1",
        account,
    )
    decisions = yield from ask(
        "SELECT trace_id, channel, outcome, reason, deliveries FROM decision"
        " WHERE account_id = $1 AND superseded_by IS NULL",
        account,
    )
    kept = "SELECT d.trace_id FROM {} k JOIN decision d ON d.id = k.decision_id WHERE k.account_id = $1"
    held = yield from ask(kept.format("held"), account)
    waiting = yield from ask(kept.format("waiting"), account)
    return End(
        activities=(yield from seen(account)),
        threads=Counter(
            (frozenset(n for t, n in named if t == i), frozenset(m for t, m in members if t == i), bool(logged), count)
            for i, logged, count in threads
        ),
        messages=Counter((*told, bool(in_activity)) for *told, in_activity in messages),
        decisions=Counter(tuple(row) for row in decisions),
        held=Counter(trace_id for (trace_id,) in held),
        waiting=Counter(trace_id for (trace_id,) in waiting),
    )


def end_in(tenant: Tenant, activities: list[Seen]) -> End:
    """How it ends in plain dicts."""
    logged = {id(k.thread) for k in tenant.activities.values()}
    traces = {r.id: r.decision.trace_id for r in tenant.decisions}
    return End(
        activities=activities,
        threads=Counter(
            (frozenset(t.ids), frozenset(t.members), id(t) in logged, t.messages) for t in tenant.threads
        ),
        messages=Counter(
            (m.id_hash, m.way, m.anchor, m.conflict, m.outcome.value, bool(m.activity)) for m in tenant.messages
        ),
        decisions=Counter(
            (d.trace_id, d.channel.value, d.outcome.value, d.reason, r.deliveries)
            for r in tenant.decisions
            if (d := r.decision).retry_hash
        ),
        held=Counter(traces[i] for i in tenant.held),
        waiting=Counter(traces[i] for i in tenant.waiting),
    )


def differences(ours: End, theirs: End) -> str:
    """What only one of them has, for a person to read."""
    lines: list[str] = []
    for name in End.__dataclass_fields__:
        left, right = getattr(ours, name), getattr(theirs, name)
        for sign, one, other in (("store only", left, right), ("model only", right, left)):
            extra = Counter(one) - Counter(other)
            lines += [f"  {name}, {sign}: {what}" for what in extra.elements()]
    return "\n".join(lines)
