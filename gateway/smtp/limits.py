"""What one client, and all clients together, may use. Defaults are those of the operator's settings."""

from __future__ import annotations

from dataclasses import dataclass

MIB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class SmtpLimits:
    """Sizes in bytes, times in seconds."""

    connections: int = 500
    reserved_for_sources: int = 100
    """Of `connections`, so that strangers cannot starve the mail servers."""
    connections_per_ip: int = 20
    """IPv6: per /64."""
    connections_per_source: int = 100
    command_wait: float = 300
    command_wait_busy: float = 30
    """Above 80 % of the connections."""
    session: float = 1800
    data: float = 1800
    data_silence: float = 60
    data_rate: int = 500
    """Bytes per second, once `data_grace` has passed."""
    data_grace: float = 60
    messages: int = 100
    messages_from_source: int = 1000
    commands_base: int = 500
    commands_per_message: int = 5
    errors: int = 10
    unknown_commands: int = 5
    unknown_recipients: int = 10
    """Of one IP (IPv6: /64) within `unknown_recipients_window`; more of them is guessing."""
    unknown_recipients_window: float = 600
    unknown_recipients_delay: float = 2
    """Before the answer to a guess too many."""
    command_line: int = 2048
    recipients: int = 100
    message_size: int = 25 * MIB
    message_size_from_source: int = 50 * MIB
    data_in_memory: int = 256 * MIB
    """All sessions together."""
    handler: float = 60
    """From the end of DATA to its reply; kept by the journey, which alone knows when it is too late to stop."""
    drain: float = 30
    tls_handshake: float = 30
    linger: float = 5
    """How long a client may take to read the last reply and hang up."""
