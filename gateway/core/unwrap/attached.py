"""A forward that attaches the original as a file: each attached message is an original (RFC 2046 §5.2.1)."""

from __future__ import annotations

from dataclasses import replace

from gateway.core import addresses
from gateway.core.limits import ReadingLimits
from gateway.core.message import Reading
from gateway.core.model import Message
from gateway.core.unwrap import inline, journal, whole
from gateway.core.unwrap.original import HIGH, LOW, Original, Unwrapped

_DEEPEST = 4
_MACHINES = ("mailer-daemon", "postmaster")


def find(reading: Reading, limits: ReadingLimits) -> Unwrapped | None:
    """The attached messages in order; None without one that names its author, and for reports of any kind.

    `chain` follows the first of them inwards, at last into its text. Beyond four levels the finding unwrap.too_deep is
    added. One without an author stands among others with confidence LOW, so that each gets its own decision.
    """
    found = [] if journal.is_report(reading.message) else _forwarded(reading, limits)
    originals = tuple(_original(inner, reading.message) for inner in found)
    first = next((inner for inner, one in zip(found, originals, strict=True) if one.confidence > LOW), None)
    if first is None:
        return None
    chain, too_deep = _chain(reading, first, limits)
    return Unwrapped(
        kind="attached_forward",
        originals=originals,
        chain=chain,
        note=reading.message.text.strip() or None,
        findings=("unwrap.too_deep",) * too_deep,
    )


def _forwarded(reading: Reading, limits: ReadingLimits) -> list[Reading]:
    """The attached messages, unless the outer one is a report about them."""
    outer = reading.message
    if outer.automated in whole.REPORTS:
        return []
    found = list(whole.attached(reading, limits))
    return [] if found and _returned(outer, found[0].message) else found


def _returned(outer: Message, inner: Message) -> bool:
    """Whether a machine gives a mail back: reports that their header doesn't show as such."""
    path = outer.first("return-path")
    sender = whole.author(outer)
    if path in ("<>", "") or (sender and sender.canonical.partition("@")[0] in _MACHINES):
        return True
    recipients = {mailbox.canonical for mailbox in outer.to if mailbox.canonical}
    writer = whole.author(inner)
    writers = {writer.canonical if writer else "", addresses.canonical((inner.first("return-path") or "").strip("<> "))}
    return bool(recipients & writers) and not (sender and sender.canonical in writers)


def _chain(outer: Reading, first: Reading, limits: ReadingLimits) -> tuple[tuple[Original, ...], bool]:
    """The first attached message, the first one inside it and so on; and whether there are more than may be."""
    chain: list[Original] = []
    level: Reading | None = first
    while level is not None and len(chain) < _DEEPEST:
        chain.append(_original(level, outer.message))
        outer, inside = level, _forwarded(level, limits)
        level = next((inner for inner in inside if whole.author(inner.message)), None)
    return (*chain, *_quoted(outer, limits))[:_DEEPEST], level is not None


def _quoted(deepest: Reading, limits: ReadingLimits) -> tuple[Original, ...]:
    """What the deepest attached message surely forwards within its text."""
    found = inline.find(deepest, deepest.message.subject, deepest.message.date, limits)
    return found.chain if found and found.chain and found.chain[0].confidence >= HIGH else ()


def _original(inner: Reading, outer: Message) -> Original:
    """Dated like the forward where it has no date of its own."""
    found = whole.original(inner.message, inner.raw, whole.confidence(inner.message))
    return found if found.date or not outer.date else replace(found, date=outer.date, date_assumed=True)
