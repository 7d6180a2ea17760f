"""Stage 7, duplicates: the same mail by another way, or another mail under the same Message-ID."""

from __future__ import annotations

from gateway.core.facts import Facts, KnownActivity
from gateway.core.model import Message
from gateway.core.questions import Questions
from gateway.core.reasons import finding
from gateway.core.results import Duplicate


def compare(message: Message, asked: Questions, facts: Facts) -> Duplicate:
    """The earlier copy of this mail, if there is one.

    Author and date (the anchor) tell a copy from reuse of the id; under one anchor either the text or the base
    subject must agree, and both where a server gave the message another id on its way.
    """
    anchored = [known for known in facts.same_id if known.anchor_hash == asked.anchor]
    for known in anchored:
        same_text, same_subject = known.text_hash == asked.text, known.subject_hash == asked.subject
        if (same_text and same_subject) if known.renamed else (same_text or same_subject):
            alike = same_text and same_subject and (known.activity is None or _alike(message, known.activity))
            flags = () if alike else ("dedupe.variant",)
            slug = "dedupe.merged" if known.activity else "dedupe.again"
            return Duplicate(finding("duplicates", slug), known, flags=flags)
    for known in facts.linked:
        if known.activity and known.author_hash == asked.author and known.subject_hash == asked.subject != "":
            return Duplicate(finding("duplicates", "dedupe.merged"), known)
    if any(not known.renamed for known in facts.same_id):
        return Duplicate(finding("duplicates", "dedupe.conflict"), reused_id=True, flags=("dedupe.conflict",))
    return Duplicate(finding("duplicates", "dedupe.new"))


def _alike(message: Message, activity: KnownActivity) -> bool:
    """Neither a tag was put into the subject nor an attachment taken off on the way."""
    return message.subject == activity.subject and len(message.attachments) == activity.attachments
