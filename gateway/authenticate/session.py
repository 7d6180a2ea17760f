"""What the SMTP session itself proves: SMTP AUTH, and a source that vouches for what it copies."""

from __future__ import annotations

from gateway.core.model import Channel, Envelope, Evidence, Proof, Recipient, Source


def _speaks(source: Source, channel: Channel) -> bool:
    """A server that copies what users submit sends their own Bcc mail, too; one that only journals may be anybody's."""
    return (Channel.RELAY if channel.explicit else channel) in source.channels


def check(envelope: Envelope, recipient: Recipient) -> Evidence:
    """The proofs for one recipient's account; nothing that a peer proves to one account counts in another."""
    peer, account_id, channel = envelope.peer, recipient.account_id, recipient.channel
    proofs = [Proof("smtp_auth", peer.login)] if peer.login and peer.account_id == account_id else []
    if any(s.vouches and s.account_id == account_id and _speaks(s, channel) for s in peer.sources):
        proofs.append(Proof("source", "*"))
    return Evidence(tuple(proofs))
