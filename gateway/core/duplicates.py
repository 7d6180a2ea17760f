"""Stage 7, duplicates: the same mail by another way, or another mail under the same Message-ID."""

from __future__ import annotations

from gateway.core.facts import Facts, KnownMessage
from gateway.core.model import Message
from gateway.core.questions import Questions
from gateway.core.reasons import finding
from gateway.core.results import Duplicate


def compare(message: Message, asked: Questions, facts: Facts) -> Duplicate:
    """The earlier copy of this mail, if there is one; an erased one first, then a logged one.

    Author and date (the anchor) tell a copy from reuse of the id; under one anchor either the text or the base
    subject must agree, and both where a server gave the message another id on its way. A forward within a text tells
    neither id nor exact date, so there author and base subject decide.
    """
    copies = [known for known in facts.same_id if known.anchor_hash == asked.anchor and _agrees(known, asked)]
    copies += [k for k in facts.linked if k.author_hash == asked.author and k.subject_hash == asked.subject != ""]
    first = [known for known in facts.same_id if known.reachable and not known.renamed]
    reused = bool(first) and not any(known in copies for known in first)
    flags = ("dedupe.conflict",) if reused else ()
    if not copies:
        return Duplicate(finding("duplicates", "dedupe.conflict" if reused else "dedupe.new"), None, reused, flags)
    known = next((k for k in copies if k.erased), None) or next((k for k in copies if k.activity), copies[0])
    slug = "dedupe.erased" if known.erased else "dedupe.merged" if known.activity else "dedupe.again"
    if known not in facts.linked and not _alike(message, asked, known):
        flags = (*flags, "dedupe.variant")
    return Duplicate(finding("duplicates", slug), known, reused, flags)


def _agrees(known: KnownMessage, asked: Questions) -> bool:
    same_text, same_subject = known.text_hash == asked.text, known.subject_hash == asked.subject
    return (same_text and same_subject) if known.renamed else (same_text or same_subject)


def _alike(message: Message, asked: Questions, known: KnownMessage) -> bool:
    """Nothing was added on the way, neither a tag nor a footer, and no attachment taken off."""
    if (known.text_hash, known.subject_hash) != (asked.text, asked.subject):
        return False
    activity = known.activity
    return not activity or (message.subject, len(message.attachments)) == (activity.subject, activity.attachments)
