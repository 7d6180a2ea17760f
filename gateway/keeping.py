"""What is stored of a message: its bytes, redacted and compressed; and, sealed, what it can be decided by again."""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import asdict, replace
from typing import Any, TypeAlias

from gateway.core import addresses, delivery
from gateway.core.cases import Setting, cases
from gateway.core.claims import claim
from gateway.core.decision import Decision
from gateway.core.facts import StoredParticipant
from gateway.core.message import read_parts
from gateway.core.model import Channel, Envelope, Evidence, Peer, Proof, Recipient, Role, Source
from gateway.core.questions import Case
from gateway.core.redact import WITHHELD, redacted, redacted_copy
from gateway.core.sources import shown
from gateway.core.thread_names import Parents
from storage.content import Content, HeldCopy, compressed, packed, place, unpacked
from storage.errors import Refused, StoreBroken
from storage.sealing import Sealing

_WAITING, _HELD = "waiting", "held"

Ready: TypeAlias = tuple[bytes, Content]
"""A copy's bytes, and the same as stored."""


class Keeping:
    """`storage.interface.Keeper`."""

    def __init__(self, setting: Setting, sealing: Sealing, ready: Ready | None = None) -> None:
        """`ready`: where that was made beforehand."""
        self._setting = setting
        self._sealing = sealing
        self.ready = ready

    def content(self, case: Case, withheld: tuple[str, ...], activity_id: str) -> Content:
        content = compressed(redacted(case, withheld)) if withheld else self._compressed(case.raw)
        return self._sealing.mail.encrypted(content, place("raw_message", activity_id))

    def held(self, case: Case, decision: Decision, decision_id: str) -> HeldCopy:
        withheld = decision.redact
        content = compressed(redacted_copy(case, withheld)) if withheld else self._compressed(case.copy)
        about = _about(replace(_without(case, withheld), passed_over=decision.passed_over))
        claimed, subject = claim(case), case.outer.subject
        shown = subject is None or set(withheld).isdisjoint(addresses.tokens(subject))
        return HeldCopy(
            self._sealing.mail.encrypted(content, place("held", decision_id)),
            self._sealing.seal_bytes(about, _HELD),
            claimed.mailbox.canonical if claimed else "",
            subject if shown else WITHHELD,
        )

    def _compressed(self, raw: bytes) -> Content:
        return self.ready[1] if self.ready and raw is self.ready[0] else compressed(raw)

    def seal(self, case: Case) -> bytes:
        """All that the case can be made from again: what is known of it, and the copy's bytes."""
        return self._sealing.seal_bytes(_about(case) + b"\n" + packed(case.copy), _WAITING)

    def reopen(self, sealed: bytes) -> Case:
        about, _, copy = self._sealing.unseal_bytes(sealed, _WAITING).partition(b"\n")
        return self._case(about, unpacked(copy))

    def open(self, held: HeldCopy, sources: Collection[Source]) -> Case:
        """A held copy as a case again, from a peer that is whichever of these `sources` it is now.

        Raises Refused where too little was kept of it, and StoreBroken.
        """
        if not held.about:
            raise Refused("It was held by an older version: discard it, and have it sent again.")
        about = self._sealing.unseal_bytes(held.about, _HELD)
        return self._case(about, self._sealing.mail.raw_bytes(held.content), sources)

    def _case(self, about: bytes, copy: bytes, sources: Collection[Source] | None = None) -> Case:
        try:
            known = json.loads(about)
            envelope = _envelope(known["envelope"], _recipient(known["recipient"]))
            if sources is not None:
                peer = envelope.peer
                envelope = replace(envelope, peer=replace(peer, sources=shown(peer, sources)))
            reading = read_parts(copy, self._setting.limits)
            found = cases(envelope, reading, self._setting)
            if known["unwrapped"] and found[0].original is None:
                raise Refused(_INCOMPLETE)
            case = replace(found[known["number"]], passed_over=tuple(map(_participant, known["passed_over"])))
            return _as_it_was(case, known)
        except (KeyError, TypeError, ValueError, IndexError):  # sealed by another version
            raise StoreBroken("(a message that was kept to be decided again can't be read)") from None


_INCOMPLETE = (
    "Somebody on the never-log list stands in the message inside, so that was not kept, and this can't be decided"
    " again: have it sent again, and discard this one."
)
_NOT_KEPT = ("number", "people", "tokens")
"""Of the questions: what is asked of people is asked anew, of those whom the copy still names."""


def _about(case: Case) -> bytes:
    """What is known of a case besides its bytes. Nobody asks DNS again, so what that might have said is left out."""
    asked = {name: value for name, value in asdict(case.asked).items() if name not in _NOT_KEPT}
    about = {
        "number": case.asked.number,
        "unwrapped": case.original is not None,
        "envelope": asdict(case.envelope),
        "recipient": asdict(case.recipient),
        "evidence": asdict(replace(case.evidence, pending=())),
        "asked": asked,
        "passed_over": [asdict(person) for person in case.passed_over],
    }
    return json.dumps(about, default=sorted).encode()


def _without(case: Case, tokens: Collection[str]) -> Case:
    """The case without these tokens in its envelope."""
    envelope, recipient = case.envelope, case.recipient
    if not set(tokens).isdisjoint(delivery.senders(envelope.mail_from)):
        envelope = replace(envelope, mail_from=WITHHELD)  # not the null path, which would make it a bounce
    if delivery.encoded(recipient) in tokens:
        local, _, domain = recipient.address.rpartition("@")
        recipient = replace(recipient, address=f"{local.partition('+')[0]}@{domain}", tag="")
    return replace(case, envelope=replace(envelope, recipients=(recipient,)), recipient=recipient)


def _as_it_was(case: Case, known: dict[str, Any]) -> Case:  # Any: JSON of dataclasses
    """The case with the evidence and the questions of its first decision.

    Where something is found in it that wasn't then, by what is known of the source now, both are about another message:
    only the source's own word is left, and that it is the same delivery.
    """
    stored = known["evidence"]
    proofs = tuple(Proof(**proof) for proof in stored["proofs"])
    if known["unwrapped"] is not (case.original is not None):
        vouched = tuple(proof for proof in proofs if proof.method == "source")
        asked = replace(case.asked, retry=known["asked"]["retry"])
        return replace(case, asked=asked, evidence=Evidence(vouched))
    seen = tuple((slug, domain) for slug, domain in stored["seen"])
    evidence = Evidence(proofs, (), stored["contradicted"], seen, frozenset(stored["unsigned"]))
    return replace(case, asked=replace(case.asked, **_questions(known["asked"])), evidence=evidence)


def _questions(stored: dict[str, Any]) -> dict[str, Any]:
    parents = {name: tuple(value) for name, value in stored["parents"].items()}
    lists = {name: tuple(value) for name, value in stored.items() if isinstance(value, list)}
    return stored | lists | {"parents": Parents(**parents)}


def _participant(stored: dict[str, Any]) -> StoredParticipant:
    return StoredParticipant(**stored | {"role": Role(stored["role"])})


def _envelope(stored: dict[str, Any], recipient: Recipient) -> Envelope:  # Any: JSON of a dataclass
    peer = stored["peer"]
    known = tuple(Source(**source | _sets(source)) for source in peer["sources"])
    return Envelope(**stored | {"peer": Peer(**peer | {"sources": known}), "recipients": (recipient,)})


def _recipient(stored: dict[str, Any]) -> Recipient:
    return Recipient(**stored | {"channel": Channel(stored["channel"])})


def _sets(source: dict[str, Any]) -> dict[str, frozenset[str]]:
    return {name: frozenset(value) for name, value in source.items() if isinstance(value, list)}
