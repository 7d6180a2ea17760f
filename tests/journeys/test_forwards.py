"""What the golden cases of forwards make: the explanation tells neither direction nor date nor the copies' sum."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from fakes.deliveries import KEYED, deliver
from fakes.memory_store import MemoryStore
from fakes.seen import Seen
from journeys.golden import MESSAGES, load


def activities(name: str) -> list[Seen]:
    case = load(MESSAGES / "unwrap" / name)
    store = MemoryStore(KEYED, case.world)
    deliver(store, case.world, *case.deliveries)
    return store.seen(case.world.account)


@pytest.mark.parametrize(
    ("name", "direction"),
    [
        ("01-contact-wrote", "incoming"),
        ("05-own-mail", "outgoing"),
        ("06-colleagues-mail", "outgoing"),
        ("15-redirect", "incoming"),
        ("21-bcc-address-alone", "incoming"),
    ],
)
def test_the_direction_is_that_of_the_original_and_the_user_is_the_forwarder(name: str, direction: str) -> None:
    [made] = activities(name)
    assert (made.direction, made.user, made.explicit) == (direction, "us/ana", True)


@pytest.mark.parametrize("name", ["01-contact-wrote", "10-three-attached", "15-redirect", "45-date-not-told"])
def test_the_date_is_that_of_the_original_or_else_of_the_forward(name: str) -> None:
    case = load(MESSAGES / "unwrap" / name)
    decision = deliver(MemoryStore(KEYED, case.world), case.world, *case.deliveries)[0]
    sent = {"01-contact-wrote": (10, 12), "45-date-not-told": (11, 40)}.get(name, (10, 15))
    assert decision.activity is not None
    assert decision.activity.sent_at == datetime(2025, 3, 4, *sent, tzinfo=UTC).timestamp() * 1000


@pytest.mark.parametrize(
    ("name", "copies"),
    [
        ("14-already-logged", ("forward", "relay")),
        ("24-the-same-by-another-user", ("forward", "forward")),
        ("26-again", ("forward", "forward")),
        ("27-original-logged-by-relay", ("forward", "relay")),
        ("29-skipped-before", ("forward",)),
    ],
)
def test_another_copy_of_the_original_adds_itself_to_the_one_activity(name: str, copies: tuple[str, ...]) -> None:
    [made] = activities(name)
    assert (made.copies, made.user) == (copies, "us/ana")


def test_of_a_forwarded_forward_the_inner_one_stays_text() -> None:
    [made] = activities("11-passed-on-by-a-contact")
    assert made.contacts == ("bob@client.example",)
    assert "Is this too much?" in made.text


def test_the_forwarders_note_is_no_part_of_the_original() -> None:
    [made] = activities("02-unknown-author")
    assert made.text.strip() == "Hello Ana,\ndo you build stairs?"
