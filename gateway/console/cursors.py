"""Where a list goes on: opaque to who reads it, and of no use in another account or list."""

from __future__ import annotations

import hmac
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence

from gateway.core.keyed_hash import KeyedHash

_SIGNATURE = 16


class BadCursor(Exception):
    """It isn't one that this list gave."""


def cursor(keyed: KeyedHash, place: Sequence[str | int], *of: str) -> str:
    """A cursor for a place in a list; `of`: what names the list, its account first."""
    packed = json.dumps(place, separators=(",", ":"))
    return urlsafe_b64encode(f"{_signature(keyed, packed, of)}{packed}".encode()).decode("ascii").rstrip("=")


def place(keyed: KeyedHash, given: str, *of: str) -> list[str | int]:
    """The place again. Raises BadCursor."""
    try:
        text = urlsafe_b64decode(given + "=" * (-len(given) % 4)).decode()
    except ValueError:
        raise BadCursor from None
    signature, packed = text[:_SIGNATURE], text[_SIGNATURE:]
    if not hmac.compare_digest(signature.encode(), _signature(keyed, packed, of).encode()):
        raise BadCursor
    found: list[str | int] = json.loads(packed)
    return found


def _signature(keyed: KeyedHash, packed: str, of: Sequence[str]) -> str:
    return keyed("cursor", *of, packed)[:_SIGNATURE]
