"""Stage 2, unwrap: the original inside a copy. A wrapped one waits for a person; any other copy is its own original."""

from __future__ import annotations

from gateway.core.model import Channel, Outcome
from gateway.core.questions import Case
from gateway.core.results import Stop

_UNREAD = {
    Channel.FORWARD: Stop(Outcome.HELD, "forward.not_found"),
    Channel.JOURNAL: Stop(Outcome.HELD, "journal.malformed"),
}


def original(case: Case) -> Stop | None:
    """None where the copy is the original; a hold where what it wraps can't be read."""
    return _UNREAD.get(case.recipient.channel)
