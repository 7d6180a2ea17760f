"""Which installation's key a database was made with: it remembers a keyed hash, by which another key is noticed."""

from __future__ import annotations

from gateway.core.keyed_hash import KeyedHash
from storage.errors import KeyDiffers
from storage.plan import Plan, ask, insert


def fits(keyed: KeyedHash) -> Plan[bool | None]:
    """Whether it is this key; None where the database remembers none yet."""
    rows = yield from ask("SELECT key_check FROM installation")
    return bool(rows[0][0] == _check(keyed)) if rows else None


def must_fit(keyed: KeyedHash) -> Plan[bool]:
    """Raises KeyDiffers; False where the database remembers none yet."""
    known = yield from fits(keyed)
    if known is False:
        raise KeyDiffers
    return bool(known)


def remember(keyed: KeyedHash) -> Plan[None]:
    """From now on it is this one, if there was none."""
    yield from insert("installation", "(id) DO NOTHING", id=1, key_check=_check(keyed))


def _check(keyed: KeyedHash) -> str:
    return keyed("key check")
