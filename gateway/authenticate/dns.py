"""DNS for one message: every look-up of authentication goes through here."""

from __future__ import annotations

from typing import Protocol


class DnsUnavailable(Exception):
    """DNS can't answer now, or not in time: no verdict may rest on it (451 4.4.3)."""


class Lookups(Protocol):
    """The look-ups of one message, bounded in number and time together."""

    async def txt(self, name: str) -> tuple[bytes, ...]:
        """The TXT records of a name, the strings of each joined; () where there are none or no such name.

        Raises DnsUnavailable.
        """
        ...

    async def records(self, name: str, kind: str) -> tuple[str, ...]:
        """A, AAAA, MX ("10 mail.corp.example") or PTR records in text form; () where there are none.

        Raises DnsUnavailable.
        """
        ...
