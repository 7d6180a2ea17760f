"""What webhooks may use, and where they may be. Defaults are those of the operator's settings."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import TypeAlias

Network: TypeAlias = IPv4Network | IPv6Network


@dataclass(frozen=True, slots=True)
class WebhookLimits:
    """Times in seconds."""

    networks: tuple[Network, ...] = ()
    """Private networks in which they may be."""
    loopback: bool = False
    """They may be on this machine, also without TLS."""
    ca_file: Path | None = None
    """Certificates of authorities that are believed besides the system's."""
    timeout: float = 10
    """For one attempt, from the look-up of the name to the status."""
    concurrent: int = 50
    """Requests under way, all webhooks together."""
    concurrent_per_webhook: int = 4
    give_up_after: float = 3 * 24 * 60 * 60
    """Since an event began its way to a webhook."""
