"""Looking for the original inside a copy, as far as its channel lets it be unwrapped. Nothing is believed here."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from gateway.core.limits import ReadingLimits
from gateway.core.message import Reading
from gateway.core.model import Channel, Mailbox, Source
from gateway.core.unwrap import attached, inline, journal, redirect
from gateway.core.unwrap.original import HIGH, Unwrapped


def find(
    reading: Reading,
    channel: Channel,
    limits: ReadingLimits,
    gateway_hosts: frozenset[str],
    sources: Collection[Source] = (),
) -> Unwrapped | None:
    """What is inside, or why nothing is. A user who Bccs us alone has forwarded, whatever the address is called.

    `sources`: the peer as the recipient's account knows it on this channel.
    """
    message = reading.message
    if channel is Channel.JOURNAL:
        labels = frozenset(label for source in sources for label in source.labels)
        alternate = any(source.alternate for source in sources)
        return journal.find(reading, limits, captures=True, alternate=alternate, labels=labels)
    if channel is Channel.RELAY:
        return journal.untrusted(journal.find(reading, limits)) if journal.is_report(message) else None
    if channel is Channel.BCC:
        resent = redirect.resending(message)
        if resent and resent.to and _us_alone(resent.to, gateway_hosts):
            return redirect.find(reading)
        written_to = (*message.to, *message.cc, *message.bcc)
        found = forwarded(reading, limits) if _us_alone(written_to, gateway_hosts) else None
        return found if found and found.originals and found.originals[0].confidence >= HIGH else None
    found = forwarded(reading, limits)
    if (found is None or not found.originals) and redirect.automatic(message):
        return Unwrapped("none", (), (), findings=("unwrap.automatic",))
    if found and found.originals and found.originals[0].confidence >= HIGH:
        return found
    found = found or Unwrapped("none", (), ())
    return replace(found, unread=inline.tokens(reading, limits))


def forwarded(reading: Reading, limits: ReadingLimits) -> Unwrapped | None:
    """A forward of any kind, the surest first: attached, redirected, within the text."""
    message = reading.message
    found = attached.find(reading, limits) or redirect.find(reading)
    return found or inline.find(reading, message.subject, message.date, limits)


def _us_alone(recipients: Collection[Mailbox], gateway_hosts: frozenset[str]) -> bool:
    return all(m.canonical.rpartition("@")[2] in gateway_hosts for m in recipients if m.canonical)
