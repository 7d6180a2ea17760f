"""Whatever bytes come, to whatever address: each recipient gets a decision, with a reason and all that it takes."""

from __future__ import annotations

from fakes.deliveries import KEYED, Delivery, deliver
from fakes.memory_store import MemoryStore
from fakes.noise import ANY_BYTES
from fakes.world import load_world
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.core.model import Outcome

WORLD = load_world()
RULES = ["replies_only", "log_all", "log_all_and_create"]
ADDRESSES = [f"{key}@{capture.channel.value}.{WORLD.domain}" for key, capture in WORLD.captures.items()]


@given(
    raw=ANY_BYTES,
    to=st.sampled_from(ADDRESSES),
    mail_from=st.sampled_from(["ana@us.example", "bob@client.example", ""]),
    rule=st.sampled_from(RULES),
)
@settings(deadline=None)
def test_any_bytes_are_decided(raw: bytes, to: str, mail_from: str, rule: str) -> None:
    world = WORLD.with_settings(rule=rule)
    decisions = deliver(MemoryStore(KEYED, world), world, Delivery(raw, (to,), mail_from))
    assert decisions
    for decision in decisions:
        assert decision.reason
        assert (decision.outcome is Outcome.LOGGED) == (decision.activity is not None)
