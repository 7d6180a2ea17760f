"""What speaks for the sender of a message, as evidence for the decision. The only user of DNS."""

from __future__ import annotations

from gateway.core.model import Envelope, Evidence, Proof, Recipient


def authenticate(envelope: Envelope, recipient: Recipient) -> Evidence:
    """The proofs for one recipient's account: so far a source that vouches for what it copies, and SMTP AUTH."""
    peer = envelope.peer
    proofs = [Proof("smtp_auth", peer.login)] if peer.login else []
    if any(source.vouches and source.account_id == recipient.account_id for source in peer.sources):
        proofs.append(Proof("source", "*"))
    return Evidence(tuple(proofs))
