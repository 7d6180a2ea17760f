"""Stage 2, unwrap: the original inside a copy. A wrapped one waits for a person; any other copy is its own original."""

from __future__ import annotations

from gateway.core.model import Channel, Outcome
from gateway.core.questions import Case
from gateway.core.results import Stop

_UNREAD = {
    Channel.FORWARD: Stop(Outcome.HELD, "forward.not_found"),
    Channel.JOURNAL: Stop(Outcome.HELD, "journal.malformed"),
}


def unread(case: Case) -> Stop | None:
    """A hold where the copy wraps a message that nothing unwraps yet; None where it is its own original."""
    return _UNREAD.get(case.recipient.channel)
