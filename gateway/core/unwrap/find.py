"""Looking for the original inside a copy, as far as its channel lets it be unwrapped. Nothing is believed here."""

from __future__ import annotations

from dataclasses import replace

from gateway.core.limits import ReadingLimits
from gateway.core.message import Reading
from gateway.core.model import Channel, Message
from gateway.core.unwrap import attached, inline, journal, redirect
from gateway.core.unwrap.original import HIGH, Unwrapped


def find(
    reading: Reading, channel: Channel, limits: ReadingLimits, gateway_hosts: frozenset[str]
) -> Unwrapped | None:
    """What is inside, or why nothing is. A user who Bccs us alone has forwarded, whatever the address is called."""
    message = reading.message
    if channel is Channel.JOURNAL:
        return journal.find(reading, limits, captures=True)
    if channel is Channel.RELAY:
        return _untrusted(reading, limits) if journal.is_report(message) else None
    if channel is Channel.BCC:
        found = forwarded(reading, limits) if _to_us_alone(message, gateway_hosts) else None
        return found if found and found.originals and found.originals[0].confidence >= HIGH else None
    found = forwarded(reading, limits)
    if (found is None or not found.originals) and redirect.automatic(message):
        return _nothing("unwrap.automatic")
    return found


def forwarded(reading: Reading, limits: ReadingLimits) -> Unwrapped | None:
    """A forward of any kind, the surest first: attached, redirected, within the text."""
    message = reading.message
    found = attached.find(reading, limits) or redirect.find(reading)
    return found or inline.find(reading, message.subject, message.date, limits)


def _untrusted(reading: Reading, limits: ReadingLimits) -> Unwrapped:
    """A report that isn't believed. Whom it names is held against the list all the same."""
    report = journal.find(reading, limits)
    return replace(_nothing("journal.untrusted_peer"), journal=report.journal if report else None)


def _nothing(why: str) -> Unwrapped:
    return Unwrapped("none", (), (), findings=(why,))


def _to_us_alone(message: Message, gateway_hosts: frozenset[str]) -> bool:
    recipients = [m.canonical for m in (*message.to, *message.cc, *message.bcc) if m.canonical]
    return all(address.rpartition("@")[2] in gateway_hosts for address in recipients)
