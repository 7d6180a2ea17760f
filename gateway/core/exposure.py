"""Whether others can see a capture address, who could then write to it: it should be rotated."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from gateway.core.facts import Facts
from gateway.core.model import Channel, Mailbox
from gateway.core.questions import Case


def exposed(case: Case, facts: Facts) -> bool:
    """Whether one stands in a visible field, but for what users send to it alone in order to forward.

    The header around a journal report is the mail server's own, so only that of the original is looked at.
    """
    reported = case.unwrapped is not None and case.unwrapped.journal is not None
    forwarded = case.recipient.channel is Channel.FORWARD or (case.original is not None and not reported)
    for shown, everybody in _headers(case, forwarded=forwarded):
        known = (m.canonical in facts.users or _is_gateway(m, case) for m in everybody if m.canonical)
        if any(_is_gateway(m, case) for m in shown) and not (forwarded and all(known)):
            return True
    return False


def _headers(case: Case, *, forwarded: bool) -> Iterator[tuple[Sequence[Mailbox], Sequence[Mailbox]]]:
    """The recipients that each header shows, and those who may have seen them. Who forwards knows the address."""
    message, outer = case.message, case.outer
    yield (*message.to, *message.cc, *message.reply_to), [mailbox for _, mailbox in message.mailboxes()]
    if forwarded and outer is not message:
        shown = (*outer.to, *outer.cc, *outer.reply_to)
        yield shown, (*shown, *outer.bcc)
    if case.unwrapped:
        yield case.unwrapped.sent_on_to, case.unwrapped.sent_on_to


def _is_gateway(mailbox: Mailbox, case: Case) -> bool:
    return mailbox.canonical.rpartition("@")[2] in case.gateway_hosts
