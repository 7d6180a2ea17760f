"""What a person can do about held mail, reason by reason, and what an approval makes of a case."""

from __future__ import annotations

from dataclasses import replace
from enum import StrEnum

from gateway.core.cases import Setting, taking
from gateway.core.claims import claim
from gateway.core.model import Channel, Mailbox, Proof
from gateway.core.questions import Case
from gateway.core.unwrap.original import HIGH, MEDIUM, Original


class Way(StrEnum):
    """How held mail is approved."""

    AS_IT_IS = "as it is"
    """Its sender is believed this once, or the message that was found inside is the right one."""
    ALIAS = "alias"
    """Its sender is a user under another address."""
    CONTACT = "contact"
    """Its sender is a contact whose copies are welcome."""


class Objection(StrEnum):
    """Why held mail can't be approved as somebody wants."""

    WHO = "It must be said who sent it."
    FORWARDED = "Only a user can forward."
    KNOWN = "It isn't held for an unknown sender."
    NOTHING = "There is nothing in it that could be approved."
    NOBODY = "From names nobody for certain, so nobody can be believed."


_BELIEVE = "If you know that its sender sent it, approve it: that holds for this message alone. Otherwise discard it."
WHAT_TO_DO = {
    "sender.unknown": (
        "Approve it with --alias-of USER if the sender is a user under another address, or with --contact if a contact"
        " may send such copies. Otherwise discard it."
    ),
    "sender.unverified": _BELIEVE,
    "sender.spf_only": _BELIEVE,
    "participants.unparsable": (
        "Who takes part can't be told, so it can't be approved: have it sent again with readable addresses, and"
        " discard this one."
    ),
    "forward.not_found": (
        "There is no message in it to approve: have it forwarded again as an attachment, and discard this one."
    ),
    "forward.ambiguous": (
        "If the message that was found inside is the right one, approve it. Otherwise have it forwarded again as an"
        " attachment, and discard this one."
    ),
    "forward.is_reply": (
        "It is a reply, so there is no forwarded message to approve: have the other mail forwarded as an attachment,"
        " and discard this one."
    ),
    "journal.untrusted_peer": (
        "A report is believed from a source that may journal, at a journal address: see `source list`. Decide it again"
        " once that is set up, or discard it."
    ),
    "journal.malformed": (
        "If your mail server writes lines of its own, name them with `source add --label` and decide it again."
        " Otherwise discard it."
    ),
    "unwrap.too_deep": (
        "It is wrapped too many times to be approved: have the innermost message forwarded by itself, and discard this"
        " one."
    ),
}
"""For each reason to hold mail, what helps."""

_SENDERS = ("sender.unverified", "sender.spf_only")


def sender(case: Case) -> Mailbox | None:
    """Who is to be believed: the author, or who forwards; None where From names nobody for certain."""
    claimed = claim(case)
    return claimed.mailbox if claimed else None


def candidate(case: Case) -> Original | None:
    """The message inside that was not sure enough to be decided, and that somebody may take for the right one."""
    original = case.original
    if original and original.from_ and MEDIUM <= original.confidence < HIGH:
        return original
    chain = case.unwrapped.chain if case.unwrapped else ()
    return chain[1] if len(chain) > 1 and chain[1].confidence >= HIGH else None


def objection(case: Case, reason: str, way: Way) -> tuple[Objection, str] | None:
    """Why what is held for this reason can't be approved that way, and what to do instead; None where it can."""
    if reason == "sender.unknown":
        if way is Way.AS_IT_IS:
            return Objection.WHO, WHAT_TO_DO[reason]
        if way is Way.CONTACT and _forwarded(case):
            return Objection.FORWARDED, "Approve it with --alias-of USER if a user sent it, or discard it."
    elif way is not Way.AS_IT_IS:
        return Objection.KNOWN, WHAT_TO_DO[reason]
    elif reason not in (*_SENDERS, "forward.ambiguous") or (reason not in _SENDERS and candidate(case) is None):
        return Objection.NOTHING, WHAT_TO_DO[reason]
    if reason != "forward.ambiguous" and sender(case) is None:
        return Objection.NOBODY, "Have it sent again, and discard this one."
    return None


def approved(case: Case, reason: str, setting: Setting) -> Case:
    """The case as it stands once a person has approved it; there was no objection."""
    original, mailbox = candidate(case), sender(case)
    if reason != "forward.ambiguous" and mailbox:
        proofs = (*case.evidence.proofs, Proof("person", mailbox.canonical))
        return replace(case, evidence=replace(case.evidence, proofs=proofs))
    if original is case.original and original:
        return replace(case, original=replace(original, confidence=HIGH))
    return taking(case, original, setting) if original else case


def _forwarded(case: Case) -> bool:
    return case.recipient.channel is Channel.FORWARD or case.original is not None
