"""The advisory locks by which gateways on one database keep out of each other's way."""

from __future__ import annotations

from hashlib import blake2b


def lock_number(account_id: str) -> int:
    """The lock of who settles in this account: a signed number of 64 bits."""
    digest = blake2b(account_id.encode(), digest_size=8, person=b"bcc-gateway").digest()
    return int.from_bytes(digest, "big", signed=True)


ADMINISTRATION = lock_number("")
"""Shared by all who settle, whatever the account."""
