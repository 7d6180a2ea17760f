"""Capture addresses: `<key>@<channel>.<domain>`, with a key that nobody can guess."""

from __future__ import annotations

from base64 import b32encode
from collections.abc import Sequence
from dataclasses import dataclass

from gateway.core.model import Channel
from storage.administration import users
from storage.administration.act import Act, audit
from storage.errors import NotFound, Refused
from storage.plan import Plan, Row, ask, insert
from storage.sealing import Sealing

KEY_BYTES = 16
"""128 bits, 26 letters of lower-case base32 (RFC 4648 §6)."""
DAY = 24 * 60 * 60 * 1000
GRACE = 14 * DAY
"""Milliseconds for which a rotated address goes on working, unless said otherwise."""


@dataclass(frozen=True, slots=True)
class AddressRecord:
    """A capture address as admins see it. It is a secret: whoever knows it can send copies."""

    id: str
    address: str
    channel: str
    user: str | None
    """Primary address of the user it was made for."""
    created_at: int
    retires_at: int | None
    """From then on it is refused."""
    exposed_at: int | None
    """When it was first seen in To or Cc of a message, where everybody can read it."""


def key_of(account_id: str, channel: Channel) -> Plan[str | None]:
    """The keyed hash of one of the account's capture addresses, rather one that works and is nobody's own."""
    rows = yield from ask(
        "SELECT key_hash FROM capture_address WHERE account_id = $1 AND channel = $2"
        " ORDER BY retires_at IS NOT NULL, user_id IS NOT NULL, created_at LIMIT 1",
        account_id,
        channel.value,
    )
    return next((key_hash for (key_hash,) in rows), None)


def find_recipient(key_hash: str, channel: Channel, now: int) -> Plan[str | None]:
    """The account of the capture address with this keyed hash, if it works at `now`."""
    rows = yield from ask(
        "SELECT account_id FROM capture_address WHERE key_hash = $1 AND channel = $2"
        " AND (retires_at IS NULL OR retires_at > $3)",
        key_hash,
        channel.value,
        now,
    )
    return rows[0][0] if rows else None


def create(act: Act, account_id: str, sealing: Sealing, channel: str, user: str = "") -> Plan[str]:
    """A new capture address; returns its id. `user` (id or address) is whose copies come to it, if only one's."""
    if channel not in tuple(Channel):
        raise Refused(
            "There is no channel {channel!r}; the channels are {channels}.",
            channel=channel,
            channels=", ".join(Channel),
        )
    if user and not Channel(channel).explicit:
        raise Refused(
            "An address of the channel {channel} serves a whole mail server, so it can't be one user's.",
            channel=channel,
        )
    user_id = (yield from users.find(act, account_id, user)) if user else None
    return (yield from _create(act, account_id, sealing, channel, user_id, "address.create"))


def every(account_id: str, sealing: Sealing, domain: str) -> Plan[Sequence[AddressRecord]]:
    """All capture addresses of the account, retired ones too, for a gateway at `domain`."""
    rows = yield from ask(f"{_ADDRESS} WHERE c.account_id = $1 ORDER BY c.id", account_id)
    return [_record(row, sealing, domain) for row in rows]


def show(act: Act, account_id: str, sealing: Sealing, domain: str, address: str) -> Plan[AddressRecord]:
    """One of them, by its id, its key or the whole address."""
    address_id = yield from _find(act, account_id, address)
    rows = yield from ask(f"{_ADDRESS} WHERE c.id = $1", address_id)
    return _record(rows[0], sealing, domain)


def rotate(act: Act, account_id: str, sealing: Sealing, address: str, grace: int = GRACE) -> Plan[str]:
    """A new address for an old one, which goes on working for `grace` milliseconds; returns the new one's id."""
    address_id = yield from _find(act, account_id, address)
    rows = yield from ask("SELECT channel, user_id, retires_at FROM capture_address WHERE id = $1", address_id)
    channel, user_id, retires_at = rows[0]
    if retires_at is not None:
        raise Refused("That address was rotated or retired already.", "`address create` makes a new one.")
    if grace < 0:
        raise Refused("The grace time can't be negative.")
    yield from ask("UPDATE capture_address SET retires_at = $2 WHERE id = $1", address_id, act.at + grace)
    return (yield from _create(act, account_id, sealing, channel, user_id, "address.rotate", before=address_id))


def retire(act: Act, account_id: str, address: str) -> Plan[None]:
    """Refuses an address from now on. Mail servers that still send to it tell their users."""
    address_id = yield from _find(act, account_id, address)
    rows = yield from ask("SELECT retires_at FROM capture_address WHERE id = $1", address_id)
    if rows[0][0] is not None and rows[0][0] <= act.at:
        raise Refused("That address is retired already.")
    yield from ask("UPDATE capture_address SET retires_at = $2 WHERE id = $1", address_id, act.at)
    yield from audit(act, account_id, "address.retire", address=address_id)


def _create(
    act: Act, account_id: str, sealing: Sealing, channel: str, user_id: str | None, action: str, **detail: str
) -> Plan[str]:
    address_id = act.new_id()
    key = b32encode(sealing.random(KEY_BYTES)).decode("ascii").rstrip("=").lower()
    yield from insert(
        "capture_address",
        id=address_id,
        account_id=account_id,
        channel=channel,
        key_hash=act.keyed("capture", key),
        key_sealed=sealing.seal(key, address_id),
        user_id=user_id,
        created_at=act.at,
    )
    yield from audit(act, account_id, action, address=address_id, channel=channel, user=user_id, **detail)
    return address_id


def _find(act: Act, account_id: str, address: str) -> Plan[str]:
    key = address.strip().partition("@")[0].partition("+")[0].lower()
    rows = yield from ask(
        "SELECT id FROM capture_address WHERE account_id = $1 AND (id = $2 OR key_hash = $3)",
        account_id,
        address.strip(),
        act.keyed("capture", key),
    )
    if not rows:
        raise NotFound("There is no such capture address.", "`address list` shows them.")
    return str(rows[0][0])


_ADDRESS = (
    "SELECT c.id, c.key_sealed, c.channel, u.address, c.created_at, c.retires_at, c.exposed_at"
    " FROM capture_address c LEFT JOIN account_user u ON u.id = c.user_id"
)


def _record(row: Row, sealing: Sealing, domain: str) -> AddressRecord:
    address_id, sealed, channel, *rest = row
    key = sealing.unseal(sealed, address_id)
    return AddressRecord(address_id, f"{key}@{channel}.{domain}", channel, *rest)
