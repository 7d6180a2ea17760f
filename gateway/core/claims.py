"""What authentication is asked about: that somebody wrote a message, or sent it on unchanged."""

from __future__ import annotations

from dataclasses import dataclass, replace

from gateway.core.model import Channel, Evidence, HeaderField, Mailbox, Message
from gateway.core.questions import Case
from gateway.core.thread_names import Parents

_THREADING = frozenset({"in-reply-to", "references"})
_SIGNED = frozenset({"dkim", "arc"})
"""Methods that cover some fields and leave others open."""


@dataclass(frozen=True, slots=True)
class Claim:
    """That the person whom a header field names stands behind these bytes."""

    message: Message
    raw: bytes
    """The message's own bytes, to which the spans of its fields belong."""
    field: str
    """from or resent-from, lower-case."""
    mailbox: Mailbox

    @property
    def domain(self) -> str:
        """Of the claimed address, as A-label."""
        return self.mailbox.canonical.rpartition("@")[2]

    @property
    def fields(self) -> tuple[HeaderField, ...]:
        """The header of these bytes."""
        return self.message.fields


def claim(case: Case) -> Claim | None:
    """Whose word a case rests on; None where no single readable address makes the claim.

    Of a forward that is who forwards it, of a journal report who wrote the message inside.
    """
    channel = case.recipient.channel
    forwarded = channel is Channel.FORWARD or (channel is Channel.BCC and case.original is not None)
    message, raw = (case.outer, case.copy) if forwarded else (case.message, case.raw)
    if forwarded and case.unwrapped and case.unwrapped.sent_on_by:
        return _claim(message, raw, "resent-from", case.unwrapped.sent_on_by)
    if len(message.from_) != 1 or "author.ambiguous" in message.findings:
        return None
    return _claim(message, raw, "from", message.from_[0])


def with_evidence(case: Case, evidence: Evidence) -> Case:
    """The case with what was found out about its claim: a reference that its proof leaves unsigned ties an explicit
    copy to nothing.

    Anybody may have written that field into a mail which somebody else signed. What is inside a forward is covered as
    a whole. A server's copy needs no proof to be tied to a thread of its author's, so one doesn't take that away.
    """
    unsigned, claimed = evidence.unsigned & _THREADING, claim(case)
    methods = {proof.method for proof in evidence.proofs}
    if not unsigned or not methods & _SIGNED or not methods <= _SIGNED | {"spf"}:
        return replace(case, evidence=evidence)
    if not case.recipient.channel.explicit or claimed is None or claimed.raw != case.raw:
        return replace(case, evidence=evidence)
    parents = case.asked.parents
    kept = Parents(
        () if "in-reply-to" in unsigned else parents.in_reply_to,
        () if "references" in unsigned else parents.references,
        () if "in-reply-to" in unsigned else parents.agreeing,
    )
    return replace(case, evidence=evidence, asked=replace(case.asked, parents=kept))


def _claim(message: Message, raw: bytes, field: str, mailbox: Mailbox) -> Claim | None:
    return Claim(message, raw, field, mailbox) if mailbox.canonical and message.fields else None
