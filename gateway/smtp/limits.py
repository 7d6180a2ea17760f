"""What one client, and all clients together, may use. Defaults are those of the operator's settings."""

from __future__ import annotations

from dataclasses import dataclass

MIB = 1024 * 1024

OPERATOR_MESSAGE_SIZE = 100 * 1024
"""Bytes of a message to the operator's own mailboxes, which anybody may write to."""


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
    auth_attempts: int = 3
    """That fail in one session."""
    auth_attempts_per_ip: int = 10
    """The same of one IP (IPv6: /64) within `auth_window`."""
    auth_window: float = 900
    command_line: int = 2048
    recipients: int = 100
    address_rate: int = 60
    """Messages a minute to one capture address of an explicit channel, once `address_burst` of them came at once."""
    address_burst: int = 120
    account_rate: int = 600
    """The same for all explicit addresses of one account together."""
    account_burst: int = 1200
    message_size: int = 25 * MIB
    message_size_from_source: int = 50 * MIB
    read_at_most: int = 4
    """Times the message size; a client that still sends after that isn't going to stop."""
    data_in_memory: int = 256 * MIB
    """Declared by SIZE or received, all sessions together."""
    data_in_memory_per_ip: int = 128 * MIB
    """Of these for one IP (IPv6: /64) that is no source's, so that nobody takes all by declaring sizes."""
    data_in_memory_for_sources: int = 64 * MIB
    """Of `data_in_memory`, so that strangers cannot starve the mail servers."""
    free_disk: int = 512 * MIB
    """Left free on the store's disk, or 1.5 times the message size where that is more."""
    handler: float = 60
    """From the end of DATA to its reply; kept by the journey, which alone knows when it is too late to stop."""
    drain: float = 25
    tls_handshake: float = 30
    proxy_header: float = 5
    linger: float = 5
    """How long a client may take to read the last reply and hang up."""

    @property
    def least_free_disk(self) -> int:
        """Bytes free on the store's disk below which nobody's mail is taken."""
        return max(self.message_size * 3 // 2, self.free_disk)
