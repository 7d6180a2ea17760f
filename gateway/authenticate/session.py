"""What the SMTP session itself proves: SMTP AUTH, and a source that vouches for what it copies."""

from __future__ import annotations

from gateway.core.model import Envelope, Evidence, Proof, Recipient


def check(envelope: Envelope, recipient: Recipient) -> Evidence:
    """The proofs for one recipient's account; nothing that a peer proves to one account counts in another."""
    peer, account_id = envelope.peer, recipient.account_id
    proofs = [Proof("smtp_auth", peer.login)] if peer.login and peer.account_id == account_id else []
    if any(source.vouches and source.account_id == account_id for source in peer.sources):
        proofs.append(Proof("source", "*"))
    return Evidence(tuple(proofs))
