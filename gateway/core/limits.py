"""How much of a message is read, and of DNS asked about it. Defaults are those of the operator's settings."""

from __future__ import annotations

from dataclasses import dataclass

KIB = 1024
MIB = 1024 * KIB


@dataclass(frozen=True, slots=True)
class ReadingLimits:
    """Sizes in bytes unless the name says otherwise."""

    header_block: int = 256 * KIB
    header_fields: int = 1000
    header_field: int = 32 * KIB
    recipient_field: int = 128 * KIB
    """To, Cc and Bcc, each."""
    author_field: int = 2 * KIB
    """From, Sender and Reply-To, each."""
    mime_field: int = 8 * KIB
    mime_parameters: int = 100
    subject: int = 4 * KIB
    message_id: int = 998
    received_fields: int = 50
    depth: int = 50
    parts: int = 500
    boundary: int = 256
    html: int = 256 * KIB
    html_nesting: int = 512
    text: int = 256 * KIB


@dataclass(frozen=True, slots=True)
class DnsLimits:
    """What the proof of a sender may ask of DNS. Sizes in bytes, times in seconds."""

    queries: int = 40
    """For one message; what is remembered doesn't count."""
    message: float = 5
    """For all queries of one message."""
    query: float = 2
    in_flight: int = 500
    """Queries under way, of all messages together."""
    answer: int = 8 * KIB
    key_record: int = 2 * KIB
    """One TXT record of a DKIM key."""
    text_record: int = 4 * KIB
    """One TXT record of any other kind."""
    cname_chain: int = 8
    cached_names: int = 10_000
    cached_bytes: int = 16 * 1024 * KIB
    shortest_ttl: float = 60
    longest_ttl: float = 3600
    failure: float = 5
    """How long a failure is remembered."""


@dataclass(frozen=True, slots=True)
class DkimLimits:
    """How much of the signatures that a message brings along is looked at, and how old one may be."""

    looked_at: int = 10
    """DKIM-Signature fields, from the top."""
    verified: int = 3
    """Signatures whose key is asked for and whose hashes are made."""
    field: int = 8 * KIB
    most_age: int = 7 * 24 * 3600
    """Seconds since it was signed."""
    most_ahead: int = 3600
    """Seconds by which a signer's clock may be ahead."""


@dataclass(frozen=True, slots=True)
class ParserLimits:
    """What the parser process may use. Sizes in bytes, times in seconds."""

    processes: int = 1
    in_loop: int = 64 * KIB
    """Size up to which a message that the pre-scan finds usual is read without a process."""
    wall: float = 5
    cpu: int = 5
    memory: int = 512 * MIB
    """Address space of a process, the message included."""
    answer: int = 8 * MIB
    """Of what is told about a message, its own bytes aside."""
