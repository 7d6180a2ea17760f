"""How much of a message is read. Defaults are those of the operator's settings."""

from __future__ import annotations

from dataclasses import dataclass

KIB = 1024


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
